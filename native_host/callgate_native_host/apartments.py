"""Which thread of this host performs a call (R15.2, R15.8): that of the object's or the library's apartment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from callgate_protocol.apartments import MANY_CROSSINGS, MTA, Apartment, Kind, advice
from callgate_protocol.errors import Fault
from callgate_protocol.messages import ADVICE, Call
from callgate_protocol.system import HostFunction
from callgate_transport.serving.roles import Notify
from callgate_transport.serving.session import Session
from callgate_transport.serving.single import SingleThread

from .convert.places import object_number
from .faults import expected
from .loading import Libraries
from .objects import Objects
from .scope import Scope

__all__ = ["Homes"]

_OF_LIBRARY: Final = {HostFunction.INVOKE, HostFunction.STORE, HostFunction.DESTROY}
"""Functions of library 0 that enter native code of the library that they name first."""
_OF_OBJECT: Final = {
    HostFunction.CLOSE,
    HostFunction.DISPATCH,
    HostFunction.FREE,
    HostFunction.NAMES,
    HostFunction.QUERY,
    HostFunction.RELEASE,
}
"""Those that enter native code of the object that they name first."""
_LETS_GO: Final = {HostFunction.CLOSE, HostFunction.RELEASE}
"""Those that are not refused when the apartment has ended: the object ends on its thread, and nobody waits (R15.19)."""
_MOST: Final = 64
"""Single-threaded apartments of one host: each is a thread."""


class Homes:
    """The single-threaded apartments of this host. Every other thread is in the MTA.

    A thread of a client that is an STA has one here, in which the objects live that it makes: for them the two threads
    are one (R15.6).
    """

    def __init__(
        self, libraries: Libraries, objects: Objects, register: Callable[[int, Any], None], notify: Notify
    ) -> None:
        self._libraries = libraries
        self._notify = notify
        self._objects = objects
        self._register = register
        self._lock = threading.RLock()
        self._alive: list[SingleThread] = []
        self._of_threads: dict[tuple[bytes, int], SingleThread] = {}
        self._host: SingleThread | None = None
        self._last = 0
        self.moved = 0
        """R15.13: calls that were performed on another thread than they arrived on, which costs."""

    @property
    def functions(self) -> Mapping[int, tuple[Callable[..., Any], int]]:
        """What library 0 has of it."""
        return {HostFunction.WHERE: (self.where, 2), HostFunction.LEAVE: (self.leave, 1)}

    def __len__(self) -> int:
        return len(self._alive)

    def find(self, session: Session, call: Call) -> SingleThread | None:
        """The thread that has to perform a call; None for the one that it has arrived on. Raises Fault."""
        if call.library and not self._last:  # most hosts have none of them
            return None
        home = self._of_call(session, call) if call.library else self._of_request(session, call)
        if home is not None:
            self.moved += 1
        return home

    def _of_call(self, session: Session, call: Call) -> SingleThread | None:
        library = self._libraries.get(call.library)
        return self._of_object(session, call.arguments) if library.is_method(call.function) else library.home

    def _of_request(self, session: Session, call: Call) -> SingleThread | None:
        function, arguments = call.function, call.arguments
        if function in _OF_OBJECT:
            home = self._of_object(session, arguments)
            return None if function in _LETS_GO and home is not None and home.ended else home
        if function in _OF_LIBRARY:
            library = self._libraries.look(arguments[0]) if arguments else None
            return library.home if library is not None else None
        if function == HostFunction.LOAD and len(arguments) == 4 and arguments[3] == Kind.STA.value:
            return self.host
        if function == HostFunction.ACTIVATE and len(arguments) == 5 and type(arguments[4]) is dict:
            return self._of_class(session, str(arguments[2]), arguments[4])
        return None

    def _of_object(self, session: Session, arguments: list[Any]) -> SingleThread | None:
        """By the object's number, which stands first. What is no object is refused by who performs the call."""
        wire = arguments[0] if arguments else None
        pair = wire.get("at") if type(wire) is dict else [wire, 0]
        number = pair[0] if type(pair) is list and pair else None
        entry = self._objects.look(number) if type(number) is int else None
        if entry is None or entry.home is None:
            return None
        if entry.home is self._host:  # of another one, a thread of the client may be the same apartment (R15.6)
            count = entry.crossed = entry.crossed + 1
            if count == MANY_CROSSINGS:
                self._notify(session, ADVICE, advice(f"object {entry.number}"))
        return entry.home

    def _of_class(self, session: Session, clsid: str, options: dict[str, Any]) -> SingleThread | None:
        """R15.7: where an object of a class is made, for a thread of the client that is an STA or is none (0)."""
        from callgate_protocol.placement import (  # noqa: PLC0415 - for classes only
            Home,
            ThreadingModel,
            creator_of,
            place,
        )

        text, number = options.get("threading"), options.get("sta", 0)
        if text is None:
            return None
        if type(text) is not str or type(number) is not int or number < 0:
            raise Fault("ArgumentError", "a threading model is a name, and an STA is a number")
        model = ThreadingModel.named(text, clsid)
        with self._lock:
            creator = self._of_thread(session, number) if number else None
            main = self._alive[0].apartment if self._alive else None
            placement = place(creator_of(creator.apartment if creator else MTA, main), model)
            if placement.home is Home.MAIN_STA:
                return self._alive[0] if self._alive else self.host
            if placement.home is Home.HOST_STA:
                return self.host
            return creator if placement.home is Home.THIS_STA else None

    def _of_thread(self, session: Session, number: int) -> SingleThread:
        """The apartment here of a client's STA, made at first use."""
        key = session.secret, number
        known = self._of_threads.get(key)
        if known is None:
            known = self._of_threads[key] = self._make()
            session.keep_until_end(lambda: self._end(key))
        return known

    def leave(self, scope: Scope, number: Any) -> None:
        """R15.19: a client's STA has ended; what lived in it is disconnected."""
        if type(number) is not int:
            raise expected("the number of an apartment", number)
        self._end((scope.session.secret, number))

    def _end(self, key: tuple[bytes, int]) -> None:
        with self._lock:
            gone = self._of_threads.pop(key, None)
            if gone is not None:
                self._alive.remove(gone)
        if gone is not None:
            gone.end()

    def where(self, scope: Scope, wire: Any, number: Any) -> list[Any]:
        """R15.1: the apartment of an object, its thread, and what the caller's own is called here."""
        entry = self._objects.find(object_number(wire))
        own = self._of_threads.get((scope.session.secret, number)) if type(number) is int else None
        mine = own.apartment.number if own is not None else 0
        if entry.home is not None:
            return [Kind.STA.value, entry.home.apartment.number, entry.home.native, mine]
        return [Kind.NEUTRAL.value if entry.agile else Kind.MTA.value, 0, 0, mine]

    @property
    def host(self) -> SingleThread:
        """The host STA, made at first use: where libraries and classes live that are bound to a thread (R15.7)."""
        with self._lock:
            if self._host is None:
                self._host = self._make()
            return self._host

    def _make(self) -> SingleThread:
        if len(self._alive) >= _MOST:
            raise Fault("Overloaded", f"this host has {_MOST} single-threaded apartments already")
        self._last += 1
        made = SingleThread(Apartment(Kind.STA, self._last), self._register)
        self._alive.append(made)
        return made
