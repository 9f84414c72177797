"""`char *` as text: NUL-terminated bytes, copied in both directions (R5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_native_host.libc import Libc
from callgate_native_host.scope import Scope

from .base import Converter
from .places import Places, is_place

__all__ = ["Deallocator", "TextConverter"]

Deallocator: TypeAlias = Callable[[int], None]


class TextConverter(Converter):
    """Text. With a deallocator, what native code hands out is copied and then freed with it (R8.1).

    `given_away`: native code may free what it is given with libc's `free` (R5.8).
    """

    nodes = 3

    def __init__(
        self, backend: Backend, libc: Libc, places: Places, free: Deallocator | None, given_away: bool = False
    ) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._libc = libc
        self._places = places
        self._free = free
        self._given_away = given_away

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """R5.2: a private copy; R5.3: nil is NULL; R5.6: a NUL inside would cut it short."""
        if wire is None:
            return 0
        if is_place(wire):
            return self._not_freed(self._places.find(wire, scope).address, scope)
        data = bytes(scope.binary(wire))
        if b"\0" in data:
            raise Mismatch(f"embedded NUL at byte {data.index(0)}", "ArgumentError")
        return self._copy(data, scope)

    def _copy(self, data: bytes, scope: Scope) -> int:
        if scope.lasting or self._given_away:  # native code will free it: R5.8, R9.8
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
            return scope.give(self._backend.read_text(native))
        finally:
            if self._free is not None and scope.owning and native not in scope.copies:
                self._free(native)
