"""Everything through one port: messages between clients behind a firewall and their hosts, passed on as they are.

A client's socket says by its routing id where it wants to go: to which life of which host, to which of its ports, and
under which routing id. That is all there is to a connection, so that it can be made again by whichever gateway is there
(`docs/protocol.md`, section 12.5). What is said on it is the business of client and host.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import zmq

from callgate_broker.guests import refusal
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_transport.curve import Curve
from callgate_transport.endpoints import bracketed
from callgate_transport.keys import KeyPair

__all__ = ["Destination", "Passages"]

_INCARNATION: Final = 16
_PORT: Final = 2
_INNER: Final = 20
_SECRET: Final = 16
_WHOLE: Final = _INCARNATION + _PORT + _INNER
_MOST: Final = 768
"""Passages at a time; each is a socket here."""
_MOST_OF_ONE: Final = 256
"""Of one client."""
_HIGH_WATER: Final = 2 * DEFAULT_LIMITS.credit_calls

Inquire = Callable[[dict[str, Any], Callable[[Mapping[str, Any]], None]], None]
"""Asks the warden; the answer is given to the second argument."""


class Destination(NamedTuple):
    """Where the socket with a routing id wants to go."""

    incarnation: str
    port: int
    inner: bytes

    @classmethod
    def read(cls, routing_id: bytes) -> Destination | None:
        """None for a socket that speaks to the broker itself."""
        if len(routing_id) != _WHOLE:
            return None
        port = int.from_bytes(routing_id[_INCARNATION : _INCARNATION + _PORT], "big")
        return cls(routing_id[:_INCARNATION].hex(), port, routing_id[-_INNER:])


class _Passage:
    """One connection of a client, and the one to its host."""

    __slots__ = ("client", "destination", "heard", "held", "outer", "socket", "waiting")

    def __init__(self, outer: bytes, client: bytes, destination: Destination) -> None:
        self.outer = outer
        self.client = client
        self.destination = destination
        self.socket: zmq.Socket[bytes] | None = None
        self.waiting: list[list[zmq.Frame]] = []
        """From the client, until the host is known."""
        self.held: list[zmq.Frame] | None = None
        """From the host, when the client has not room for it; nothing more is read from there meanwhile."""
        self.heard = time.monotonic()

    @property
    def session(self) -> tuple[str, bytes]:
        """What the passages of one session have in common."""
        return self.destination.incarnation, self.destination.inner[:_SECRET]


class Passages:
    """All of them. `router` is the socket that clients reach, `pair` the gateway's own keys."""

    def __init__(
        self, router: zmq.Socket[bytes], poller: zmq.Poller, pair: KeyPair, inquire: Inquire, lease: float
    ) -> None:
        self._router = router
        self._poller = poller
        self._pair = pair
        self._inquire = inquire
        self._lease = lease
        self._passages: dict[bytes, _Passage] = {}
        self._hosts: dict[str, tuple[str, bytes]] = {}
        """Where each host listens, and its key."""

    @property
    def holding(self) -> bool:
        """Whether something has to be tried again soon."""
        return any(passage.held is not None for passage in self._passages.values())

    def outward(self, routing_id: bytes, client: bytes, owner: str, frames: list[zmq.Frame]) -> bool:
        """A message of a client; False when it is for the broker itself."""
        destination = Destination.read(routing_id)
        if destination is None:
            return False
        passage = self._passages.get(routing_id)
        if passage is None:
            if not self._room_for(client):
                self._turn_away(routing_id)
                return True
            passage = self._passages[routing_id] = _Passage(routing_id, client, destination)
            self._find(passage, owner)
        if passage.client == client:  # nobody else has the secret in it
            passage.heard = time.monotonic()
            self._send(passage, frames)
        return True

    def _room_for(self, client: bytes) -> bool:
        own = sum(passage.client == client for passage in self._passages.values())
        return len(self._passages) < _MOST and own < _MOST_OF_ONE

    def _turn_away(self, routing_id: bytes) -> None:
        text = f"a broker passes on {_MOST_OF_ONE} connections of a client, and {_MOST} in all"
        with suppress(zmq.ZMQError):  # it has gone, or does not listen
            self._router.send_multipart([routing_id, *refusal(text, "Overloaded")], zmq.NOBLOCK)

    def _find(self, passage: _Passage, owner: str) -> None:
        incarnation = passage.destination.incarnation

        def told(answer: Mapping[str, Any]) -> None:
            route = answer.get("ok")
            if route is None:
                self.close(passage)
                return
            known = incarnation in self._hosts
            self._hosts[incarnation] = bracketed(str(route["bind"])), bytes.fromhex(route["key"])
            if not known:
                question = {"op": "record", "host": incarnation, "wait": True, "owner": owner}
                self._inquire(question, lambda _record: self._died(incarnation))
            self._open(passage)

        # Asked each time, because the answer is given to the owner of the host only.
        self._inquire({"op": "resolve", "host": incarnation, "owner": owner}, told)

    def _open(self, passage: _Passage) -> None:
        if self._passages.get(passage.outer) is not passage:
            return
        where, key = self._hosts[passage.destination.incarnation]
        socket = passage.socket = self._router.context.socket(zmq.DEALER)
        socket.set(zmq.ROUTING_ID, passage.destination.inner)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.SNDHWM, _HIGH_WATER)
        socket.set(zmq.MAXMSGSIZE, max(DEFAULT_LIMITS.header_bytes, DEFAULT_LIMITS.inline_bytes))
        Curve(key, self._pair).connect(socket, f"tcp://{where}:{passage.destination.port}")
        self._poller.register(socket, zmq.POLLIN)
        waiting, passage.waiting = passage.waiting, []
        for frames in waiting:
            self._send(passage, frames)

    def _send(self, passage: _Passage, frames: list[zmq.Frame]) -> None:
        if passage.socket is None:
            passage.waiting.append(frames)
            if len(passage.waiting) > _HIGH_WATER:
                self.close(passage)
            return
        try:
            passage.socket.send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again:  # more than flow control allows: it is not kept for a peer that keeps to no rule
            self.close(passage)

    def inward(self, ready: Mapping[Any, int]) -> None:
        """Pass on what hosts have said."""
        for passage in list(self._passages.values()):
            if passage.held is not None or passage.socket in ready:
                self._pass_back(passage)

    def _pass_back(self, passage: _Passage) -> None:
        socket = passage.socket
        if socket is None:
            return
        while True:
            if passage.held is None:
                try:
                    passage.held = socket.recv_multipart(zmq.NOBLOCK, copy=False)
                except zmq.Again:
                    return
            try:
                self._router.send_multipart([passage.outer, *passage.held], zmq.NOBLOCK, copy=False)
            except zmq.ZMQError as error:
                if error.errno == zmq.EAGAIN:
                    self._poller.modify(socket, 0)
                elif error.errno == zmq.EHOSTUNREACH:
                    self.close(passage)
                else:
                    raise
                return
            passage.held = None
            self._poller.modify(socket, zmq.POLLIN)

    def prune(self, now: float) -> None:
        """Let go of sessions that nobody has spoken for: their hosts have done so already."""
        latest: dict[tuple[str, bytes], float] = {}
        for passage in self._passages.values():
            latest[passage.session] = max(latest.get(passage.session, 0.0), passage.heard)
        for passage in list(self._passages.values()):
            if now - latest[passage.session] > 2 * self._lease:
                self.close(passage)

    def _died(self, incarnation: str) -> None:
        self._hosts.pop(incarnation, None)
        for passage in [each for each in self._passages.values() if each.destination.incarnation == incarnation]:
            self.close(passage)

    def close(self, passage: _Passage) -> None:
        """It leads nowhere any more."""
        self._passages.pop(passage.outer, None)
        if passage.socket is not None:
            self._poller.unregister(passage.socket)
            passage.socket.close(0)
            passage.socket = None
