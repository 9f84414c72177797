"""One call channel of one session, as its serving end sees it; and who wins when a call is cancelled as it begins."""

from __future__ import annotations

import threading
from collections.abc import Callable

from callgate_protocol.channel import Channel, Role
from callgate_protocol.errors import Fault

from .session import Session

__all__ = ["Conversation"]


def _nobody() -> None:
    """Native code cannot ask whether its call was cancelled."""


class Conversation:
    """The serving end of a call channel. Its thread serves it; the I/O thread only cancels and ends it.

    Calls begin in the order of their numbers, so the highest number that was decided says of every call whether it has
    begun. Deciding is one step under a lock: either the call begins, or it is cancelled, and both sides see the same.
    """

    __slots__ = (
        "_cancelled",
        "_decided",
        "_heeding",
        "_lock",
        "causality",
        "channel",
        "number",
        "open",
        "routing_id",
        "session",
    )

    def __init__(self, session: Session, number: int, *, pipelined: bool) -> None:
        self.session = session
        self.number = number
        self.routing_id = session.routing_id(number)
        self.channel = Channel(Role.HOST, session.limits, pipelined=pipelined)
        self.open = True
        """False once the session or the channel has ended: nothing is sent any more."""
        self.causality = b""
        """To what the calls on it belong that are under way (R17.16); set by who needs it."""
        self._lock = threading.Lock()
        self._decided = 0
        self._cancelled: set[int] = set()
        self._heeding: dict[int, Callable[[], None]] = {}

    def begin(self, call: int, remaining: int | None) -> None:
        """The call enters native code now. Raises Fault (`NotExecuted`) when it must not any more."""
        with self._lock:
            self._decided = call
            cancelled = call in self._cancelled
            self._cancelled.discard(call)
        if cancelled:
            raise Fault("NotExecuted", "the call was cancelled before it began")
        if remaining == 0:
            raise Fault("NotExecuted", "the deadline had passed before the call began")
        if not self.open:
            raise Fault("NotExecuted", "the session ended before the call began")

    def heed(self, call: int, cancelled: Callable[[], None]) -> None:
        """Whoever performs a call wants to know if it is cancelled after it has begun (R17.18)."""
        self._heeding[call] = cancelled

    def ignore(self, call: int) -> None:
        """It does not any more."""
        self._heeding.pop(call, None)

    def cancel(self, call: int) -> bool:
        """Decide that a call never begins; True when it has begun."""
        with self._lock:
            if call <= self._decided:
                self._heeding.get(call, _nobody)()
                return True
            if call <= self._decided + self.session.limits.credit_calls:
                self._cancelled.add(call)
                return False
        raise Fault("ProtocolError", f"call {call} is beyond the calls that may be under way")
