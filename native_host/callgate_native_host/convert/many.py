"""Values of one form side by side in memory (R6)."""

from __future__ import annotations

from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.scope import Scope

from .base import Converter
from .records import TRUTH, from_list, to_list
from .scalars import BooleanConverter

__all__ = ["Many"]

_MOST_BYTES: Final = 1 << 31


class Many:
    """An array of C, however many elements it has. Numbers travel as binary, other values one by one."""

    def __init__(self, backend: Backend, element: Converter, *, bytes_only: bool = False) -> None:
        self._backend = backend
        self.element = element
        self.size = backend.sizeof(element.ctype)
        self.pointer_type = backend.pointer_to(element.ctype)
        self._array_type = backend.array_of(self.pointer_type, None)
        self._bytes_only = bytes_only
        self._truth = isinstance(element, BooleanConverter)

    def room(self, count: int) -> Any:
        """Zeroed memory for so many elements: never NULL, even for none (R1.8, R6.2)."""
        if count * self.size > _MOST_BYTES:
            raise Mismatch(f"{count} elements of {self.size} bytes are more than {_MOST_BYTES}", "ArgumentError")
        return self._backend.newp(self._array_type, count or 1)

    def build(self, wire: Any, scope: Scope) -> tuple[Any, int]:
        """Memory with the elements of a wire value, and how many they are."""
        if type(wire) is list and not self._bytes_only:
            natives = from_list(self.element, wire, scope)
            return self._backend.newp(self._array_type, natives or 1), len(natives)
        data = self._binary(wire, scope)
        count = len(data) // self.size
        memory = self.room(count)
        self._backend.memmove(memory, data, len(data))
        return memory, count

    def _binary(self, wire: Any, scope: Scope) -> Any:
        if not self.element.packed:
            raise expected("an array", wire)
        data = scope.binary(wire)
        if len(data) % self.size:
            raise Mismatch(f"{len(data)} bytes are no whole number of elements of {self.size}", "ArgumentError")
        return bytes(data).translate(TRUTH) if self._truth else data

    def read(self, memory: Any, count: int, scope: Scope, *, own: bool) -> Any:
        """The wire value of so many elements. What is not our `own` is copied before native code can change it."""
        if not self.element.packed:
            self._check_nodes(count, scope)
            return to_list(self.element, memory, count, scope)
        self._check_bytes(count, scope)
        data = self._backend.buffer(memory, count * self.size)
        if self._truth:
            return scope.give(data[:].translate(TRUTH))
        return scope.give(data if own else data[:])

    def _check_nodes(self, count: int, scope: Scope) -> None:
        nodes, most = count * self.element.nodes, scope.session.limits.nodes // 2
        if nodes > most:
            raise Mismatch(f"{count} elements are about {nodes} values; a message holds {most}", "ArgumentError")

    def _check_bytes(self, count: int, scope: Scope) -> None:
        size, most = count * self.size, scope.session.limits.payload_bytes
        if size > most:
            raise Mismatch(f"{count} elements are {size} bytes; a message holds {most}", "ArgumentError")

    def write(self, address: int, wire: Any, most: int, scope: Scope) -> None:
        """Put the elements of a wire value into native code's own memory, which holds `most` of them."""
        memory, count = self.build(wire, scope)
        if count > most:
            raise Mismatch(f"{count} elements were given where {most} have room", "ArgumentError")
        if count:
            self._backend.memmove(self._backend.at(self.pointer_type, address), memory, count * self.size)
