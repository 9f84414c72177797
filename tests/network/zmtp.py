"""Where a frame of ZeroMQ ends in a stream of bytes, and what one of our messages is like when it is encrypted."""

from __future__ import annotations

from typing import Final

from callgate_protocol.codec import encode
from callgate_protocol.messages import Message, to_wire

__all__ = ["HEARTBEATS", "Splitter", "wire_size"]

_GREETING: Final = 64
_LONG: Final = 2
_SHORT_HEAD: Final = 2
_LONG_HEAD: Final = 9
_CURVE: Final = 8 + 8 + 16 + 1
"""The name MESSAGE, a nonce, a tag, and the flags of the message."""

HEARTBEATS: Final = frozenset({_SHORT_HEAD + _CURVE + len(b"\4PING") + 2, _SHORT_HEAD + _CURVE + len(b"\4PONG")})
"""Sizes of ZeroMQ's own signs of life."""


class Splitter:
    """Cuts one direction of a connection into frames, the greeting first."""

    def __init__(self) -> None:
        self._kept = b""
        self._greeting = _GREETING

    def cut(self, data: bytes) -> list[bytes]:
        """The frames that are whole now. Of the greeting each piece is one, and so is the end of the connection."""
        greeting, data = data[: self._greeting], data[self._greeting :]
        self._greeting -= len(greeting)
        frames = [greeting] if greeting or not data else []
        self._kept += data
        while (size := self._size()) and len(self._kept) >= size:
            frames.append(self._kept[:size])
            self._kept = self._kept[size:]
        return frames

    def _size(self) -> int:
        if len(self._kept) < _LONG_HEAD and (len(self._kept) < _SHORT_HEAD or self._kept[0] & _LONG):
            return 0
        if self._kept[0] & _LONG:
            return _LONG_HEAD + int.from_bytes(self._kept[1:_LONG_HEAD], "big")
        return _SHORT_HEAD + self._kept[1]


def wire_size(message: Message) -> int:
    """How long the frame of a message is between machines."""
    size = _CURVE + len(encode(to_wire(message)))
    return size + (_SHORT_HEAD if size < 1 << 8 else _LONG_HEAD)
