"""What has no counterpart in bare ZeroMQ: many calls at once, the first answer of a new interpreter, recovery."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from contextlib import suppress
from typing import NamedTuple

import callgate

__all__ = ["ColdStart", "cold_start", "crash_to_answer", "pipelined"]

_PROGRAM = """
import time
started = time.monotonic()
import callgate
libm = callgate.load("libm.so.6", "double cos(double x);")
libm.cos(0.5)
print(time.monotonic() - started, flush=True)
"""


class ColdStart(NamedTuple):
    """Seconds, medians: from `import callgate` to the first answer, and from starting the interpreter to it."""

    inside: float
    outside: float


def cold_start(runs: int) -> ColdStart:
    """A new interpreter for each run: import, load, first answer."""
    inside, outside = zip(*(_run_program() for _ in range(runs)), strict=True)
    return ColdStart(statistics.median(inside), statistics.median(outside))


def _run_program() -> tuple[float, float]:
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        seconds = time.monotonic() - started
        program.stdout.read()
    if program.returncode != 0:
        raise RuntimeError("the program for the cold start failed")
    return float(line), seconds


def pipelined(calls: int, rounds: int) -> float | None:
    """Calls per second when none waits for the one before; None when this version cannot do that."""
    with callgate.load("libm.so.6", "double cos(double x);") as libm:
        submit = getattr(libm.cos, "submit", None)
        if submit is None:
            return None
        rates = []
        for _ in range(rounds + 1):
            started = time.perf_counter()
            for future in [submit(0.5) for _ in range(calls)]:
                future.result()
            rates.append(calls / (time.perf_counter() - started))
        return statistics.median(rates[1:])


def crash_to_answer(runs: int) -> float:
    """Seconds, median: from the call that crashes its host to the answer of the next call, from a new host."""
    with callgate.load("libc.so.6", "void *memset(void *, int, size_t); int abs(int);") as libc:
        times = []
        for _ in range(runs):
            libc.abs(-1)
            started = time.perf_counter()
            with suppress(callgate.HostCrashed):
                libc.memset(None, 0, 1)
            libc.abs(-1)
            times.append(time.perf_counter() - started)
        return statistics.median(times)
