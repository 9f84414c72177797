"""How a host of another machine is reached: at its own ports, or through the one of its broker (R18.2)."""

from __future__ import annotations

from typing import NamedTuple

import zmq

from callgate_protocol.errors import RemoteProtocolError

from .curve import Curve

__all__ = ["Route"]


class Route(NamedTuple):
    """How a host is reached."""

    curve: Curve
    host: str
    """The machine, as an endpoint names it; its ports are the host's own to say."""
    incarnation: str
    control: str
    ping: float
    """Seconds between signs of life."""
    expiry: float
    """Seconds of silence after which each side takes the other for gone."""
    patience: float
    """How long to wait for a network that does not carry."""
    relay: str = ""
    """The broker's own endpoint, when everything goes through it."""
    way: str = ""
    """How third processes come to the host: the text of a route."""

    def join(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Connect a socket to an endpoint of the host. Raises RemoteProtocolError."""
        port = endpoint.rpartition(":")[2]
        if not endpoint.startswith("tcp://") or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise RemoteProtocolError(f"the host named {endpoint!r:.80} as an endpoint, which is none")
        if self.relay:
            where = bytes.fromhex(self.incarnation) + int(port).to_bytes(2, "big")
            own = socket.get(zmq.ROUTING_ID)
            assert isinstance(own, bytes)
            socket.set(zmq.ROUTING_ID, where + own)
            self.curve.connect(socket, self.relay)
        else:
            self.curve.connect(socket, f"tcp://{self.host}:{port}")
