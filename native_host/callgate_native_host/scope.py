"""What one conversion run holds on to: memory until the call ends, bulk frames both ways, references it handed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from callgate_protocol.errors import Fault
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_transport.serving.session import Session

from .faults import Mismatch, expected
from .ledger import Ledger
from .lives import Use
from .objects import Entry, Kept
from .poison import POISONED, spoil
from .thunks import Thunk

__all__ = ["NOBODY", "Room", "Scope", "Undo"]

Undo: TypeAlias = Callable[[], None]

_INLINE_BYTES: Final = 1024
"""Binary values up to this length travel inside the message, longer ones as bulk frames."""


NOBODY: Final = Session(b"", DEFAULT_LIMITS, lambda: None)
"""Whose conversions are made beside all calls."""


class Room(NamedTuple):
    """What lies behind a pointer that the client gave, or that was made for it."""

    memory: Any
    """What we made, as the passing that made it needs it; None for memory that lived before."""
    length: int | None
    """How many elements it has; None where only native code knows."""
    readable: bool = True
    """False for a library's magic pointer, which is never followed."""


class Scope:
    """One call, callback or field access. What it holds is let go of when it ends, unless a block takes it over."""

    __slots__ = (
        "bulk",
        "closing",
        "copies",
        "entered",
        "failure",
        "given",
        "handle",
        "iid",
        "inline",
        "keep",
        "lasting",
        "lasting_thunks",
        "ledger_used",
        "lent",
        "lives",
        "owning",
        "payloads",
        "received",
        "references",
        "replaceable",
        "rooms",
        "session",
        "thunks",
    )

    def __init__(self, session: Session, payloads: Sequence[Any] = (), *, lasting: bool = False) -> None:
        self.session = session
        self.payloads = payloads
        self.lasting = lasting
        """Whether text outlives the scope: what a callback hands out belongs to native code (R9.8)."""
        self.replaceable = False
        """Whether native code may free what is converted now and put its own in its place (R5.8, R5.19, R6.13)."""
        self.owning = False
        """Whether what native code gives now is ours to free (R8.1): what a call hands out, not what is looked at."""
        self.keep: list[Any] = []
        """Memory that native code may use until the end (R1.17)."""
        self.rooms: dict[int, Room] = {}
        """Memory behind the pointers of this call, by parameter index."""
        self.thunks: list[Thunk] = []
        """Function pointers that are valid until the end."""
        self.lasting_thunks: list[Thunk] = []
        """Function pointers that native code keeps (R9.5)."""
        self.lent: list[Undo] = []
        """How to take back what becomes native code's own, should it never get there (R1.14)."""
        self.ledger_used: Ledger | None = None
        """See `ledger`; None as long as nobody asked for it."""
        self.copies: set[int] = set()
        """Texts given that a deallocator of native code must not see."""
        self.given: frozenset[int] = frozenset()
        """Where the copies lie that native code was given to look at, for calls that hand out memory (R8.4)."""
        self.handle: Entry | None = None
        """The first handle among the arguments: what is to be kept is kept with it."""
        self.lives: list[Use] = []
        """Objects that must not end before this does (R10.2)."""
        self.closing: list[Entry] = []
        """Handles that this call ends."""
        self.entered: Sequence[Any] = ()
        """The C side of the arguments that were converted so far, left to right."""
        self.iid: str | None = None
        """Which interface a pointer of the call really is, while it is converted (R1.23)."""
        self.received: list[int] = []
        """Objects of the client that were taken in, once for each time they were sent."""
        self.references: list[int] = []
        """Objects whose references stand in the answer."""
        self.bulk: list[Any] = []
        """Bulk frames of the answer."""
        self.inline = 0
        self.failure: Fault | None = None
        """The first callback of this call that failed."""

    @property
    def ledger(self) -> Ledger:
        """The blocks that this call has to free (R8.4)."""
        if self.ledger_used is None:
            self.ledger_used = Ledger()
        return self.ledger_used

    def binary(self, wire: Any) -> Any:
        """The bytes of a wire value, wherever they travelled. Raises Mismatch."""
        if type(wire) is bytes:
            return wire
        index = wire.get("payload") if type(wire) is dict else None
        if type(index) is not int or not 0 <= index < len(self.payloads):
            raise expected("binary", wire)
        return self.payloads[index]

    def give(self, data: Any) -> Any:
        """The wire value of bytes: themselves when short, else the number of a bulk frame.

        A message has a bounded header and a bounded number of bulk frames; many middle-sized values use both up.
        """
        size, limits = len(data), self.session.limits
        crowded = len(self.bulk) >= limits.payloads
        if size <= _INLINE_BYTES or (crowded and size <= limits.header_bytes // 2 - self.inline):
            self.inline += size
            return bytes(data)
        if crowded:
            raise Mismatch(f"there are more than {limits.payloads} long binary values in one answer")
        self.bulk.append(bytes(data) if POISONED else data)
        return {"payload": len(self.bulk) - 1}

    def take_kept(self) -> Kept:
        """Hand over what the scope keeps alive; it keeps nothing any more."""
        if self.ledger_used is not None:
            self.keep.append(self.ledger_used.hand_over())
        kept = Kept(self.keep, self.thunks, self.lives)
        self.keep, self.thunks, self.lives = [], [], []
        return kept

    def hand_over(self) -> None:
        """Native code gets everything now: what it may keep is no longer taken back."""
        self.lent.clear()
        thunks, self.lasting_thunks = self.lasting_thunks, []
        for thunk in thunks:
            if self.handle is not None:
                self.handle.thunks.append(thunk)
            else:
                self.session.keep_until_end(thunk.release)

    def end(self) -> None:
        """Let go of what was held; memory goes with the scope itself."""
        for thunk in self.thunks:
            thunk.release()
        for thunk in self.lasting_thunks:
            thunk.release()
        for life in self.lives:
            life.done()
        for undo in self.lent:
            undo()
        if self.ledger_used is not None:
            self.ledger_used.end(entered=not self.lent)  # nothing is lent any more once native code was entered
        if POISONED:
            spoil(self.keep)
