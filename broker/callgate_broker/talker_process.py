"""The warden's side of the talker: the listening socket, and a talker whenever somebody knocks."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable

from callgate_broker import processes
from callgate_broker.loop import Loop
from callgate_broker.policy import Death, GiveUp, Policy, decide
from callgate_transport import datagrams, launch

__all__ = ["TalkerProcess"]

_LISTENER_FD = 3
_WARDEN_FD = 4
_PENDING_CONNECTIONS = 128
_SETTLED_SECONDS = 5.0
"""A talker that lived this long did not fail at starting."""


class TalkerProcess:
    """Owns the broker's address. A talker runs from the first connection until it decides to end, or dies.

    `on_peer` is given the connection to each new talker.
    """

    def __init__(
        self,
        loop: Loop,
        address: str,
        roots: list[str],
        arguments: list[str],
        on_peer: Callable[[socket.socket], None],
    ) -> None:
        self.pid = 0
        self.restarts = 0
        self._loop = loop
        self._on_peer = on_peer
        self._command = launch.command(
            "callgate_broker.talker", roots, str(_LISTENER_FD), str(_WARDEN_FD), address, *arguments
        )
        self._pidfd = -1
        self._started = 0.0
        self._deaths: deque[Death] = deque(maxlen=16)
        self._due: float | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(address)
        self._listener.listen(_PENDING_CONNECTIONS)
        self._await_knock()

    def due(self) -> float | None:
        """When `tick` has something to do."""
        return self._due

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._due is not None and self._due <= now:
            self._due = None
            self._await_knock()

    def _await_knock(self) -> None:
        self._loop.watch(self._listener.fileno(), self._knocked)

    def _knocked(self) -> None:
        self._loop.unwatch(self._listener.fileno())
        self._started = time.monotonic()
        try:
            ours, its = datagrams.pair()
        except OSError:
            self._wait_before_next(ended_well=False)
            return
        try:
            fds = {_LISTENER_FD: self._listener.fileno(), _WARDEN_FD: its.fileno()}
            self.pid = launch.spawn(self._command, fds, stderr=2)
            self._pidfd = processes.watch_child(self.pid)
        except (OSError, processes.NotOurChild):  # if it runs, it ends with this socket
            self.pid = 0
            ours.close()
            self._wait_before_next(ended_well=False)
            return
        finally:
            its.close()
        self._loop.watch(self._pidfd, self._ended)
        self._on_peer(ours)

    def _ended(self) -> None:
        end = processes.reap(self._pidfd)
        if end is None:
            return
        self._loop.unwatch(self._pidfd)
        os.close(self._pidfd)
        self._pidfd, self.pid = -1, 0
        self.restarts += end.status != 0
        self._wait_before_next(ended_well=end.status == 0)

    def _wait_before_next(self, *, ended_well: bool) -> None:
        """Whoever knocked is still at the door: a talker that cannot start must not be started in a tight circle."""
        now = time.monotonic()
        self._deaths.append(Death(now, answered=ended_well or now - self._started > _SETTLED_SECONDS))
        decision = decide(Policy(), self._deaths, now)
        assert not isinstance(decision, GiveUp), "the default policy has no limit"
        self._due = now + decision.delay
        self.tick(now)
