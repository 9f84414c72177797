"""One thread's call slot: what the warden reads when the host has died or hangs."""

from __future__ import annotations

import itertools
import threading

from callgate_protocol.slots import (
    ANSWERED,
    Phase,
    Slot,
    pack_into_phase,
    pack_into_slot,
    pack_into_thread,
    slot_offset,
)

__all__ = ["Answered", "SlotWriter"]


class Answered:
    """How many calls were answered. Counting is one step of the interpreter, so no thread's count is lost."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._count = itertools.count(1)

    def add(self) -> None:
        """One more."""
        ANSWERED.pack_into(self._memory, 0, next(self._count))


class SlotWriter:
    """Writes one slot. Made on the thread that it describes. Inner calls hide outer ones until they are over."""

    def __init__(self, memory: memoryview, index: int) -> None:
        self._memory = memory
        self._offset = slot_offset(index)
        self._thread = threading.get_native_id()
        self._stack: list[Slot] = []

    def accept(self, channel: int, call: int, library: int, function: int) -> None:
        """A call was read."""
        slot = Slot(Phase.ACCEPTED, self._thread, call, channel, library, function)
        self._stack.append(slot)
        pack_into_slot(self._memory, self._offset, slot)

    def move(self, thread: int | None) -> None:
        """The innermost call goes on in another thread; None when it is back in this one."""
        number = self._thread if thread is None else thread
        self._stack[-1] = self._stack[-1]._replace(thread=number)
        pack_into_thread(self._memory, self._offset, number)

    def phase(self, phase: int) -> None:
        """The innermost call goes on."""
        pack_into_phase(self._memory, self._offset, phase)

    def done(self) -> None:
        """The innermost call was answered; the one around it, if any, waits in its callback."""
        self._stack.pop()
        if self._stack:
            pack_into_slot(self._memory, self._offset, self._stack[-1]._replace(phase=Phase.CALLBACK))
        else:
            pack_into_phase(self._memory, self._offset, Phase.IDLE)
