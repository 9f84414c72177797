"""Something to wait on that this process itself can make hang up, where there is no link that the kernel would."""

from __future__ import annotations

import socket

__all__ = ["Lifeline"]


class Lifeline:
    """Two joined ends. Whoever waits polls `fileno`, and is woken for good by `hang_up`, from any thread."""

    def __init__(self) -> None:
        self._waiting, self._holding = socket.socketpair()
        self.hung_up = False

    def fileno(self) -> int:
        """The descriptor to poll for a hang-up."""
        return self._waiting.fileno()

    def hang_up(self) -> None:
        """Wake everybody."""
        self.hung_up = True
        self._holding.close()
        # A duplicate of the waiting end, which channels keep, sees the hang-up all the same.

    def close(self) -> None:
        """Let go of both ends."""
        self._holding.close()
        self._waiting.close()
