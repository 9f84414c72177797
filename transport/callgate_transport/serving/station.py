"""The serving end of a process, joined: who is let in, and who serves what arrives."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from callgate_protocol.abi import Abi
from callgate_transport.reactor import Reactor

from .control import Control
from .crew import Crew
from .door import Door
from .greeting import Plate
from .ground import Ground, LocalGround
from .outbox import Outbox
from .roles import Exports, Perform
from .router import Context, Router
from .worker import Worker

if TYPE_CHECKING:
    from .porch import Porch  # keys and encryption: hosts of this machine's programs do without

__all__ = ["Services", "Station"]


class Services(NamedTuple):
    """What a process does for its sessions."""

    perform: Perform
    register: Callable[[int, Worker], None]
    """A call channel's thread has started: its identity, and what it is."""
    exports: Exports
    on_empty: Callable[[], None]
    """The last session has ended."""


class Station:
    """Sockets, threads and sessions of one process that serves. Made and opened by its I/O thread."""

    def __init__(
        self, reactor: Reactor, context: Context, directory: str, slots: memoryview, porch: Porch | None = None
    ) -> None:
        self._reactor = reactor
        self._context = context
        self._slots = slots
        self._porch = porch
        self._ground: Ground = porch.ground if porch is not None else LocalGround(context, directory)
        self._socket, self._endpoint = self._ground.control()
        self._router = porch.router(self._socket) if porch is not None else Router(self._socket)
        self.outbox = Outbox(reactor, self._router)
        """The way to sessions beside their calls."""
        self.control: Control
        self.crew: Crew
        self.door: Door | Porch

    def open(
        self,
        services: Services,
        listener: socket.socket,
        abi: Abi,
        incarnation: bytes,
        streams: list[int],
        serves: str = "native",
    ) -> None:
        """Let clients in: over links, or over tcp. `streams` are descriptors that the first one with a link gets."""
        self.crew = Crew(
            self._context, self._ground, self._slots, services.perform, self.outbox.broke_off, services.register
        )
        plate = Plate(abi, incarnation, self._endpoint, serves)
        if self._porch is not None:
            listener.close()
            control = Control(self._router, self.outbox, self.crew, services.exports, self._porch.greet)
            self.control = control
            self._porch.open(self._reactor, plate, control, self.crew, services.on_empty)
            self._reactor.watch(self._socket, control.read)
            self.door = self._porch
            return
        control = Control(self._router, self.outbox, self.crew, services.exports)
        self.control = control
        self._reactor.watch(self._socket, control.read)
        self.door = Door(self._reactor, listener, plate, control, self.crew, streams, services.on_empty)
