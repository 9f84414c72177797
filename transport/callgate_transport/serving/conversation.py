"""One call channel of one session, as its serving end sees it; and who wins when a call is cancelled as it begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from callgate_protocol.channel import Channel, Frames
from callgate_protocol.codec import decode
from callgate_protocol.errors import Fault, RemoteProtocolError
from callgate_protocol.kept import kept_by
from callgate_protocol.messages import Resume, Resumed, from_wire
from callgate_protocol.turns import Role

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
        "_resumed",
        "causality",
        "channel",
        "kept",
        "number",
        "open",
        "quiet",
        "routing_id",
        "session",
        "wire",
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
        self.kept = None if session.rights is None else kept_by(session.limits, pipelined=pipelined)
        """What may have to be said again to a client of another machine."""
        self.wire = threading.Lock()
        """Held while its thread counts what it sends and receives, and while another connection takes over."""
        self.quiet = False
        """Whether another connection is to come, and has not yet: what is said waits for it."""
        self._resumed = Resumed(0, 0, 0)
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

    def resume(self, message: Resume, number: int) -> Resumed:
        """Its connection broke (R17.27). From now on only what comes by the routing id with this number counts.

        A request that comes twice gets the same answer. Without one, because what the client has not heard is not kept
        any more, the channel stays as it is, and the client closes it.
        """
        with self.wire:
            if self.kept is None:
                return Resumed(message.request, 0, 0)
            if self._resumed.request == message.request:
                return self._resumed
            if not self.open or self.kept.missing(message.received) is None:
                number = 0
            if number:
                self.routing_id = self.session.routing_id(number)
                self.quiet = True
            self._resumed = Resumed(message.request, number, self.kept.received)
            return self._resumed

    def go_on(self, frames: Sequence[Any]) -> list[Frames]:
        """The first message of the new connection: what to repeat there. Raises RemoteProtocolError."""
        message = from_wire(decode(bytes(frames[0]), self.session.limits))
        if not isinstance(message, Resume) or message.request != self._resumed.request or self.kept is None:
            raise RemoteProtocolError("a connection that takes the place of another begins with its Resume")
        missing = self.kept.missing(message.received)
        if missing is None:
            raise RemoteProtocolError(f"{message.received} messages cannot have been received")
        self.quiet = False
        self.channel.renew()
        return missing
