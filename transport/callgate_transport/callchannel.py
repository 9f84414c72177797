"""The client's end of a call channel: a DEALER socket, the conversation on it, and waiting that always ends.

One thread at a time uses a call channel. It waits for two things at once: an answer on the socket, and the hang-up of
the session's link, which is how the kernel says that the host has died.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

import zmq
from zmq.backend import Socket as BackendSocket

from callgate_protocol.channel import Channel, Frames, Received
from callgate_protocol.limits import Limits
from callgate_protocol.turns import Role

__all__ = ["CallChannel", "DeadlinePassed", "HungUp", "Join", "Tie", "Unreachable", "join"]

_POLLIN: Final = int(zmq.POLLIN)
_EVENTS: Final = zmq.EVENTS  # as a member: a plain number would be looked up each time
_RCVMORE: Final = zmq.RCVMORE
_MORE: Final = int(zmq.SNDMORE)
_NOBLOCK: Final = int(zmq.NOBLOCK)
_COPY_BYTES = 64 * 1024
"""Bulk frames from this size on are handed to ZeroMQ without a copy."""

_LAST_WORDS_MS = 5
"""How long after a hang-up an answer that was already on its way may still be read."""


class HungUp(ConnectionError):
    """The host's link hung up: it is dead, or the session was closed."""


class Unreachable(HungUp):
    """The network does not carry: the host may live, and the session goes on when it carries again."""


class _Rung(Exception):
    """What `receive_or` watches has become readable."""


class DeadlinePassed(TimeoutError):
    """The time given to `receive` is over."""


class Tie(Protocol):
    """What a waiting thread waits on beside its socket: it hangs up when there is nothing to wait for any more."""

    def fileno(self) -> int:
        """The descriptor to poll."""


Join: TypeAlias = Callable[[zmq.Socket[bytes], str], None]
"""Connects a socket to an endpoint that the host has named."""


def join(socket: zmq.Socket[bytes], endpoint: str) -> None:
    """The endpoint as it is, on this machine."""
    socket.connect(endpoint)


class CallChannel:
    """One call channel of a session, used by one thread at a time."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        endpoint: str,
        routing_id: bytes,
        number: int,
        link: Tie,
        limits: Limits,
        *,
        pipelined: bool = False,
        join: Join = join,
    ) -> None:
        self.number = number
        self.endpoint = endpoint
        self.talk = Channel(Role.CLIENT, limits, pipelined=pipelined)
        self._context = context
        self._limits = limits
        self._join = join
        self._poll = select.poll()
        self._attach(routing_id, link)

    def _attach(self, routing_id: bytes, link: Tie) -> None:
        """Connect, and wait for what comes from now on."""
        limits = self._limits
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.set(zmq.ROUTING_ID, routing_id)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.MAXMSGSIZE, max(limits.header_bytes, limits.inline_bytes))
        self._join(self.socket, self.endpoint)
        # The methods of the compiled class: those of zmq.Socket spend microseconds on options that nobody uses here.
        self._get: Any = partial(BackendSocket.get, self.socket)
        self._recv: Any = partial(BackendSocket.recv, self.socket)
        self._send: Any = partial(BackendSocket.send, self.socket)
        self._poll.register(self.socket.fileno(), select.POLLIN)
        self._message_there = [(self.socket.fileno(), select.POLLIN)]
        self._link = os.dup(link.fileno())  # an own one, so that the number stays valid as long as somebody waits on it
        self._poll.register(self._link, 0)

    def send(self, frames: Frames) -> None:
        """Send one message and the chunks that credit allows."""
        self._put(frames)
        if self.talk.sending:
            self.send_chunks()

    def receive(self, expires: float | None) -> Received:
        """Wait for the next whole message until the monotonic time `expires`.

        Raises HungUp, DeadlinePassed, RemoteProtocolError.
        """
        get, talk = self._get, self.talk
        while True:
            if not get(_EVENTS) & _POLLIN:
                self._wait(expires)
            try:
                frames = self.get()
            except zmq.Again:  # something else woke us
                continue
            received = talk.receive(frames)
            if received is not None and len(frames) == 1:
                return received
            self._tend_chunks()
            if received is not None:
                return received

    def receive_or(self, bells: Sequence[int], expires: float | None) -> Received | None:
        """As `receive`; None when one of the descriptors is readable before a message is there."""
        for bell in bells:
            self._poll.register(bell, select.POLLIN)
        try:
            return self.receive(expires)
        except _Rung:
            return None
        finally:
            for bell in bells:
                self._poll.unregister(bell)

    def is_cut(self) -> bool:
        """Whether its connection has broken. On this machine none does. Asked by the I/O thread."""
        return False

    def take(self) -> Received | None:
        """The next whole message of those that are there; None when it was part of one."""
        return self.talk.receive(self.get())

    def receive_now(self) -> Received | None:
        """As `receive`, if a message is there already."""
        return self.receive(None) if self.readable() else None

    def descriptors(self) -> Sequence[int]:
        """What is readable when a message may be there; `receive_now` tells."""
        return [self._message_there[0][0]]

    def _tend_chunks(self) -> None:
        """After a chunk or credit: send what may be sent now, give back what was taken in."""
        if self.talk.sending:
            self.send_chunks()
        if (credit := self.talk.credit()) is not None:
            self._put(credit)

    def get(self) -> Sequence[Any]:
        """The frames of a message that is there."""
        frames: list[Any] = [self._recv(_NOBLOCK)]
        while self._get(_RCVMORE):
            frames.append(self._recv(_NOBLOCK, False, False).buffer)
        return frames

    def close(self) -> None:
        """Close the socket."""
        self.socket.close(0)
        self.close_descriptor()

    def close_descriptor(self) -> None:
        """Close this channel's hold on the link; all that a forked child may do with it."""
        descriptor, self._link = self._link, -1
        if descriptor >= 0:
            os.close(descriptor)

    def readable(self) -> bool:
        """Whether a message is there; also lets ZeroMQ look at what has arrived."""
        return bool(self._get(_EVENTS) & _POLLIN)

    def _put(self, frames: Frames) -> None:
        if len(frames) == 1:
            self._send(frames[0])
            return
        last = len(frames) - 1
        for index, frame in enumerate(frames):
            self._send(frame, _MORE if index < last else 0, copy=_size(frame) < _COPY_BYTES)

    def send_chunks(self) -> None:
        """Send the chunks that credit allows now."""
        for frames in self.talk.chunks():
            self._put(frames)

    def _wait(self, expires: float | None) -> None:
        if expires is None:
            ready = self._poll.poll()
        else:
            left = expires - time.monotonic()
            if left <= 0:
                raise DeadlinePassed
            ready = self._poll.poll(left * 1000 + 1)
        if ready == self._message_there:
            return
        descriptors = {descriptor for descriptor, _ in ready}
        if self._link in descriptors and not self.socket.poll(_LAST_WORDS_MS):
            raise HungUp("the host's link hung up")
        if descriptors - {self._link, self._message_there[0][0]} and not self.readable():
            raise _Rung


def _size(frame: Any) -> int:
    return frame.nbytes if isinstance(frame, memoryview) else len(frame)
