"""Which thread of this host performs a call (R15.2, R15.8): that of the object's or the library's apartment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from callgate_protocol.apartments import Apartment, Kind
from callgate_protocol.messages import Call
from callgate_protocol.system import HostFunction
from callgate_transport.serving.single import SingleThread

from .loading import Libraries
from .objects import Objects

__all__ = ["Homes"]

_OF_LIBRARY: Final = {HostFunction.INVOKE, HostFunction.STORE, HostFunction.DESTROY}
"""Functions of library 0 that enter native code of the library that they name first."""
_OF_OBJECT: Final = {HostFunction.CLOSE, HostFunction.FREE, HostFunction.QUERY, HostFunction.RELEASE}
"""Those that enter native code of the object that they name first."""


class Homes:
    """The single-threaded apartments of this host. Every other thread is in the MTA."""

    def __init__(self, libraries: Libraries, objects: Objects, register: Callable[[int, Any], None]) -> None:
        self._libraries = libraries
        self._objects = objects
        self._register = register
        self._lock = threading.Lock()
        self._made: list[SingleThread] = []
        self._host: SingleThread | None = None
        self.crossings = 0
        """Calls that changed their apartment on the way (R15.1)."""

    def __len__(self) -> int:
        return len(self._made)

    def find(self, call: Call) -> SingleThread | None:
        """The thread that has to perform a call; None for the one that it has arrived on."""
        home = self._of_call(call) if call.library else self._of_request(call.function, call.arguments)
        if home is not None:
            self.crossings += 1
        return home

    def _of_call(self, call: Call) -> SingleThread | None:
        library = self._libraries.get(call.library)
        return self._of_object(call.arguments) if library.is_method(call.function) else library.home

    def _of_request(self, function: int, arguments: list[Any]) -> SingleThread | None:
        if function in _OF_OBJECT:
            return self._of_object(arguments)
        if function in _OF_LIBRARY and arguments and type(arguments[0]) is int:
            return self._libraries.get(arguments[0]).home
        if function == HostFunction.LOAD and len(arguments) == 4 and arguments[3] == Kind.STA.value:
            return self.host
        return None

    def _of_object(self, arguments: list[Any]) -> SingleThread | None:
        """By the object's number, which stands first. What is no object is refused by who performs the call."""
        wire = arguments[0] if arguments else None
        pair = wire.get("at") if type(wire) is dict else [wire, 0]
        number = pair[0] if type(pair) is list and pair else None
        entry = self._objects.look(number) if type(number) is int else None
        return entry.home if entry is not None else None

    @property
    def host(self) -> SingleThread:
        """The host STA, made at first use: where libraries and classes live that are bound to a thread (R15.7)."""
        with self._lock:
            if self._host is None:
                self._host = self._make()
            return self._host

    def _make(self) -> SingleThread:
        made = SingleThread(Apartment(Kind.STA, len(self._made) + 1), self._register)
        self._made.append(made)
        return made
