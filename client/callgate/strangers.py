"""What stands for a broker and for output where there is neither: this process itself, or one that nobody watches."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

__all__ = ["Nobody", "Silence"]


class Nobody:
    """Implements `lines.Keeper` where nobody watches over anything."""

    def __init__(self) -> None:
        self._owner = os.getpid()

    @property
    def same_process(self) -> bool:
        """See `Keeper`."""
        return os.getpid() == self._owner

    def record(self, host: str, seconds: float) -> Mapping[str, Any] | None:  # noqa: ARG002 - see Keeper
        """See `Keeper`."""
        return None

    def stop(self, host: str, reason: str, channel: int = 0, call: int = 0) -> str:  # noqa: ARG002 - see Keeper
        """See `Keeper`."""
        return ""


class Silence:
    """Implements `lines.Prints`: what is printed comes out where that process prints."""

    def start(self) -> None:
        """See `Prints`."""

    def settle(self) -> None:
        """See `Prints`."""

    def drain(self) -> None:
        """See `Prints`."""

    def tail(self, stream: int) -> str:  # noqa: ARG002 - see Prints
        """See `Prints`."""
        return ""

    def close_after_fork(self) -> None:
        """See `Prints`."""
