"""Text that native code edits where it lies (R5.20), and the memory of a StrBuf (R5.12 to R5.14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_native_host.scope import Room, Scope

from .many import Many
from .passing import Passing
from .places import Places, is_place
from .text import TextConverter
from .units import end_of_text

__all__ = ["EditedPassing"]


class EditedPassing(Passing):
    """`[in, out, string] char *`, or of wider units. `units` are bytes; `text` reads what native code gives."""

    def __init__(
        self, backend: Backend, places: Places, index: int, units: Many, text: TextConverter, width: int
    ) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._places = places
        self._index = index
        self._units = units
        self._text = text
        self._width = width

    def enter(self, wire: Any, scope: Scope) -> int:
        """Room for what is given and a terminator, between guards."""
        if wire is None:
            return 0
        if is_place(wire):
            return self._places.find(wire, scope).address
        data = bytes(scope.binary(wire))
        if len(data) % self._width:
            raise Mismatch(f"{len(data)} bytes are not whole units of {self._width}", "ArgumentError")
        block, size = self._units.build_guarded(data + bytes(self._width), scope)
        scope.rooms[self._index] = Room(block, size)
        return block.address

    def leave(self, natives: Sequence[Any], scope: Scope) -> Any:
        """What stands there up to the first zero unit, or all of it; R5.14: nothing when the guards are broken."""
        del natives
        room = scope.rooms.get(self._index)
        if room is None:
            return None
        self._units.check_guards(room.memory)
        data = self._backend.read(room.memory.address, room.memory.size)
        end = end_of_text(data, self._width)
        return scope.give(data if end < 0 else data[:end])

    def offer(self, natives: Sequence[Any], scope: Scope) -> Any:
        """The text that native code gives to a callback."""
        return self._text.to_wire(natives[self._index], scope)

    def accept(self, wire: Any, natives: Sequence[Any], scope: Scope) -> None:
        """A callback edits native code's own text: never beyond the end that it had."""
        address = natives[self._index]
        if not address or wire is None:
            return
        data, most = bytes(scope.binary(wire)), len(self._text.read(address))
        if len(data) > most:
            raise Mismatch(f"{len(data)} bytes were given where {most} have room", "ArgumentError")
        self._backend.write(address, data + bytes(self._width))
