"""Seconds and bytes as people read them."""

from __future__ import annotations

__all__ = ["duration", "size"]

_LONGER = ((86_400, "d"), (3_600, "h"), (60, "min"))


def duration(seconds: float) -> str:
    """`71 µs`, `12 ms`, `3.4 s`, `5 min`, `2 h`, `3 d`.

    >>> [duration(0.000071), duration(0.0123), duration(3.4), duration(200), duration(7200)]
    ['71 µs', '12 ms', '3.4 s', '3 min', '2 h']
    """
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"
    for length, unit in _LONGER:
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.1f} s"


def size(count: int) -> str:
    """`512 B`, `3.4 MB`.

    >>> [size(512), size(3_400_000), size(120_000_000)]
    ['512 B', '3.4 MB', '120 MB']
    """
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if amount >= 100 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError
