"""Channels whose caller has given up: the I/O thread reads the late answer, then closes them."""

from __future__ import annotations

from collections.abc import Callable

from callgate_protocol.channel import Received
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.messages import Callback

from .callchannel import CallChannel
from .iothread import IoThread

__all__ = ["retire"]


def retire(
    io: IoThread, channel: CallChannel, discard: Callable[[Received], None], finished: Callable[[], None]
) -> None:
    """Read `channel` on the I/O thread until no call is under way on it.

    Callbacks are answered with a failure: the caller that could have run them has gone on. Late answers go to
    `discard`, so that what they carry is given back.
    """

    def read() -> None:
        try:
            while channel.talk.depth and channel.readable():
                _take(channel, discard)
        except RemoteProtocolError:
            end()
            return
        if not channel.talk.depth:
            end()

    def end() -> None:
        io.forget(channel.socket)
        finished()

    io.watch(channel.socket, read)
    read()


def _take(channel: CallChannel, discard: Callable[[Received], None]) -> None:
    received = channel.talk.receive(channel.get())
    if (credit := channel.talk.credit()) is not None:
        channel.send(credit)
    if received is None:
        return
    if isinstance(received.message, Callback):
        gone = "the caller stopped waiting for this call"
        channel.send(channel.talk.fail(received.message.call, "CallbackFailed", gone))
    else:
        discard(received)
