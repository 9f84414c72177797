"""A ROUTER socket as a worker thread uses it: whole messages with the routing id of whoever sent them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import zmq
from zmq.backend import Socket as BackendSocket

from callgate_protocol.limits import DEFAULT_LIMITS

__all__ = ["Context", "Router", "router_socket"]

Context = zmq.Context[zmq.Socket[bytes]]

_HIGH_WATER: Final = 2 * DEFAULT_LIMITS.credit_calls
"""Messages per peer: the credit of a pipelined channel and room for chunks and control."""
_COPY_BYTES: Final = 64 * 1024
"""Bulk frames from this size on are handed to ZeroMQ without a copy."""
_RCVMORE: Final = zmq.RCVMORE  # as a member: a plain number would be looked up each time
_MORE: Final = int(zmq.SNDMORE | zmq.DONTWAIT)
_LAST: Final = int(zmq.DONTWAIT)


def router_socket(context: Context, *endpoints: str) -> zmq.Socket[bytes]:
    """A bound ROUTER that says so when it cannot deliver, and takes nothing longer than a message may be."""
    socket = context.socket(zmq.ROUTER)
    socket.set(zmq.ROUTER_MANDATORY, 1)
    socket.set(zmq.LINGER, 0)
    socket.set(zmq.SNDHWM, _HIGH_WATER)
    socket.set(zmq.RCVHWM, _HIGH_WATER)
    socket.set(zmq.MAXMSGSIZE, max(DEFAULT_LIMITS.header_bytes, DEFAULT_LIMITS.inline_bytes))
    for endpoint in endpoints:
        socket.bind(endpoint)
    return socket


class Router:
    """Receives and sends; used by one thread."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        # The methods of the compiled class: the ones on zmq.Socket spend microseconds on options nobody uses here.
        self._recv: Any = partial(BackendSocket.recv, socket)
        self._send: Any = partial(BackendSocket.send, socket)
        self._get: Any = partial(BackendSocket.get, socket)

    def receive(self, flags: int = 0) -> tuple[bytes, list[Any]]:
        """The next message: routing id, then header and bulk frames. Raises zmq.Again with DONTWAIT."""
        routing_id: bytes = self._recv(flags)
        return routing_id, self.rest()

    def rest(self) -> list[Any]:
        """What follows the routing id."""
        recv = self._recv
        frames: list[Any] = [recv()]
        more = self._get(_RCVMORE)
        while more:
            frame = recv(0, False, False)
            more = frame.more
            if len(frames) <= DEFAULT_LIMITS.payloads:  # one too many is kept, to be refused
                frames.append(frame.buffer)
        return frames

    def send(self, routing_id: bytes, frames: Sequence[Any]) -> bool:
        """Send one message; False when the peer is gone or does not read."""
        send = self._send
        try:
            send(routing_id, _MORE)
            last = len(frames) - 1
            if last == 0:
                send(frames[0], _LAST)
                return True
            for index, frame in enumerate(frames):
                send(frame, _MORE if index < last else _LAST, copy=len(frame) < _COPY_BYTES)
        except zmq.ZMQError as error:
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                return False
            raise
        return True
