"""Sessions that end together with their other side, and are never merely interrupted."""

from __future__ import annotations

from typing import Any

from .callchannel import HungUp

__all__ = ["Steady"]


class Steady:
    """What a session with a process on this machine says of its connection; `remote` overrides it."""

    reaction = 0.05
    """Seconds in which the other side answers `cancel` if it can."""
    lapsed = ""
    """Why each side took the other for gone, when that ended the session."""

    def interrupted(self, channel: Any) -> bool:  # noqa: ARG002 - of none
        """Whether the connection of a channel has broken while the session goes on."""
        return False

    def begun(self, channel: int, call: int, expires: float | None) -> bool | None:  # noqa: ARG002 - of none
        """Whether an interrupted call had begun; None when nobody can say. Raises HungUp: it was the session's end."""
        raise HungUp("the session has ended")
