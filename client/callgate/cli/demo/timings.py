"""How long things take on this machine, measured while you look."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import suppress

import callgate
from callgate.cli.amounts import duration

from .stage import Stage

__all__ = ["timings"]

_CALLS = 1000


def timings(stage: Stage) -> None:
    """The median call, calls that do not wait for each other, and from a crash to the next answer."""
    stage.scene("Timings")
    with callgate.load("libm.so.6", "double cos(double x);") as libm:
        stage.fact(
            f"one call, median of {_CALLS}",
            duration(statistics.median(_time(lambda: libm.cos(0.5)) for _ in range(_CALLS))),
        )
        started = time.perf_counter()
        for answer in [libm.cos.submit(0.5) for _ in range(_CALLS)]:
            answer.result()
        stage.fact(f"each of {_CALLS} submitted calls", duration((time.perf_counter() - started) / _CALLS))
    with callgate.load("libc.so.6", "void *memset(void *, int, size_t); int abs(int);") as libc:
        started = time.perf_counter()
        with suppress(callgate.HostCrashed):
            libc.memset(None, 0, 1)
        libc.abs(-1)
        stage.fact("a crash, and the next answer", duration(time.perf_counter() - started))


def _time(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
