"""The loop of an I/O thread: sleeps until a socket, a descriptor, posted work or a timer wants it."""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import zmq

__all__ = ["Reactor", "Work"]

Work: TypeAlias = Callable[[], None]


class Reactor:
    """Everything but `post` is for the thread that runs it. Nothing is periodic: without timers it sleeps for ever."""

    def __init__(self) -> None:
        self._poller = zmq.Poller()
        self._handlers: dict[Any, Work] = {}
        self._posted: deque[Work] = deque()
        self._timers: list[tuple[float, int, Work]] = []
        self._order = itertools.count()
        self._running = True
        self._runner = 0
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poller.register(self._wake, zmq.POLLIN)

    def post(self, work: Work) -> None:
        """Have `work` run on the I/O thread, soon and in order. Safe from any thread."""
        self._posted.append(work)
        os.eventfd_write(self._wake, 1)

    def watch(self, source: zmq.Socket[bytes] | int, handler: Work) -> None:
        """Call `handler` whenever `source` can be read or has hung up."""
        self._handlers[source] = handler
        self._poller.register(source, zmq.POLLIN)

    def forget(self, source: zmq.Socket[bytes] | int) -> None:
        """Stop watching `source`."""
        if self._handlers.pop(source, None) is not None:
            self._poller.unregister(source)

    def after(self, seconds: float, work: Work) -> None:
        """Have `work` run once, later."""
        self.at(time.monotonic() + seconds, work)

    def at(self, moment: float, work: Work) -> None:
        """Have `work` run once, at a monotonic time."""
        heapq.heappush(self._timers, (moment, next(self._order), work))

    def run(self) -> None:
        """Serve until `stop`; without it for ever."""
        self._runner = threading.get_ident()
        while self._running:
            for source, _ in self._poller.poll(self._pause()):
                if source == self._wake:
                    os.eventfd_read(self._wake)
                elif (handler := self._handlers.get(source)) is not None:
                    self._guard(handler)
            while self._posted:
                self._guard(self._posted.popleft())
            while self._timers and self._timers[0][0] <= time.monotonic():
                self._guard(heapq.heappop(self._timers)[2])

    def is_current(self) -> bool:
        """Whether this is the thread that runs it. From any thread."""
        return threading.get_ident() == self._runner

    def stop(self) -> None:
        """Have `run` come back. Safe from any thread."""
        self._running = False
        self.post(lambda: None)

    def _guard(self, work: Work) -> None:
        try:
            work()
        except Exception:  # the border: one broken step must not end what serves every session of the process
            self.report_failure()

    def report_failure(self) -> None:
        """A handler raised the current exception; please report this."""
        import traceback  # noqa: PLC0415 - seldom needed, slow to import

        traceback.print_exc()

    def _pause(self) -> int | None:
        """Milliseconds until the next timer, rounded up."""
        if not self._timers:
            return None
        return max(0, int((self._timers[0][0] - time.monotonic()) * 1000) + 1)
