"""What one end of a call channel may have to say again when its connection has broken (R17.27).

Both ends count the whole messages that they have sent and received. When a connection takes the place of another, each
says how many have arrived, and the other repeats what has not: so nothing is lost, and nothing is heard twice. Chunked
messages are not kept, nor is what is longer than the limit: without them a channel cannot go on.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .channel import Frames
from .limits import Limits

__all__ = ["Kept", "KeptMany", "kept_by"]


class Kept:
    """Of one end of a channel on which each message answers the one before, so that the last is all that can be lost.

    No lock: whoever owns it sees to it that its counts belong to what is sent and received.
    """

    __slots__ = ("_last", "_limit", "received", "sent")

    def __init__(self, limit: int) -> None:
        """`limit` is in bytes, of bulk frames."""
        self.sent = 0
        self.received = 0
        self._limit = limit
        self._last: Frames | None = None

    def sending(self, frames: Frames, *, chunked: bool = False) -> None:
        """A message is about to be sent."""
        self.sent += 1
        self._last = frames if len(frames) == 1 and not chunked else _copied(frames, self._limit, chunked=chunked)

    def took(self) -> None:
        """A whole message has come."""
        self.received += 1
        self._last = None

    def missing(self, received: int) -> list[Frames] | None:
        """What the other end, which has received so many, has to hear again; None when it is not kept any more."""
        if received == self.sent:
            return []
        return [self._last] if received == self.sent - 1 and self._last is not None else None


class KeptMany(Kept):
    """Of one end of a pipelined channel, where so many may be unanswered; the limit is for all of them together."""

    __slots__ = ("_bytes", "_frames")

    def __init__(self, limit: int, most: int) -> None:
        super().__init__(limit)
        self._frames: deque[Frames] = deque(maxlen=most)
        self._bytes = 0

    def sending(self, frames: Frames, *, chunked: bool = False) -> None:
        """See `Kept`. What comes before something that is not kept could not be repeated in order."""
        self.sent += 1
        copied = _copied(frames, self._limit, chunked=chunked)
        if copied is None or len(self._frames) == self._frames.maxlen:
            self._forget(0 if copied is None else len(self._frames) - 1)
        if copied is not None:
            self._frames.append(copied)
            self._bytes += sum(map(len, copied))
        while self._bytes > self._limit:
            self._forget(len(self._frames) - 1)

    def took(self) -> None:
        """See `Kept`. It does not say what else has arrived."""
        self.received += 1

    def missing(self, received: int) -> list[Frames] | None:
        """See `Kept`."""
        number = self.sent - received
        return list(self._frames)[len(self._frames) - number :] if 0 <= number <= len(self._frames) else None

    def _forget(self, left: int) -> None:
        while len(self._frames) > left:
            self._bytes -= sum(map(len, self._frames.popleft()))


def kept_by(limits: Limits, *, pipelined: bool) -> Kept:
    """What a channel with these limits has to keep."""
    return KeptMany(limits.inline_bytes, limits.credit_calls) if pipelined else Kept(limits.inline_bytes)


def _copied(frames: Frames, limit: int, *, chunked: bool) -> Frames | None:
    """What is elsewhere may change meanwhile. None for what is not kept."""
    if chunked or sum(map(_size, frames)) > limit:
        return None
    return [frames[0], *map(bytes, frames[1:])]


def _size(frame: Any) -> int:
    return frame.nbytes if isinstance(frame, memoryview) else len(frame)
