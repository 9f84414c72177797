"""BSTR: UTF-16 text, or any bytes, with the length in front (R5.6, R5.7)."""

from __future__ import annotations

import sys
from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_native_host.libc import Libc
from callgate_native_host.scope import Scope

from .owned import OwnedConverter, own
from .places import Places, is_place

__all__ = ["BStrConverter"]

_LENGTH: Final = 4
"""Bytes of the length in front."""
_END: Final = 1
"""Zero bytes behind the text, without the one that `Libc.copy` adds."""
_WIDE_END: Final = 3
_LONGEST: Final = (1 << 31) - 1
"""R19.41."""


class BStrConverter(OwnedConverter):
    """R5.7: the block starts a pointer's size before the text, so that the text is aligned as `malloc` aligns.

    A `wide` one starts with its length, and its text is of four bytes each, as libraries have it that were written for
    `wchar_t`: the length still counts bytes.
    """

    nodes = 3

    def __init__(self, backend: Backend, libc: Libc, places: Places, *, wide: bool = False) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._libc = libc
        self._places = places
        self._header = _LENGTH if wide else backend.sizeof(backend.pointer)
        self._end = b"\0" * (_WIDE_END if wide else _END)
        self._slot_type = backend.pointer_to(backend.pointer)

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """R5.3: nil is NULL, and no bytes are a block of length 0; an address stays whose it is."""
        if wire is None:
            return 0
        if is_place(wire):
            return self._places.find(wire, scope).address
        address = self.allocate(bytes(scope.binary(wire)))
        own(address, self.free, scope)
        return address

    def to_wire(self, native: int, scope: Scope) -> Any:
        """All its bytes, NULs among them (R5.6); R5.10: a block that native code hands out is freed, always."""
        if native == 0:
            return None
        try:
            return scope.give(self.read(native))
        finally:
            self.discard(native, scope)

    def discard(self, native: int, scope: Scope) -> None:
        """R8.1: freed when the call is over, once."""
        if native and scope.owning:
            scope.ledger.take(native, self.free)

    def store(self, address: int, wire: Any, scope: Scope, /, *, replace: bool) -> None:
        """See OwnedConverter."""
        slot = self._backend.at(self._slot_type, address)
        old, slot[0] = slot[0], self.from_wire(wire, scope)
        if replace:
            self.free(old)

    def read(self, native: int) -> bytes:
        """Its bytes, by the length before the text. Raises Mismatch."""
        length = int.from_bytes(self._backend.read(native - _LENGTH, _LENGTH), sys.byteorder)
        if length > _LONGEST:
            raise Mismatch(f"a BSTR of {length} bytes: the length before the text makes no sense (R5.7)")
        return self._backend.read(native, length)

    def allocate(self, data: bytes) -> int:
        """SysAllocStringByteLen. Raises Mismatch when it is too long."""
        if len(data) > _LONGEST:
            raise Mismatch(f"{len(data)} bytes are more than a BSTR holds, {_LONGEST} (R19.41)", "OutOfRange")
        head = len(data).to_bytes(_LENGTH, sys.byteorder).rjust(self._header, b"\0")
        return self._libc.copy(head + data + self._end) + self._header

    def free(self, native: int) -> None:
        """SysFreeString: NULL is no block."""
        if native:
            self._libc.free(native - self._header)
