"""Callbacks that native code does not wait for: how many of a library's are on their way, and how many were dropped."""

from __future__ import annotations

import threading
from typing import Final

__all__ = ["Backlog"]

_MOST: Final = 1024
_MOST_BYTES: Final = 64 << 20


class Backlog:
    """Bounds the unanswered `[oneway]` callbacks of one library. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self._bytes = 0
        self.dropped = 0
        """How many did not find room."""

    def take(self, size: int) -> bool:
        """Make room for one more with so many bytes of bulk data; False counts it as dropped."""
        with self._lock:
            if self._waiting >= _MOST or (self._waiting and self._bytes + size > _MOST_BYTES):
                self.dropped += 1
                return False
            self._waiting += 1
            self._bytes += size
            return True

    def give(self, size: int) -> None:
        """One was answered, or will never be."""
        with self._lock:
            self._waiting -= 1
            self._bytes -= size
