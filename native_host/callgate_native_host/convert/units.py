"""Where text in units of one or more bytes ends."""

from __future__ import annotations

__all__ = ["end_of_text"]


def end_of_text(data: bytes, width: int) -> int:
    """Where the first zero unit starts, -1 when there is none."""
    zero = bytes(width)
    position = data.find(zero)
    while position >= 0 and position % width:
        position = data.find(zero, position + 1)
    return position
