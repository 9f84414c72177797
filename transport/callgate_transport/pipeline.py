"""Pipelined calls: many under way on one channel, sent and read by the I/O thread."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from callgate_protocol.channel import Channel, Frames, Received
from callgate_protocol.errors import LocalProtocolError, RemoteProtocolError
from callgate_protocol.limits import Limits
from callgate_protocol.messages import Callback, Raise, Return

from .callchannel import CallChannel, HungUp
from .iothread import IoThread

__all__ = ["Answer", "Pipeline", "Submitted", "answer_frames", "milliseconds_until"]

Answer = Callable[[Return | Raise, list[Any], object], None]
"""Takes an answer with its bulk frames, and what must not be given back before the host has read it."""


class Submitted(Future[Received]):
    """What will come of a pipelined call. `number` is 0 until the call is sent."""

    def __init__(self, channel: int, expires: float | None) -> None:
        super().__init__()
        self.channel = channel
        self.number = 0
        self.expires = expires
        """Monotonic time of the call's deadline."""


def milliseconds_until(expires: float | None) -> int | None:
    """What is left until a monotonic time, as `call` carries it."""
    return None if expires is None else max(0, math.ceil((expires - time.monotonic()) * 1000))


def answer_frames(talk: Channel, answer: Return | Raise, payloads: list[Any], keep: object) -> Frames:
    """The message that answers the innermost callback. One that cannot be sent becomes a fault: native code waits."""
    if isinstance(answer, Raise):
        return talk.fail(answer.call, answer.name, answer.message, answer.details)
    try:
        return talk.answer(answer.call, answer.result, answer.outs, answer.errno, payloads, keep)
    except LocalProtocolError as error:
        return talk.fail(answer.call, "CallbackFailed", str(error))


class _Waiting(NamedTuple):
    """A call that has not been sent yet."""

    library: int
    function: int
    arguments: list[Any]
    payloads: list[Any]
    future: Submitted


class Pipeline:
    """The pipelined channel of a session. `submit` may be called from any thread, the rest runs on the I/O thread."""

    def __init__(
        self,
        io: IoThread,
        channel: CallChannel,
        limits: Limits,
        called_back: Callable[[int, Callback, list[Any], Answer], None],
    ) -> None:
        self.number = channel.number
        self._io = io
        self._channel = channel
        self._credit = limits.credit_calls
        self._called_back = called_back
        self._queue: deque[_Waiting] = deque()
        self._sent: dict[int, Submitted] = {}
        self._called = False
        self._ended = False
        self._paused = False
        io.post(lambda: io.watch(channel.socket, self._read))

    def submit(
        self, library: int, function: int, arguments: list[Any], payloads: list[Any], expires: float | None
    ) -> Submitted:
        """Have a call performed after those submitted before it; the future holds its `return` or `raise`.

        The future fails with HungUp when the session ends first.
        """
        future = Submitted(self.number, expires)
        self._queue.append(_Waiting(library, function, arguments, payloads, future))
        if not self._called:  # one visit of the I/O thread sends all that was submitted meanwhile
            self._called = True
            self._io.post(self._send)
        return future

    def pause(self) -> None:
        """Its connection broke; there may be another. What is submitted meanwhile waits."""
        self._paused = True
        self._io.forget(self._channel.socket)

    def go_on(self) -> None:
        """There is another connection."""
        self._paused = False
        self._io.watch(self._channel.socket, self._read)
        self._send()
        self._read()

    def end(self) -> None:
        """The session has ended."""
        self._ended = True
        self._io.forget(self._channel.socket)
        waiting = [*self._sent.values(), *(call.future for call in self._queue)]
        self._sent.clear()
        self._queue.clear()
        for future in waiting:
            if not future.cancelled():
                future.set_exception(HungUp("the host's link hung up"))

    def _send(self) -> None:
        self._called = False
        if self._ended:
            self.end()
            return
        if self._paused:
            return
        talk = self._channel.talk
        while self._queue and not talk.sending and talk.under_way < self._credit:
            call = self._queue.popleft()
            if not call.future.set_running_or_notify_cancel():
                continue
            try:
                remaining = milliseconds_until(call.future.expires)
                number, frames = talk.call(call.library, call.function, call.arguments, call.payloads, remaining)
            except LocalProtocolError as error:
                call.future.set_exception(error)
                continue
            self._sent[number] = call.future
            call.future.number = number
            self._channel.send(frames)

    def _read(self) -> None:
        try:
            while not self._ended and self._channel.readable():
                self._take()
        except RemoteProtocolError as error:
            if self._channel.is_cut():  # a piece was lost with the connection
                self.pause()
                return
            sent, self._sent = self._sent, {}
            for future in sent.values():
                future.set_exception(error)
            self.end()
            return
        if self._queue:
            self._send()

    def _take(self) -> None:
        channel = self._channel
        received = channel.take()
        if channel.talk.sending:
            channel.send_chunks()
        if (credit := channel.talk.credit()) is not None:
            channel.send(credit)
        if received is None:
            return
        message = received.message
        if isinstance(message, Callback):
            self._called_back(self.number, message, received.payloads, self._answer)
        elif isinstance(message, Return | Raise):
            self._sent.pop(message.call).set_result(received)

    def _answer(self, answer: Return | Raise, payloads: list[Any], keep: object) -> None:
        self._io.post(lambda: self._send_answer(answer, payloads, keep))

    def _send_answer(self, answer: Return | Raise, payloads: list[Any], keep: object) -> None:
        if not self._ended:
            self._channel.send(answer_frames(self._channel.talk, answer, payloads, keep))
