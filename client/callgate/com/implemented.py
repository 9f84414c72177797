"""Which interfaces an object of this process has (R14.15), and which class the proxy of a native object has (R14.9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from .classes import class_by_clsid, declared_interfaces, words_of
from .declared import Declared
from .objects import ComObject

__all__ = ["Offer", "class_interfaces", "interfaces_of", "wrapper_class"]


class Offer:
    """An object with an interface that its class does not declare: what is asked for may only be IUnknown."""

    __slots__ = ("declared", "value")

    def __init__(self, value: Any, declared: Declared) -> None:
        self.value = value
        self.declared = declared


def interfaces_of(value: Any, wanted: Declared) -> list[Declared]:
    """What the class of an object declares, and `wanted` if the object has any of its methods; else nothing."""
    declared = [*declared_interfaces(type(value)), *class_interfaces(type(value))]
    if any(wanted.iid in each.answers for each in declared):
        return declared
    if not wanted.methods:
        return [*declared, *_relatives(value, wanted)]
    if any(_has(value, method.python) for method in wanted.methods.values()):
        return [wanted, *declared, *_relatives(value, wanted)]
    return declared


def class_interfaces(cls: type[Any]) -> list[Declared]:
    """The class interfaces by which objects of a class are called by slot: its own and those of its bases (R14.17)."""
    if not any(words_of(base).class_interface == "dual" for base in cls.__mro__):
        return []
    from .class_interfaces import dual_interfaces  # noqa: PLC0415 - brings typed Python in, which such a class has

    return dual_interfaces(cls)


def _relatives(value: Any, wanted: Declared) -> list[Declared]:
    """Interfaces of the same text that an object has as well: those of which it has all the methods (R14.15).

    A class cannot derive from interfaces that only a text declares. A native caller asks for what it can make use of, a
    stream that can seek, say, or a callback that knows a password, and finds it by its methods.
    """
    return [
        each
        for each in wanted.family.values()
        if each is not wanted and each.methods and all(_has(value, method.python) for method in each.methods.values())
    ]


def _has(value: Any, name: str) -> bool:
    return hasattr(type(value), name) or name in getattr(value, "__dict__", {})


def wrapper_class(classes: Iterable[str]) -> type[ComObject]:
    """R14.9, steps 4 to 6: the class that is registered for the first CLSID that is known, else a generic one."""
    registered = (class_by_clsid(clsid) for clsid in classes)
    return next((_proxy_of(each) for each in registered if each is not None), ComObject)


_PROXIES: Final[dict[type[Any], type[ComObject]]] = {}


def _proxy_of(cls: type[Any]) -> type[ComObject]:
    """Proxies that are of a Python class: its own methods run here, those of its interfaces in the host."""
    known = _PROXIES.get(cls)
    if known is None:
        kind: Any = type(cls)
        made = kind(cls.__name__, (ComObject, cls), {"__module__": cls.__module__, "__slots__": ()})
        known = _PROXIES.setdefault(cls, made)
    return known
