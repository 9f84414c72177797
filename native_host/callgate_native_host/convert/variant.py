"""VARIANT: a value with its type (R13.2). What it owns goes with it, unless it only refers to it (R13.9).

By value native code gets a copy, and what it does to that is never seen (R13.6). Nothing is ever coerced (R13.13).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.measure import spelling
from callgate_native_host.scope import Scope
from callgate_protocol.forms import Form, Variant
from callgate_protocol.vartypes import ARRAY, BYREF, EMPTY, NULL, VARIANT, base_of, compatible, values_of

from .base import Converter
from .owned import OwnedConverter, free_now

__all__ = ["VariantConverter"]

_DECIMAL: Final = 14
_PAYLOAD: Final = 8
"""Where the value lies; a DECIMAL lies over all of it, its reserved word under the type (R13.2)."""
_NARROW: Final = 4
"""Bytes of a pointer where a VARIANT has no more than one word of value."""


class VariantConverter(OwnedConverter):
    """On the wire `[vt, value]`. `make` finds the converter of a form, `make_array` that of arrays of one."""

    nodes = 4

    def __init__(
        self,
        backend: Backend,
        form: Variant,
        make: Callable[[Form], Converter],
        make_array: Callable[[int, Converter], Converter],
    ) -> None:
        self._backend = backend
        self._values = values_of(form)
        self._make = make
        self._make_array = make_array
        word, wide = backend.primitive(spelling(backend, "u2")), backend.primitive(spelling(backend, "u8"))
        names = ["vt", "reserved1", "reserved2", "reserved3", "value", "rest"]
        if form.small or backend.sizeof(backend.pointer) == _NARROW:
            names.pop()
        fields = [(name, word if position < 4 else wide, -1) for position, name in enumerate(names)]
        self.ctype = backend.record("PROPVARIANT" if form.small else "VARIANT", fields, union=False, pack=0)
        self.size = backend.sizeof(self.ctype)
        self._layout = struct.Struct("=HHHHQQ"[: len(names) + 1])
        self._pointer_type = backend.pointer_to(self.ctype)
        self._slot_type = backend.pointer_to(backend.pointer)
        self._converters: dict[int, Converter] = {}

    # -- to native code ----------------------------------------------------------------------------------------------

    def from_wire(self, wire: Any, scope: Scope) -> list[int]:
        """The members, as the backend takes them; what they point to belongs to the call, or to native code."""
        return list(self._layout.unpack(self._image(wire, scope)))

    def _image(self, wire: Any, scope: Scope) -> bytes:
        if type(wire) is not list or len(wire) != 2 or type(wire[0]) is not int:
            raise expected("a type and a value", wire)
        vartype, value = wire
        if vartype in (EMPTY, NULL):
            payload = b""
        elif vartype == BYREF | VARIANT:
            payload = self._pointer(self._inner(value, scope))
        else:
            payload = self._payload(vartype, value, scope)
        kind: bytes = vartype.to_bytes(2, sys.byteorder)
        if vartype == _DECIMAL:
            return kind + payload[2:].ljust(self.size - 2, b"\0")
        return (kind.ljust(_PAYLOAD, b"\0") + payload).ljust(self.size, b"\0")

    def _payload(self, vartype: int, value: Any, scope: Scope) -> bytes:
        converter = self._converter(vartype)
        slot = self._backend.newp(self._backend.pointer_to(converter.ctype), converter.from_wire(value, scope))
        return bytes(self._backend.buffer(slot)[:])

    def _pointer(self, address: int) -> bytes:
        return address.to_bytes(self._backend.sizeof(self._backend.pointer), sys.byteorder)

    def _inner(self, wire: Any, scope: Scope) -> int:
        """VT_BYREF of a VARIANT of ours, which native code may change: what is in it then is cleared (R13.9)."""
        if scope.lasting:
            raise Mismatch("a callback cannot hand out a reference: nobody would own what it refers to")
        if type(wire) is not list or len(wire) != 2 or type(wire[0]) is not int or wire[0] & BYREF:
            raise _no_type(BYREF | VARIANT)
        outer, scope.replaceable = scope.replaceable, True
        try:
            memory = self._backend.newp(self._pointer_type, self.from_wire(wire, scope))
        finally:
            scope.replaceable = outer
        scope.keep.append(memory)
        scope.ledger.cleared.append(lambda: self._clear(memory[0], scope))
        return self._backend.address_of(memory)

    def _clear(self, native: Any, scope: Scope) -> None:
        owning, scope.owning = scope.owning, True
        self.discard(native, scope)
        scope.owning = owning

    def _converter(self, vartype: int) -> Converter:
        """How values of a type cross. Raises Mismatch (R19.25)."""
        known = self._converters.get(vartype)
        if known is not None:
            return known
        base = base_of(vartype)
        if vartype == ARRAY | VARIANT:
            made = self._make_array(VARIANT, self)
        elif base not in self._values or vartype & BYREF:
            raise _no_type(vartype)
        elif vartype & ARRAY:
            made = self._make_array(base, self._make(self._values[base]))
        else:
            made = self._make(self._values[base])
        self._converters[vartype] = made
        return made

    # -- from native code --------------------------------------------------------------------------------------------

    def to_wire(self, native: Any, scope: Scope) -> list[Any]:
        """R13.4. With VT_BYREF what it refers to is read, and stays whose it is (R13.8)."""
        memory = self._memory(native)
        return self._read(self._backend.address_of(memory), scope)

    def _memory(self, native: Any) -> Any:
        memory = self._backend.newp(self._pointer_type)
        self._backend.memmove(memory, self._backend.bytes_of(native, self._pointer_type, self.size), self.size)
        return memory

    def _read(self, address: int, scope: Scope) -> list[Any]:
        vartype = self._type(address)
        if vartype in (EMPTY, NULL):
            return [vartype, None]
        if not vartype & BYREF:
            return [vartype, self._value(vartype, self._place(address, vartype), scope)]
        if vartype != BYREF | VARIANT:
            self._converter(vartype & ~BYREF)
        target = self._target(address)
        if not target:
            raise Mismatch(f"a VARIANT of type {vartype:#06x} refers to NULL", "ArgumentError")
        owning, scope.owning = scope.owning, False
        try:
            return [vartype, self._referred(vartype & ~BYREF, target, scope)]
        finally:
            scope.owning = owning

    def _referred(self, vartype: int, target: int, scope: Scope) -> Any:
        if vartype != VARIANT:
            return self._value(vartype, target, scope)
        if self._type(target) & BYREF:
            raise _no_type(BYREF | VARIANT)
        return self._read(target, scope)

    def _value(self, vartype: int, address: int, scope: Scope) -> Any:
        converter = self._converter(vartype)
        view = self._backend.at(self._backend.pointer_to(converter.ctype), address)
        return converter.to_wire(view[0], scope)

    def _type(self, address: int) -> int:
        return int.from_bytes(self._backend.read(address, 2), sys.byteorder)

    def _target(self, address: int) -> int:
        target: int = self._backend.at(self._slot_type, address + _PAYLOAD)[0]
        return target

    @staticmethod
    def _place(address: int, vartype: int) -> int:
        return address if vartype == _DECIMAL else address + _PAYLOAD

    def discard(self, native: Any, scope: Scope) -> None:
        """VariantClear (R13.9): what VT_BYREF refers to is not owned."""
        memory = self._memory(native)
        address = self._backend.address_of(memory)
        vartype = self._type(address)
        if not scope.owning or vartype & BYREF or vartype in (EMPTY, NULL):
            return
        try:
            converter = self._converter(vartype)
        except Mismatch:
            return
        view = self._backend.at(self._backend.pointer_to(converter.ctype), self._place(address, vartype))
        converter.discard(view[0], scope)

    # -- back into native code ---------------------------------------------------------------------------------------

    def store(self, address: int, wire: Any, scope: Scope, /, *, replace: bool) -> None:
        """R13.7: the old content is cleared first; R13.8, R19.26: through VT_BYREF the type must stay."""
        if replace and self._type(address) & BYREF:
            self._store_through(self._type(address) & ~BYREF, self._target(address), wire, scope)
            return
        image = self._image(wire, scope)
        if replace:
            free_now(self, self._backend.at(self._pointer_type, address)[0], scope)
        self._backend.write(address, image)

    def _store_through(self, vartype: int, target: int, wire: Any, scope: Scope) -> None:
        if vartype == VARIANT:
            self.store(target, wire, scope, replace=True)
            return
        if type(wire) is not list or len(wire) != 2 or type(wire[0]) is not int:
            raise expected("a type and a value", wire)
        if not compatible(wire[0] & ~BYREF, vartype):
            problem = f"a VARIANT that refers to type {vartype:#06x} cannot take a value of type {wire[0]:#06x} (R13.8)"
            raise Mismatch(problem, "InvalidCastError")
        converter = self._converter(vartype)
        if isinstance(converter, OwnedConverter):
            converter.store(target, wire[1], scope, replace=True)
        else:
            view = self._backend.at(self._backend.pointer_to(converter.ctype), target)
            view[0] = converter.from_wire(wire[1], scope)


def _no_type(vartype: int) -> Mismatch:
    """R19.25: a type that has no value in a VARIANT."""
    return Mismatch(f"{vartype:#06x} is no type of a VARIANT (R19.25)", "InvalidOleVariantTypeError")
