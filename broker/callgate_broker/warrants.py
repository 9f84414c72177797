"""The warden's line to a host that listens for another machine: whom it may admit, where it listens, what it printed.

Such a host has no client beside it that could read its standard output, so the end of that is kept here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from callgate_broker.loop import Connection, Loop, Tail
from callgate_transport import datagrams

__all__ = ["Warrant"]


class Warrant:
    """Made before the host. `on_route` is told where it listens, once."""

    def __init__(self, loop: Loop, on_route: Callable[[], None]) -> None:
        self.route: dict[str, Any] | None = None
        self.reason: str | None = None
        """Why it ends by itself."""
        self._on_route = on_route
        ours, self._its = datagrams.pair()
        self._line = Connection(loop, ours, self._said, lambda _reason: None)
        self._tails: list[Tail] = []
        self._writing: list[int] = []
        for _ in range(2):
            reading, writing = os.pipe2(os.O_CLOEXEC)
            self._tails.append(Tail(loop, reading))
            self._writing.append(writing)

    @property
    def descriptors(self) -> list[int]:
        """What the host is born with: its end of the line, and its standard output and standard error."""
        return [self._its.fileno(), *self._writing]

    def handed_over(self) -> None:
        """The host has its ends, so that their end is the host's."""
        self._its.close()
        for descriptor in self._writing:
            os.close(descriptor)
        self._writing = []

    def tell(self, message: dict[str, Any]) -> None:
        """Say something to the host."""
        self._line.send(message)

    def settle(self) -> None:
        """Hear what it said before it died."""
        self._line.receive()

    def printed(self) -> str:
        """The end of what the host has printed."""
        return "\n".join(text for text in (tail.text() for tail in self._tails) if text)

    def close(self) -> None:
        """The host is gone."""
        self.handed_over()
        self._line.close()
        for tail in self._tails:
            tail.close()

    def _said(self, message: dict[str, Any]) -> None:
        self.reason = str(message["reason"])[:64] if "reason" in message else self.reason
        port, key = message.get("port"), message.get("key")
        if self.route is None and type(port) is int and isinstance(key, str) and len(key) == 64:
            self.route = {"port": port, "key": key}
            self._on_route()
