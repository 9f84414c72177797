"""The control channels: what sessions ask beside their calls, and callbacks from threads that the library made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import zmq

from callgate_protocol.channel import Received
from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
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
    from_wire,
    to_wire,
)

from .crew import Crew
from .objects import Objects
from .reactor import Reactor
from .router import Router
from .session import Session
from .worker import Gone

__all__ = ["Control"]


class _Question:
    """A callback whose answer a thread of the library sleeps for."""

    __slots__ = ("answer", "done", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.answer: Received | None = None
        self.done = threading.Event()


class Control:
    """One ROUTER for the control channels of all sessions. `ask` and `notify` are for any thread, all else for I/O."""

    def __init__(self, reactor: Reactor, socket: zmq.Socket[bytes], crew: Crew, objects: Objects) -> None:
        self._reactor = reactor
        self._router = Router(socket)
        self._crew = crew
        self._objects = objects
        self._sessions: dict[bytes, Session] = {}
        self._questions: dict[int, _Question] = {}
        self._last_question = 0
        self._end: Callable[[Session], None] = lambda _session: None
        self._handlers: dict[type[Any], Callable[[Session, Any, list[Any]], None]] = {
            Cancel: self._cancel,
            CloseChannel: self._close_channel,
            Goodbye: self._goodbye,
            Open: self._open,
            Raise: self._answered,
            Release: self._release,
            Return: self._answered,
        }
        reactor.watch(socket, self._read)

    def on_goodbye(self, end: Callable[[Session], None]) -> None:
        """What ends a session that says goodbye."""
        self._end = end

    def add(self, session: Session) -> None:
        """Serve a session from now on."""
        self._sessions[session.routing_id(0)] = session

    def remove(self, session: Session) -> None:
        """A session is gone; threads that sleep for its answers wake up without one."""
        self._sessions.pop(session.routing_id(0), None)
        for number in [number for number, each in self._questions.items() if each.session is session]:
            self._questions.pop(number).done.set()

    # -- from any thread -----------------------------------------------------------------------------------------

    def notify(self, session: Session, level: str, text: str) -> None:
        """Tell a session's people something."""

        def tell() -> None:
            self._send(session, Notice(level, text))

        self._reactor.post(tell)

    def ask(self, session: Session, delegate: int, arguments: list[Any], payloads: Sequence[Any]) -> Received:
        """Call a delegate from a thread of the library and sleep until the answer is there (R9.10).

        Raises Gone when the session ends, LocalProtocolError when the arguments are too long to be sent.
        """
        limits = session.limits
        if sum(map(len, payloads)) > limits.inline_bytes:
            raise LocalProtocolError(f"a callback of a library's own thread takes {limits.inline_bytes} bytes at most")
        question = _Question(session)
        self._reactor.post(lambda: self._put_question(question, delegate, arguments, payloads))
        question.done.wait()
        if question.answer is None:
            raise Gone
        return question.answer

    # -- on the I/O thread ---------------------------------------------------------------------------------------

    def _put_question(
        self, question: _Question, delegate: int, arguments: list[Any], payloads: Sequence[Any]
    ) -> None:
        self._last_question -= 1
        number = self._last_question
        self._questions[number] = question
        message = Callback(number, delegate, arguments, [len(payload) for payload in payloads])
        if not (question.session.alive and self._send(question.session, message, payloads)):
            self._questions.pop(number, None)
            question.done.set()

    def _send(self, session: Session, message: Message, payloads: Sequence[Any] = ()) -> bool:
        return self._router.send(session.routing_id(0), [encode(to_wire(message)), *payloads])

    def _read(self) -> None:
        while True:
            try:
                routing_id, frames = self._router.receive(zmq.DONTWAIT)
            except zmq.Again:
                return
            session = self._sessions.get(routing_id)
            if session is not None:
                self._handle(session, frames)

    def _handle(self, session: Session, frames: list[Any]) -> None:
        try:
            message = from_wire(decode(frames[0], session.limits))
            handler = self._handlers.get(type(message))
            if handler is None:
                raise RemoteProtocolError(f"a {type(message).__name__} does not belong on a control channel")
            handler(session, message, frames[1:])
        except (RemoteProtocolError, Fault) as error:
            self._send(session, Notice("ERROR", f"a message on the control channel was ignored: {error}"))

    def _open(self, session: Session, message: Open, _payloads: list[Any]) -> None:
        opening = self._crew.open(session, pipelined=message.pipelined)
        self._send(session, Opened(message.request, opening.channel, opening.endpoint))

    def _close_channel(self, session: Session, message: CloseChannel, _payloads: list[Any]) -> None:
        self._crew.close(session, message.channel)

    def _cancel(self, session: Session, message: Cancel, _payloads: list[Any]) -> None:
        begun = self._crew.cancel(session, message.channel, message.call)
        self._send(session, Cancelled(message.channel, message.call, begun))

    def _release(self, session: Session, message: Release, _payloads: list[Any]) -> None:
        self._objects.release([(number, count) for number, count in message.references], session.secret)

    def _goodbye(self, session: Session, _message: Goodbye, _payloads: list[Any]) -> None:
        self._end(session)

    def _answered(self, session: Session, message: Return | Raise, payloads: list[Any]) -> None:
        question = self._questions.get(message.call)
        if question is None or question.session is not session:
            raise RemoteProtocolError(f"an answer to callback {message.call}, which is not waiting for one")
        lengths = message.payloads if isinstance(message, Return) else []
        if [len(payload) for payload in payloads] != lengths:
            raise RemoteProtocolError("the bulk frames of an answer are not those it announces")
        del self._questions[message.call]
        question.answer = Received(message, payloads)
        question.done.set()
