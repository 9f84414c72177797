"""Call slots: the shared memory that says which native call each thread of a host is in.

The warden makes the memory (a memfd) and hands it to the host it starts. A host thread writes its slot before it enters
native code and after it comes back; the warden reads the slots when the host has died or a deadline has passed. The two
never wait for each other, so the memory holds plain values and no locks.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = [
    "ANSWERED",
    "HANDLES_OFFSET",
    "HEADER_BYTES",
    "MEMORY_BYTES",
    "SLOT_BYTES",
    "SLOT_COUNT",
    "Phase",
    "Slot",
    "pack_into_phase",
    "pack_into_slot",
    "pack_into_thread",
    "read_answered",
    "read_handles",
    "read_slots",
    "slot_offset",
]

SLOT_COUNT = 64
"""Threads of one host that can be inside a call at once: 32 of an MTA, the rest for single-threaded apartments."""

HEADER_BYTES = 64
SLOT_BYTES = 64
MEMORY_BYTES = HEADER_BYTES + SLOT_COUNT * SLOT_BYTES

ANSWERED = struct.Struct("<Q")
"""At offset 0: how many calls this host has answered since it started. Only `answered == 0` matters to the warden."""

HANDLES_OFFSET = 8
"""Where the host says, in the same form, how many objects it has still to end for the handles that own them (R10.8)."""

_SLOT = struct.Struct("<IIQIII")
_PHASE = struct.Struct("<I")


class Phase:
    """What the thread of a slot is doing."""

    IDLE = 0
    ACCEPTED = 1
    """The call was read and its arguments are being converted; native code has not been entered."""
    NATIVE = 2
    """Native code has been entered: the call has begun."""
    CALLBACK = 3
    """Native code called back and the thread waits for the caller's own Python."""
    RETURNED = 4
    """Native code has returned; the answer is being made or sent."""

    NAMES = ("idle", "accepted", "native", "callback", "returned")


class Slot(NamedTuple):
    """One thread of a host. `channel` and `call` are the caller's numbers; `library` and `function` index its plans."""

    phase: int
    thread: int
    call: int
    channel: int
    library: int
    function: int

    @property
    def begun(self) -> bool:
        """Whether native code had been entered."""
        return self.phase in (Phase.NATIVE, Phase.CALLBACK, Phase.RETURNED)


def slot_offset(index: int) -> int:
    """Where slot `index` starts in the memory."""
    return HEADER_BYTES + index * SLOT_BYTES


def pack_into_slot(memory: memoryview, offset: int, slot: Slot) -> None:
    """Write a whole slot. Whoever reads it does so when the writer is dead, or only to tell what it is doing."""
    _SLOT.pack_into(memory, offset, *slot)


pack_into_phase = _PHASE.pack_into
"""Write the phase only: `pack_into_phase(memory, offset, Phase.NATIVE)`."""


def pack_into_thread(memory: memoryview, offset: int, thread: int) -> None:
    """Write the thread only: the call goes on in another one."""
    _PHASE.pack_into(memory, offset + _PHASE.size, thread)


def read_slots(memory: memoryview) -> list[Slot]:
    """Every slot that was ever used. An idle one still names the last call of its thread, which has been answered."""
    slots = (Slot(*_SLOT.unpack_from(memory, slot_offset(index))) for index in range(SLOT_COUNT))
    return [slot for slot in slots if slot.thread]


def read_answered(memory: memoryview) -> int:
    """How many calls the host has answered."""
    count: int = ANSWERED.unpack_from(memory, 0)[0]
    return count


def read_handles(memory: memoryview) -> int:
    """How many objects of handles the host has still to end."""
    count: int = ANSWERED.unpack_from(memory, HANDLES_OFFSET)[0]
    return count
