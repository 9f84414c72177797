"""Deadlines as an ambient setting: `with callgate.deadline(0.5): …` (inherited by nested calls, never widened)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["ambient", "deadline", "expiry"]

ambient: ContextVar[float | None] = ContextVar("callgate.deadline", default=None)
"""Monotonic time at which the calls of this context must have come back."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give the calls inside at most `seconds` in all; when they pass, the host is stopped (`DeadlineExceeded`)."""
    if not seconds > 0:
        raise ValueError(f"a deadline must be more than 0 seconds away, not {seconds!r}")
    token = ambient.set(sooner(ambient.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        ambient.reset(token)


def sooner(first: float | None, second: float | None) -> float | None:
    """The earlier of two times, where None is never."""
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)


def expiry(default: float | None) -> float | None:
    """When a call that starts now must be back: the context's time, or `default` seconds from now, or never."""
    if default is None:
        return ambient.get()
    return sooner(ambient.get(), time.monotonic() + default)
