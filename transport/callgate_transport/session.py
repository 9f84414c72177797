"""The client's end of a session: everything that joins this process with one incarnation of a host.

A session has a link (hello, descriptors, death), a control channel that the I/O thread reads, and a pool of call
channels from which calling threads borrow. It decides nothing about values: callbacks and references are handed to the
`SessionOwner`.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol

import zmq

from callgate_protocol.authentication import Level
from callgate_protocol.channel import Received
from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import LocalProtocolError, RemoteProtocolError
from callgate_protocol.limits import Limits
from callgate_protocol.messages import (
    Callback,
    Cancel,
    Cancelled,
    CloseChannel,
    Goodbye,
    Message,
    Notice,
    Open,
    Opened,
    Raise,
    Release,
    Return,
    Welcome,
    from_wire,
    to_wire,
)
from callgate_protocol.version import FEATURES

from .callchannel import CallChannel, HungUp
from .greeting import abi_of, hello, limits_of, welcomed
from .iothread import IoThread
from .lifeline import Lifeline
from .link import Link, LinkClosed
from .pipeline import Answer, Pipeline
from .retired import retire
from .steady import Steady

__all__ = ["Session", "SessionOwner", "announced"]

_HELLO_SECONDS = 30.0


class SessionOwner(Protocol):
    """What a session tells the process it belongs to. All of it happens on the I/O thread."""

    def called_back(self, channel: int, callback: Callback, payloads: list[Any], answer: Answer) -> None:
        """Native code calls and no thread of ours waits for it; `answer` may be called later, from any thread.

        `channel` is the number of the pipelined channel, or 0 when a thread of the library calls.
        """

    def noticed(self, notice: Notice) -> None:
        """The host has something to say to people."""

    def given_back(self, references: list[list[int]]) -> None:
        """The host holds objects of this process no more. Raises RemoteProtocolError."""

    def discard(self, received: Received) -> None:
        """A late answer came that nobody waits for; give back what it carries."""

    def died(self) -> None:
        """The link hung up."""


class Session(Steady):
    """One session. Thread-safe, except where a method says otherwise."""

    def __init__(
        self, io: IoThread, link: Link | Lifeline, welcome: Welcome, descriptors: list[int], route: str = ""
    ) -> None:
        self.io = io
        self.link = link
        self.incarnation = welcome.incarnation
        self.process: int = welcome.about.get("process", 0)
        self.serves = str(welcome.about.get("serves", ""))
        """`python` when the other side has Python objects, and can connect to third processes itself."""
        self.level = Level.CONNECT
        """What is sure about either end (R16.14)."""
        self.route = route
        """How others reach it: `unix:` and a path here, or `tcp://` and a broker; empty when they cannot."""
        self.near = not isinstance(link, Lifeline)
        """Whether it is another process of this machine."""
        self.features = frozenset(welcome.features) & frozenset(FEATURES)
        self.limits = limits_of(welcome)
        self.abi = abi_of(welcome)
        self.descriptors = descriptors
        """Read ends of the host's standard output and standard error; whoever takes them closes them."""
        self.dead = False
        self.broken = ""
        """Why the two sides did not understand each other, when that ended the session."""
        self._secret = welcome.secret
        self._first = welcome.calls
        self._lock = threading.Lock()
        self._free: list[CallChannel] = []
        self._channels: set[CallChannel] = set()
        self._retired: set[CallChannel] = set()
        """Channels whose callers have given up; only the I/O thread looks at them."""
        self._requests = itertools.count(1)
        self._waiting: dict[object, Future[Any]] = {}
        self._callbacks: dict[int, Callback] = {}
        self._owner: Callable[[], SessionOwner | None] = lambda: None
        self._pipeline: Pipeline | None = None
        self._pipeline_lock = threading.Lock()
        self._control = self._dealer(welcome.control)

    @classmethod
    def open(cls, io: IoThread, path: str, incarnation: str, about: dict[str, Any]) -> Session:
        """Connect to the link socket at `path` of the host with this incarnation, and say hello.

        Raises OSError when no host answers there, ConnectionError when it refuses or is another one.
        """
        link = Link.connect(path, _HELLO_SECONDS)
        try:
            process, user, _ = link.peer()
            if user != os.getuid():
                raise PermissionError(f"process {process} behind {path} belongs to user {user}")
            link.send(hello(about))
            answer, descriptors = link.receive(_HELLO_SECONDS)
            return cls(io, link, welcomed(answer, incarnation, path), descriptors, f"unix:{path}")
        except BaseException:
            link.close()
            raise

    def start(self, owner: SessionOwner) -> None:
        """Begin to serve the control channel and to watch the link for the host's death.

        The owner is held weakly: an owner that nobody uses any more can be collected, and then ends the session.
        """
        self._owner = weakref.ref(owner)
        self.io.post(self._watch)

    # -- call channels -------------------------------------------------------------------------------------------

    def take(self, expires: float | None = None) -> CallChannel:
        """Borrow a call channel; give it back with `give` or end it with `abandon`. Raises HungUp.

        A host on this machine always has one; `expires` is how long to wait for one elsewhere.
        """
        try:
            return self._free.pop()
        except IndexError:
            return self._open_channel(expires, pipelined=False)

    def give(self, channel: CallChannel) -> None:
        """Give a channel back on which no call is under way."""
        self._free.append(channel)
        if self.dead:
            self._drop_free()

    def abandon(self, channel: CallChannel, call: int) -> None:
        """Give up waiting on a channel: the host is told, and the I/O thread reads what still comes."""
        if self.dead:
            self._drop(channel)
            return
        self.send(Cancel(channel.number, call))
        self.io.post(lambda: self._retire(channel))

    def pipeline(self) -> Pipeline:
        """The session's pipelined channel, opened at first use. Raises HungUp."""
        with self._pipeline_lock:
            if self._pipeline is None:
                channel = self._open_channel(None, pipelined=True)
                self._pipeline = Pipeline(self.io, channel, self.limits, self._called_back)
            return self._pipeline

    def cancel(self, channel: int, call: int) -> Future[bool]:
        """Ask that a call be not begun; the future says whether it had begun. Fails with HungUp when the host dies."""
        future = self._expect((channel, call))
        self.send(Cancel(channel, call))
        return future

    def call_at(self, expires: float, work: Callable[[], None]) -> None:
        """Have something done at a monotonic time, on the I/O thread."""
        self.io.call_at(expires, work)

    def forget_after_fork(self) -> None:
        """In a forked child: let go of the descriptors that would keep the parent's session alive."""
        self.dead = True
        self.link.close()
        for channel in self._channels:
            channel.close_descriptor()

    # -- control -------------------------------------------------------------------------------------------------

    def send(self, message: Message, payloads: Sequence[Any] = ()) -> None:
        """Send a message on the control channel, with the bulk frames that it announces."""
        frames = [encode(to_wire(message)), *payloads]
        self.io.post(lambda: self._put_control(frames))

    def post(self, work: Callable[[], None]) -> None:
        """Have something done on the I/O thread, soon. Takes no lock."""
        self.io.post(work)

    def release(self, references: list[list[int]]) -> None:
        """Give references back."""
        if references and not self.dead:
            self.send(Release(references))

    def close(self, reason: str) -> None:
        """End the session: every waiting thread gets HungUp, the host sees the link end."""
        if not self.dead:
            self.send(Goodbye(reason))
            self.io.post(self._hang_up)

    def _open_channel(self, expires: float | None, *, pipelined: bool) -> CallChannel:
        with self._lock:
            first, self._first = (self._first, "") if not pipelined else ("", self._first)
        if first:
            return self._channel(first, 1, pipelined=False)
        opened = self._ask_for_channel(Open(next(self._requests), pipelined), expires)
        return self._channel(opened.endpoint, opened.channel, pipelined=pipelined)

    def _ask_for_channel(self, message: Open, _expires: float | None) -> Opened:
        future = self._expect(message.request)
        self.send(message)
        opened: Opened = future.result()
        return opened

    def _channel(self, endpoint: str, number: int, *, pipelined: bool) -> CallChannel:
        if self.dead:
            raise HungUp("the session has ended")
        channel = self._make_channel(endpoint, self._secret + number.to_bytes(4, "big"), number, pipelined=pipelined)
        self._channels.add(channel)
        return channel

    def _make_channel(self, endpoint: str, routing_id: bytes, number: int, *, pipelined: bool) -> CallChannel:
        context, limits = self.io.context, self.limits
        return CallChannel(context, endpoint, routing_id, number, self.link, limits, pipelined=pipelined)

    def _retire(self, channel: CallChannel) -> None:
        if self.dead:
            self._drop(channel)
            return
        self._retired.add(channel)
        retire(self.io, channel, self._discard, lambda: self._close_channel(channel))

    def _close_channel(self, channel: CallChannel) -> None:
        self._retired.discard(channel)
        self._put_control([encode(to_wire(CloseChannel(channel.number)))])
        self._drop(channel)

    def _drop_free(self) -> None:
        while self._free:
            with suppress(IndexError):  # the thread that gave it back and the I/O thread may both be here
                self._drop(self._free.pop())

    def _drop(self, channel: CallChannel) -> None:
        self._channels.discard(channel)
        channel.close()

    def _expect(self, key: object) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self.dead:
                raise HungUp("the session has ended")
            self._waiting[key] = future
        return future

    def _resolve(self, key: object, value: Any) -> bool:
        """Give an answer to whoever waits for it; False when nobody does."""
        with self._lock:
            future = self._waiting.pop(key, None)
        if future is not None:
            future.set_result(value)
        return future is not None

    # -- on the I/O thread ---------------------------------------------------------------------------------------

    def _dealer(self, endpoint: str) -> zmq.Socket[bytes]:
        socket = self.io.context.socket(zmq.DEALER)
        socket.set(zmq.ROUTING_ID, self._secret + bytes(4))
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.SNDHWM, 0)
        socket.set(zmq.MAXMSGSIZE, max(self.limits.header_bytes, self.limits.inline_bytes))
        self._join(socket, endpoint)
        return socket

    def _join(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Connect a socket to an endpoint that the host has named."""
        socket.connect(endpoint)

    def _watch(self) -> None:
        self.io.watch(self._control, self._read_control)
        self.io.watch(self.link.fileno(), self._read_link)

    def _put_control(self, frames: list[Any]) -> None:
        if not self.dead:
            self._control.send_multipart(frames)

    def _read_control(self) -> None:
        while not self.dead and self._control.poll(0):
            frames = self._control.recv_multipart(zmq.NOBLOCK)
            try:
                self._handle(from_wire(decode(frames[0], self.limits)), list(frames[1:]))
            except RemoteProtocolError as error:
                self.broken = f"the host broke the protocol on its control channel: {error}"
                self._hang_up()
                return

    def _handle(self, message: Message, payloads: list[Any]) -> None:
        match message:
            case Opened():
                if not self._resolve(message.request, message):  # asked for twice, or not waited for any more
                    self._put_control([encode(to_wire(CloseChannel(message.channel)))])
            case Cancelled(channel, call, begun):
                self._resolve((channel, call), begun)
            case Callback():
                self._called_back(0, message, payloads, self._answer)
            case Release(references):
                self._given_back(references)
            case Notice():
                self._tell(message)
            case CloseChannel(channel):
                self.broken = f"its host closed channel {channel}, on which it did not understand us"
                self._hang_up()
            case _:
                raise RemoteProtocolError(f"a {type(message).__name__} does not belong on a control channel")

    def _answer(self, answer: Return | Raise, payloads: list[Any], _keep: object) -> None:
        """What is given back after it travels behind it, and the host holds what an answer names that comes here."""
        try:
            self.send(announced(answer, payloads, self.limits), payloads)
        except LocalProtocolError as error:  # native code waits for an answer, whatever it is
            self.send(Raise(answer.call, "CallbackFailed", str(error), {}))

    def _called_back(self, channel: int, callback: Callback, payloads: list[Any], answer: Answer) -> None:
        if (owner := self._owner()) is not None:
            owner.called_back(channel, callback, payloads, answer)

    def _given_back(self, references: list[list[int]]) -> None:
        if (owner := self._owner()) is not None:
            owner.given_back(references)

    def _tell(self, notice: Notice) -> None:
        if (owner := self._owner()) is not None:
            owner.noticed(notice)

    def _discard(self, received: Received) -> None:
        if (owner := self._owner()) is not None:
            owner.discard(received)

    def _read_link(self) -> None:
        assert isinstance(self.link, Link)
        try:
            self.link.receive(0)
        except BlockingIOError:
            return
        except (LinkClosed, RemoteProtocolError, OSError):
            self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            if self.dead:
                return
            self.dead = True
            waiting, self._waiting = self._waiting, {}
        self.link.hang_up()
        self.io.forget(self.link.fileno())
        self.io.forget(self._control)
        self._control.close(0)
        self.link.close()
        for channel in self._retired:
            self.io.forget(channel.socket)
        self._drop_free()
        for channel in self._retired:
            self._drop(channel)
        self._retired.clear()
        for future in waiting.values():
            future.set_exception(HungUp("the host's link hung up"))
        if self._pipeline is not None:
            self._pipeline.end()
        if (owner := self._owner()) is not None:
            owner.died()


def announced(answer: Return | Raise, payloads: Sequence[Any], limits: Limits) -> Return | Raise:
    """The answer to a callback of the control channel, with its bulk frames announced. Raises LocalProtocolError."""
    lengths = [len(payload) for payload in payloads]
    if sum(lengths) > limits.inline_bytes:
        raise LocalProtocolError(f"{sum(lengths)} bytes are more than such a callback can give back")
    return answer._replace(payloads=lengths) if isinstance(answer, Return) else answer
