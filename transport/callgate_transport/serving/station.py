"""The serving end of a process, joined: who is let in, and who serves what arrives."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import NamedTuple

from callgate_protocol.abi import Abi
from callgate_transport.reactor import Reactor

from .control import Control
from .crew import Crew
from .door import Door, Plate
from .outbox import Outbox
from .roles import Exports, Perform
from .router import Context, Router, router_socket
from .worker import Worker

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

    def __init__(self, reactor: Reactor, context: Context, directory: str, slots: memoryview) -> None:
        self._reactor = reactor
        self._context = context
        self._directory = directory
        self._slots = slots
        self._endpoint = f"ipc://{directory}/control"
        self._socket = router_socket(context, self._endpoint)
        self._router = Router(self._socket)
        self.outbox = Outbox(reactor, self._router)
        """The way to sessions beside their calls."""
        self.crew: Crew
        self.door: Door

    def open(
        self, services: Services, listener: socket.socket, abi: Abi, incarnation: bytes, streams: list[int]
    ) -> None:
        """Let clients in. `streams` are descriptors that the first of them gets."""
        self.crew = Crew(
            self._context, self._directory, self._slots, services.perform, self.outbox.broke_off, services.register
        )
        control = Control(self._router, self.outbox, self.crew, services.exports)
        self._reactor.watch(self._socket, control.read)
        plate = Plate(abi, incarnation, self._endpoint)
        self.door = Door(self._reactor, listener, plate, control, self.crew, streams, services.on_empty)
