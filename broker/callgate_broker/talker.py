"""The talker: the broker's voice towards other programs, over ZeroMQ.

It inherits the listening socket of the broker and a connection to the warden, and holds nothing that could not be lost:
clients
say hello again when a talker takes another's place, and repeat what was not answered.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any, Final

import zmq

from callgate_broker.guests import Guest, Guests, Question
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_transport import datagrams

__all__ = ["main"]

_IDLE_CHECK_MS: Final = 1000
"""Only an embedded broker's talker ends when nobody is there, and only it looks at the clock."""


class Talker:
    """Carries messages between clients and the warden."""

    def __init__(self, listener: int, warden: socket.socket, address: str, idle: float | None) -> None:
        self._warden = warden
        self._idle = idle
        self._guests = Guests()
        self._asked: dict[int, tuple[Guest, int]] = {}
        self._questions = 0
        self._last_heard = time.monotonic()
        self._context = zmq.Context()
        self._router = _router(self._context, listener, address)
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

    def close(self) -> None:
        """Let ZeroMQ end: a context with an open socket would hold up the process."""
        self._router.close(0)
        self._context.term()

    def _hear(self) -> None:
        self._last_heard = time.monotonic()
        while self._router.poll(0):
            routing_id, frame, *rest = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            if _user_of(frame) != os.getuid():
                continue
            guest = self._guests.of(routing_id.bytes)
            try:
                heard = guest.hear([frame.bytes, *(part.bytes for part in rest)])
            except RemoteProtocolError as error:
                self._say(guest, self._guests.turn_away(guest, str(error)))
                continue
            if isinstance(heard, Question):
                self._ask(guest, heard)
            else:
                self._say(guest, heard)

    def _ask(self, guest: Guest, question: Question) -> None:
        self._questions += 1
        request = {**question.arguments, "id": self._questions, "op": question.operation}
        try:
            datagrams.send(self._warden, request)
        except (ValueError, TypeError) as error:
            self._say(guest, guest.refuse(question.call, f"{question.operation}: {error}"))
        else:
            self._asked[self._questions] = (guest, question.call)

    def _answered(self) -> bool:
        datagram = datagrams.receive(self._warden)
        if datagram is None:
            return False
        asked = self._asked.pop(datagram.message.get("id", 0), None)
        if asked is not None:
            guest, call = asked
            self._say(guest, guest.answer(call, datagram.message))
        return True

    def _say(self, guest: Guest, frames: list[Any]) -> None:
        if not frames:
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
    talker = Talker(int(listener), socket.socket(fileno=int(warden)), address, patience)
    try:
        talker.run()
    finally:
        talker.close()
    return 0
