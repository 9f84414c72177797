"""Structs, unions, bit-fields and packed structs as kinds."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from .kinds import NUMBERS, Check, Integer, Kind, Series

__all__ = ["Bits", "Member", "Record", "Union", "Unnamed"]


class Bits(Integer):
    """A bit-field."""

    def __init__(self, base: Integer, width: int) -> None:
        super().__init__(base.spelling, width, signed=base.signed)
        self.width = width

    def declare(self, name: str) -> str:
        """See `Kind`."""
        return f"{self.spelling} {name} : {self.width}"


class Member(NamedTuple):
    """One member of a struct."""

    name: str
    kind: Kind


class Unnamed(NamedTuple):
    """A struct without a name inside a struct: its members are members of the one around it."""

    members: tuple[Member, ...]

    def define(self) -> str:
        """It, inside the definition of the one around it."""
        return f"struct {{ {_defined(self.members)} }};"


def _defined(members: tuple[Member | Unnamed, ...]) -> str:
    return " ".join(
        each.define() if isinstance(each, Unnamed) else f"{each.kind.declare(each.name)};" for each in members
    )


class Record(Kind):
    """A struct. Its value is a dict."""

    def __init__(self, name: str, members: tuple[Member | Unnamed, ...], pack: int = 0) -> None:
        self.name = name
        self._defined = _defined(members)
        self.members = tuple(
            inner for each in members for inner in (each.members if isinstance(each, Unnamed) else (each,))
        )
        """Those of unnamed structs inside are its own."""
        self.pack = pack
        self.spelling = f"struct {name}"

    @property
    def by_value(self) -> bool:
        """Whether it can surely be passed by value: a small packed struct may hold members that no register holds."""
        return not self._is_packed or self.least > LARGEST_IN_REGISTERS

    @property
    def _is_packed(self) -> bool:
        inner = (getattr(member.kind, "element", member.kind) for member in self.members)
        return bool(self.pack) or any(isinstance(kind, Record) and kind._is_packed for kind in inner)

    @property
    def least(self) -> int:
        """It has at least so many bytes."""
        return sum(_least(member.kind) for member in self.members)

    def define(self) -> str:
        """Its definition."""
        definition = f"struct {self.name} {{ {self._defined} }};"
        return f"#pragma pack(push, {self.pack})\n{definition}\n#pragma pack(pop)" if self.pack else definition

    def draw(self, random: Random) -> dict[str, Any]:
        """See `Kind`."""
        return {member.name: member.kind.draw(random) for member in self.members}

    def constant(self, value: dict[str, Any]) -> str:
        """See `Kind`."""
        inner = (f".{member.name} = {member.kind.constant(value[member.name])}" for member in self.members)
        return f"{{{', '.join(inner)}}}"

    def checks(self, place: str, value: dict[str, Any], path: str) -> Iterator[Check]:
        """See `Kind`."""
        for name, kind in self.members:
            yield from kind.checks(f"{place}.{name}", value[name], f"{path}.{name}")

    def differences(self, expected: dict[str, Any], got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        if type(got).__name__ != self.name:
            yield f"{path}: expected a {self.name}, got {got!r}"
            return
        for name, kind in self.members:
            yield from kind.differences(expected[name], getattr(got, name), f"{path}.{name}")

    @property
    def blank(self) -> Any:
        """See `Kind`: members that a mapping leaves out are zero."""
        return {}


class Union(Kind):
    """A union of numbers. Its value is (member, number); Python sends and gets its bytes."""

    def __init__(self, name: str, members: tuple[Member, ...]) -> None:
        self.name = name
        self.members = members
        self.spelling = f"union {name}"

    def define(self) -> str:
        """Its definition."""
        return f"union {self.name} {{ {_defined(self.members)} }};"

    def draw(self, random: Random) -> bytes:
        """See `Kind`: the bytes of the longest member, which every other one starts."""
        return random.randbytes(self._size)

    @property
    def _size(self) -> int:
        return max(_bits(member.kind) for member in self.members) // 8

    def _in(self, kind: Kind, value: bytes) -> int:
        return int.from_bytes(value[: _bits(kind) // 8], "little", signed=isinstance(kind, Integer) and kind.signed)

    def constant(self, value: bytes) -> str:
        """See `Kind`."""
        longest = max(self.members, key=lambda member: _bits(member.kind))
        return f"{{.{longest.name} = {longest.kind.constant(self._in(longest.kind, value))}}}"

    def checks(self, place: str, value: bytes, path: str) -> Iterator[Check]:
        """See `Kind`: seen through every member."""
        for name, kind in self.members:
            yield from kind.checks(f"{place}.{name}", self._in(kind, value), f"{path}.{name}")

    def differences(self, expected: bytes, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        if bytes(got) != expected:
            yield f"{path}: expected {expected!r}, got {got!r}"
            return
        for name, kind in self.members:
            yield from kind.differences(self._in(kind, expected), getattr(got, name), f"{path}.{name}")

    @property
    def blank(self) -> Any:
        """See `Kind`."""
        return b""


LARGEST_IN_REGISTERS = 16
"""Bytes; larger structs travel in memory on x86-64."""

UNION_MEMBERS = tuple(kind for kind in NUMBERS if isinstance(kind, Integer))
"""What may stand in a union."""


def _bits(kind: Kind) -> int:
    assert isinstance(kind, Integer)
    return kind.bits


def _least(kind: Kind) -> int:
    if isinstance(kind, Series):
        return kind.length * _least(kind.element)
    if isinstance(kind, Record):
        return kind.least
    return kind.bits // 8 if isinstance(kind, Integer) else 1
