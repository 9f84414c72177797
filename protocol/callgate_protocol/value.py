"""Immutable values with named fields: what a frozen dataclass is, without the time that generating its code takes.

Some thirty classes describe signatures and forms, and every client and every host makes them when it starts; the
standard library's dataclasses would spend a third of a cold start on that (`docs/decisions/0006-values.md`). The rules
are the same: fields are the annotations of the class body, defaults follow, equality needs the same class.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, dataclass_transform

__all__ = ["Value"]


@dataclass_transform(frozen_default=True)
class _Fields(type):
    """Turns the annotations of a class body into slots."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        fields = tuple(name for name in body.get("__annotations__", ()) if name[0] != "_") if bases else ()
        defaults = {field: body.pop(field) for field in fields if field in body}
        return super().__new__(
            mcs, name, bases, body | {"__slots__": fields, "__match_args__": fields, "_defaults": defaults}
        )


class Value(metaclass=_Fields):
    """Base of immutable values. Subclasses annotate their fields; `_for_people` names fields that equality ignores."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}
    _for_people: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.__match_args__
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} has {len(names)} fields, {len(values)} values were given")
        given = dict(zip(names, values, strict=False)) | named
        if len(given) != len(values) + len(named) or not given.keys() <= set(names):
            raise TypeError(f"{type(self).__name__}({', '.join(names)}) does not take {', '.join(named)} as well")
        for name in names:
            if name not in given and name not in self._defaults:
                raise TypeError(f"{type(self).__name__} needs {name}")
            object.__setattr__(self, name, given[name] if name in given else self._defaults[name])
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields; for subclasses."""

    def replace(self, **changes: Any) -> Self:
        """The same value with other fields."""
        return type(self)(**{name: getattr(self, name) for name in self.__match_args__} | changes)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {name} cannot be deleted")

    def _key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__ if name not in self._for_people)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __lt__(self, other: Self) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._key()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)
