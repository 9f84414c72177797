"""The ground of a process that serves other machines: ports, encrypted."""

from __future__ import annotations

import random
from typing import NamedTuple

import zmq

from callgate_transport.curve import serve_with
from callgate_transport.endpoints import bracketed, port_of

from .router import Context, router_socket

__all__ = ["TcpGround"]


class TcpGround(NamedTuple):
    """Ports of an address, encrypted. A client reaches them at the machine that it has reached already."""

    context: Context
    host: str
    first: int
    last: int
    """Both 0 for whatever port is free."""
    secret: bytes

    def control(self) -> tuple[zmq.Socket[bytes], str]:
        """See `Ground`."""
        socket = router_socket(self.context)
        return socket, self._bind(socket)

    def calls(self, _index: int, inside: str) -> tuple[zmq.Socket[bytes], str]:
        """See `Ground`."""
        socket = router_socket(self.context)
        try:
            endpoint = self._bind(socket)
        except OSError:
            socket.close(0)  # before it has taken the name inside, which it would give back later only
            raise
        socket.bind(inside)
        return socket, endpoint

    def _bind(self, socket: zmq.Socket[bytes]) -> str:
        serve_with(socket, self.secret)
        # A client that comes back may be quicker than the news that its old connection is gone. Nobody else can take
        # the place of that: it would have to be admitted and to know the secret in the routing id.
        socket.set(zmq.ROUTER_HANDOVER, 1)
        socket.set(zmq.IPV6, ":" in self.host)
        ports: list[int | str] = [*range(self.first, self.last + 1)] if self.first else ["*"]
        random.shuffle(ports)
        for port in ports:
            try:
                socket.bind(f"tcp://{bracketed(self.host)}:{port}")
            except zmq.ZMQError as error:
                if error.errno != zmq.EADDRINUSE:
                    raise OSError(error.errno, f"port {port} cannot be listened on: {error}") from error
            else:
                bound = socket.get(zmq.LAST_ENDPOINT)
                assert isinstance(bound, bytes)
                endpoint = bound.decode().rstrip("\0")
                return f"tcp://*:{port_of(endpoint)}"
        raise OSError(zmq.EADDRINUSE, f"no port from {self.first} to {self.last} is free for a host")
