"""`char *` as text: NUL-terminated bytes, copied in both directions (R5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_native_host.libc import Libc
from callgate_native_host.scope import Scope

from .base import Converter
from .places import Places, is_place

__all__ = ["Deallocator", "TextConverter", "WideConverter"]

_PAGE: Final = 4096

Deallocator: TypeAlias = Callable[[int], None]


class TextConverter(Converter):
    """Text. With a deallocator, what native code hands out is copied and then freed with it (R8.1).

    `replaceable`: that is libc's `free`, so native code may free what it is given where it may replace it (R5.8).
    """

    nodes = 3

    def __init__(
        self, backend: Backend, libc: Libc, places: Places, free: Deallocator | None, replaceable: bool = False
    ) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._libc = libc
        self._places = places
        self._free = free
        self._replaceable = replaceable

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """R5.2: a private copy; R5.3: nil is NULL; R5.6: a NUL inside would cut it short."""
        if wire is None:
            return 0
        if is_place(wire):
            return self._not_freed(self._places.find(wire, scope).address, scope)
        data = bytes(scope.binary(wire))
        self._check(data)
        return self._copy(data, scope)

    def _check(self, data: bytes) -> None:
        if b"\0" in data:
            raise Mismatch(f"embedded NUL at byte {data.index(0)}", "ArgumentError")

    def _read(self, native: int) -> bytes:
        return self._backend.read_text(native)

    def _copy(self, data: bytes, scope: Scope) -> int:
        if scope.lasting or (scope.replaceable and self._replaceable):  # native code may free it: R5.8, R9.8
            address = self._libc.copy(data)
            scope.lent.append(lambda: self._libc.free(address))
            return address
        memory = self._backend.text(data)
        scope.keep.append(memory)
        return self._not_freed(self._backend.address_of(memory), scope)

    def _not_freed(self, address: int, scope: Scope) -> int:
        if self._free is not None:
            scope.copies.add(address)
        return address

    def to_wire(self, native: int, scope: Scope) -> Any:
        """The bytes up to the first NUL; R8.1: freed even when they cannot be sent."""
        if native == 0:
            return None
        try:
            return scope.give(self._read(native))
        finally:
            self.discard(native, scope)

    def discard(self, native: int, scope: Scope) -> None:
        """R8.1: freed once, if it is native code's own and it hands it over."""
        if native and self._free is not None and scope.owning and native not in scope.copies:
            scope.copies.add(native)
            self._free(native)


class WideConverter(TextConverter):
    """Text in units of several bytes, ended by a zero unit: `wchar_t *` and `char16_t *` (R4.6, R5.4)."""

    def __init__(
        self, backend: Backend, libc: Libc, places: Places, free: Deallocator | None, replaceable: bool, width: int
    ) -> None:
        super().__init__(backend, libc, places, free, replaceable)
        self._width = width

    def _check(self, data: bytes) -> None:
        if len(data) % self._width:
            raise Mismatch(f"{len(data)} bytes are not whole units of {self._width}", "ArgumentError")
        if (end := self._end_of(data)) >= 0:
            raise Mismatch(f"embedded NUL at unit {end // self._width}", "ArgumentError")

    def _copy(self, data: bytes, scope: Scope) -> int:
        return super()._copy(data + bytes(self._width - 1), scope)  # the last zero byte comes with every copy

    def _read(self, native: int) -> bytes:
        """Read a page at most at a time: what lies behind the page of the terminator may not be readable."""
        found = b""
        while True:
            room = (_PAGE - native % _PAGE) // self._width * self._width or self._width
            piece = self._backend.read(native, room)
            end = self._end_of(piece)
            if end >= 0:
                return found + piece[:end]
            found += piece
            native += room

    def _end_of(self, data: bytes) -> int:
        """Where the first zero unit starts, -1 when there is none."""
        zero = bytes(self._width)
        position = data.find(zero)
        while position >= 0 and position % self._width:
            position = data.find(zero, position + 1)
        return position
