"""What is measured: calls of real libraries beside the same traffic over bare ZeroMQ."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import callgate
from benchmarks.pingpong import PingPong
from benchmarks.rounds import Case
from callgate import Lib

__all__ = ["MEGABYTE", "open_cases"]

MEGABYTE = 1 << 20
_CALL_FRAME_BYTES = 18
"""The length of the message that a call of `double cos(double)` is; its answer is as long."""
_IDLE_THREADS = 8

_LIBC = """
    size_t strnlen([size_is(n)] const void *text, size_t n);
    void   memset([out, size_is(n)] void *memory, int c, size_t n);
"""


@contextmanager
def open_cases(quick: bool) -> Iterator[list[Case]]:
    """The cases, ready to run, with everything they need alive until the end."""
    small, large = (100, 20) if quick else (1000, 100)
    data, target = bytes(MEGABYTE), bytearray(MEGABYTE)  # strnlen stops at the first byte: only the way there counts
    with ExitStack() as stack:
        bare = stack.enter_context(PingPong(_CALL_FRAME_BYTES))
        libm = stack.enter_context(callgate.load("libm.so.6", "double cos(double x);"))
        libc = stack.enter_context(callgate.load("libc.so.6", _LIBC))
        crowded = stack.enter_context(callgate.load("libm.so.6", "double cos(double x);"))
        stack.enter_context(_idle_threads(crowded))
        bound = stack.enter_context(callgate.load("libm.so.6", "double cos(double x);", apartment="sta"))
        yield [
            Case("bare ping-pong", bare.ask, small),
            Case("double cos(double)", lambda: libm.cos(0.5), small, "bare ping-pong"),
            Case(f"the same beside {_IDLE_THREADS} idle threads", lambda: crowded.cos(0.5), small, "bare ping-pong"),
            Case("the same in an STA of the host", lambda: bound.cos(0.5), small, "bare ping-pong"),
            Case("bare, 1 MB there", lambda: bare.send(data), large),
            Case("1 MB in", lambda: libc.strnlen(data, MEGABYTE), large, "bare, 1 MB there"),
            Case("bare, 1 MB back", lambda: bare.fetch(MEGABYTE), large),
            Case("1 MB out, into a bytearray", lambda: libc.memset(target, 1, MEGABYTE), large, "bare, 1 MB back"),
        ]


@contextmanager
def _idle_threads(lib: Lib) -> Iterator[None]:
    """Threads that have made calls, so that they have their channels, and now wait."""
    ready, done = threading.Barrier(_IDLE_THREADS + 1), threading.Event()

    def use_and_wait() -> None:
        for _ in range(10):
            lib.cos(0.5)
        ready.wait()
        for _ in range(10):
            lib.cos(0.5)
        ready.wait()
        done.wait()

    threads = [threading.Thread(target=use_and_wait, daemon=True) for _ in range(_IDLE_THREADS)]
    for thread in threads:
        thread.start()
    ready.wait()
    ready.wait()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
