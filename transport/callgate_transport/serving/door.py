"""The link socket: who may connect, hello and welcome, and sessions that end when their link does."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from typing import Final

from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import Limits
from callgate_protocol.messages import Hello, Refuse
from callgate_transport.link import Link, LinkClosed
from callgate_transport.reactor import Reactor

from .control import Control
from .crew import Crew
from .greeting import Plate, agreed, welcome
from .session import Session

__all__ = ["Door"]

_HELLO_SECONDS: Final = 10.0
"""How long a connection may stay silent; meanwhile nothing waits for it."""
_PAUSE_SECONDS: Final = 1.0
"""How long nobody is let in when there are no descriptors left for it."""


class Door:
    """Accepts links, opens sessions, ends them. Lives on the I/O thread."""

    def __init__(
        self,
        reactor: Reactor,
        listener: socket.socket,
        plate: Plate,
        control: Control,
        crew: Crew,
        streams: list[int],
        on_empty: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._listener = listener
        self._plate = plate
        self._control = control
        self._crew = crew
        self._streams = streams
        self._on_empty = on_empty
        self._links: dict[Session, Link] = {}
        self.had_session = False
        listener.setblocking(False)
        self._watch()

    @property
    def sessions(self) -> int:
        """How many are connected now."""
        return len(self._links)

    def _watch(self) -> None:
        self._reactor.watch(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # out of descriptors: whoever waits in the queue goes on waiting, and nobody else does
            self._reactor.forget(self._listener.fileno())
            self._reactor.after(_PAUSE_SECONDS, self._watch)
            return
        link = Link(connection)
        if link.peer()[1] != os.getuid():
            link.close()
            return
        self._reactor.watch(link.fileno(), lambda: self._greet(link))
        self._reactor.after(_HELLO_SECONDS, lambda: self._give_up(link))

    def _give_up(self, link: Link) -> None:
        if link.fileno() >= 0 and link not in self._links.values():
            self._turn_away(link, "no hello came in time")

    def _turn_away(self, link: Link, why: str) -> None:
        self._reactor.forget(link.fileno())
        try:
            link.send(Refuse("ProtocolError", why))
        except LinkClosed:
            pass  # it did not wait for the reason
        finally:
            link.close()

    def _greet(self, link: Link) -> None:
        """The first message of a connection."""
        try:
            hello, descriptors = link.receive(0)
            _close_all(descriptors)
            limits = agreed(hello)
        except BlockingIOError:
            return
        except (LinkClosed, RemoteProtocolError) as error:
            self._turn_away(link, str(error))
            return
        assert isinstance(hello, Hello)
        self._begin(link, hello, limits)

    def _begin(self, link: Link, hello: Hello, limits: Limits) -> None:
        session = Session(secrets.token_bytes(16), limits, link.hang_up)
        session.about = hello.about
        self._links[session] = link
        self.had_session = True
        self._control.add(session)
        first = self._crew.open(session, pipelined=False)
        self._reactor.forget(link.fileno())
        self._reactor.watch(link.fileno(), lambda: self._read(session, link))
        try:
            link.send(welcome(self._plate, hello, session, first.endpoint), tuple(self._streams))
        except LinkClosed:
            self._end(session)
            return
        _close_all(self._streams)
        self._streams = []

    def _read(self, session: Session, link: Link) -> None:
        """Nothing is said on a link after hello: all that comes is its end."""
        try:
            _, descriptors = link.receive(0)
        except BlockingIOError:
            return
        except (LinkClosed, RemoteProtocolError, OSError):
            self._end(session)
            return
        _close_all(descriptors)

    def _end(self, session: Session) -> None:
        """A session is gone: nothing of it stays, and whoever serves is told of the last one."""
        link = self._links.pop(session)
        session.alive = False
        self._reactor.forget(link.fileno())
        link.close()
        self._control.remove(session)
        session.end()
        if not self._links:
            self._on_empty()


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
