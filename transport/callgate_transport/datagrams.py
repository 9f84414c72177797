"""One JSON object and a few file descriptors per message, over a SOCK_SEQPACKET socket between two local processes."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

from callgate_protocol.value import Value

__all__ = ["MAXIMUM_BYTES", "MAXIMUM_FDS", "Datagram", "MalformedDatagram", "pair", "receive", "send"]

MAXIMUM_BYTES = 64 * 1024
MAXIMUM_FDS = 8


class MalformedDatagram(Exception):
    """The peer sent something that is not one JSON object of at most 64 KiB; the connection is of no further use."""


class Datagram(Value):
    """What one message carried. Whoever receives the descriptors closes them."""

    message: dict[str, Any]
    fds: list[int]


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends, both close-on-exec."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(connection: socket.socket, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
    """Send one message; `ValueError` when it is too large, `OSError` as the socket reports it."""
    payload = json.dumps(message, separators=(",", ":")).encode()
    if len(payload) > MAXIMUM_BYTES:
        raise ValueError(f"a message of {len(payload)} bytes exceeds the limit of {MAXIMUM_BYTES}")
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))] if fds else []
    connection.sendmsg([payload], rights, socket.MSG_NOSIGNAL)


def receive(connection: socket.socket) -> Datagram | None:
    """The next message, or None at the end of the connection. A non-blocking socket raises `BlockingIOError`."""
    payload, ancillary, flags, _ = connection.recvmsg(
        MAXIMUM_BYTES, socket.CMSG_SPACE(MAXIMUM_FDS * 4), socket.MSG_CMSG_CLOEXEC
    )
    fds = _descriptors(ancillary)
    if not payload and not fds:
        return None
    try:
        return Datagram(_decode(payload, flags), fds)
    except MalformedDatagram:
        for fd in fds:
            os.close(fd)
        raise


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    fds: list[int] = []
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            count = len(data) // 4
            fds.extend(struct.unpack(f"{count}i", data[: count * 4]))
    return fds


def _decode(payload: bytes, flags: int) -> dict[str, Any]:
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise MalformedDatagram("the message or its list of descriptors is too long")
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedDatagram(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise MalformedDatagram(f"not a JSON object but {type(message).__name__}")
    return message
