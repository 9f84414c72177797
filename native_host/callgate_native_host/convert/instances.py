"""`[copied] T **`: a pointer to a pointer to a copy of a struct, which native code may replace (R1.9, R7.14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from callgate_native_host.faults import expected
from callgate_native_host.scope import Room, Scope
from callgate_protocol.signatures import Direction

from .many import Many
from .passing import Passing
from .space import Tools

__all__ = ["InstancePassing", "Owner"]


class Owner:
    """Who frees what native code puts in the place of a copy: `free` is None when it does so itself.

    `shared`: the function is libc's, so that native code may free our copy with it, too (R8.3).
    """

    def __init__(self, free: Callable[[int], None] | None, suspect: Callable[[int], str], *, shared: bool) -> None:
        self.free: Final = free
        self.shared: Final = shared
        self._suspect = suspect

    def take(self, address: int, scope: Scope) -> None:
        """R8.4: it is freed once, when the call is over; what cannot be freed is said now (R8.6)."""
        if self.free is None:
            return
        if self.shared and self._suspect(address):
            self.free(address)
        else:
            scope.ledger.take(address, self.free)


class _Held:
    """One such pointer during its call."""

    __slots__ = ("block", "given", "many", "slot", "wire")

    def __init__(self, slot: Any, many: Many) -> None:
        self.slot = slot
        self.many = many
        self.given = 0
        """Where our copy lies; 0 for none."""
        self.block: Any = None
        """What keeps the copy alive; None when it is native code's to free."""
        self.wire: Any = None
        """What was read behind the final pointer."""

    @property
    def final(self) -> int:
        """Where the pointer leads."""
        address: int = self.slot[0]
        return address


class InstancePassing(Passing):
    """A slot that holds a pointer to a copy, or NULL; the slot itself is always there."""

    def __init__(self, tools: Tools, index: int, direction: Direction, many: Many, owner: Owner) -> None:
        self.ctype = tools.backend.pointer
        self._backend = tools.backend
        self._libc = tools.libc
        self._slot_type = tools.backend.pointer_to(tools.backend.pointer)
        self._index = index
        self._direction = direction
        self._many = many
        self._owner = owner

    def enter(self, wire: Any, scope: Scope) -> int:
        """R1.9: NULL stands behind the pointer, never in its place; R1.8: an out starts as NULL."""
        held = _Held(self._backend.newp(self._slot_type), self._many)
        if wire is not None:
            if type(wire) is not list or len(wire) != 1:
                raise expected("nil or an array with one struct", wire)
            self._copy(wire, held, scope)
            held.slot[0] = held.given
        scope.rooms[self._index] = Room(held, 1)
        return self._backend.address_of(held.slot)

    def _copy(self, wire: Any, held: _Held, scope: Scope) -> None:
        before, scope.replaceable = scope.replaceable, self._direction.travels_out
        try:
            block, _ = self._many.build(wire, scope)
        finally:
            scope.replaceable = before
        if not self._owner.shared:
            held.given, held.block = block.address, block
            return
        address = held.given = self._libc.block(block.view, self._many.size)
        scope.lent.append(lambda: self._libc.free(address))

    def leave(self, natives: Sequence[Any], scope: Scope) -> Any:
        """Nil for NULL, else the struct behind the final pointer, and whether that is the one we made."""
        del natives
        held: _Held = scope.rooms[self._index].memory
        final = held.final
        try:
            if not final:
                return None
            held.wire = self._read(final, scope)
            return [held.wire, final == held.given]
        finally:
            self._settle(held, final, scope)

    def _read(self, final: int, scope: Scope) -> Any:
        """What an earlier parameter read there has been taken over already, with its texts (R7.19)."""
        for other in _others(scope):
            if other.wire is not None and other.final == final and other.many.element is self._many.element:
                return other.wire
        return self._many.element.to_wire(self._at(final), scope)

    def _at(self, address: int) -> Any:
        return self._backend.at(self._many.pointer_type, address)[0]

    def _settle(self, held: _Held, final: int, scope: Scope) -> None:
        """R8.3: what is there now is ours; a copy that native code could not free still holds what it held."""
        ours = held.block is not None
        if final and not (ours and final == held.given):
            self._owner.take(final, scope)
        if ours and self._direction.travels_out and all(each.final != held.given for each in _others(scope)):
            self._many.element.discard(self._at(held.given), scope)

    def discard(self, natives: Sequence[Any], scope: Scope) -> None:
        """R8.1, R8.7: the same, unread."""
        del natives
        room = scope.rooms.get(self._index)
        if room is None:
            return
        held: _Held = room.memory
        if (final := held.final) and all(each.wire is None or each.final != final for each in _others(scope)):
            self._many.element.discard(self._at(final), scope)
        self._settle(held, final, scope)

    def offer(self, natives: Sequence[Any], scope: Scope) -> Any:
        """What native code shows to a callback; nil for NULL on either level."""
        address = natives[self._index]
        inner = self._backend.at(self._slot_type, address)[0] if address else 0
        return [self._many.element.to_wire(self._at(inner), scope), False] if inner else None

    def accept(self, wire: Any, natives: Sequence[Any], scope: Scope) -> None:
        """R9.8: what the callback gives is written where native code's struct lies, or becomes its own."""
        address = natives[self._index]
        if not address:
            return
        if wire is not None and (type(wire) is not list or len(wire) != 1):
            raise expected("nil or an array with one struct", wire)
        slot = self._backend.at(self._slot_type, address)
        if wire is not None and self._direction.travels_in and slot[0]:
            self._many.write(slot[0], wire, 1, scope, replace=True)
            return
        made = 0
        if wire is not None:
            block, _ = self._many.build(wire, scope)
            address = made = self._libc.block(block.view, self._many.size)
            scope.lent.append(lambda: self._libc.free(address))
        slot[0] = made

    def clear(self, natives: Sequence[Any], scope: Scope) -> None:
        """See Passing. What travelled in as well stays as it was."""
        del scope
        address = natives[self._index]
        if address and not self._direction.travels_in:
            self._backend.at(self._slot_type, address)[0] = 0


def _others(scope: Scope) -> Iterator[_Held]:
    """All such pointers of a call."""
    return (room.memory for room in scope.rooms.values() if isinstance(room.memory, _Held))
