"""What one end of a call channel may have to say again when its connection has broken (R17.27).

Both ends count the whole messages that they have sent and received. When a connection takes the place of another, each
says how many have arrived, and the other repeats what has not: so nothing is lost, and nothing is heard twice. Chunked
messages are not kept, nor is what is longer than the limit: without them a channel cannot go on.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .channel import Frames

__all__ = ["Kept"]


class Kept:
    """Of one end. No lock: whoever owns it sees to it that its counts belong to what is sent and received."""

    __slots__ = ("_bytes", "_frames", "_limit", "_many", "_most", "received", "sent")

    def __init__(self, limit: int, most: int = 0) -> None:
        """`limit` is in bytes; `most` are unanswered on a pipelined channel. On others each message answers another."""
        self.sent = 0
        self.received = 0
        self._limit = limit
        self._most = most or 1
        self._many = bool(most)
        self._frames: deque[Frames] = deque()
        self._bytes = 0

    def sending(self, frames: Frames, *, chunked: bool = False) -> None:
        """A message is about to be sent."""
        self.sent += 1
        size = sum(map(_size, frames))
        if chunked or size > self._limit:
            self._forget(0)
            return
        self._forget(self._most - 1)
        self._frames.append([frames[0], *map(bytes, frames[1:])])  # what is elsewhere may change meanwhile
        self._bytes += size
        while self._bytes > self._limit:
            self._forget(len(self._frames) - 1)

    def took(self) -> None:
        """A whole message has come. If that is not one of many, it answers what was sent last, which is not lost."""
        self.received += 1
        if not self._many:
            self._forget(0)

    def missing(self, received: int) -> list[Frames] | None:
        """What the other end, which has received so many, has to hear again; None when it is not kept any more."""
        number = self.sent - received
        return list(self._frames)[len(self._frames) - number :] if 0 <= number <= len(self._frames) else None

    def _forget(self, left: int) -> None:
        while len(self._frames) > left:
            self._bytes -= sum(map(_size, self._frames.popleft()))


def _size(frame: Any) -> int:
    return frame.nbytes if isinstance(frame, memoryview) else len(frame)
