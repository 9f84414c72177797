"""The warden's side of the template: starting it, asking it for hosts, and saying how it died."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from callgate_broker import processes
from callgate_broker.files import HostFiles
from callgate_broker.loop import Connection, Loop, Tail
from callgate_broker.seedling import Seedling, command, sow

__all__ = ["TemplateProcess"]


class TemplateProcess:
    """At most one template at a time. `on_answer` gets its messages, `on_death` an account of its end."""

    def __init__(
        self,
        loop: Loop,
        module: str,
        roots: list[str],
        on_answer: Callable[[dict[str, Any]], None],
        on_death: Callable[[str], None],
    ) -> None:
        self.command = command(module, roots)
        self.pid = 0
        self._loop = loop
        self._on_answer = on_answer
        self._on_death = on_death
        self._pidfd = -1
        self._connection: Connection | None = None
        self._stderr: Tail | None = None

    def start(self, seedling: Seedling | None = None) -> None:
        """Start it, unless it has been already."""
        try:
            seedling = seedling or sow(self.command)
            self._pidfd = processes.watch_child(seedling.pid)
        except (OSError, processes.NotOurChild) as error:  # if it runs, it ends as soon as its socket is collected
            account = f"It could not be started: {error}."
            self._loop.soon(lambda: self._on_death(account))
            return
        self.pid = seedling.pid
        self._stderr = Tail(self._loop, seedling.stderr)
        self._connection = Connection(self._loop, seedling.connection, self._on_answer, self._broken)
        self._loop.watch(self._pidfd, self._ended)

    def fork(
        self,
        number: int,
        incarnation: str,
        label: str,
        files: HostFiles,
        remote: dict[str, Any] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        """Ask for a host. If the template dies before it answers, `on_death` is all that comes."""
        request: dict[str, Any] = {
            "id": number,
            "op": "fork",
            "incarnation": incarnation,
            "directory": files.directory,
            "label": label,
        }
        if remote is not None:
            request["remote"] = remote
        if self._connection:
            self._connection.send(request, [files.memory, files.link.fileno(), *descriptors])

    def kill(self) -> None:
        """End it; its death is reported as any other."""
        if self._pidfd >= 0:
            processes.kill(self._pidfd)

    def _broken(self, _reason: str) -> None:
        # Without its connection it is of no use. If it is dying already this changes nothing.
        self.kill()

    def _ended(self) -> None:
        end = processes.reap(self._pidfd)
        if end is None:
            return
        if self._connection:
            self._connection.receive()  # what it answered before it died still counts
            self._connection.close()
        self._connection = None
        self._loop.unwatch(self._pidfd)
        os.close(self._pidfd)
        self._pidfd, self.pid = -1, 0
        wrote = self._stderr.text() if self._stderr else ""
        self._on_death(f"It ended with {end}" + (f" and wrote:\n{wrote}" if wrote else " and wrote nothing."))
