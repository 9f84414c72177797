"""What a host is born with: its directory, its call slots and its listening link."""

from __future__ import annotations

import fcntl
import os
import socket

from callgate_protocol import slots
from callgate_protocol.value import Value
from callgate_transport.rundir import remove_tree

__all__ = ["HostFiles", "make_host_files"]

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_PENDING_CONNECTIONS = 64


class HostFiles(Value):
    """`memory` is the descriptor of the call slots, kept here; `link` is closed here once the template has it."""

    directory: str
    memory: int
    link: socket.socket

    @property
    def link_path(self) -> str:
        """Where clients connect."""
        return f"{self.directory}/link"

    def read_slots(self) -> tuple[int, list[slots.Slot]]:
        """How many calls were answered, and the calls in flight."""
        # Read, not mapped: whatever the host does to its memory, it cannot make the warden fault.
        copy = memoryview(os.pread(self.memory, slots.MEMORY_BYTES, 0))
        return slots.read_answered(copy), slots.read_slots(copy)

    def read_handles(self) -> int:
        """How many objects of handles the host has still to end."""
        return slots.read_handles(memoryview(os.pread(self.memory, slots.HEADER_BYTES, 0)))

    def discard(self) -> None:
        """Close and remove everything."""
        self.link.close()
        os.close(self.memory)
        remove_tree(self.directory)


def make_host_files(broker_directory: str, number: int, label: str) -> HostFiles:
    """Make the files of host `number`; raises OSError with nothing left behind."""
    directory = f"{broker_directory}/h{number}"
    os.mkdir(directory, 0o700)
    memory = -1
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        memory = _slots_memory(label)
        link.bind(f"{directory}/link")
        link.listen(_PENDING_CONNECTIONS)
    except OSError:
        link.close()
        if memory >= 0:
            os.close(memory)
        remove_tree(directory)
        raise
    return HostFiles(directory, memory, link)


def _slots_memory(label: str) -> int:
    name = "callgate-slots:" + "".join(letter if letter.isprintable() else "?" for letter in label[:48])
    memory = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(memory, slots.MEMORY_BYTES)
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, _SEALS)
    return memory
