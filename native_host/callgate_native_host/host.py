"""One host: everything it is made of, joined, and its life from fork to the end of its last session."""

from __future__ import annotations

import mmap
import os
import socket
from typing import Final, NamedTuple, NoReturn

import zmq

from callgate_protocol.slots import ANSWERED, HANDLES_OFFSET, MEMORY_BYTES

from .backend import Backend
from .control import Control
from .crew import Crew
from .door import Door, Plate
from .engine import make_engine
from .libc import Libc
from .measure import measure_abi
from .outbox import Outbox
from .reactor import Reactor
from .router import Router, router_socket
from .streams import redirect_streams, refuse_core_files

__all__ = ["Birth", "run_host"]

_FIRST_SESSION_SECONDS: Final = 30.0


class Birth(NamedTuple):
    """What a host is born with."""

    incarnation: bytes
    directory: str
    slots: int
    """Descriptor of the call slots."""
    link: int
    """Descriptor of the listening link socket."""


_REST_SECONDS: Final = 1.0
"""How long the objects of handles may take to end when the last session is gone (R10.8)."""


def _leave() -> NoReturn:
    """End at once: no destructor of a library may hold up a host that nobody uses."""
    os._exit(0)


def run_host(backend: Backend, libc: Libc, birth: Birth) -> NoReturn:
    """Be a host until the last session has gone, or nobody came."""
    refuse_core_files()
    streams = redirect_streams(libc)
    slots = memoryview(mmap.mmap(birth.slots, MEMORY_BYTES))
    os.close(birth.slots)
    reactor = Reactor()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    plate = Plate(measure_abi(backend), birth.incarnation, f"ipc://{birth.directory}/control")
    control_socket = router_socket(context, plate.control)
    router = Router(control_socket)
    outbox = Outbox(reactor, router)
    engine = make_engine(backend, libc, birth.incarnation, outbox.ask, outbox.tell, outbox.notify)
    crew = Crew(context, birth.directory, slots, engine.caller.perform, outbox.broke_off, engine.callbacks.register)
    engine.census.watch({"channels": lambda: crew.channels, "threads": lambda: crew.threads})
    control = Control(router, outbox, crew, engine.objects)
    reactor.watch(control_socket, control.read)

    engine.objects.lives.tell = lambda alive: ANSWERED.pack_into(slots, HANDLES_OFFSET, alive)

    def run_down() -> None:
        engine.objects.lives.rest(_REST_SECONDS)
        _leave()

    door = Door(reactor, socket.socket(fileno=birth.link), plate, control, crew, streams, run_down)
    reactor.after(_FIRST_SESSION_SECONDS, lambda: None if door.had_session else _leave())
    reactor.run()
