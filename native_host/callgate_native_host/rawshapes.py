"""What a call by address looks like: scalars and aggregates as the client describes them, compiled once per shape.

A shape is msgpack: `[result, [parameter, …], errno]`. A type is a word (`"i"`, as ctypes spells scalars), `["array",
type, n]` or `["record", size, alignment, [[offset, type], …]]`. Aggregates cross as their bytes. Unions, bit-fields and
packing, which libffi does not know, travel in a struct that takes the same registers (`convert/substitutes.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from callgate_protocol.codec import decode
from callgate_protocol.errors import Fault, RemoteProtocolError
from callgate_protocol.limits import Limits

from .backend import Backend, BackendType, Leaf
from .convert.substitutes import MOST_LEAVES, UnknownPassing, is_only_long_double, stand_in
from .faults import Mismatch, expected
from .registers import Split, split_parameter
from .scope import Scope

__all__ = ["Shape", "Shapes", "signed"]

_LIMITS: Final = Limits()

_SPELLINGS: Final = {
    "b": "signed char",
    "B": "unsigned char",
    "h": "short",
    "H": "unsigned short",
    "i": "int",
    "I": "unsigned int",
    "l": "long",
    "L": "unsigned long",
    "q": "long long",
    "Q": "unsigned long long",
    "f": "float",
    "d": "double",
    "P": "uintptr_t",
}
"""Scalars that cross as one number."""

_ALIGNMENTS: Final = (1, 2, 4, 8, 16)
_LARGEST: Final = 1 << 20
"""More is not put onto a stack."""
_DOUBLE: Final = {"d", "f"}


def signed(errno: int) -> int:
    """`errno` as C has it; it crosses as the same 32 bits without a sign."""
    low = errno & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low


class _Number:
    """An integer, a float or a pointer."""

    def __init__(self, backend: Backend, spelling: str, floating: bool) -> None:
        self.ctype = backend.primitive(spelling)
        self._kinds = (float, int) if floating else (int,)
        self.zero: Any = 0

    def from_wire(self, wire: Any, _scope: Scope) -> Any:
        if type(wire) not in self._kinds:
            raise expected("a number", wire)
        return wire

    def to_wire(self, native: Any, _scope: Scope) -> Any:
        return native


class _Text:
    """A `char *` or `wchar_t *` result that the client wants as text: address and characters."""

    def __init__(self, backend: Backend, width: int) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._width = width
        self.zero = 0

    def from_wire(self, wire: Any, _scope: Scope) -> Any:
        raise expected("a pointer: text is a result only", wire)

    def to_wire(self, native: int, scope: Scope) -> Any:
        return scope.give(self._backend.read_characters(native, self._width, -1)) if native else None


class _Void:
    """No result."""

    def __init__(self, backend: Backend) -> None:
        self.ctype = backend.void
        self.zero = None

    def from_wire(self, _wire: Any, _scope: Scope) -> None:
        return None

    def to_wire(self, _native: Any, _scope: Scope) -> None:
        return None


class _Bytes:
    """A value whose bytes cross: aggregates, and `long double`, which no other language packs."""

    def __init__(self, backend: Backend, ctype: BackendType) -> None:
        self._backend = backend
        self.ctype = ctype
        self.pointer_type = backend.pointer_to(ctype)
        self.size = backend.sizeof(ctype)

    @property
    def zero(self) -> Any:
        return self._backend.newp(self.pointer_type)[0]

    def from_wire(self, wire: Any, scope: Scope) -> Any:
        data = scope.binary(wire)
        if len(data) != self.size:
            raise Mismatch(f"{self.size} bytes were expected, {len(data)} came", "ArgumentError")
        memory = self._backend.newp(self.pointer_type)
        self._backend.memmove(memory, data, self.size)
        scope.keep.append(memory)
        return memory[0]

    def to_wire(self, native: Any, scope: Scope) -> Any:
        if self.pointer_type.item.kind == "primitive":
            memory = self._backend.newp(self.pointer_type, native)
            return scope.give(self._backend.buffer(memory, self.size)[:])
        return scope.give(self._backend.bytes_of(native, self.pointer_type, self.size))


class Shape(NamedTuple):
    """One shape: what crosses, and how a function of it is called."""

    backend: Backend
    result: Any
    parameters: list[Any]
    function_type: BackendType
    errno: bool
    split: Split | None

    def enter(self, wires: Sequence[Any], scope: Scope) -> list[Any]:
        """The C side of every argument."""
        if len(wires) != len(self.parameters):
            raise Mismatch(f"{len(self.parameters)} arguments were announced, {len(wires)} came", "ArgumentError")
        return [each.from_wire(wire, scope) for each, wire in zip(self.parameters, wires, strict=True)]

    def at(self, address: int) -> Any:
        """The function there."""
        if not address:
            raise Mismatch("a NULL function pointer cannot be called", "NullReferenceError")
        function = self.backend.cast(self.function_type, address)
        return self.split.around(function) if self.split else function


class Shapes:
    """Shapes by their bytes. Compiling one twice does no harm, so there is no lock."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._known: dict[bytes, Shape] = {}

    def get(self, encoded: Any) -> Shape:
        """The shape of these bytes. Raises Mismatch, Fault."""
        key = bytes(encoded)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._compile(key)
        return known

    def _compile(self, encoded: bytes) -> Shape:
        try:
            result, parameters, errno = decode(encoded, _LIMITS)
            compiled = [self._value(each) for each in parameters]
            returned = self._result(result)
        except (RemoteProtocolError, ValueError, TypeError, KeyError) as error:
            raise Mismatch(f"a malformed shape: {error}", "ArgumentError") from error
        backend = self._backend
        types = [each.ctype for each in compiled]
        split = split_parameter(backend, types, returned.ctype) if not errno else None
        passed = split.types if split else types
        function_type = backend.function_type(passed, returned.ctype, variadic=False)
        return Shape(backend, returned, compiled, function_type, bool(errno), split)

    def _result(self, wire: Any) -> Any:
        if wire == "v":
            return _Void(self._backend)
        if wire in ("z", "Z"):
            return _Text(self._backend, 1 if wire == "z" else 4)
        value = self._value(wire)
        if os.uname().machine == "x86_64" and is_only_long_double(self._backend, value.ctype):
            return _Bytes(self._backend, self._type("g"))  # libffi looks for it where it is not
        return value

    def _value(self, wire: Any) -> Any:
        if isinstance(wire, str) and wire in _SPELLINGS:
            return _Number(self._backend, _SPELLINGS[wire], wire in _DOUBLE)
        return _Bytes(self._backend, self._type(wire))

    def _type(self, wire: Any) -> BackendType:
        backend = self._backend
        if wire == "g":
            return backend.primitive("long double")
        if isinstance(wire, str):
            return backend.primitive(_SPELLINGS[wire])
        word, size, alignment, _ = wire
        if word != "record" or alignment not in _ALIGNMENTS or not 0 <= size <= _LARGEST or size % alignment:
            raise ValueError(f"[{word!r}, {size!r}, {alignment!r}, …] is no type that travels by value")
        natural = self._natural(wire) if size else None
        if natural is not None:
            return natural
        try:
            leaves = list(self._leaves(wire, 0, size)) if size <= MOST_LEAVES else []
            return stand_in(backend, leaves, size, alignment)
        except UnknownPassing as reason:
            text = f"a struct or union cannot be passed by value: it has {reason} (R7.9); pass a pointer to it"
            raise Fault("MarshalDirectiveError", text) from None

    def _natural(self, wire: Any) -> BackendType | None:
        """The type as libffi knows it; None for unions, bit-fields and packing, which it does not know."""
        backend = self._backend
        if isinstance(wire, str):
            return self._type(wire)
        if wire[0] == "array":
            element = self._natural(wire[1])
            most = _LARGEST // backend.sizeof(element) if element is not None else 0
            return backend.array_of(backend.pointer_to(element), wire[2]) if 0 < wire[2] <= most else None
        members = [self._natural(member) for _, member in wire[3]]
        if not members or None in members:
            return None
        fields = [(f"m{index}", member, -1) for index, member in enumerate(members)]
        record = backend.record("raw", fields, union=False, pack=0)
        offsets = [member.offset for member in backend.members(record).values()]
        laid_out = backend.sizeof(record), backend.alignof(record), offsets
        return record if laid_out == (wire[1], wire[2], [offset for offset, _ in wire[3]]) else None

    def _leaves(self, wire: Any, start: int, end: int) -> Iterator[Leaf]:
        """The scalars of a type that lies there. Raises ValueError for what reaches beyond the end."""
        size = self._size(wire)
        if start < 0 or start + size > end:
            raise ValueError("a member lies outside its struct")
        if isinstance(wire, str):
            kind = {"f": "float", "d": "double", "g": "long double"}.get(wire, "integer")
            yield Leaf(start, size, kind, self._backend.alignof(self._type(wire)))
        elif wire[0] == "array":
            for index in range(wire[2] if size else 0):
                yield from self._leaves(wire[1], start + index * (size // wire[2]), end)
        else:
            for offset, member in wire[3]:
                yield from self._leaves(member, start + offset, start + size)

    def _size(self, wire: Any) -> int:
        if isinstance(wire, str):
            return self._backend.sizeof(self._type(wire))
        if wire[0] == "array":
            if type(wire[2]) is not int or wire[2] < 0:
                raise ValueError("an array has a length")
            return wire[2] * self._size(wire[1])
        return int(wire[1])
