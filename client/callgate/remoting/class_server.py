"""`callgate.ClassServer`: a program of its own that serves Python classes (R16.5 to R16.7)."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from callgate.class_sources import AGAIN
from callgate.com.classes import words_of
from callgate.errors import ComError
from callgate.process import current
from callgate.registrations import current_registry, refusal
from callgate.servable import class_named, implementation_of, make, why_not_servable
from callgate.threads import here
from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.classobjects import MULTI_SEPARATE, MULTIPLEUSE, SINGLEUSE, SUSPENDED
from callgate_protocol.system import BrokerFunction

from .exporting import common_broker, place_of
from .failing import Raised
from .listener import Listener, own_place

if TYPE_CHECKING:
    from callgate.inbox import Inbox

__all__ = ["ClassServer", "serve"]

_SECONDS: Final = 10.0
_FIRST_SECONDS: Final = 60.0
"""How long a program that was started for an activation waits for it."""
_GRACE_SECONDS: Final = 30.0
"""How long a client that was sent here may take to come; it may have died on the way."""
_MODES: Final = {"multiple": MULTIPLEUSE, "single": SINGLEUSE, "separate": MULTI_SEPARATE}


class ClassServer:
    """The class objects of this program. A context manager; make it before anything is exported.

    >>> with callgate.ClassServer() as server:            # doctest: +SKIP
    ...     server.register(Player, "acme.Player")
    ...     server.run()

    The broker that started the program knows them, else the user's shared one, or the program's own.
    """

    def __init__(self) -> None:
        process = current()
        io = process.io()
        self._running: Inbox | None = None
        """The STA that `run` runs on."""
        self._empty = threading.Event()
        self._stopped = threading.Event()
        if process.serves and "-Embedding" in sys.argv:
            raise RuntimeError("this process lets others in already; make the ClassServer before anything is exported")
        self._listener = process.listen(
            lambda: Listener(io, own_place(process.incarnation)._replace(on_empty=self._now_empty))
        )
        servant = self._listener.servant
        if servant.maker is not None:
            raise RuntimeError("this process makes objects for others already; it has one ClassServer")
        servant.maker, servant.maker_home = self._make, self._home
        self._broker = common_broker()
        self._lock = threading.Lock()
        self._classes: dict[str, Callable[[], Any]] = {}
        self._homes: dict[str, Inbox | None] = {}
        self._cookies: set[int] = set()
        self._served = 0

    def register(self, cls: type[Any], name: str = "", *, mode: str = "multiple", suspended: bool = True) -> int:
        """Register a class object; its cookie, for `revoke` (R16.6).

        `name` is its CLSID or ProgID; without one the CLSID is that of `@callgate.coclass`. `mode` is "multiple"
        (shared by all clients), "separate" (the same) or "single" (had once; the next activation starts another
        program). Until `resume` or `run` nobody gets a class object that is `suspended`: register all of them first
        (R16.7). Raises ComError for a class that nobody can create.
        """
        if mode not in _MODES:
            raise ValueError(f"mode is {', '.join(map(repr, _MODES))}, not {mode!r}")
        reason = why_not_servable(cls) if cls.__module__ != "__main__" else ""
        try:
            if reason:
                raise ActivationRefused("CLASS_E_CLASSNOTAVAILABLE", f"{reason} (R16.17, R19.39)")
            clsid = self._clsid(cls, name)
        except ActivationRefused as error:
            raise refusal(error) from None
        with self._lock:
            self._classes[clsid], self._homes[clsid] = cls, here.inbox
        request = {
            "client": os.getpid(),
            "clsid": clsid,
            "mode": _MODES[mode] | (SUSPENDED if suspended else 0),
            "where": place_of(self._listener, clsid),
        }
        cookie = int(self._broker.ask(BrokerFunction.REGISTER_CLASS, request, _SECONDS)["cookie"])
        self._cookies.add(cookie)
        return cookie

    def _clsid(self, cls: type[Any], name: str) -> str:
        if name:
            return current_registry().clsid_of(name)
        clsid = words_of(cls).clsid
        if not clsid:
            text = f"{implementation_of(cls)} has no CLSID: name it, or decorate it with @callgate.coclass"
            raise ActivationRefused("CO_E_CLASSSTRING", text)
        return clsid

    def resume(self) -> None:
        """Let everybody have the class objects, all at once (R16.7)."""
        self._broker.ask(BrokerFunction.RESUME_CLASSES, {"client": os.getpid()}, _SECONDS)

    def suspend(self) -> None:
        """Let nobody have them any more; objects live on."""
        self._broker.ask(BrokerFunction.SUSPEND_CLASSES, {"client": os.getpid()}, _SECONDS)

    def revoke(self, cookie: int) -> None:
        """Take a class object back, also one that was for single use (R16.6)."""
        self._broker.ask(BrokerFunction.REVOKE_CLASS, {"client": os.getpid(), "cookie": cookie}, _SECONDS)
        self._cookies.discard(cookie)

    def run(self) -> None:
        """Serve until nobody uses the program any more, or `stop` is called.

        One that was not started by an activation (`-Embedding`) goes on until `stop` or an interrupt. A class object
        that an STA has registered makes its objects there (R15.8), and this serves them meanwhile.
        """
        self._running = here.inbox
        self.resume()
        if "-Embedding" not in sys.argv:
            self._wait(self._stopped, None)
            return
        wait = _FIRST_SECONDS
        while not self._stopped.is_set():
            in_time = self._wait(self._empty, wait)
            self._empty.clear()
            wait = _GRACE_SECONDS
            if not self._listener.occupied and self._may_end(late=not in_time):
                return

    def stop(self) -> None:
        """Have `run` come back; from any thread."""
        self._stopped.set()
        self._now_empty()

    def _now_empty(self) -> None:
        self._empty.set()
        if self._running is not None:
            self._running.ring()

    def _wait(self, event: threading.Event, seconds: float | None) -> bool:
        """Wait for an event; an STA serves meanwhile."""
        if self._running is None:
            return event.wait(seconds)
        end = None if seconds is None else time.monotonic() + seconds
        while not event.is_set():
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._running.pump(0)
            if not event.is_set():
                self._running.wait(left)
        return True

    def _may_end(self, *, late: bool) -> bool:
        """R16.7: not while an activation is on its way here, unless it has been for long."""
        request = {"client": os.getpid()} | ({} if late else {"served": self._served})
        return bool(self._broker.ask(BrokerFunction.SUSPEND_CLASSES, request, _SECONDS)["suspended"])

    def _home(self, clsid: str) -> Inbox | None:
        """R15.8: the STA that has registered a class object."""
        return self._homes.get(clsid)

    def _make(self, clsid: str, attempt: list[str]) -> Any:
        """An object for a client. What goes wrong with that is the class's own failure."""
        with self._lock:
            self._served += AGAIN not in attempt
            cls = self._classes.get(clsid)
        try:
            if cls is None:
                raise refusal(ActivationRefused("CLASS_E_CLASSNOTAVAILABLE", f"{clsid} is not served here (R16.3)"))
            return make(cls) if isinstance(cls, type) and cls.__module__ != "__main__" else cls()
        except BaseException as error:
            raise Raised from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.servant.maker = None
        if self._broker.lost or not self._broker.same_process:
            return
        for cookie in list(self._cookies):
            try:
                self.revoke(cookie)
            except (ComError, ConnectionError, TimeoutError):  # the broker ends as well, and has forgotten
                self._cookies.discard(cookie)

    def __repr__(self) -> str:
        return f"<class server with {len(self._cookies)} class objects>"


def serve(implementation: str, clsid: str) -> None:
    """What a program does that serves one class in an interpreter of its own (R16.17)."""
    with ClassServer() as server:
        server.register(class_named(implementation), clsid)
        server.run()
