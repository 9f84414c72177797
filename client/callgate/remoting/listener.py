"""A door for others to the Python objects of this process, opened when somebody needs it."""

from __future__ import annotations

import os
import secrets
import socket
from typing import Final

from callgate_protocol.slots import MEMORY_BYTES
from callgate_transport import rundir
from callgate_transport.iothread import IoThread
from callgate_transport.serving.station import Services, Station

from .own_abi import own_abi
from .servant import Servant

__all__ = ["Listener"]

_PENDING_CONNECTIONS: Final = 64


class Listener:
    """Belongs to one process. Thread-safe; made by whichever thread comes first.

    The directory is private to the user and the link checks who connects, as a host's do; nobody ever connects to it
    through a firewall. It goes with the process, and a process that was killed has it swept by the next one's start.
    """

    def __init__(self, io: IoThread) -> None:
        self.incarnation = secrets.token_bytes(16)
        self._owner = os.getpid()
        self._directory = rundir.create_listener_directory()
        self.link = f"{self._directory.path}/link"
        """Where others connect."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(self.link)
        listening.listen(_PENDING_CONNECTIONS)
        self._listening = listening
        self._station = Station(io, io.context, self._directory.path, memoryview(bytearray(MEMORY_BYTES)))
        self.servant = Servant(self.incarnation, self._station.outbox)
        io.post(self._open)  # who connects before waits in the queue; this thread must not wait for that one

    def _open(self) -> None:
        services = Services(self.servant.perform, self.servant.register, self.servant.exports, lambda: None)
        self._station.open(services, self._listening, own_abi(), self.incarnation, [])

    def close(self) -> None:
        """Nobody can connect any more; sessions end with the process."""
        if os.getpid() == self._owner:
            self._directory.remove()

    def close_after_fork(self) -> None:
        """In a forked child: let go of the descriptors, which are the parent's."""
        self._listening.close()
        os.close(self._directory.lock)
