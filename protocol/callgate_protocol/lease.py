"""How long a silent client of another machine counts as alive. No clock: whoever asks says what time it is."""

from __future__ import annotations

from typing import Final

__all__ = ["PINGS_PER_LEASE", "Lease"]

PINGS_PER_LEASE: Final = 3
"""Whoever was silent for so many ping periods is taken for gone (R17.20)."""


class Lease:
    """The lease of one session (R17.20): it is the session's, however many references that holds."""

    __slots__ = ("_expires", "seconds")

    def __init__(self, seconds: float, now: float) -> None:
        self.seconds = seconds
        self._expires = now + seconds

    def renew(self, now: float) -> None:
        """Something was heard."""
        self._expires = now + self.seconds

    def left(self, now: float) -> float:
        """Seconds until it expires; 0 when it has."""
        return max(0.0, self._expires - now)
