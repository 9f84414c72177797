"""Endpoints of ports, as ZeroMQ writes them. Standard library only, for the warden."""

from __future__ import annotations

from typing import Final

from callgate_protocol.errors import RemoteProtocolError

__all__ = ["bracketed", "port_of"]

_HIGHEST_PORT: Final = 0xFFFF


def bracketed(host: str) -> str:
    """An address as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def port_of(endpoint: str) -> int:
    """The port in `tcp://host:port`. Raises RemoteProtocolError for what has none."""
    port = endpoint.rpartition(":")[2]
    if not endpoint.startswith("tcp://") or not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise RemoteProtocolError(f"{endpoint!r:.80} is no endpoint of a port")
    return int(port)
