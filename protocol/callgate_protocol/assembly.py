"""Putting a message together whose bulk frames arrive in chunks."""

from __future__ import annotations

from typing import Any

from .errors import RemoteProtocolError
from .messages import Call, Callback, Chunk, Return

__all__ = ["Assembly"]


class Assembly:
    """A message whose bulk frames are still arriving in chunks."""

    __slots__ = ("_filled", "_payload", "buffers", "left", "message")

    def __init__(self, message: Call | Callback | Return) -> None:
        self.message = message
        self.buffers = [bytearray(length) for length in message.payloads]
        self.left = sum(message.payloads)
        self._payload = self._filled = 0
        self._skip_full()

    def take(self, chunk: Chunk, data: Any) -> int:
        """Store one chunk; returns its length. Raises RemoteProtocolError unless it is the next piece."""
        size = len(data)
        if chunk != (self.message.call, self._payload, self._filled):
            raise RemoteProtocolError("a chunk is not the next piece of the message before it")
        buffer = self.buffers[self._payload]
        if size == 0 or self._filled + size > len(buffer):
            raise RemoteProtocolError("a chunk lies outside its payload")
        buffer[self._filled : self._filled + size] = data
        self._filled += size
        self.left -= size
        self._skip_full()
        return size

    def _skip_full(self) -> None:
        while self._payload < len(self.buffers) and self._filled == len(self.buffers[self._payload]):
            self._payload, self._filled = self._payload + 1, 0
