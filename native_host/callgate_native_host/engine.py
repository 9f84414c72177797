"""What performs calls: converters, libraries, objects, callbacks. No thread, socket or process belongs to it."""

from __future__ import annotations

from typing import NamedTuple

from callgate_transport.serving.roles import Ask, Notify, Tell

from .backend import Backend
from .callbacks import Callbacks
from .calls import Caller
from .census import Census
from .convert.places import Places
from .convert.space import Tools
from .fields import Fields
from .libc import Libc
from .loading import Libraries
from .memory import Memory
from .objects import Objects
from .pointers import Pointers
from .raw import Raw
from .system import System

__all__ = ["Engine", "make_engine"]


class Engine(NamedTuple):
    """The parts of a host that do not know how messages reach it."""

    caller: Caller
    callbacks: Callbacks
    libraries: Libraries
    objects: Objects
    census: Census


def make_engine(backend: Backend, libc: Libc, incarnation: bytes, ask: Ask, tell: Tell, notify: Notify) -> Engine:
    """Join them. `ask`, `tell` and `notify` reach a session beside its calls."""
    objects = Objects(incarnation)
    callbacks = Callbacks(objects, ask, tell, notify)
    places = Places(objects)
    libraries = Libraries(Tools(backend, libc, objects, places), callbacks.run)
    census = Census()
    census.watch(
        {
            "objects": lambda: len(objects),
            "allocations": lambda: objects.blocks_alive + objects.kept(),
            "delegates": lambda: sum(library.thunks_alive for library in libraries.all()),
            "handles": lambda: len(objects.lives),
            "stale_callbacks": lambda: sum(library.stale_callbacks for library in libraries.all()),
            "dropped_callbacks": lambda: sum(library.dropped_callbacks for library in libraries.all()),
        }
    )
    memory = Memory(backend, libc, objects, places, libraries)
    raw = Raw(backend, callbacks.run, lambda: bool(libraries.all()))
    system = System(libraries, memory, Fields(backend, places, libraries), census, raw)
    return Engine(
        Caller(backend, libraries, objects, system, Pointers(libraries, places)), callbacks, libraries, objects, census
    )
