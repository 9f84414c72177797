"""A host of Python classes: a process below the warden that a Python extension module may take down (R16.17).

The warden starts it, as a template forks hosts of native libraries, and it ends as they do: with its last session, with
its warden, or with whatever crashes in it.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Any, Final, NoReturn

from callgate.process import current
from callgate.servable import class_named, make
from callgate_protocol.slots import MEMORY_BYTES

from .failing import Raised
from .listener import Listener, Place

if TYPE_CHECKING:
    from callgate_transport.iothread import IoThread
    from callgate_transport.serving.porch import Porch

    from .servant import Servant

__all__ = ["main"]

_PR_SET_PDEATHSIG: Final = 1
_FIRST_SESSION_SECONDS: Final = 30.0
_LINE_FD: Final = 5
"""The line to the broker of a host for another machine, and after it where its output and its errors go."""


def main(argv: list[str]) -> int:
    """`argv`: descriptors of call slots and link, the directory, the incarnation, and the warden's process id.

    After that the terms of a client on another machine, as JSON; empty for programs of this one.
    """
    slots, link, directory, incarnation, warden, terms = argv
    _end_with(int(warden))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    memory = memoryview(mmap.mmap(int(slots), MEMORY_BYTES))
    os.close(int(slots))
    remote = json.loads(terms) if terms else None
    streams = _redirect_streams() if remote is None else _print_for_the_broker()
    listening = socket.socket(fileno=int(link))
    place = Place(bytes.fromhex(incarnation), directory, listening, memory, streams, _leave)
    current().incarnation = place.incarnation
    io = current().io()
    porch, prepare = (None, _for_programs) if remote is None else (_porch(io, remote), _for_others(remote["caller"]))
    listener = current().listen(lambda: Listener(io, place, porch, prepare))
    io.post(lambda: io.after(_FIRST_SESSION_SECONDS, lambda: None if listener.had_session else _leave()))
    Event().wait()  # the I/O thread ends the process
    return 0


def _for_programs(servant: Servant) -> None:
    servant.maker = _make


def _for_others(caller: str) -> Callable[[Servant], None]:
    from .surrogate import ForOthers  # noqa: PLC0415 - brings activation in, for hosts of other machines

    def prepare(servant: Servant) -> None:
        servant.elsewhere = ForOthers(caller)

    return prepare


def _make(name: str, directories: list[str]) -> Any:
    """An object of `module:Class`. Whatever goes wrong with that is the class's own failure."""
    sys.path += [each for each in directories if each not in sys.path]
    try:
        return make(class_named(name))
    except BaseException as error:
        raise Raised from error


def _porch(io: IoThread, terms: dict[str, Any]) -> Porch:
    from callgate_transport.serving.porch import Porch, Terms  # noqa: PLC0415 - few hosts serve other machines

    return Porch(io.context, Terms.from_map(terms), _LINE_FD)


def _leave() -> NoReturn:
    """End at once: what a class left running may not hold up a host that nobody uses."""
    sys.stdout.flush()
    os._exit(0)


def _end_with(warden: int) -> None:
    """From now on this process ends with its warden, even if that is gone already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != warden:
        os._exit(1)


def _print_for_the_broker() -> list[int]:
    """Nobody beside this process could read: what classes print is kept by the broker."""
    for stream in (1, 2):
        os.dup2(_LINE_FD + stream, stream)
        os.close(_LINE_FD + stream)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    return []


def _redirect_streams() -> list[int]:
    """What classes print goes into two pipes, which the first session gets. There is nothing to read."""
    read_ends = []
    for stream in (1, 2):
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        os.dup2(write_end, stream)
        os.close(write_end)
        read_ends.append(read_end)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    return read_ends
