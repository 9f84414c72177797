"""Structs that are declared twice: of one name and with the same members, one is as good as the other (R14.29)."""

from __future__ import annotations

from typing import Any

__all__ = ["same_struct", "why_not_equivalent"]


def same_struct(one: type[Any], two: type[Any]) -> bool:
    """Whether two classes say that they are the same struct: its name, kind and members."""
    first, second = (getattr(each, "__callgate_layout__", None) for each in (one, two))
    if first is None or second is None:
        return False
    said = [
        (each.name, each.union, each.reference, [member.name for member in each.members]) for each in (first, second)
    ]
    return bool(said[0] == said[1])


def why_not_equivalent(cls: type[Any]) -> str:
    """R14.29, R19.46: what one class has that the other could not give; "" when it is nothing but public members."""
    from inspect import isroutine  # noqa: PLC0415 - slow to import, and few programs declare a struct twice

    layout = vars(cls)["__callgate_layout__"]
    hidden = next((member.name for member in layout.members if member.name.startswith("_")), "")
    if hidden:
        return f"{cls.__module__}.{cls.__qualname__} has the private member {hidden!r}"
    own = [
        name
        for base in cls.__mro__[:-1]
        for name, value in vars(base).items()
        if not name.startswith("_") and (isroutine(value) or isinstance(value, property | staticmethod))
    ]
    return f"{cls.__module__}.{cls.__qualname__} has the method {own[0]!r}" if own else ""
