"""The talker: the broker's voice towards other programs, over ZeroMQ.

It inherits the listening socket of the broker and a connection to the warden, and holds nothing that could not be lost:
clients
say hello again when a talker takes another's place, and repeat what was not answered.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import Any, Final

import zmq

from callgate_broker.guests import Guest, Guests, Question, refusal
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_transport import datagrams

__all__ = ["Talker", "main"]

_IDLE_CHECK_MS: Final = 1000
"""Only an embedded broker's talker ends when nobody is there, and only it looks at the clock."""


class Talker:
    """Carries messages between clients and the warden."""

    def __init__(self, router: zmq.Socket[bytes], warden: socket.socket, idle: float | None) -> None:
        self._warden = warden
        self._idle = idle
        self._guests = Guests()
        self._asked: dict[int, tuple[Guest, Question]] = {}
        self._questions = 0
        self._last_heard = time.monotonic()
        self._router = router
        self._poller = zmq.Poller()
        self._poller.register(self._router, zmq.POLLIN)
        self._poller.register(self._warden, zmq.POLLIN)

    def run(self) -> None:
        """Serve until the warden is gone, or until there was nobody to serve for a while."""
        while True:
            ready = dict(self._poller.poll(None if self._idle is None else _IDLE_CHECK_MS))
            if self._router in ready:
                self._hear()
            if self._warden.fileno() in ready and not self._answered():
                return
            if self._idle is not None and time.monotonic() - self._last_heard > self._idle and not self._asked:
                return

    def _hear(self) -> None:
        self._last_heard = time.monotonic()
        while self._router.poll(0):
            routing_id, *frames = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            if frames:
                self._heard(routing_id.bytes, frames)

    def _heard(self, routing_id: bytes, frames: list[zmq.Frame]) -> None:
        """A message of anybody who could connect."""
        if _user_of(frames[0]) == os.getuid():
            self._listen(self._guests.of(routing_id), [frame.bytes for frame in frames])

    def _listen(self, guest: Guest, frames: list[bytes]) -> None:
        """A message of somebody who may speak."""
        try:
            heard = guest.hear(frames)
        except RemoteProtocolError as error:
            self._turn_away(guest, str(error))
            return
        if isinstance(heard, Question):
            self._ask(guest, heard)
        else:
            self._say(guest, heard)

    def _ask(self, guest: Guest, question: Question) -> None:
        self._questions += 1
        request = {**self._wording(guest, question), "id": self._questions, "op": question.operation}
        try:
            datagrams.send(self._warden, request)
        except (ValueError, TypeError) as error:
            self._say(guest, guest.refuse(question.call, f"{question.operation}: {error}"))
        else:
            self._asked[self._questions] = (guest, question)

    def _wording(self, _guest: Guest, question: Question) -> Mapping[str, Any]:
        """The fields of the question as the warden gets them."""
        return question.arguments

    def _retold(self, _guest: Guest, _question: Question, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The warden's answer as the guest gets it."""
        return answer

    def _answered(self) -> bool:
        datagram = datagrams.receive(self._warden)
        if datagram is None:
            return False
        self._told(datagram.message)
        return True

    def _told(self, message: Mapping[str, Any]) -> None:
        """An answer of the warden."""
        asked = self._asked.pop(message.get("id", 0), None)
        if asked is not None:
            guest, question = asked
            self._say(guest, guest.answer(question.call, self._retold(guest, question, message)))

    def _turn_away(self, guest: Guest, why: str, name: str = "ProtocolError") -> None:
        """End the conversation."""
        self._say(guest, refusal(why, name))
        self._guests.forget(guest)

    def _say(self, guest: Guest, frames: list[Any]) -> None:
        if not frames or not self._guests.knows(guest):
            return
        try:
            self._router.send_multipart([guest.routing_id, *frames], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            self._guests.forget(guest)


def _user_of(frame: zmq.Frame) -> int:
    """The user id behind an ipc connection, which libzmq notes as `localhost:uid:gid:pid`."""
    try:
        address = frame.get("Peer-Address")
        return int(str(address).split(":")[1])
    except (zmq.ZMQError, IndexError, ValueError):
        return os.getuid()  # not told: the directory lets nobody else in


def _router(context: zmq.Context[zmq.Socket[bytes]], listener: int, address: str) -> zmq.Socket[bytes]:
    router = context.socket(zmq.ROUTER)
    router.set(zmq.USE_FD, listener)
    router.set(zmq.ROUTER_MANDATORY, 1)
    router.set(zmq.LINGER, 0)
    router.set(zmq.MAXMSGSIZE, DEFAULT_LIMITS.header_bytes)
    router.set(zmq.HANDSHAKE_IVL, 2000)
    router.bind(f"ipc://{address}")
    return router


def main(argv: list[str]) -> int:
    """`argv`: descriptors of the listening socket and of the warden, the broker's address, its mode, idle seconds."""
    listener, warden, address, mode, idle = argv
    patience = float(idle) if mode == "embedded" else None
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        Talker(_router(context, int(listener), address), socket.socket(fileno=int(warden)), patience).run()
    finally:
        context.destroy(0)  # an open socket would hold up the process
    return 0
