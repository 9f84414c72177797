"""Programs of classes, and processes that registered something: starting them, and hearing of their ends."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterable
from contextlib import suppress

from callgate_broker import processes
from callgate_broker.actions import Action, Execute, Watch
from callgate_broker.desk import Desk
from callgate_broker.loop import Loop
from callgate_transport import launch

__all__ = ["Programs"]

_NOT_THERE = (FileNotFoundError, NotADirectoryError)


class Programs:
    """Carries out `Execute` and `Watch`. `perform` takes what the desk decides."""

    def __init__(
        self, loop: Loop, desk: Callable[[], Desk], address: str, perform: Callable[[Iterable[Action]], None]
    ) -> None:
        self._loop = loop
        self._desk = desk
        self._address = address
        self._perform = perform
        self._pidfds: dict[int, int] = {}

    def execute(self, action: Execute) -> None:
        """Start a program (R16.5). It is told which broker wants its class objects."""
        try:
            pid = launch.spawn(action.command, environment={"CALLGATE_BROKER": f"ipc://{self._address}"})
        except _NOT_THERE as error:
            self._failed(action, "CO_E_APPNOTFOUND", error)
        except OSError as error:
            self._failed(action, "CO_E_CREATEPROCESS_FAILURE", error)
        else:
            self._perform(self._desk().executed(action.number, pid))

    def _failed(self, action: Execute, name: str, error: OSError) -> None:
        text = f"{action.command[0]} could not be started: {error.strerror} (R16.3)"
        self._perform(self._desk().not_executed(action.number, name, text))

    def watch(self, action: Watch) -> None:
        """Hear of the end of a process, which need not be a child of ours."""
        try:
            pidfd = os.pidfd_open(action.process)
        except OSError:  # it has ended, or there is no descriptor to hear of its end with
            self._perform(self._desk().process_gone(action.process, "ended"))
            return
        self._pidfds[action.process] = pidfd
        self._loop.watch(pidfd, lambda: self._ended(action.process))

    def _ended(self, process: int) -> None:
        pidfd = self._pidfds[process]
        if not _has_ended(pidfd):
            return
        how = "ended"
        with suppress(OSError):  # a child of ours says how; another process does not
            end = processes.reap(pidfd)
            how = f"ended with {end}" if end is not None else how
        del self._pidfds[process]
        self._loop.unwatch(pidfd)
        os.close(pidfd)
        self._perform(self._desk().process_gone(process, how))


def _has_ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))
