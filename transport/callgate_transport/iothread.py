"""The I/O thread: one per process, waiting for everything that no calling thread waits for.

Control channels, links, retired channels and pipelined calls live here. It sleeps until something happens; work is
handed to it with `post` and `call_at`, which wake it. Handlers run on the thread, must not block, and must not raise.
"""

from __future__ import annotations

import logging
import threading

import zmq

from .reactor import Reactor, Work

__all__ = ["IoThread"]

_log = logging.getLogger("callgate")


class IoThread(Reactor):
    """A reactor with a thread of its own. Everything but `post`, `call_at` and `stop` is for the thread itself."""

    def __init__(self, name: str = "callgate-io") -> None:
        super().__init__()
        self.context = zmq.Context()
        self.context.set(zmq.BLOCKY, False)
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)
        self._thread.start()

    def call_at(self, moment: float, work: Work) -> None:
        """Have `work` run on the I/O thread at the monotonic time `moment`. Safe from any thread."""
        self.post(lambda: self.at(moment, work))

    def stop(self) -> None:
        """End the thread and wait for it."""
        super().stop()
        self._thread.join()

    def report_failure(self) -> None:
        """See `Reactor`."""
        _log.exception("callgate: a handler on the I/O thread failed; please report this")
