"""The I/O thread: one per process, waiting for everything that no calling thread waits for.

Control channels, links, retired channels and pipelined calls live here. It sleeps until something happens; work is
handed to it with `post` and `call_at`, which wake it. Handlers run on the thread, must not block, and must not raise.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import zmq

__all__ = ["IoThread"]

_log = logging.getLogger("callgate")

Handler: TypeAlias = Callable[[], None]


class IoThread:
    """A reactor over zmq sockets and file descriptors. Everything but `post` and `stop` is for the thread itself."""

    def __init__(self, name: str = "callgate-io") -> None:
        self.context = zmq.Context()
        self.context.set(zmq.BLOCKY, False)
        self._poller = zmq.Poller()
        self._handlers: dict[Any, Handler] = {}
        self._posted: deque[Handler] = deque()
        self._timers: list[tuple[float, int, Handler]] = []
        self._order = itertools.count()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poller.register(self._wake, zmq.POLLIN)
        self._running = True
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def post(self, work: Handler) -> None:
        """Have `work` run on the I/O thread, soon and in order. Safe from any thread."""
        self._posted.append(work)
        os.eventfd_write(self._wake, 1)

    def watch(self, source: zmq.Socket[bytes] | int, handler: Handler) -> None:
        """Call `handler` whenever `source` can be read or has hung up."""
        self._handlers[source] = handler
        self._poller.register(source, zmq.POLLIN)

    def forget(self, source: zmq.Socket[bytes] | int) -> None:
        """Stop watching `source`; nothing happens if it was not watched."""
        if self._handlers.pop(source, None) is not None:
            self._poller.unregister(source)

    def call_at(self, moment: float, work: Handler) -> None:
        """Have `work` run on the I/O thread at the monotonic time `moment`. Safe from any thread."""
        self.post(lambda: heapq.heappush(self._timers, (moment, next(self._order), work)))

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._running = False
        self.post(lambda: None)
        self._thread.join()

    def _run(self) -> None:
        while self._running:
            for source, _ in self._poller.poll(self._patience()):
                if source == self._wake:
                    os.eventfd_read(self._wake)
                elif (handler := self._handlers.get(source)) is not None:
                    self._guard(handler)
            while self._posted:
                self._guard(self._posted.popleft())
            while self._timers and self._timers[0][0] <= time.monotonic():
                self._guard(heapq.heappop(self._timers)[2])

    def _patience(self) -> int | None:
        """Milliseconds until the next timer; None without one: an idle thread sleeps."""
        return max(0, math.ceil((self._timers[0][0] - time.monotonic()) * 1000)) if self._timers else None

    def _guard(self, work: Handler) -> None:
        try:
            work()
        except Exception:  # one broken handler must not end what serves every session of the process
            _log.exception("callgate: a handler on the I/O thread failed; please report this")
