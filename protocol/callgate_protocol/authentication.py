"""Levels of authentication: what is sure about a call that comes in (R16.14)."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Level", "level_named"]


class Level(IntEnum):
    """What a connection proves, each more than the one before."""

    NONE = 0
    """Nothing; between processes there is no such connection."""
    CONNECT = 1
    """The kernel has told who connected: a Unix socket."""
    INTEGRITY = 2
    """And nobody changes a message; no connection stops at this."""
    PRIVACY = 3
    """And nobody reads one: CURVE, between machines."""


def level_named(name: str) -> Level:
    """The level of that name. Raises ValueError."""
    found = next((level for level in Level if level.name.lower() == name), None)
    if found is None:
        raise ValueError(f"there are {', '.join(level.name.lower() for level in Level)}, not {name!r:.40} (R16.14)")
    return found
