"""The door for clients of other machines: no link, but keys, rights and leases.

The broker says over a line of its own whom to admit. Hello and welcome travel on the control channel, where the
handshake has proved which key the client has (R18.6); all traffic goes over connections that the client has opened
(R18.3). A session ends when its client says so, is expelled, or was silent for the time of its lease.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import zmq

from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.lease import Lease
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import Hello, Message, Refuse, from_wire, to_wire
from callgate_protocol.rights import Rights
from callgate_transport import datagrams
from callgate_transport.curve import Doorman, client_of, make_pair
from callgate_transport.endpoints import port_of
from callgate_transport.reactor import Reactor

from .control import Control
from .crew import Crew
from .greeting import Plate, agreed, welcome
from .ports import TcpGround
from .router import Context, Router
from .session import Session

__all__ = ["Porch", "Terms"]


_MOST_SESSIONS: Final = 64


class Terms(NamedTuple):
    """What the broker says of a process that is to serve other machines."""

    host: str
    first_port: int
    last_port: int
    lease: float

    @classmethod
    def from_map(cls, given: Mapping[str, Any]) -> Terms:
        """Read them. Raises ValueError, KeyError, TypeError."""
        first, last = given["ports"]
        return cls(str(given["host"]), int(first), int(last), float(given["lease"]))


class _SignedRouter(Router):
    """Knows the key of whoever sent the message that was received last."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        super().__init__(socket)
        self._signed = socket
        self._sender: zmq.Frame | None = None

    def receive(self, flags: int = 0) -> tuple[bytes, list[Any]]:
        """See `Router`."""
        sender = self._sender = self._signed.recv(flags, copy=False)
        return sender.bytes, self.rest()

    @property
    def key(self) -> bytes:
        """The public key, as the handshake has proved it."""
        return client_of(self._sender) if self._sender is not None else b""


class Porch:
    """Lives on the I/O thread. Made before any socket is bound, because it decides who may connect."""

    def __init__(self, context: Context, terms: Terms, line: int) -> None:
        pair = make_pair()
        self.ground = TcpGround(context, terms.host, terms.first_port, terms.last_port, pair.secret)
        self.had_session = False
        self._public = pair.public
        self._terms = terms
        self._line = socket.socket(fileno=line)
        self._line.setblocking(False)
        self._rights: dict[bytes, Rights] = {}
        self._sessions: dict[Session, bytes] = {}
        self._doorman = Doorman(context, self._rights.__contains__)
        self._signed: _SignedRouter
        self._reactor: Reactor
        self._plate: Plate
        self._control: Control
        self._crew: Crew
        self._on_empty: Callable[[], None]

    @property
    def sessions(self) -> int:
        """How many are connected now."""
        return len(self._sessions)

    def router(self, control: zmq.Socket[bytes]) -> Router:
        """The socket of the control channels as this door reads it."""
        self._signed = _SignedRouter(control)
        return self._signed

    def open(self, reactor: Reactor, plate: Plate, control: Control, crew: Crew, on_empty: Callable[[], None]) -> None:
        """Let clients in, and tell the broker where."""
        self._reactor, self._plate, self._control, self._crew = reactor, plate, control, crew
        self._on_empty = on_empty
        self._listen()  # whom to admit was said before this process was born
        reactor.watch(self._line.fileno(), self._listen)
        reactor.watch(self._doorman.socket, self._doorman.serve)
        datagrams.send(self._line, {"port": port_of(plate.control), "key": self._public.hex()})

    # -- the broker's word ---------------------------------------------------------------------------------------

    def _listen(self) -> None:
        while True:
            try:
                datagram = datagrams.receive(self._line)
            except BlockingIOError:
                return
            except (OSError, datagrams.MalformedDatagram):
                datagram = None
            if datagram is None:
                self._reactor.forget(self._line.fileno())  # the broker is gone, and this process will be
                return
            self._obey(datagram.message)

    def _obey(self, message: Mapping[str, Any]) -> None:
        key = bytes.fromhex(str(message.get("key")))
        if message.get("op") == "admit":
            rights = self._rights[key] = Rights.from_map(message["rights"])
            for session, owner in self._sessions.items():
                if owner == key:
                    session.rights = rights
        elif message.get("op") == "expel":
            self._rights.pop(key, None)
            why = Refuse("AccessDenied", "the broker has withdrawn this client's rights")
            for session in [session for session, owner in self._sessions.items() if owner == key]:
                self._say(session.routing_id(0), why)
                self._end(session)
            if not self._sessions:
                self._on_empty()

    # -- sessions ------------------------------------------------------------------------------------------------

    def greet(self, routing_id: bytes, frames: list[Any]) -> None:
        """A message of nobody's session: a hello, or a client that does not know yet that its session has ended."""
        rights = self._rights.get(self._signed.key)
        if rights is None:
            return
        try:
            hello = from_wire(decode(bytes(frames[0]), DEFAULT_LIMITS))
            if not isinstance(hello, Hello):
                self._say(routing_id, Refuse("ObjectGone", "this session has ended"))
                return
            limits = agreed(hello)
            if len(self._sessions) >= _MOST_SESSIONS:
                self._say(routing_id, Refuse("Overloaded", f"this host has {_MOST_SESSIONS} sessions already"))
                return
        except RemoteProtocolError as error:
            self._say(routing_id, Refuse("ProtocolError", str(error)))
            return
        session = Session(secrets.token_bytes(16), limits, lambda: self._depart(session), rights)
        session.about = hello.about
        lease = Lease(self._terms.lease, time.monotonic())
        session.heard = lambda: lease.renew(time.monotonic())
        self._sessions[session] = self._signed.key
        self.had_session = True
        self._control.add(session)
        first = self._crew.open(session, pipelined=False)
        self._say(routing_id, welcome(self._plate, hello, session, first.endpoint))
        self._reactor.after(lease.seconds, lambda: self._look(session, lease))

    def _look(self, session: Session, lease: Lease) -> None:
        """R17.20: who was silent for the time of its lease gives back what it held."""
        left = lease.left(time.monotonic())
        if left:
            self._reactor.after(left, lambda: self._look(session, lease))
        elif session in self._sessions:
            if len(self._sessions) == 1:
                with contextlib.suppress(OSError):  # the broker is gone, and nobody will ask it
                    datagrams.send(self._line, {"reason": "lapsed"})
            self._depart(session)

    def _depart(self, session: Session) -> None:
        if session in self._sessions:
            self._end(session)
            if not self._sessions:
                self._on_empty()

    def _end(self, session: Session) -> None:
        del self._sessions[session]
        session.alive = False
        self._control.remove(session)
        session.end()

    def _say(self, routing_id: bytes, message: Message) -> None:
        self._signed.send(routing_id, [encode(to_wire(message))])
