"""One host: everything it is made of, joined, and its life from fork to the end of its last session."""

from __future__ import annotations

import mmap
import os
import socket
from typing import Final, NamedTuple, NoReturn

import zmq

from callgate_protocol.slots import MEMORY_BYTES

from .backend import Backend
from .callbacks import Callbacks
from .calls import Caller
from .control import Control
from .convert.places import Places
from .convert.space import Tools
from .crew import Crew
from .door import Door
from .fields import Fields
from .libc import Libc
from .loading import Libraries
from .measure import measure_abi
from .memory import Memory
from .objects import Objects
from .reactor import Reactor
from .router import router_socket
from .streams import redirect_streams, refuse_core_files
from .system import System

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
    endpoint = f"ipc://{birth.directory}/control"
    objects = Objects(birth.incarnation)
    places = Places(objects)
    callbacks = Callbacks(
        objects,
        lambda *question: control.ask(*question),
        lambda *notice: control.notify(*notice),
    )
    libraries = Libraries(Tools(backend, libc, objects, places), callbacks.run)
    memory = Memory(backend, objects, places, libraries)

    def info() -> dict[str, int]:
        thunks = [library.thunks() for library in libraries.all()]
        return {
            "channels": crew.channels,
            "threads": crew.threads,
            "objects": len(objects),
            "allocations": objects.blocks_alive + objects.kept(),
            "delegates": sum(live for live, _ in thunks),
            "stale_callbacks": sum(stale for _, stale in thunks),
        }

    system = System(libraries, memory, Fields(backend, places, libraries), info)
    caller = Caller(backend, libraries, objects, system)
    crew = Crew(
        context, birth.directory, slots, caller.perform, lambda *notice: control.notify(*notice), callbacks.register
    )
    control = Control(reactor, router_socket(context, endpoint), crew, objects)
    door = Door(
        reactor,
        socket.socket(fileno=birth.link),
        control,
        crew,
        objects,
        measure_abi(backend),
        birth.incarnation,
        endpoint,
        streams,
        _leave,
    )
    reactor.after(_FIRST_SESSION_SECONDS, lambda: None if door.had_session else _leave())
    reactor.run()
    _leave()
