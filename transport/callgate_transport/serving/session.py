"""A session as its serving end sees it: who it is, what it agreed to, and what ends with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from callgate_protocol.authentication import Level
from callgate_protocol.givingback import Giver, Taker
from callgate_protocol.limits import Limits

if TYPE_CHECKING:
    from callgate_protocol.rights import Rights

__all__ = ["Session"]


class Session:
    """One client's session. `secret` starts the routing id of each of its channels."""

    __slots__ = ("_at_end", "about", "alive", "giver", "hang_up", "heard", "limits", "rights", "secret", "taker")

    def __init__(
        self, secret: bytes, limits: Limits, hang_up: Callable[[], None], rights: Rights | None = None
    ) -> None:
        self.secret = secret
        self.limits = limits
        self.hang_up = hang_up
        """End it, by its link if it has one."""
        self.heard: Callable[[], None] = _nothing
        """Called whenever it says something on its control channel."""
        self.rights = rights
        """What a client of another machine may do; None for one of this user on this machine, who may do anything."""
        self.giver = None if rights is None else Giver()
        """For references to objects of a client of another machine, whose connection may break."""
        self.taker = Taker()
        self.about: Mapping[str, Any] = {}
        """What the client says of itself in its hello."""
        self.alive = True
        self._at_end: list[Callable[[], None]] = []

    @property
    def level(self) -> Level:
        """What is sure about who calls (R16.14)."""
        return Level.CONNECT if self.rights is None else Level.PRIVACY

    def routing_id(self, channel: int) -> bytes:
        """The routing id of one of its channels; 0 is control."""
        return self.secret + channel.to_bytes(4, "big")

    def keep_until_end(self, let_go: Callable[[], None]) -> None:
        """Have something let go of when the session is gone, which may be now. From any thread."""
        self._at_end.append(let_go)
        if not self.alive:
            self.end()

    def end(self) -> None:
        """The session is gone. What is let go of is taken one by one, so that two threads never take the same."""
        self.alive = False
        while self._at_end:
            self._at_end.pop()()


def _nothing() -> None:
    """A session with a link needs no other sign of life."""
