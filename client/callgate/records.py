"""Structs and enums as small Python classes, made from the signature model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, ClassVar, Self

from callgate_protocol.forms import (
    Boolean,
    Character,
    Complex,
    Enumeration,
    FixedText,
    Floating,
    Form,
    Integer,
    Raw,
    Series,
    Structure,
    SystemValue,
    Truth,
)
from callgate_protocol.model import Enum
from callgate_protocol.signatures import Member

from .unions import Union, python_name

__all__ = [
    "Struct",
    "Union",
    "enum_class",
    "member_names",
    "named_members",
    "own",
    "python_name",
    "slot_name",
    "struct_class",
    "struct_maker",
    "zero_of",
]


def slot_name(index: int, member: Member) -> str:
    """The attribute that holds a member's value. Unnamed members have one of their own, behind their members' names."""
    return python_name(member.name) if member.name else f"_unnamed{index}"


def named_members(members: Mapping[str, tuple[Member, ...]], record: str) -> tuple[str, ...]:
    """The names of a record's members; those of unnamed members count as the record's own (C11)."""
    names: list[str] = []
    for member in members[record]:
        if member.name:
            names.append(member.name)
        elif isinstance(member.form, Structure | Raw):
            names += named_members(members, member.form.record)
    return tuple(names)


class Struct:
    """A C struct's value: members are attributes, in order; equality is by value (R7.24)."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _zeros: ClassVar[tuple[Callable[[], Any], ...]] = ()
    _inner: ClassVar[frozenset[str]] = frozenset()
    """Names of the members of unnamed members."""

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.__match_args__
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} has {len(names)} members, {len(values)} values were given")
        for name, value in zip(names, values, strict=False):
            setattr(self, name, value)
        for name in names[len(values) :]:
            setattr(self, name, named.pop(name) if name in named else self._zeros[names.index(name)]())
        for name, value in named.items():
            if name not in self._inner:
                known = ", ".join(member_names(type(self)))
                raise TypeError(f"{type(self).__name__} has no member {name!r}; it has {known}")
            setattr(self, name, value)

    @classmethod
    def _of_members(cls, *values: Any) -> Self:
        """An instance of fresh values that nobody else holds."""
        made = cls.__new__(cls)
        for name, value in zip(cls.__match_args__, values, strict=True):
            object.__setattr__(made, name, value)
        return made

    def __copy__(self) -> Self:
        made = self._of_members(*(own(getattr(self, name)) for name in self.__match_args__))
        getattr(made, "__dict__", {}).update(getattr(self, "__dict__", {}))
        return made

    def __deepcopy__(self, _memo: Any) -> Self:
        return self.__copy__()

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


class _Holder(Struct):
    """A struct that holds structs, unions or arrays: they are copied when they are assigned (R7.24)."""

    __slots__ = ()

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, own(value))


class _Elements(list[Any]):
    """An array of structs inside a struct: elements are copied when they are assigned (R7.24)."""

    __slots__ = ()

    def __setitem__(self, key: Any, value: Any) -> None:
        list.__setitem__(self, key, own(value))


def own(value: Any) -> Any:
    """A copy of what would otherwise be shared: structs, unions, and lists with what is in them (R7.24)."""
    if isinstance(value, Struct | Union) or getattr(type(value), "_by_value", False):
        return value.__copy__()
    if isinstance(value, list):
        return _Elements(map(own, value)) if value and not isinstance(value[0], int | float | str) else list(value)
    return value


def struct_class(name: str, members: tuple[Member, ...], structs: Mapping[str, type[Any]]) -> type[Struct]:
    """The class for a struct; `structs` holds the classes of the structs inside it."""
    names = tuple(slot_name(index, member) for index, member in enumerate(members))
    zeros = tuple(zero_of(member.form, structs) for member in members)
    inner = _inner_members(members, names, structs)
    body: dict[str, Any] = {
        "__slots__": names,
        "__match_args__": names,
        "_zeros": zeros,
        "_inner": frozenset(inner),
        "__doc__": f"C struct `{name}`.",
    }
    holds = any(isinstance(member.form, Structure | Raw | Series) for member in members)
    return type(name, (_Holder if holds else Struct,), body | inner)


def _inner_members(
    members: tuple[Member, ...], names: tuple[str, ...], structs: Mapping[str, type[Any]]
) -> dict[str, Any]:
    """Properties for the members of unnamed members (C11). The classes of those are made before."""
    found: dict[str, Any] = {}
    for member, slot in zip(members, names, strict=True):
        if not member.name and isinstance(member.form, Structure | Raw):
            inner = structs[member.form.record]
            found |= {each: _through(slot, each) for each in member_names(inner)}
    return found


def member_names(cls: Any) -> tuple[str, ...]:
    """The names that a user gives for a struct's or union's members."""
    own_names = tuple(name for name in cls.__match_args__ if not name.startswith("_unnamed"))
    return (*own_names, *getattr(cls, "_inner", ()))


def _through(slot: str, name: str) -> property:
    def read(struct: Struct) -> Any:
        return getattr(getattr(struct, slot), name)

    def write(struct: Struct, value: Any) -> None:
        setattr(getattr(struct, slot), name, value)

    return property(read, write)


_ZEROS: dict[type[Form], Callable[[], Any]] = {
    Boolean: bool,
    Character: lambda: "\0",
    Complex: complex,
    Enumeration: int,
    FixedText: str,
    Floating: float,
    Integer: int,
    Truth: bool,
}


def zero_of(form: Form, structs: Mapping[str, type[Any]]) -> Callable[[], Any]:
    """What a member holds when nobody gave it a value; None for every pointer."""
    match form:
        case Structure(record) | Raw(record):
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
