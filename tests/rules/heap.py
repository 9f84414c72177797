"""Whether calls lose blocks of native code's heap: the library's own `heap` says how many bytes are in use."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

__all__ = ["NOISE", "leaks"]

NOISE = 100_000
"""Bytes that the heap may grow by without a leak: caches, and other threads."""


def leaks(lib: Any, call: Callable[[], Any], times: int = 100) -> int:
    """How many bytes so many calls leave in use, beyond what two calls do. The blocks must be large enough to show."""
    call()
    call()
    gc.collect()  # exceptions hold the frames that raised them, and those what was sent
    before: int = lib.heap()
    for _ in range(times):
        call()
    gc.collect()
    grown: int = lib.heap() - before
    return grown
