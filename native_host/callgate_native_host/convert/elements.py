"""Pointers to values: one, or as many as a count says (R1.8, R6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.scope import Room, Scope
from callgate_protocol.signatures import Direction

from .allocated import OwnedBlock
from .counts import Counter
from .many import Block, Many
from .passing import Passing
from .places import Places, is_place

__all__ = ["ElementsPassing", "ElementsResult"]


class ElementsPassing(Passing):
    """A parameter that points to values. `counter` is None for a pointer to exactly one."""

    def __init__(
        self,
        backend: Backend,
        places: Places,
        index: int,
        direction: Direction,
        many: Many,
        counter: Counter | None,
        length: Counter | None,
        *,
        nullable: bool,
    ) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._places = places
        self._index = index
        self._direction = direction
        self._many = many
        self._counter = counter
        self._length = length
        self._nullable = nullable
        self._make = self._maker()

    def _maker(self) -> Callable[[Any, Scope], tuple[Block, int]]:
        if not self._direction.travels_in:
            return self._slot if self._counter is None else self._empty
        if self._length is not None:
            return self._part
        if not self._direction.travels_out:
            return self._many.build
        return self._replaceable

    def enter(self, wire: Any, scope: Scope) -> int:
        """Values are copied in (R5.2, R6.3), room is made for what comes out, memory of the host is used as it is."""
        if wire is None and self._is_given:
            if self._nullable:
                return 0
            raise Mismatch("NULL is not allowed here", "NullReferenceError")
        if is_place(wire):
            return self._enter_place(wire, scope)
        block, count = self._make(wire, scope)
        if count == 0 and self._counter is None:
            raise Mismatch("a pointer to one value needs a value", "ArgumentError")
        scope.rooms[self._index] = Room(block, count)
        return block.address

    @property
    def _is_given(self) -> bool:
        return self._direction.travels_in or self._counter is not None

    def _enter_place(self, wire: Any, scope: Scope) -> int:
        if "like" in wire:
            return self._enter_alias(wire["like"], scope)
        place = self._places.find(wire, scope)
        count = None if place.room is None else place.room // self._many.size
        if count == 0 and self._counter is None:
            raise Mismatch(f"{place.room} bytes are left there, {self._many.size} are needed", "ArgumentError")
        scope.rooms[self._index] = Room(None, count, readable=place.entry is not None)
        return place.address

    def _enter_alias(self, index: Any, scope: Scope) -> int:
        """R1.21: the memory that was made for an earlier parameter."""
        room = scope.rooms.get(index) if type(index) is int and index < self._index else None
        if room is None or not isinstance(room.memory, Block):
            raise expected("the number of an earlier array", index)
        count = room.memory.size // self._many.size
        if count == 0 and self._counter is None:
            raise Mismatch(f"{room.memory.size} bytes are there, {self._many.size} are needed", "ArgumentError")
        scope.rooms[self._index] = Room(room.memory, count)
        return room.memory.address

    def _slot(self, _wire: Any, _scope: Scope) -> tuple[Block, int]:
        return self._many.room(1), 1

    def _empty(self, wire: Any, scope: Scope) -> tuple[Block, int]:
        """What the caller gives for an array that is only filled is its length (R6.4), or what stands in it (R5.12)."""
        if type(wire) is bytes or type(wire) is dict:
            return self._many.build_guarded(wire, scope)
        if type(wire) is not int:
            raise expected("a number of elements", wire)
        _check_number(wire)
        return self._many.guarded_room(wire), wire

    def _part(self, wire: Any, scope: Scope) -> tuple[Block, int]:
        """R1.22: the elements that are sent, and how many have room."""
        if type(wire) is not list or len(wire) != 2 or type(wire[0]) is not int:
            raise expected("a number of elements and those that are sent", wire)
        _check_number(wire[0])
        self._many.check_room(wire[0])
        if self._direction.travels_out:
            return self._many.build_guarded(wire[1], scope, wire[0])
        return self._many.build(wire[1], scope, wire[0])

    def _replaceable(self, wire: Any, scope: Scope) -> tuple[Block, int]:
        """R5.8, R5.19: native code may put its own texts in place of the given ones."""
        scope.replaceable = True
        try:
            return self._many.build(wire, scope) if self._counter is None else self._many.build_guarded(wire, scope)
        finally:
            scope.replaceable = False

    def check(self, natives: Sequence[Any], scope: Scope) -> None:
        """R6.3: a count beyond the array would let native code read or write past its end."""
        room = scope.rooms.get(self._index)
        if self._counter is None or room is None or room.length is None:
            return
        count = self._counter.of(natives, scope)
        if count > room.length:
            raise Mismatch(f"it has {room.length} elements, but the count says {count}", "ArgumentError")

    def leave(self, natives: Sequence[Any], scope: Scope) -> Any:
        """R6.4: as many elements as there were; nothing for NULL and for memory of the host."""
        room = scope.rooms.get(self._index)
        if room is None or room.memory is None or room.length is None:
            return None
        block: Block = room.memory
        if block.guarded:
            self._many.check_guards(block)
        if self._counter is None:
            return [self._many.element.to_wire(block.view[0], scope)]
        return self._many.read_block(block, self._returned(room.length, natives, scope), scope)

    def _returned(self, room: int, natives: Sequence[Any], scope: Scope) -> int:
        """R1.22: of the elements, those that native code says it filled; more than there are is a fault."""
        if self._length is None:
            return room
        length = self._length.of(natives, scope)
        if length > room:
            raise Mismatch(f"native code says that it filled {length} elements of {room} (R1.22)", "ArgumentError")
        return length

    def discard(self, natives: Sequence[Any], scope: Scope) -> None:
        """R8.1: texts that native code put into its elements."""
        del natives
        room = scope.rooms.get(self._index)
        if room is not None and room.memory is not None and room.length and not self._many.element.packed:
            self._many.discard(room.memory.view, room.length, scope)

    def offer(self, natives: Sequence[Any], scope: Scope) -> Any:
        """R6.5: what native code points to, copied; R6.6: NULL is nil whatever the count says."""
        address = natives[self._index]
        if not address:
            return None
        view = self._backend.at(self._many.pointer_type, address)
        if self._counter is None:
            return [self._many.element.to_wire(view[0], scope)]
        count = self._counter.of(natives, scope)
        return self._many.read(view, self._returned(count, natives, scope), scope, own=False)

    def accept(self, wire: Any, natives: Sequence[Any], scope: Scope) -> None:
        """R9.8: written through native code's pointer, never beyond its count."""
        address = natives[self._index]
        if not address or wire is None:
            return
        most = 1 if self._counter is None else self._counter.of(natives, scope)
        self._many.write(address, wire, most, scope, replace=self._direction.travels_in)

    def clear(self, natives: Sequence[Any], scope: Scope) -> None:
        """See Passing. What travelled in as well stays as it was."""
        address = natives[self._index]
        if address and not self._direction.travels_in:
            count = 1 if self._counter is None else self._counter.of(natives, scope)
            self._backend.write(address, bytes(count * self._many.size))


def _check_number(wire: int) -> None:
    if wire < 0:
        raise Mismatch(f"{wire} is no number of elements", "ArgumentError")


class ElementsResult:
    """A pointer that a function returns: as many elements as the count says, read after the outs (R6.8, R6.9)."""

    def __init__(self, backend: Backend, block: OwnedBlock) -> None:
        self.ctype = backend.pointer
        self._block = block

    def leave(self, native: int, natives: Sequence[Any], scope: Scope) -> Any:
        """Nil for NULL."""
        return self._block.take(native, 0, natives, scope)

    def discard(self, native: int, natives: Sequence[Any], scope: Scope) -> None:
        """See OwnedBlock."""
        self._block.discard(native, 0, natives, scope)
