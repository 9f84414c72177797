"""Who does what around a call: the types by which the serving end and those who perform calls know each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Protocol, TypeAlias

from callgate_protocol.channel import Frames, Received
from callgate_protocol.messages import Call

from .conversation import Conversation
from .session import Session

__all__ = ["Ask", "BrokeOff", "Exports", "Gone", "Notify", "Perform", "Performer", "Tell"]


class Gone(Exception):
    """The session or channel ended while its thread waited for it."""


class Performer(Protocol):
    """The thread of a call as whoever performs it sees it."""

    @property
    def active(self) -> Any:
        """What `run_native` was given for the code that this thread runs; None outside of it."""

    def run_native(self, function: Any, natives: Sequence[Any], scope: Any) -> Any:
        """Enter the code that was called; callbacks of this thread belong to `scope` meanwhile."""

    def call_back(self, delegate: int, arguments: list[Any], payloads: Sequence[Any]) -> Received:
        """Ask the client whose call this thread runs, serving its nested calls meanwhile (R9.10).

        Raises Gone when the session ends, LocalProtocolError when the arguments cannot be sent.
        """


class Exports(Protocol):
    """The objects that sessions hold references to. Thread-safe."""

    def release(self, references: Iterable[tuple[int, int]], session: bytes) -> None:
        """A session gives references back (R17.11). Raises RemoteProtocolError when more come back than were sent."""

    def hold(self, numbers: Iterable[int]) -> Callable[[], None]:
        """R17.13: keep objects that an answer names, whatever is given back before it is read; what lets them go."""

    def drop_session(self, session: bytes) -> None:
        """A session is gone: whatever only it held ends."""


Perform: TypeAlias = Callable[[Any, Conversation, Call, Sequence[Any]], Frames | None]
"""Performs a call on a Performer: the frames of its answer, or None when nobody is left to answer."""

Ask: TypeAlias = Callable[[Session, ExitStack, int, list[Any], Sequence[Any]], Received]
"""Asks a session beside its calls and sleeps until the answer is there. Raises Gone, LocalProtocolError.

The objects that the answer names are held until the stack is closed, when it was read.
"""

Tell: TypeAlias = Callable[[Session, int, list[Any], Sequence[Any], Callable[[], None]], None]
"""Calls something of a session's without waiting; the last is called when it was answered or never will be.

Raises LocalProtocolError when it cannot be sent.
"""

BrokeOff: TypeAlias = Callable[[Session, int, str], None]
"""Tells a session that this process has closed one of its channels, and why. From any thread."""

Notify: TypeAlias = Callable[[Session, str, str], None]
"""Tells people: a session, a level of Python's logging, and the text. From any thread."""
