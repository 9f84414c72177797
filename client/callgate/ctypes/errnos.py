"""ctypes' own copy of `errno`, one per thread of this process."""

from __future__ import annotations

import threading

__all__ = ["get_errno", "set_errno"]


class _Errno(threading.local):
    value = 0


_errno = _Errno()


def get_errno() -> int:
    """What the last function with `use_errno=True` left in this thread."""
    return _errno.value


def set_errno(value: int) -> int:
    """Set what the next function with `use_errno=True` finds; the value before."""
    if not isinstance(value, int):
        raise TypeError(f"an integer is required, not {type(value).__name__}")
    former, _errno.value = _errno.value, int(value)
    return former
