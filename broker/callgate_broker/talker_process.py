"""The warden's side of talker and gateway: a listening socket, and a process for it whenever somebody knocks."""

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

__all__ = ["TalkerProcess", "listen_at", "listen_on"]

_LISTENER_FD = 3
_WARDEN_FD = 4
_PENDING_CONNECTIONS = 128
_SETTLED_SECONDS = 5.0
"""A talker that lived this long did not fail at starting."""


def listen_at(address: str) -> socket.socket:
    """Listen at a path."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(_PENDING_CONNECTIONS)
    return listener


def listen_on(host: str, port: int) -> socket.socket:
    """Listen on a port of this machine. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_PENDING_CONNECTIONS)
    except OSError:
        listener.close()
        raise
    return listener


class TalkerProcess:
    """Owns an address of the broker. A process runs from the first connection until it decides to end, or dies.

    `on_peer` is given the connection to each new talker. While it is `needed`, another follows a dead one at once.
    """

    def __init__(
        self,
        loop: Loop,
        module: str,
        listener: socket.socket,
        roots: list[str],
        arguments: list[str],
        on_peer: Callable[[socket.socket], None],
        needed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.pid = 0
        self.restarts = 0
        self._loop = loop
        self._on_peer = on_peer
        self._needed = needed
        self._command = launch.command(module, roots, str(_LISTENER_FD), str(_WARDEN_FD), *arguments)
        self._pidfd = -1
        self._started = 0.0
        self._deaths: deque[Death] = deque(maxlen=16)
        self._due: float | None = None
        self._listener = listener
        self._await_knock()

    def due(self) -> float | None:
        """When `tick` has something to do."""
        return self._due

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._due is not None and self._due <= now:
            self._due = None
            (self._knocked if self._needed() else self._await_knock)()

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
