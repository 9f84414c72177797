"""The thread of a call as the plans of this host see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from callgate_transport.serving import roles

from .scope import Scope

__all__ = ["Performer"]


class Performer(roles.Performer, Protocol):
    """A worker of a host process, or the caller's own thread."""

    @property
    def active(self) -> Scope | None:
        """The call whose native code this thread runs."""

    def run_native(self, function: Any, natives: Sequence[Any], scope: Scope) -> Any:
        """Enter native code; callbacks of this thread belong to `scope` meanwhile."""
