"""A client's conversation with a broker: one DEALER socket on the I/O thread, kept up across the talker's deaths.

Requests may be made from any thread and are answered through futures. When the connection comes back after it was
lost, hello is said again and every unanswered request is sent again: the broker's functions can be repeated.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

import zmq
from zmq.utils.monitor import recv_monitor_message

from callgate_protocol.channel import Channel
from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import KIND_OF, Raise, Refuse, Return, Welcome, from_wire, to_wire
from callgate_protocol.system import BrokerFunction
from callgate_protocol.turns import Role

from .callchannel import Join, join
from .greeting import hello
from .iothread import IoThread

__all__ = ["Dialogue", "Refused"]

_EVENTS: Final = (
    zmq.Event.HANDSHAKE_SUCCEEDED
    | zmq.Event.DISCONNECTED
    | zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
    | zmq.Event.CONNECT_RETRIED
)
_REFUSE: Final = encode(to_wire(Refuse("", "")))[:2]
"""How a refusal begins; one may come at any time."""
_WELCOME: Final = encode((KIND_OF[Welcome], *[None] * len(Welcome._fields)))[:2]
"""How a welcome begins."""
_TROUBLES: Final[dict[int, str]] = {
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL: "handshake",
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL: "handshake",
    zmq.Event.HANDSHAKE_SUCCEEDED: "",
}


class Refused(Exception):
    """The broker raised."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Dialogue:
    """Requests to one broker."""

    def __init__(
        self,
        io: IoThread,
        endpoint: str,
        about: dict[str, Any],
        join: Join = join,
    ) -> None:
        self.welcomed: Future[None] = Future()
        """Done when the broker has first welcomed us; fails with PermissionError or ConnectionError if it will not."""
        self.trouble = ""
        """What kept us from it last: `handshake` when something listens that does not have the key."""
        self._io = io
        self._about = about
        self._numbers = itertools.count(1)
        self._requests: dict[int, tuple[BrokerFunction, Mapping[str, Any], Future[dict[str, Any]]]] = {}
        self._calls: dict[int, int] = {}
        self._talk: Channel | None = None
        self._closed = False
        self._refused = False
        self._socket = io.context.socket(zmq.DEALER)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.RECONNECT_IVL, 20)
        self._socket.set(zmq.RECONNECT_IVL_MAX, 500)
        self._socket.set(zmq.MAXMSGSIZE, DEFAULT_LIMITS.header_bytes)
        self._monitor = self._socket.get_monitor_socket(_EVENTS)
        self._connect: Callable[[], None] = lambda: join(self._socket, endpoint)
        self._endpoint = endpoint
        self._locked_out = False
        """Whether our key was refused in the handshake: ZeroMQ does not try again by itself then."""
        self._connect()
        io.post(self._watch)

    def request(self, function: BrokerFunction, arguments: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """Ask for a function of library 0. The future fails with Refused or RemoteProtocolError."""
        future: Future[dict[str, Any]] = Future()
        self._io.post(lambda: self._add(function, arguments, future))
        return future

    def close(self) -> None:
        """End the conversation; unanswered requests fail with ConnectionError."""
        self._io.post(self._close)

    def _watch(self) -> None:
        self._io.watch(self._socket, self._read)
        self._io.watch(self._monitor, self._connection_changed)

    def _add(self, function: BrokerFunction, arguments: Mapping[str, Any], future: Future[dict[str, Any]]) -> None:
        if self._closed:
            future.set_exception(ConnectionError("the connection to the broker was closed"))
            return
        number = next(self._numbers)
        self._requests[number] = (function, arguments, future)
        if self._refused:  # perhaps not for ever
            self._refused = False
            self._greet()
        if self._locked_out:
            self._locked_out = False
            with suppress(zmq.ZMQError):  # it may have forgotten that it was to be connected
                self._socket.disconnect(self._endpoint)
            self._connect()
        self._send(number)

    def _send(self, number: int) -> None:
        if self._talk is None:
            return  # sent when the broker has welcomed us
        function, arguments, _ = self._requests[number]
        call, frames = self._talk.call(0, function, [dict(arguments)])
        self._calls[call] = number
        self._socket.send_multipart(frames, zmq.NOBLOCK)

    def _connection_changed(self) -> None:
        while not self._closed and self._monitor.poll(0):
            event = recv_monitor_message(self._monitor, zmq.NOBLOCK)["event"]
            if event == zmq.Event.HANDSHAKE_FAILED_AUTH:
                why = "the broker does not let this key in"
                self._locked_out = True
                self._settle(PermissionError(why))
                self._fail(Refused("AccessDenied", why))
            self.trouble = _TROUBLES.get(event, self.trouble)
            self._talk = None
            self._calls.clear()
            if event == zmq.Event.HANDSHAKE_SUCCEEDED:
                self._refused = False
                self._greet()

    def _greet(self) -> None:
        self._socket.send(encode(to_wire(hello(self._about))), zmq.NOBLOCK)

    def _read(self) -> None:
        while not self._closed and self._socket.poll(0):
            frames = self._socket.recv_multipart(zmq.NOBLOCK)
            try:
                self._handle(frames)
            except RemoteProtocolError as error:
                self._fail(error)
                return

    def _handle(self, frames: list[bytes]) -> None:
        if self._talk is None or frames[0].startswith(_REFUSE):
            self._welcomed(frames)
            return
        if frames[0].startswith(_WELCOME):  # a hello of the connection before came through, too
            return
        received = self._talk.receive(frames)
        message = received.message if received is not None else None
        if not isinstance(message, Return | Raise):
            return
        number = self._calls.pop(message.call, 0)
        _, _, future = self._requests.pop(number, (None, None, None))
        if future is None or not future.set_running_or_notify_cancel():
            return
        if isinstance(message, Return) and isinstance(message.result, dict):
            future.set_result(message.result)
        elif isinstance(message, Raise):
            future.set_exception(Refused(str(message.details.get("error") or message.name), message.message))
        else:
            future.set_exception(RemoteProtocolError("the broker's answer is not a map"))

    def _welcomed(self, frames: list[bytes]) -> None:
        message = from_wire(decode(frames[0], DEFAULT_LIMITS))
        if isinstance(message, Refuse):
            self._settle((PermissionError if message.name == "AccessDenied" else ConnectionError)(message.message))
            self._talk = None
            self._refused = True
            self._fail(Refused(message.name, message.message))
        elif isinstance(message, Welcome):
            self._settle(None)
            self._talk = Channel(Role.CLIENT, DEFAULT_LIMITS, pipelined=True)
            for number, (_, _, future) in list(self._requests.items()):
                if future.cancelled():  # nobody waits for it any more, so it is not repeated
                    del self._requests[number]
                else:
                    self._send(number)

    def _settle(self, error: Exception | None) -> None:
        if self.welcomed.done():
            return
        if error is None:
            self.welcomed.set_result(None)
        else:
            self.welcomed.set_exception(error)

    def _fail(self, error: Exception) -> None:
        requests, self._requests = self._requests, {}
        for _, _, future in requests.values():
            if future.set_running_or_notify_cancel():
                future.set_exception(error)

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._io.forget(self._socket)
        self._io.forget(self._monitor)
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close(0)
        self._settle(ConnectionError("the connection was closed"))
        self._fail(ConnectionError("the connection to the broker was closed"))
