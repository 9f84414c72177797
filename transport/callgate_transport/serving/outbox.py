"""What is said on control channels: notices, answers, and questions that a thread of a library sleeps for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Final, TypeAlias

from callgate_protocol.channel import Received
from callgate_protocol.codec import encode
from callgate_protocol.errors import LocalProtocolError, RemoteProtocolError
from callgate_protocol.messages import Callback, CloseChannel, GiveBack, Message, Notice, Release, Return, to_wire
from callgate_protocol.references import addresses_in
from callgate_protocol.waypoints import ARMED, reach
from callgate_transport.reactor import Reactor

from .roles import Gone
from .router import Router
from .session import Session

__all__ = ["Outbox"]

_MOST_GIVEN_BACK: Final = 1 << 20
"""Objects of a client that wait to be given back: one that acknowledges nothing keeps to no rule."""
_AGAIN_SECONDS: Final = 0.02
"""When to try again to reach a client that is alive and not connected."""


_Hold: TypeAlias = Callable[[Iterable[int]], Callable[[], None]]
"""See `roles.Exports.hold`."""


class _Question:
    """A callback that was not answered yet. `done` is called once, when it is or never will be."""

    __slots__ = ("answer", "done", "reading", "sent", "session")

    def __init__(self, session: Session, done: Callable[[], None], reading: ExitStack | None = None) -> None:
        self.session = session
        self.answer: Received | None = None
        self.sent = False
        self.done = done
        self.reading = reading
        """Is closed when the answer was read; None when nobody reads it."""

    def take(self, answer: Received, hold: _Hold) -> None:
        """An answer came; what it names must not end before it was read."""
        message = answer.message
        if self.reading is not None and isinstance(message, Return):
            named = addresses_in([message.result, message.outs])
            if named:
                self.reading.callback(hold(named))
        self.answer = answer
        self.done()


class Outbox:
    """`notify` and `ask` are for any thread, all else for the I/O thread."""

    def __init__(self, reactor: Reactor, router: Router) -> None:
        self._reactor = reactor
        self._router = router
        self._questions: dict[int, _Question] = {}
        self._undelivered: list[tuple[int, Callback, Sequence[Any]]] = []
        self._again = False
        self._last = 0

    def notify(self, session: Session, level: str, text: str) -> None:
        """Tell a session's people something."""

        def tell() -> None:
            self.send(session, Notice(level, text))

        self._reactor.post(tell)

    def give_back(self, session: Session, references: list[list[int]]) -> None:
        """Tell a session that references to objects of its own are not held here any more."""

        def give() -> None:
            giver = session.giver
            if giver is None:
                self.send(session, Release(references))
                return
            self.repeat(session, giver.add(references))
            if len(giver) > _MOST_GIVEN_BACK:
                session.hang_up()

        self._reactor.post(give)

    def repeat(self, session: Session, batch: GiveBack | None) -> None:
        """Send what is not acknowledged, if there is any. When that fails, the client's next ping has it repeated."""
        if batch is not None:
            self.send(session, batch)

    def broke_off(self, session: Session, channel: int, why: str) -> None:
        """Tell a session that one of its channels was closed: whoever waits there must not wait any longer."""

        def tell() -> None:
            self.send(session, Notice("ERROR", f"channel {channel} was closed: {why}"))
            self.send(session, CloseChannel(channel))

        self._reactor.post(tell)

    def ask(
        self, session: Session, reading: ExitStack, delegate: int, arguments: list[Any], payloads: Sequence[Any]
    ) -> Received:
        """Call a delegate from a thread of the library and sleep until the answer is there (R9.10). See `roles.Ask`.

        Raises Gone when the session ends, LocalProtocolError when the question cannot be sent.
        """
        if self._reactor.is_current():
            raise LocalProtocolError("the I/O thread cannot wait for itself; was this a signal handler?")
        answered = threading.Event()
        question = _Question(session, answered.set, reading)
        self._pose(question, delegate, arguments, payloads)
        answered.wait()
        if question.answer is None:
            raise Gone
        if ARMED:
            reach("host.callback_answered")
        return question.answer

    def tell(
        self,
        session: Session,
        delegate: int,
        arguments: list[Any],
        payloads: Sequence[Any],
        done: Callable[[], None],
    ) -> None:
        """Call a delegate without waiting; `done` is called when it was answered, or never will be.

        Raises LocalProtocolError when it cannot be sent; `done` is not called then.
        """
        self._pose(_Question(session, done), delegate, arguments, payloads)

    def _pose(self, question: _Question, delegate: int, arguments: list[Any], payloads: Sequence[Any]) -> None:
        most = question.session.limits.inline_bytes
        if sum(map(len, payloads)) > most:
            raise LocalProtocolError(f"a callback over the control channel takes {most} bytes at most")
        self._reactor.post(lambda: self._put(question, delegate, arguments, payloads))

    def _put(self, question: _Question, delegate: int, arguments: list[Any], payloads: Sequence[Any]) -> None:
        self._last -= 1
        number = self._last
        self._questions[number] = question
        message = Callback(number, delegate, arguments, [len(payload) for payload in payloads])
        self._undelivered.append((number, message, payloads))
        self._deliver()

    def _deliver(self) -> None:
        """Send what waits, each session's in its order.

        A client whose control channel is not connected, be it for the first time or again, gets it when it is.
        """
        waiting, self._undelivered = self._undelivered, []
        held: set[Session] = set()
        for number, message, payloads in waiting:
            question = self._questions.get(number)
            if question is None:
                continue
            if not question.session.alive:
                del self._questions[number]
                question.done()
            elif question.session in held or not self.send(question.session, message, payloads):
                held.add(question.session)
                self._undelivered.append((number, message, payloads))
            else:
                question.sent = True
        if self._undelivered and not self._again:
            self._again = True
            self._reactor.after(_AGAIN_SECONDS, self._deliver_again)

    def _deliver_again(self) -> None:
        self._again = False
        self._deliver()

    def send(self, session: Session, message: Message, payloads: Sequence[Any] = ()) -> bool:
        """Send now; False when the session's client is gone."""
        return self._router.send(session.routing_id(0), [encode(to_wire(message)), *payloads])

    def answered(self, session: Session, number: int, answer: Received, hold: _Hold) -> None:
        """An answer came, and holds what it names. Raises RemoteProtocolError when nobody waits for it."""
        question = self._questions.get(number)
        if question is None or question.session is not session:
            raise RemoteProtocolError(f"an answer to callback {number}, which is not waiting for one")
        del self._questions[number]
        question.take(answer, hold)

    def forget(self, session: Session, *, sent: bool = False) -> None:
        """The session is gone: whoever sleeps for its answers wakes up without one.

        With `sent` only those whose question, or its answer, may have been lost with a connection.
        """
        mine = [(number, each) for number, each in self._questions.items() if each.session is session]
        gone = [number for number, each in mine if each.sent or not sent]
        for number in gone:
            self._questions.pop(number).done()
