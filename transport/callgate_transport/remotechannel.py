"""The client's end of a call channel that goes on over another connection when its own has broken (R17.27)."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Final

import zmq

from callgate_protocol.channel import Frames, Received
from callgate_protocol.codec import encode
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.kept import kept_by
from callgate_protocol.limits import Limits
from callgate_protocol.messages import Resume, to_wire

from .callchannel import CallChannel, HungUp, Join, Tie
from .lifeline import Lifeline

__all__ = ["RemoteChannel"]

_SEND_MS: Final = 10_000
"""What credit allows has room at once. Without any, ZeroMQ has given the connection up: the key was refused."""
_NO_WAY: Final = "there is no way to the host any more"
_NEWS_MS: Final = 500
"""How long the I/O thread may take to read that a connection has ended."""


class RemoteChannel(CallChannel):
    """See `CallChannel`. Its lifeline hangs up when the connection breaks; `resume` is asked for another then."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        endpoint: str,
        routing_id: bytes,
        number: int,
        limits: Limits,
        *,
        pipelined: bool,
        join: Join,
        resume: Callable[[RemoteChannel, float | None], bool],
    ) -> None:
        self.lifeline = Lifeline()
        self.kept = kept_by(limits, pipelined=pipelined)
        self.monitor: zmq.Socket[bytes]
        """Tells when the connection has ended."""
        self._resume = resume
        super().__init__(context, endpoint, routing_id, number, self.lifeline, limits, pipelined=pipelined, join=join)

    def _attach(self, routing_id: bytes, link: Tie) -> None:
        inner = self._join

        def watched(socket: zmq.Socket[bytes], endpoint: str) -> None:
            self.monitor = socket.get_monitor_socket(zmq.Event.DISCONNECTED | zmq.Event.HANDSHAKE_FAILED_AUTH)
            socket.set(zmq.SNDTIMEO, _SEND_MS)
            inner(socket, endpoint)

        self._join = watched
        try:
            super()._attach(routing_id, link)
        finally:
            self._join = inner

    @property
    def resumable(self) -> bool:
        """Whether nothing was under way in pieces."""
        return not self.talk.in_pieces

    def is_cut(self) -> bool:
        """See `CallChannel`. The news may be there and not have been read yet."""
        return self.lifeline.hung_up or bool(self.monitor.poll(0))

    def send(self, frames: Frames) -> None:
        """See `CallChannel`."""
        self.kept.sending(frames, chunked=self.talk.sending)
        try:
            super().send(frames)
        except zmq.Again:
            raise HungUp(_NO_WAY) from None

    def take(self) -> Received | None:
        """See `CallChannel`."""
        received = super().take()
        if received is not None:
            self.kept.took()
        return received

    def receive(self, expires: float | None) -> Received:
        """See `CallChannel`. A connection that breaks meanwhile is waited for as long as the network is."""
        while True:
            try:
                received = super().receive(expires)
            except HungUp:
                if not self._resume(self, expires):
                    raise
            except zmq.Again:
                raise HungUp(_NO_WAY) from None
            except RemoteProtocolError:
                if not self._is_about_to_hang_up():
                    raise
                raise HungUp("a piece of a message was lost with the connection") from None
            else:
                self.kept.took()
                return received

    def _is_about_to_hang_up(self) -> bool:
        """ZeroMQ connects again by itself, and may be quicker than the news that the last connection has ended."""
        news = select.poll()
        news.register(self._link, 0)
        return bool(news.poll(_NEWS_MS))

    def go_on(self, routing_id: bytes, greeting: Resume, missing: list[Frames]) -> None:
        """Take another connection, and say there what has not arrived over the last one."""
        before = self.lifeline
        self._poll.unregister(self.socket.fileno())
        self._poll.unregister(self._link)
        self.close()
        before.close()
        self.lifeline = Lifeline()
        self.talk.renew()
        self._attach(routing_id, self.lifeline)
        for frames in [[encode(to_wire(greeting))], *missing]:
            self._put(frames)
