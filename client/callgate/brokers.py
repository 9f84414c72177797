"""Brokers as a client sees them: who starts hosts, says what they died of, and stops them.

`EmbeddedBroker` is a private warden below this process; `connection.ConnectedBroker` speaks to a shared one.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

from callgate_protocol.activation_codes import CODES
from callgate_protocol.system import BrokerFunction
from callgate_transport import datagrams
from callgate_transport.iothread import IoThread

from .errors import AccessDenied, BrokerLost, Error, HostQuarantined, NotExecuted, Overloaded
from .wardens import Warden

__all__ = ["ERRORS", "Broker", "EmbeddedBroker", "Started", "error_of", "sharing", "whole_report"]

_START_SECONDS = 60.0
_STOP_SECONDS = 2.0
ERRORS: dict[str, type[Error]] = {
    "NotExecuted": NotExecuted,
    "HostQuarantined": HostQuarantined,
    "AccessDenied": AccessDenied,
    "Overloaded": Overloaded,
}


class Started(NamedTuple):
    """A host that was started: where its link listens."""

    host: str
    process: int
    link: str


class Broker(Protocol):
    """What a client asks of a broker."""

    @property
    def same_process(self) -> bool:
        """False in a forked child of the process that connected."""

    @property
    def lost(self) -> bool:
        """Whether the broker is gone."""

    def start(self, label: str, share: str = "", gone: str = "", kind: str = "") -> Started:
        """Have a host started for the library `label`, or found that is there with this `share` (R16.9).

        `kind` is "python" for a host of Python classes. `gone` is the host that was found last time and could not be
        joined. Raises BrokerLost, HostQuarantined, Error.
        """

    def record(self, host: str, seconds: float) -> Mapping[str, Any] | None:
        """What is known of a host, waiting up to `seconds` for its death to be recorded; None when nobody says."""

    def stop(self, host: str, reason: str, channel: int = 0, call: int = 0) -> str:
        """Stop a host; what the thread of the given call was doing."""

    def report(self) -> Mapping[str, Any]:
        """Everything that `callgate ps` shows."""

    def ask(self, function: BrokerFunction, arguments: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Ask for one of the functions of a broker. Raises BrokerLost, TimeoutError, and what the broker refuses."""


def expect(future: Future[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """The answer, or the error that a broker gave. Raises TimeoutError, BrokerLost and the broker's errors."""
    answer = future.result(seconds)
    if "error" not in answer:
        return dict(answer.get("ok") or {})
    error = answer["error"]
    raise error_of(error.get("name", ""), error.get("message", "the broker refused"))


def error_of(name: str, message: str) -> Error:
    """What a broker refused; names of HRESULTs are ComErrors (R16.3)."""
    code = CODES.get(name)
    if code is None:
        return ERRORS.get(name, Error)(message)
    from .failures import exception_for_hr  # noqa: PLC0415 - only classes and running objects need the table

    return exception_for_hr(code, description=message) or Error(message)


def sharing(share: str, gone: str, kind: str) -> dict[str, Any]:
    """The keys of START that ask for a shared host or another kind; none for a native one of this client's own."""
    return {key: value for key, value in (("share", share), ("gone", gone), ("kind", kind)) if value}


def whole_report(page: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """All pages of a report as one: a broker with many hosts tells of them in several answers."""
    report = page(0)
    hosts = list(report["hosts"])
    following = report["next"]
    while following is not None:
        more = page(following)
        hosts += more["hosts"]
        following = more["next"]
    return report | {"hosts": hosts, "next": None}


class EmbeddedBroker:
    """Requests over the activation socket of a private warden; answers are read on the I/O thread."""

    def __init__(self, warden: Warden, io: IoThread) -> None:
        self.process = warden.process
        self._socket = warden.activation
        self._io = io
        self._owner = os.getpid()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._last_words = ""
        self.lost = False
        io.post(lambda: io.watch(self._socket.fileno(), self._read))

    @property
    def same_process(self) -> bool:
        """False in a forked child."""
        return os.getpid() == self._owner

    def start(self, label: str, share: str = "", gone: str = "", kind: str = "") -> Started:
        """See `Broker`."""
        request = {"op": "start", "label": label, "key": share or label, "client": self._owner} | sharing(
            share, gone, kind
        )
        answer = self._ask(request, _START_SECONDS)
        return Started(answer["host"], answer["pid"], answer["link"])

    def record(self, host: str, seconds: float) -> Mapping[str, Any] | None:
        """See `Broker`."""
        try:
            return self._ask({"op": "record", "host": host, "wait": True}, seconds)
        except (TimeoutError, Error):
            return None

    def stop(self, host: str, reason: str, channel: int = 0, call: int = 0) -> str:
        """See `Broker`."""
        request: dict[str, Any] = {"op": "stop", "host": host, "reason": reason}
        if call:
            request |= {"channel": channel, "call": call}
        try:
            return str(self._ask(request, _STOP_SECONDS).get("where") or "")
        except (TimeoutError, Error):
            return ""

    def report(self) -> Mapping[str, Any]:
        """See `Broker`."""
        return whole_report(lambda offset: self._ask({"op": "list", "offset": offset}, _STOP_SECONDS))

    def ask(self, function: BrokerFunction, arguments: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """See `Broker`."""
        return self._ask({"op": function.name.lower(), **arguments}, seconds)

    def close(self) -> None:
        """End the warden and everything below it."""
        self._socket.shutdown(2)

    def close_after_fork(self) -> None:
        """In a forked child: let go of the parent's activation socket."""
        self.lost = True
        self._socket.close()

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        number = next(self._numbers)
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            if self.lost:
                raise BrokerLost(f"callgate's warden (process {self.process}) has ended. {self._last_words}".rstrip())
            self._waiting[number] = future
        try:
            datagrams.send(self._socket, {"id": number, **request})
            return expect(future, seconds)
        except OSError as error:
            if isinstance(error, Error | TimeoutError):
                raise
            raise BrokerLost(f"callgate's warden (process {self.process}) has ended: {error}") from error
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def _read(self) -> None:
        try:
            datagram = datagrams.receive(self._socket)
        except (OSError, datagrams.MalformedDatagram) as error:
            self._end(str(error))
            return
        if datagram is None:
            self._end("")
            return
        number = datagram.message.get("id")
        if number == 0:
            self._last_words = str(datagram.message.get("error", {}).get("message", ""))
            return
        with self._lock:
            future = self._waiting.pop(number, None) if isinstance(number, int) else None
        if future is not None:
            future.set_result(datagram.message)

    def _end(self, why: str) -> None:
        self._io.forget(self._socket.fileno())
        with self._lock:
            self.lost = True
            waiting, self._waiting = self._waiting, {}
        self._socket.close()
        for future in waiting.values():
            future.set_exception(BrokerLost(f"callgate's warden ended while it was asked {why}".rstrip()))
        try:
            os.waitpid(self.process, 0)
        except ChildProcessError:
            return  # somebody in this program waits for every child, which is their right
