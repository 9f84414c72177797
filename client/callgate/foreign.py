"""Callbacks that no call of this process waits for: from the library's own threads, and oneway ones (R9.9, R9.10)."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from types import SimpleNamespace
from typing import Any

__all__ = ["ForeignCalls", "ObjectCalls", "unraisable"]

_log = logging.getLogger("callgate")
_PATIENCE_SECONDS = 1.0


class _Ticket:
    """One callback between its arrival and the end of it."""

    __slots__ = ("done", "since")

    def __init__(self) -> None:
        self.done = False
        self.since = time.monotonic()


class ForeignCalls:
    """Runs callbacks on the library's executor, and says so when one holds up the others. Thread-safe."""

    def __init__(self, label: str, executor: Callable[[], Executor]) -> None:
        self._label = label
        self._executor = executor
        self._lock = threading.Lock()
        self._tickets: deque[_Ticket] = deque()
        self._watching = False
        self._warned: _Ticket | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Run `work` when its turn comes. Raises RuntimeError when the executor is shut down."""
        ticket = _Ticket()

        def perform() -> None:
            try:
                work()
            finally:
                ticket.done = True

        with self._lock:
            self._tickets.append(ticket)
            watched, self._watching = self._watching, True
        try:
            self._executor().submit(perform)
        except BaseException:
            ticket.done = True
            raise
        finally:
            if not watched:
                self._look_in(_PATIENCE_SECONDS)

    def _look_in(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._look)
        timer.daemon = True
        timer.start()

    def _look(self) -> None:
        with self._lock:
            while self._tickets and self._tickets[0].done:
                self._tickets.popleft()
            if not self._tickets:
                self._watching = False
                return
            oldest, behind = self._tickets[0], len(self._tickets) - 1
        age = time.monotonic() - oldest.since
        if age >= _PATIENCE_SECONDS and oldest is not self._warned:
            self._warned = oldest
            _log.warning(
                "callgate: a callback of %s has not finished for %.0f s, and %d wait behind it: the callback executor "
                "serves all threads of the library; give load(..., callbacks=ThreadPoolExecutor(n)) or return sooner",
                self._label,
                _PATIENCE_SECONDS,
                behind,
            )
        self._look_in(max(_PATIENCE_SECONDS - age, 0.1) if age < _PATIENCE_SECONDS else _PATIENCE_SECONDS)


class ObjectCalls:
    """Runs calls of objects of this process on threads of their own, because they may wait for each other (R17.16)."""

    def __init__(self, executor: Callable[[], Executor]) -> None:
        self._executor = executor

    def run(self, work: Callable[[], None]) -> None:
        """Run `work` now. Raises RuntimeError when the executor is shut down."""
        self._executor().submit(work)


def unraisable(error: BaseException, label: str, function: Any) -> None:
    """R9.9: what a callback raised while no call was there to raise it: `sys.unraisablehook`, else the log."""
    message = f"Exception ignored in a callback from a thread of {label}"
    if sys.unraisablehook is sys.__unraisablehook__:
        _log.error("callgate: %s", message, exc_info=error)
        return
    sys.unraisablehook(
        # its own class cannot be made by Python code, and hooks only look at the names
        SimpleNamespace(
            exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__, err_msg=message, object=function
        )
    )
