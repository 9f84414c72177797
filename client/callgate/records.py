"""Structs and enums as small Python classes, made from the signature model."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, ClassVar

from callgate_protocol.forms import (
    Boolean,
    Character,
    Complex,
    Enumeration,
    FixedText,
    Floating,
    Form,
    Integer,
    Member,
    Raw,
    Series,
    Structure,
    SystemValue,
    Truth,
)
from callgate_protocol.model import Enum

__all__ = ["Struct", "enum_class", "python_name", "struct_class", "struct_maker", "zero_of"]


def python_name(name: str) -> str:
    """A C name as Python can spell it: keywords get a trailing underscore."""
    return f"{name}_" if keyword.iskeyword(name) else name


class Struct:
    """A C struct's value: members are attributes, in order; equality is by value (R7.24)."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _zeros: ClassVar[tuple[Callable[[], Any], ...]] = ()

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.__match_args__
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} has {len(names)} members, {len(values)} values were given")
        for name, value in zip(names, values, strict=False):
            setattr(self, name, value)
        for name in names[len(values) :]:
            setattr(self, name, named.pop(name) if name in named else self._zeros[names.index(name)]())
        if named:
            raise TypeError(f"{type(self).__name__} has no member {next(iter(named))!r}; it has {', '.join(names)}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__match_args__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({members})"


def struct_maker(cls: Any) -> Callable[..., Any]:
    """Makes an instance of all members in order; a user's own class says how, so that its `__init__` is not asked."""
    maker: Callable[..., Any] = getattr(cls, "_of_members", cls)
    return maker


def struct_class(name: str, members: tuple[Member, ...], structs: Mapping[str, type[Struct]]) -> type[Struct]:
    """The class for a struct; `structs` holds the classes of the structs inside it."""
    names = tuple(python_name(member.name) for member in members)
    zeros = tuple(zero_of(member.form, structs) for member in members)
    body = {"__slots__": names, "__match_args__": names, "_zeros": zeros, "__doc__": f"C struct `{name}`."}
    return type(name, (Struct,), body)


_ZEROS: dict[type[Form], Callable[[], Any]] = {
    Boolean: bool,
    Character: lambda: "\0",
    Complex: complex,
    Enumeration: int,
    FixedText: str,
    Floating: float,
    Integer: int,
    Raw: bytes,
    Truth: bool,
}


def zero_of(form: Form, structs: Mapping[str, type[Struct]]) -> Callable[[], Any]:
    """What a member holds when nobody gave it a value; None for every pointer."""
    match form:
        case Structure(record):
            return lambda: structs[record]()  # noqa: PLW0108 - the class may be made later
        case Series(element, length):
            zero = zero_of(element, structs)
            return lambda: [zero() for _ in range(length)]
        case SystemValue(name):
            return lambda: _system_zero(name)
        case _:
            return _ZEROS.get(type(form), lambda: None)


def _system_zero(name: str) -> Any:
    from .convert.system import zero_of  # noqa: PLC0415 - most programs have none, and it needs decimal and datetime

    return zero_of(name)


def enum_class(enum: Enum) -> type[IntEnum]:
    """The IntEnum for a C enum."""
    return IntEnum(enum.name, [(python_name(name), value) for name, value in enum.members])  # type: ignore[return-value]
