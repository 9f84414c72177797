"""The link: one AF_UNIX SEQPACKET connection per session, beside the channels that carry the calls.

It carries `hello`, peer credentials and file descriptors. It never carries a call; its end-of-file is how each side
learns at once, and without the broker, that the other is dead.
"""

from __future__ import annotations

import os
import socket
import struct
from types import TracebackType
from typing import Self

from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS, Limits
from callgate_protocol.messages import Message, from_wire, to_wire

__all__ = ["Link", "LinkClosed"]

_CREDENTIALS = struct.Struct("3i")
_DATAGRAM_BYTES = 1 << 16
_DESCRIPTORS = 8


class LinkClosed(ConnectionError):
    """The other side is gone."""


class Link:
    """A connected SEQPACKET socket that speaks the protocol's messages, one to a datagram."""

    def __init__(self, connection: socket.socket, limits: Limits = DEFAULT_LIMITS) -> None:
        self._socket = connection
        self._limits = limits

    @classmethod
    def connect(cls, path: str, timeout: float | None = None) -> Self:
        """Connect to a host's link socket. Raises OSError when nobody listens there."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.settimeout(timeout)
            connection.connect(path)
        except OSError:
            connection.close()
            raise
        return cls(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor, to wait on; hang-up means that the other side is dead."""
        return self._socket.fileno()

    def peer(self) -> tuple[int, int, int]:
        """Process, user and group id of the other side, as the kernel knows them."""
        raw = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        process, user, group = _CREDENTIALS.unpack(raw)
        return process, user, group

    def send(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        """Send one message, with file descriptors beside it. Raises LinkClosed."""
        try:
            socket.send_fds(self._socket, [encode(to_wire(message))], list(descriptors))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise LinkClosed("the other side closed the link") from error

    def receive(self, timeout: float | None = None) -> tuple[Message, list[int]]:
        """The next message and the descriptors that came with it (close-on-exec; the caller owns them).

        Raises LinkClosed at the end, TimeoutError, and RemoteProtocolError for a malformed datagram.
        """
        self._socket.settimeout(timeout)
        try:
            data, descriptors, flags, _ = socket.recv_fds(
                self._socket, _DATAGRAM_BYTES, _DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionResetError as error:
            raise LinkClosed("the other side closed the link") from error
        if not data:
            raise LinkClosed("the other side closed the link")
        try:
            if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
                raise RemoteProtocolError("a datagram on the link is longer than allowed")
            return from_wire(decode(data, self._limits)), list(descriptors)
        except RemoteProtocolError:
            for descriptor in descriptors:
                os.close(descriptor)
            raise

    def hang_up(self) -> None:
        """End the conversation for both sides without closing the descriptor: every waiter on it wakes up."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # already disconnected, which is what was asked for

    def close(self) -> None:
        """Close the descriptor."""
        self._socket.close()
