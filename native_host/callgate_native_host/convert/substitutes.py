"""Values that libffi cannot describe, passed by value all the same (R2.12, R7.7, R7.9).

libffi knows neither unions nor bit-fields, packing, explicit offsets and complex numbers. What it has to know is only
in which registers, or where on the stack, the bytes of a value travel; another struct whose bytes travel in the same
places is as good. That stand-in belongs into the function's type alone: in memory the value keeps its true type.

Where bytes travel is a matter of the ABI, so there is one rule per machine, in a table.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from callgate_native_host.backend import Backend, Leaf
from callgate_native_host.scope import Scope
from callgate_protocol.errors import Fault

from .base import Converter

__all__ = [
    "MOST_LEAVES",
    "StandIn",
    "Unit",
    "UnknownPassing",
    "aapcs64",
    "by_value",
    "eightbytes",
    "is_only_long_double",
    "result_by_value",
    "stand_in",
    "system_v",
]

Unit: TypeAlias = tuple[str, int]
"""Members of a stand-in: the C spelling of a scalar, and how many of it lie side by side."""

_INTEGERS: Final = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t", 8: "uint64_t", 16: "long double"}
"""By alignment. What is 16-aligned lies in memory on every ABI of the table, where only size and alignment count."""
_FLOATING: Final = frozenset({"float", "double"})
_EIGHTBYTE: Final = 8
_IN_REGISTERS: Final = 16
"""Larger values travel in memory, or by a pointer to a copy."""
_MOST_LIKE: Final = 4
"""Members of a homogeneous aggregate of AArch64."""
MOST_LEAVES: Final = 64
"""Bytes of the largest value whose members matter: four `long double`."""


class UnknownPassing(Exception):
    """No stand-in travels as this value does; the text says why."""


def system_v(leaves: Sequence[Leaf], size: int, alignment: int) -> list[Unit]:
    """x86-64: an eightbyte travels in an SSE register when it holds nothing but floats, else in an integer one."""
    if size > _IN_REGISTERS:
        return [(_INTEGERS[alignment], size // alignment)]
    rooms = [min(_EIGHTBYTE, size - start) for start in range(0, size, _EIGHTBYTE)]
    return [_unit(*each, alignment) for each in zip(rooms, eightbytes(leaves, size), strict=True)]


def eightbytes(leaves: Sequence[Leaf], size: int) -> list[bool]:
    """x86-64: for each eightbyte of a value of at most 16 bytes whether it travels in an SSE register."""
    floating: dict[int, bool] = {}
    for leaf in leaves:
        if leaf.kind == "long double":
            raise UnknownPassing("a long double in at most 16 bytes")
        if leaf.offset % leaf.alignment:
            raise UnknownPassing("a packed member that is not aligned, in at most 16 bytes")
        for number in range(leaf.offset // _EIGHTBYTE, (leaf.offset + leaf.size - 1) // _EIGHTBYTE + 1):
            floating[number] = floating.get(number, True) and leaf.kind in _FLOATING
    if len(floating) != -(-size // _EIGHTBYTE):
        raise UnknownPassing("eight bytes of nothing but padding")
    return [floating[number] for number in sorted(floating)]


def _unit(room: int, floating: bool, alignment: int) -> Unit:
    if not floating:
        return _INTEGERS[alignment], room // alignment
    if alignment == _EIGHTBYTE:
        return "double", 1
    if room % 4:
        raise UnknownPassing("a float with padding behind it that ends within four bytes")
    return "float", room // 4


def aapcs64(leaves: Sequence[Leaf], size: int, alignment: int) -> list[Unit]:
    """AArch64: up to four members of one floating type travel in SIMD registers, other bytes in general ones."""
    kinds = {leaf.kind for leaf in leaves}
    if len(kinds) == 1 and "integer" not in kinds:
        kind, step = leaves[0].kind, leaves[0].size
        if size <= step * _MOST_LIKE and size % step == 0 and all(leaf.offset % step == 0 for leaf in leaves):
            return [(kind, size // step)]
    if alignment > _EIGHTBYTE:
        raise UnknownPassing("a long double together with other types")
    return [(_INTEGERS[alignment], size // alignment)]


_RULES: Final[dict[str, Callable[[Sequence[Leaf], int, int], list[Unit]]]] = {
    "x86_64": system_v,
    "aarch64": aapcs64,
}
"""Machine -> how the bytes of a struct travel there."""


class StandIn(Converter):
    """A value of another type by value: its bytes, in a struct that travels as it does."""

    def __init__(self, backend: Backend, converter: Converter) -> None:
        true = converter.ctype
        if backend.is_open_ended(true):
            raise UnknownPassing("a flexible array")
        self._backend = backend
        self._converter = converter
        self._size, alignment = backend.sizeof(true), backend.alignof(true)
        leaves = backend.leaves(true) if self._size <= MOST_LEAVES else []
        self.ctype = stand_in(backend, leaves, self._size, alignment)
        self.nodes = converter.nodes
        self._true = backend.pointer_to(true)
        self._pointer = backend.pointer_to(self.ctype)

    def from_wire(self, wire: Any, scope: Scope) -> Any:
        """A copy that owns its memory: a callback's result is read after its scope has ended."""
        value = self._backend.newp(self._true, self._converter.from_wire(wire, scope))
        copy = self._backend.newp(self._pointer)
        self._backend.memmove(copy, value, self._size)
        return copy[0]

    def to_wire(self, native: Any, scope: Scope) -> Any:
        """See Converter."""
        place = self._backend.address_in(native, self._pointer)
        return self._converter.to_wire(self._backend.cast(self._true, place)[0], scope)


def stand_in(backend: Backend, leaves: Sequence[Leaf], size: int, alignment: int) -> Any:
    """A struct type that travels as a value of these leaves does. Raises UnknownPassing."""
    rule = _RULES.get(os.uname().machine)
    if rule is None:
        raise UnknownPassing(f"the rules of {os.uname().machine} for it")
    if not leaves and size <= MOST_LEAVES:
        raise UnknownPassing("no members (R7.5)")
    return _record(backend, rule(leaves, size, alignment), alignment)


def _record(backend: Backend, units: Sequence[Unit], alignment: int) -> Any:
    fields = []
    for index, (spelling, count) in enumerate(units):
        scalar = backend.primitive(spelling)
        fields.append((f"u{index}", backend.array_of(backend.pointer_to(scalar), count), -1))
    return backend.record("stand-in", fields, union=False, pack=alignment)


def by_value(backend: Backend, converter: Converter, what: str) -> Converter:
    """How a value crosses as a parameter or result itself. Raises Fault for what no function type can describe."""
    if converter.by_value:
        return converter
    try:
        return StandIn(backend, converter)
    except UnknownPassing as reason:
        text = f"{what} cannot be passed by value: it has {reason} (R7.9); declare a pointer to it"
        raise Fault("MarshalDirectiveError", text) from None


class OnlyLongDouble(Converter):
    """The result of a struct that holds one `long double`: x86-64 gives it back where it gives a `long double`.

    libffi looks for it in registers where it is not; as a parameter it lies in memory, and libffi is right.
    """

    def __init__(self, backend: Backend, converter: Converter) -> None:
        self.ctype = backend.primitive("long double")
        self.nodes = converter.nodes
        self._backend = backend
        self._converter = converter
        self._true = backend.pointer_to(converter.ctype)
        self._pointer = backend.pointer_to(self.ctype)

    def from_wire(self, wire: Any, scope: Scope) -> Any:
        """See Converter."""
        value = self._backend.newp(self._true, self._converter.from_wire(wire, scope))
        return self._backend.cast(self._pointer, value)[0]

    def to_wire(self, native: Any, scope: Scope) -> Any:
        """See Converter."""
        value = self._backend.newp(self._pointer, native)
        return self._converter.to_wire(self._backend.cast(self._true, value)[0], scope)


def is_only_long_double(backend: Backend, ctype: Any) -> bool:
    """Whether a type is a struct of one `long double`."""
    if not backend.is_record(ctype) or backend.sizeof(ctype) != _IN_REGISTERS or backend.is_open_ended(ctype):
        return False
    return {(leaf.kind, leaf.offset) for leaf in backend.leaves(ctype)} == {("long double", 0)}


def result_by_value(backend: Backend, converter: Converter, what: str) -> Converter:
    """How a value crosses as the result of a function. Raises Fault."""
    if os.uname().machine == "x86_64" and is_only_long_double(backend, converter.ctype):
        return OnlyLongDouble(backend, converter)
    return by_value(backend, converter, what)
