"""Structs, unions, and what their members can be (R6.14, R7.18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from callgate_native_host.backend import Backend, BackendType
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.measure import spelling
from callgate_native_host.scope import Scope
from callgate_protocol import forms
from callgate_protocol.errors import Fault
from callgate_protocol.model import Record

from .base import Converter
from .units import end_of_text

__all__ = [
    "TRUTH",
    "FixedTextConverter",
    "MemberCode",
    "RawConverter",
    "SeriesConverter",
    "StructureConverter",
    "from_list",
    "to_list",
]

TRUTH: Final = bytes([0]) + bytes([1]) * 255
"""Any byte that is not zero is true (R3); what is handed out or written is 0 or 1."""


class MemberCode(NamedTuple):
    """One member of a struct or union: its name, how its values cross, its width in bits or -1, its offset or -1."""

    name: str
    converter: Converter
    bits: int
    offset: int

    @property
    def is_flexible(self) -> bool:
        """Whether it is a flexible array, which ends its struct and carries nothing."""
        return isinstance(self.converter, SeriesConverter | FixedTextConverter) and self.converter.length == 0


class _RecordConverter(Converter):
    """What structs and unions share: members, the type made of them, and their size."""

    def __init__(self, backend: Backend, record: Record, members: Sequence[MemberCode]) -> None:
        self.name = name = record.name
        self.members = tuple(members)
        self.fields = _field_names(members)
        try:
            self.ctype = self._lay_out(backend, record)
        except (TypeError, ValueError, NotImplementedError, OverflowError) as error:
            raise Fault("TypeLoadError", f"{name} cannot be laid out: {error}") from error
        self.pointer_type = backend.pointer_to(self.ctype)
        self.size = backend.sizeof(self.ctype)
        self.layout = backend.members(self.ctype)
        plain = bool(members) and not (record.union or record.pack or record.size)
        self.by_value = plain and all(each.bits < 0 > each.offset and each.converter.by_value for each in members)
        self.nodes = 1 + sum(each.converter.nodes for each in members)
        self._named = tuple(zip(self.members, self.fields, strict=True))
        self._backend = backend

    def _lay_out(self, backend: Backend, record: Record) -> BackendType:
        named = list(zip(self.fields, self.members, strict=True))
        if any(each.offset >= 0 for each in self.members):
            placed = [(field, each.converter.ctype, -1, each.offset) for field, each in named]
            return backend.placed_record(record.name, placed, record.pack, record.size)
        specs = [(field, each.converter.ctype, each.bits) for field, each in named]
        return backend.record(record.name, specs, record.union, record.pack, record.size)


def _field_names(members: Sequence[MemberCode]) -> tuple[str, ...]:
    """Names for the backend: an unnamed member gets one, because two of them may not collide."""
    return tuple(each.name or f"#{index}" for index, each in enumerate(members))


class StructureConverter(_RecordConverter):
    """A struct's value: an array with one wire value per member."""

    def from_wire(self, wire: Any, scope: Scope) -> list[Any]:
        """The members, as the backend takes them to initialise a struct."""
        if type(wire) is not list or len(wire) != len(self.members):
            raise expected(f"an array with the {len(self.members)} members of {self.name}", wire)
        natives = []
        for member, value in zip(self.members, wire, strict=True):
            if member.is_flexible:
                continue
            try:
                natives.append(member.converter.from_wire(value, scope))
            except Mismatch as finding:
                raise finding.inside(f".{member.name}") from None
        return natives

    def to_wire(self, native: Any, scope: Scope) -> list[Any]:
        """The wire value of each member."""
        wires: list[Any] = []
        members = self._named
        try:
            for member, field in members:
                wires.append(member.converter.to_wire(getattr(native, field), scope))
        except Mismatch as finding:
            for member, field in members[len(wires) + 1 :]:
                member.converter.discard(getattr(native, field), scope)
            raise finding.inside(f".{members[len(wires)][0].name}") from None
        return wires

    def discard(self, native: Any, scope: Scope) -> None:
        """R8.10: what the members hold."""
        for member, field in zip(self.members, self.fields, strict=True):
            member.converter.discard(getattr(native, field), scope)


class RawConverter(_RecordConverter):
    """The bytes of a union, or of members that overlap: which member they mean only the caller knows (R7.8)."""

    def from_wire(self, wire: Any, scope: Scope) -> Any:
        """A union of those bytes; nil and missing bytes are zero."""
        union = self._backend.newp(self.pointer_type)
        if wire is not None:
            data = scope.binary(wire)
            if len(data) > self.size:
                raise Mismatch(f"{len(data)} bytes do not fit into {self.name}, which has {self.size}", "ArgumentError")
            self._backend.memmove(union, data, len(data))
        return union[0]

    def to_wire(self, native: Any, scope: Scope) -> Any:
        """All its bytes."""
        return scope.give(self._backend.bytes_of(native, self.pointer_type, self.size))


class FixedTextConverter(Converter):
    """`char[length]`, or of wider units, inside a struct: text up to the first zero unit (R5.16, R5.17)."""

    def __init__(self, backend: Backend, form: forms.FixedText) -> None:
        self._backend = backend
        self.length = form.length
        unit = backend.primitive(spelling(backend, form.scalar))
        self.ctype = backend.array_of(backend.pointer_to(unit), form.length or None)
        self._width = backend.sizeof(unit)
        self._size = form.length * self._width

    def from_wire(self, wire: Any, scope: Scope) -> Any:
        """At most `length` units; the rest of the array is zero."""
        data = b"" if wire is None else bytes(scope.binary(wire))
        if len(data) > self._size:
            raise Mismatch(f"{len(data)} bytes do not fit into the {self._size} of a text", "ArgumentError")
        return self._backend.from_buffer(self.ctype, data.ljust(self._size, b"\0"))

    def to_wire(self, native: Any, scope: Scope) -> Any:
        """The bytes up to the terminator, or all of them."""
        if not self.length:
            return b""
        data = bytes(self._backend.buffer(native, self._size))
        end = end_of_text(data, self._width)
        return scope.give(data if end < 0 else data[:end])


class SeriesConverter(Converter):
    """An array inside a struct (R6.14, R7.20); a flexible one carries nothing."""

    def __init__(self, backend: Backend, form: forms.Series, element: Converter) -> None:
        self._backend = backend
        self.element = element
        self.length = form.length
        """How many there are; 0 when the memory behind the struct decides."""
        self.truth = element.truth
        self.packed = element.packed and form.length > 0
        self.ctype = backend.array_of(backend.pointer_to(element.ctype), form.length or None)
        self._size = form.length * backend.sizeof(element.ctype)
        self.by_value = element.by_value and form.length > 0
        self.nodes = 1 if self.packed else 1 + form.length * element.nodes

    def from_wire(self, wire: Any, scope: Scope) -> Any:
        """Exactly `length` elements; nil is all zero."""
        if wire is None:
            return self._from_binary(bytes(self._size))
        if type(wire) is list:
            return self._from_list(wire, scope)
        if not self.element.packed:
            raise expected("an array", wire)
        return self._from_binary(scope.binary(wire))

    def _from_binary(self, data: Any) -> Any:
        if len(data) != self._size:
            raise Mismatch(f"{len(data)} bytes were given for an array of {self._size}", "ArgumentError")
        return self._backend.from_buffer(self.ctype, bytes(data).translate(TRUTH) if self.truth else bytes(data))

    def _from_list(self, wire: list[Any], scope: Scope) -> list[Any]:
        if len(wire) != self.length:
            raise Mismatch(f"{len(wire)} elements were given for an array of {self.length}", "ArgumentError")
        return from_list(self.element, wire, scope)

    def to_wire(self, native: Any, scope: Scope) -> Any:
        """Binary for numbers, else an array."""
        if self.element.packed:
            data = bytes(self._backend.buffer(native, self._size)) if self._size else b""
            return scope.give(data.translate(TRUTH) if self.truth else data)
        return to_list(self.element, native, self.length, scope)

    def discard(self, native: Any, scope: Scope) -> None:
        """R8.10: what the elements hold."""
        for index in range(0 if self.packed else self.length):
            self.element.discard(native[index], scope)


def to_list(element: Converter, native: Any, count: int, scope: Scope) -> list[Any]:
    """The wire values of elements that lie side by side."""
    wires: list[Any] = []
    try:
        for index in range(count):
            wires.append(element.to_wire(native[index], scope))  # noqa: PERF401 - the length is the index of what failed
    except Mismatch as finding:
        for index in range(len(wires) + 1, count):
            element.discard(native[index], scope)
        raise finding.inside(f"[{len(wires)}]") from None
    return wires


def from_list(element: Converter, wire: list[Any], scope: Scope) -> list[Any]:
    """The C side of every element; a finding names the index."""
    natives: list[Any] = []
    try:
        for value in wire:
            natives.append(element.from_wire(value, scope))  # noqa: PERF401 - the length is the index of what failed
    except Mismatch as finding:
        raise finding.inside(f"[{len(natives)}]") from None
    return natives
