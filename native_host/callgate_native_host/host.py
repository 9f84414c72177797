"""One host: everything it is made of, joined, and its life from fork to the end of its last session."""

from __future__ import annotations

import mmap
import os
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import zmq

from callgate_protocol.references import CLAIM_SECONDS
from callgate_protocol.slots import ANSWERED, HANDLES_OFFSET, MEMORY_BYTES
from callgate_transport.reactor import Reactor
from callgate_transport.serving.station import Services, Station

from .backend import Backend
from .engine import Ways, make_engine
from .libc import Libc
from .measure import measure_abi
from .streams import redirect_streams, refuse_core_files

if TYPE_CHECKING:
    from callgate_transport.serving.porch import Porch

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
    terms: Mapping[str, Any] | None = None
    """What a host for clients of another machine keeps to."""
    line: int = -1
    """Descriptor of its line to the broker."""
    streams: tuple[int, ...] = ()
    """Where its standard output and standard error go."""


_REST_SECONDS: Final = 1.0
"""How long the objects of handles may take to end when the last session is gone (R10.8)."""


def _porch(context: zmq.Context[zmq.Socket[bytes]], terms: Mapping[str, Any], line: int) -> Porch:
    from callgate_transport.serving.porch import Porch, Terms  # noqa: PLC0415 - few hosts serve other machines

    return Porch(context, Terms.from_map(terms), line)


def _leave() -> NoReturn:
    """End at once: no destructor of a library may hold up a host that nobody uses."""
    os._exit(0)


def run_host(backend: Backend, libc: Libc, birth: Birth) -> NoReturn:
    """Be a host until the last session has gone, or nobody came."""
    refuse_core_files()
    streams = redirect_streams(libc, birth.streams)
    slots = memoryview(mmap.mmap(birth.slots, MEMORY_BYTES))
    os.close(birth.slots)
    reactor = Reactor()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    porch = _porch(context, birth.terms, birth.line) if birth.terms is not None else None
    station = Station(reactor, context, birth.directory, slots, porch)
    outbox = station.outbox
    ways = Ways(outbox.ask, outbox.tell, outbox.notify, outbox.give_back)
    engine = make_engine(backend, libc, birth.incarnation, ways, f"unix:{birth.directory}/link")
    objects = engine.objects
    objects.on_handed = lambda: reactor.post(lambda: reactor.after(CLAIM_SECONDS, expire))
    engine.objects.lives.tell = lambda alive: ANSWERED.pack_into(slots, HANDLES_OFFSET, alive)

    def expire() -> None:
        objects.expire()
        if station.control.is_empty:
            run_down()

    def run_down() -> None:
        if objects.handed:  # somebody is on the way
            return
        engine.objects.lives.rest(_REST_SECONDS)
        _leave()

    services = Services(engine.caller.perform, engine.callbacks.register, engine.objects, run_down)
    station.open(services, socket.socket(fileno=birth.link), measure_abi(backend), birth.incarnation, streams)
    crew, door = station.crew, station.door
    engine.census.watch(
        {"channels": lambda: crew.channels, "threads": lambda: crew.threads, "sessions": lambda: door.sessions}
    )
    reactor.after(_FIRST_SESSION_SECONDS, lambda: None if door.had_session else _leave())
    reactor.run()
    _leave()
