"""What sessions say on their control channels, beside their calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import zmq

from callgate_protocol.channel import Received
from callgate_protocol.codec import decode
from callgate_protocol.errors import Fault, RemoteProtocolError
from callgate_protocol.messages import (
    Cancel,
    Cancelled,
    CloseChannel,
    GiveBack,
    GivenBack,
    Goodbye,
    Notice,
    Open,
    Opened,
    Ping,
    Pong,
    Raise,
    Release,
    Resume,
    Return,
    from_wire,
)

from .crew import Crew
from .outbox import Outbox
from .roles import Exports
from .router import Router
from .session import Session

__all__ = ["Control"]


class Control:
    """Reads the one ROUTER of all control channels. Lives on the I/O thread."""

    def __init__(
        self,
        router: Router,
        outbox: Outbox,
        crew: Crew,
        objects: Exports,
        strangers: Callable[[bytes, list[Any]], None] = lambda _routing_id, _frames: None,
    ) -> None:
        self._strangers = strangers
        """What becomes of a message of nobody's session."""
        self._connections: dict[bytes, int] = {}
        self._router = router
        self._outbox = outbox
        self._crew = crew
        self._objects = objects
        self._sessions: dict[bytes, Session] = {}
        self._handlers: dict[type[Any], Callable[[Session, Any, list[Any]], None]] = {
            Cancel: self._cancel,
            CloseChannel: self._close_channel,
            GivenBack: self._given_back,
            GiveBack: self._give_back,
            Goodbye: self._goodbye,
            Open: self._open,
            Ping: self._ping,
            Raise: self._answered,
            Release: self._release,
            Resume: self._resume,
            Return: self._answered,
        }

    @property
    def is_empty(self) -> bool:
        """Whether there is no session."""
        return not self._sessions

    def add(self, session: Session) -> None:
        """Serve a session from now on."""
        self._sessions[session.routing_id(0)] = session

    def remove(self, session: Session) -> None:
        """A session is gone: nothing of it stays."""
        self._sessions.pop(session.routing_id(0), None)
        self._connections.pop(session.secret, None)
        self._outbox.forget(session)
        self._crew.close_all(session)
        self._objects.drop_session(session.secret)

    def read(self) -> None:
        """Handle whatever has arrived."""
        while True:
            try:
                routing_id, frames = self._router.receive(zmq.DONTWAIT)
            except zmq.Again:
                return
            session = self._sessions.get(routing_id)
            if session is not None:
                session.heard()
                self._handle(session, frames)
            else:
                self._strangers(routing_id, frames)

    def _handle(self, session: Session, frames: list[Any]) -> None:
        try:
            message = from_wire(decode(frames[0], session.limits))
            handler = self._handlers.get(type(message))
            if handler is None:
                raise RemoteProtocolError(f"a {type(message).__name__} does not belong on a control channel")
            handler(session, message, frames[1:])
        except (RemoteProtocolError, Fault) as error:
            self._outbox.send(session, Notice("ERROR", f"a message on the control channel was ignored: {error}"))

    def _open(self, session: Session, message: Open, _payloads: list[Any]) -> None:
        opening = self._crew.open(session, pipelined=message.pipelined)
        self._outbox.send(session, Opened(message.request, opening.channel, opening.endpoint))

    def _resume(self, session: Session, message: Resume, _payloads: list[Any]) -> None:
        self._outbox.send(session, self._crew.resume(session, message))

    def _close_channel(self, session: Session, message: CloseChannel, _payloads: list[Any]) -> None:
        self._crew.close(session, message.channel)

    def _cancel(self, session: Session, message: Cancel, _payloads: list[Any]) -> None:
        begun = self._crew.cancel(session, message.channel, message.call)
        self._outbox.send(session, Cancelled(message.channel, message.call, begun))

    def _release(self, session: Session, message: Release, _payloads: list[Any]) -> None:
        self._objects.release([(number, count) for number, count in message.references], session.secret)

    def _give_back(self, session: Session, message: GiveBack, _payloads: list[Any]) -> None:
        """R17.9: taken once, however often it is repeated."""
        references = session.taker.take(message)
        self._outbox.send(session, session.taker.receipt())
        self._objects.release([(number, count) for number, count in references], session.secret)

    def _given_back(self, session: Session, message: GivenBack, _payloads: list[Any]) -> None:
        if session.giver is not None:
            self._outbox.repeat(session, session.giver.acknowledged(message.number))

    def _ping(self, session: Session, message: Ping, _payloads: list[Any]) -> None:
        """Of what was asked over an earlier connection nobody knows whether it or its answer arrived (R17.27)."""
        if message.connection > self._connections.get(session.secret, message.connection):
            self._outbox.forget(session, sent=True)
        self._connections[session.secret] = message.connection
        self._outbox.send(session, Pong(message.number))
        if session.giver is not None:
            self._outbox.repeat(session, session.giver.again())

    def _goodbye(self, session: Session, _message: Goodbye, _payloads: list[Any]) -> None:
        session.hang_up()

    def _answered(self, session: Session, message: Return | Raise, payloads: list[Any]) -> None:
        lengths = message.payloads if isinstance(message, Return) else []
        if [len(payload) for payload in payloads] != lengths:
            raise RemoteProtocolError("the bulk frames of an answer are not those it announces")
        self._outbox.answered(session, message.call, Received(message, payloads), self._objects.hold)
