"""Where the sockets of a serving process are bound; for other machines see `ports`."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import zmq

from .router import Context, router_socket

__all__ = ["Ground", "LocalGround"]


class Ground(Protocol):
    """Binds ROUTER sockets and says where they are reached."""

    def control(self) -> tuple[zmq.Socket[bytes], str]:
        """The socket of the control channels."""

    def calls(self, index: int, inside: str) -> tuple[zmq.Socket[bytes], str]:
        """The socket of one thread's call channels, bound to the endpoint `inside` as well. Raises OSError."""


class LocalGround(NamedTuple):
    """Paths in a directory that only this user can enter."""

    context: Context
    directory: str

    def control(self) -> tuple[zmq.Socket[bytes], str]:
        """See `Ground`."""
        endpoint = f"ipc://{self.directory}/control"
        return router_socket(self.context, endpoint), endpoint

    def calls(self, index: int, inside: str) -> tuple[zmq.Socket[bytes], str]:
        """See `Ground`."""
        endpoint = f"ipc://{self.directory}/c{index}"
        return router_socket(self.context, endpoint, inside), endpoint
