"""Arrays that native code allocates (R6.7 to R6.9): copied with all they hold, then freed, in that order (R8.10)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_native_host.scope import Room, Scope
from callgate_protocol.signatures import Direction

from .counts import Counter
from .many import Many
from .passing import Passing
from .space import Tools

__all__ = ["AllocatedPassing", "OwnedBlock"]


class OwnedBlock:
    """A block of elements that native code handed out. `free` is None when it stays native code's own."""

    def __init__(self, tools: Tools, many: Many, counter: Counter | None, free: Callable[[int], None] | None) -> None:
        self._backend = tools.backend
        self._libc = tools.libc
        self.many = many
        self._counter = counter
        self._free = free

    def build(self, wire: Any, scope: Scope) -> tuple[int, int]:
        """R6.7: a copy from the heap that native code may free or replace, and how many elements it has."""
        before, scope.replaceable = scope.replaceable, True
        try:
            block, count = self.many.build(wire, scope)
        finally:
            scope.replaceable = before
        address = self._libc.block(block.view, count * self.many.size)
        scope.lent.append(lambda: self._libc.free(address))
        return address, count

    def check(self, held: int, natives: Sequence[Any], scope: Scope) -> None:
        """R6.3: a count beyond the array."""
        count = self._count(natives, scope)
        if count > held:
            raise Mismatch(f"it has {held} elements, but the count says {count}", "ArgumentError")

    def _count(self, natives: Sequence[Any], scope: Scope) -> int:
        """R6.5: one element when nothing says how many."""
        return 1 if self._counter is None else self._counter.of(natives, scope)

    def take(self, address: int, given: int, natives: Sequence[Any], scope: Scope) -> Any:
        """R6.8: the wire value of the final elements, as many as the final count says; then the block is freed.

        `given` is the block that native code got from us, 0 for none.
        """
        if not address:
            return None
        try:
            view = self._backend.at(self.many.pointer_type, address)
            if self._counter is None:
                return [self.many.element.to_wire(view[0], scope)]
            return self.many.read(view, self._count(natives, scope), scope, own=False)
        finally:
            self._release(address, given, scope)

    def discard(self, address: int, given: int, natives: Sequence[Any], scope: Scope) -> None:
        """R8.1: free it unread. When its count makes no sense, its elements are left alone."""
        if not address:
            return
        try:
            count = self._count(natives, scope)
        except Mismatch:
            count = 0
        self.many.discard(self._backend.at(self.many.pointer_type, address), count, scope)
        self._release(address, given, scope)

    def _release(self, address: int, given: int, scope: Scope) -> None:
        if scope.ledger_used is not None and scope.ledger_used.claims(address):
            return
        if address == given:
            self._libc.free(address)
        elif self._free is not None:
            self._free(address)


class AllocatedPassing(Passing):
    """`[out] T **` and `[in, out] T **`: native code leaves, replaces or takes away an array."""

    def __init__(self, backend: Backend, index: int, direction: Direction, block: OwnedBlock) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._slot_type = backend.pointer_to(backend.pointer)
        self._index = index
        self._direction = direction
        self._block = block

    def enter(self, wire: Any, scope: Scope) -> int:
        """A slot, NULL or pointing to a copy of the elements (R5.9, R6.7)."""
        slot = self._backend.newp(self._slot_type)
        given, count = 0, 0
        if self._direction.travels_in and wire is not None:
            given, count = self._block.build(wire, scope)
            slot[0] = given
        scope.rooms[self._index] = Room((slot, given), count)
        return self._backend.address_of(slot)

    def check(self, natives: Sequence[Any], scope: Scope) -> None:
        """See Passing."""
        room = scope.rooms[self._index]
        if room.memory[1]:
            self._block.check(room.length or 0, natives, scope)

    def leave(self, natives: Sequence[Any], scope: Scope) -> Any:
        """See OwnedBlock."""
        slot, given = scope.rooms[self._index].memory
        return self._block.take(slot[0], given, natives, scope)

    def discard(self, natives: Sequence[Any], scope: Scope) -> None:
        """See OwnedBlock."""
        slot, given = scope.rooms[self._index].memory
        self._block.discard(slot[0], given, natives, scope)

    def offer(self, natives: Sequence[Any], scope: Scope) -> Any:
        """A callback hands out no arrays; the declaration was refused."""
        raise NotImplementedError
