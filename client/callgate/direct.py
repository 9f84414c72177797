"""`isolation="none"`: the library in this process, called on the thread that calls, by the same plans (R1.13).

Client and host keep the conversation that they have across processes, with the messages handed over in memory
(`docs/decisions/0007-the-second-way.md`), so that what is seen is the same (R1.13). A library that crashes takes this
process along, and nothing can stop it.
"""

from __future__ import annotations

import os
import queue
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeAlias

from callgate_protocol.authentication import Level
from callgate_protocol.channel import Channel, Frames, Received
from callgate_protocol.errors import LocalProtocolError
from callgate_protocol.joined import carry, carry_message, copies
from callgate_protocol.messages import Callback, Notice, Raise, Return
from callgate_protocol.turns import Role
from callgate_transport.callchannel import HungUp
from callgate_transport.pipeline import Answer, Submitted, answer_frames, milliseconds_until
from callgate_transport.session import announced
from callgate_transport.steady import Steady

from .lines import Opened, Owner
from .strangers import Nobody, Silence

__all__ = ["here"]

_Answered: TypeAlias = tuple[Return | Raise, list[Any], object]
"""What an `Answer` takes."""


def here(_label: str) -> Opened:
    """Open a session with a new host that is no process."""
    return Opened(DirectSession(), Nobody(), Silence())


class DirectLine:
    """A call channel whose other end is in this process. Implements `lines.Line`.

    What is sent has arrived when `send` comes back; `receive` performs the call that was sent last.
    """

    def __init__(self, session: DirectSession, exchange: Callable[[DirectLine, Received], bool]) -> None:
        self.talk = Channel(Role.CLIENT, session.host.limits)
        self.number, self._far = session.host.open(self._call_back)
        self._exchange = exchange
        self._arrived: list[Received] = []

    def send(self, frames: Frames) -> None:
        """See `Line`."""
        self._arrived.append(carry(frames, self.talk, self._far.talk))

    def receive(self, expires: float | None) -> Received:  # noqa: ARG002 - nobody can stop native code here
        """See `Line`."""
        frames = self._far.perform(self._arrived.pop())
        if frames is None:
            raise HungUp("the session has ended")
        return carry(frames, self._far.talk, self.talk)

    def receive_or(self, bells: Sequence[int], expires: float | None) -> Received:  # noqa: ARG002 - this thread is busy
        """See `Line`."""
        return self.receive(expires)

    def receive_now(self) -> Received | None:
        """See `Line`: what comes, comes on the thread that waits for it."""
        return None

    def descriptors(self) -> Sequence[int]:
        """See `Line`."""
        return ()

    def close(self) -> None:
        """The line is used no more."""
        self._far.close()

    def _call_back(self, frames: Frames) -> Received | None:
        answered = self._exchange(self, carry(frames, self._far.talk, self.talk))
        return self._arrived.pop() if answered else None


class DirectSession(Steady):
    """Implements `lines.Session` with a host that is no process. Thread-safe."""

    def __init__(self) -> None:
        from callgate_native_host.direct import DirectHost  # noqa: PLC0415 - only this way of calling needs cffi here

        self.host = DirectHost(self._question, self._pass_on, self._tell, self._give_back)
        self.incarnation = self.host.incarnation
        self.serves = self.route = ""
        self.level = Level.NONE
        self.near = False
        self.abi = self.host.abi
        self.process = os.getpid()
        self.dead = False
        self.broken = ""
        self._owner: Callable[[], Owner | None] = lambda: None
        self._lock = threading.RLock()
        self._free: list[DirectLine] = []
        self._waiting: set[Future[Any]] = set()
        self._queue: DirectQueue | None = None

    def start(self, owner: Owner) -> None:
        """See `Session`."""
        self._owner = weakref.ref(owner)

    def take(self, expires: float | None = None) -> DirectLine:  # noqa: ARG002 - one is always there
        """See `Session`."""
        try:
            return self._free.pop()
        except IndexError:
            return self.line(self._serve)

    def give(self, channel: DirectLine) -> None:
        """See `Session`."""
        self._free.append(channel)

    def abandon(self, channel: DirectLine, call: int) -> None:  # noqa: ARG002 - it is over when this is said
        """See `Session`."""
        channel.close()

    def line(self, exchange: Callable[[DirectLine, Received], bool]) -> DirectLine:
        """A new line whose callbacks are served by `exchange`. Raises HungUp."""
        if self.dead:
            raise HungUp("the session has ended")
        return DirectLine(self, exchange)

    def pipeline(self) -> DirectQueue:
        """See `Session`."""
        with self._lock:
            if self._queue is None:
                self._queue = DirectQueue(self.line(self._serve_elsewhere))
            return self._queue

    def cancel(self, channel: int, call: int) -> Future[bool]:  # noqa: ARG002 - a line knows no call but its own
        """See `Session`: what was sent has begun."""
        future: Future[bool] = Future()
        future.set_result(True)
        return future

    def call_at(self, expires: float, work: Callable[[], None]) -> None:
        """See `Session`: there is no waiting that could be cut short."""

    def post(self, work: Callable[[], None]) -> None:
        """See `Session`: without a thread of ours, the next call does it."""

    def release(self, references: list[list[int]]) -> None:
        """See `Session`."""
        if references and not self.dead:
            self.host.release(references)

    def close(self, reason: str) -> None:  # noqa: ARG002 - nobody else is told
        """See `Session`. The library stays in this process, because its threads and pointers may."""
        with self._lock:
            if self.dead:
                return
            self.dead = True
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            future.set_result(None)
        if self._queue is not None:
            self._queue.end()
        self.host.close()
        if (owner := self._owner()) is not None:
            owner.died()

    def forget_after_fork(self) -> None:
        """See `Session`."""
        self.dead = True

    def _give_back(self, references: list[list[int]]) -> None:
        if (owner := self._owner()) is not None:
            owner.given_back(references)

    # -- callbacks -----------------------------------------------------------------------------------------------

    def _serve(self, line: DirectLine, received: Received) -> bool:
        owner, callback = self._owner(), received.message
        if owner is None:
            return False
        assert isinstance(callback, Callback)
        owner.serve(line, callback, received.payloads)
        return True

    def _serve_elsewhere(self, line: DirectLine, received: Received) -> bool:
        """The thread that performs submitted calls sleeps while the callback executor runs the callback."""
        callback = received.message
        assert isinstance(callback, Callback)
        answered = self._await_answer(line.number, callback, received.payloads)
        if answered is None:
            return False
        line.send(answer_frames(line.talk, *answered))
        return True

    def _question(self, callback: Callback, payloads: list[Any]) -> tuple[Received, object] | None:
        """A thread of the library calls: the answer, and what must not be given back before it was read."""
        limits = self.host.limits
        arrived = carry_message(callback, limits)
        assert isinstance(arrived, Callback)
        answered = self._await_answer(0, arrived, copies(payloads))
        if answered is None:
            return None
        answer, given, keep = answered
        try:
            return Received(carry_message(announced(answer, given, limits), limits), copies(given)), keep
        except LocalProtocolError as error:  # native code waits for an answer, whatever it is
            return Received(Raise(answer.call, "CallbackFailed", str(error), {}), []), None

    def _pass_on(self, callback: Callback, payloads: list[Any], done: Callable[[], None]) -> None:
        """Native code goes on while the callback waits for the executor."""
        owner = self._owner()
        if self.dead or owner is None:
            done()
            return
        arrived = carry_message(callback, self.host.limits)
        assert isinstance(arrived, Callback)
        owner.called_back(0, arrived, copies(payloads), lambda *_answered: done())

    def _await_answer(self, channel: int, callback: Callback, payloads: list[Any]) -> _Answered | None:
        future: Future[_Answered | None] = Future()
        owner = self._owner()
        with self._lock:
            if self.dead or owner is None:
                return None
            self._waiting.add(future)
        answer: Answer = lambda *answered: self._settle(future, answered)  # noqa: E731 - typed
        owner.called_back(channel, callback, payloads, answer)
        del owner
        return future.result()

    def _settle(self, future: Future[Any], answered: _Answered) -> None:
        with self._lock:
            if future in self._waiting:
                self._waiting.discard(future)
                future.set_result(answered)

    def _tell(self, level: str, text: str) -> None:
        if (owner := self._owner()) is not None:
            owner.noticed(Notice(level, text))


class _Call(NamedTuple):
    """What was submitted."""

    library: int
    function: int
    arguments: list[Any]
    payloads: list[Any]


class DirectQueue:
    """Submitted calls, performed one after another by a thread of ours. Implements `lines.Queue`."""

    def __init__(self, line: DirectLine) -> None:
        self._line = line
        self._calls: queue.SimpleQueue[tuple[Submitted, _Call] | None] = queue.SimpleQueue()
        self._ended = False
        threading.Thread(target=self._run, name="callgate-submitted", daemon=True).start()

    def submit(
        self, library: int, function: int, arguments: list[Any], payloads: list[Any], expires: float | None
    ) -> Submitted:
        """See `Queue`."""
        future = Submitted(self._line.number, expires)
        self._calls.put((future, _Call(library, function, arguments, payloads)))
        return future

    def end(self) -> None:
        """The session has ended."""
        self._ended = True
        self._calls.put(None)

    def _run(self) -> None:
        while (waiting := self._calls.get()) is not None:
            future, call = waiting
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._perform(future, call))
            except BaseException as error:  # handed to whoever asks for the result
                future.set_exception(error)

    def _perform(self, future: Submitted, call: _Call) -> Received:
        if self._ended:
            raise HungUp("the session has ended")
        remaining = milliseconds_until(future.expires)
        future.number, frames = self._line.talk.call(
            call.library, call.function, call.arguments, call.payloads, remaining
        )
        self._line.send(frames)
        return self._line.receive(future.expires)
