"""`char *` as text: NUL-terminated bytes, copied in both directions (R5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_native_host.libc import Libc
from callgate_native_host.scope import Scope
from callgate_protocol.forms import Text, Wide

from .base import Converter
from .places import Places, is_place
from .units import end_of_text

__all__ = ["Deallocator", "TextConverter", "WideConverter"]

_PAGE: Final = 4096
_FREE: Final = "free"
"""The one deallocator whose memory a host can make as well: libc's."""

Deallocator: TypeAlias = Callable[[int], None]


class TextConverter(Converter):
    """Text. With a deallocator, what native code hands out is copied and then freed with it (R8.1).

    When that is libc's `free`, native code may free what it is given where it may replace it (R5.8).
    """

    nodes = 3

    def __init__(
        self,
        backend: Backend,
        libc: Libc,
        places: Places,
        free: Deallocator | None,
        form: Text | Wide,
    ) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._libc = libc
        self._places = places
        self._free = free
        self._replaceable = form.free == _FREE
        self._nul = form.nul

    @property
    def is_foreign(self) -> bool:
        """Whether it is freed with a function whose memory a host cannot make."""
        return self._free is not None and not self._replaceable

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """R5.2: a private copy; R5.3: nil is NULL; R5.6: a NUL inside would cut it short."""
        if wire is None:
            return 0
        if is_place(wire):
            return self._not_freed(self._places.find(wire, scope).address, scope)
        data = bytes(scope.binary(wire))
        self._check_units(data)
        if not self._nul:
            self._check_end(data)
        return self._copy(data, scope)

    def _check_units(self, data: bytes) -> None:
        """Any number of bytes will do."""

    def _check_end(self, data: bytes) -> None:
        if b"\0" in data:
            raise Mismatch(f"embedded NUL at byte {data.index(0)} (R5.6)", "ArgumentError")

    def read(self, native: int) -> bytes:
        """The bytes up to the terminator."""
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
            return scope.give(self.read(native))
        finally:
            self.discard(native, scope)

    def discard(self, native: int, scope: Scope) -> None:
        """R8.1: freed once, if it is native code's own and it hands it over."""
        if native and self._free is not None and scope.owning and native not in scope.copies:
            scope.copies.add(native)
            if native in scope.given:  # R8.4: our copy, which is freed once, when the call is over
                scope.ledger.doubles += 1
                return
            self._free(native)


class WideConverter(TextConverter):
    """Text in units of several bytes, ended by a zero unit: `wchar_t *` and `char16_t *` (R4.6, R5.4)."""

    def __init__(
        self, backend: Backend, libc: Libc, places: Places, free: Deallocator | None, form: Wide, width: int
    ) -> None:
        super().__init__(backend, libc, places, free, form)
        self._width = width

    def _check_units(self, data: bytes) -> None:
        if len(data) % self._width:
            raise Mismatch(f"{len(data)} bytes are not whole units of {self._width}", "ArgumentError")

    def _check_end(self, data: bytes) -> None:
        if (end := end_of_text(data, self._width)) >= 0:
            raise Mismatch(f"embedded NUL at unit {end // self._width} (R5.6)", "ArgumentError")

    def _copy(self, data: bytes, scope: Scope) -> int:
        return super()._copy(data + bytes(self._width - 1), scope)  # the last zero byte comes with every copy

    def read(self, native: int) -> bytes:
        """Read a page at most at a time: what lies behind the page of the terminator may not be readable."""
        found = b""
        while True:
            room = (_PAGE - native % _PAGE) // self._width * self._width or self._width
            piece = self._backend.read(native, room)
            end = end_of_text(piece, self._width)
            if end >= 0:
                return found + piece[:end]
            found += piece
            native += room
