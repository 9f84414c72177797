"""A door for others to the Python objects of this process, opened when somebody needs it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from callgate.process import current
from callgate_protocol.references import CLAIM_SECONDS
from callgate_protocol.slots import MEMORY_BYTES
from callgate_transport import rundir
from callgate_transport.iothread import IoThread
from callgate_transport.serving.station import Services, Station

from .servant import Servant

if TYPE_CHECKING:
    from callgate_transport.serving.porch import Porch

__all__ = ["Listener", "Place", "own_place"]

_PENDING_CONNECTIONS: Final = 64


class Place(NamedTuple):
    """Where a process lets others in."""

    incarnation: bytes
    directory: str
    listening: socket.socket
    slots: memoryview
    streams: Sequence[int] = ()
    """Descriptors for the first who connects."""
    on_empty: Callable[[], None] = lambda: None
    """The last session has ended."""
    lock: int = -1
    """What keeps the directory from being swept; -1 when that is another process's business."""


def own_place(incarnation: bytes) -> Place:
    """A directory of this process's own, private to the user. One that was killed has its swept by the next start."""
    made = rundir.create_listener_directory()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(f"{made.path}/link")
    listening.listen(_PENDING_CONNECTIONS)
    return Place(incarnation, made.path, listening, memoryview(bytearray(MEMORY_BYTES)), lock=made.lock)


class Listener:
    """Belongs to one process. Thread-safe.

    The link checks who connects, as a host's does. With a porch it is clients of another machine instead.
    """

    def __init__(
        self,
        io: IoThread,
        place: Place,
        porch: Porch | None = None,
        prepare: Callable[[Servant], None] = lambda _servant: None,
    ) -> None:
        """`prepare` says what the process does beyond serving what it exports, before anybody can ask for that."""
        self.incarnation = place.incarnation
        self.link = f"{place.directory}/link"
        """Where others connect."""
        self._owner = os.getpid()
        self._place = place
        self._is_open = True
        self._station = Station(io, io.context, place.directory, place.slots, porch)
        self.servant = Servant(self.incarnation, self._station.outbox, io.post)
        self.servant.exports.on_handed = self._handed
        self._io = io
        self.servant.demanded = current().demanded
        prepare(self.servant)
        io.post(self._open)  # who connects before waits in the queue; this thread must not wait for that one

    def _open(self) -> None:
        place, servant = self._place, self.servant
        services = Services(servant.perform, servant.register, servant.exports, self._emptied)
        self._station.open(services, place.listening, servant.abi, place.incarnation, list(place.streams), "python")

    def _emptied(self) -> None:
        if not self.servant.exports.handed:  # else somebody is on the way
            self._place.on_empty()

    def _handed(self) -> None:
        self._io.post(lambda: self._io.after(CLAIM_SECONDS, self._expire))

    def _expire(self) -> None:
        self.servant.exports.expire()
        if self._station.control.is_empty:
            self._emptied()

    @property
    def had_session(self) -> bool:
        """Whether anybody has connected yet. On the I/O thread."""
        return self._station.door.had_session

    @property
    def occupied(self) -> bool:
        """Whether anybody is connected now."""
        return self._station.door.sessions > 0

    def close(self) -> None:
        """Nobody can connect any more; sessions end with the process."""
        was_open, self._is_open = self._is_open, False
        if was_open and os.getpid() == self._owner and self._place.lock >= 0:
            rundir.RunDirectory(self._place.directory, self._place.lock).remove()

    def close_after_fork(self) -> None:
        """In a forked child: let go of the descriptors, which are the parent's."""
        self._place.listening.close()
        if self._place.lock >= 0:
            os.close(self._place.lock)
