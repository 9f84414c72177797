"""Apartments (R15.2 to R15.4): which there are in a process, and which of them a thread is in."""

from __future__ import annotations

from enum import Enum
from typing import Final

from .rpccodes import Code, refusal
from .value import Value

__all__ = ["MANY_CROSSINGS", "MTA", "NEUTRAL", "Apartment", "Apartments", "Kind", "advice", "kind_of"]

MANY_CROSSINGS: Final = 10_000
"""R15.13: calls of one object from another apartment after which it is time to say so, once."""


class Kind(Enum):
    """How calls to the objects of an apartment are serialised (R15.2)."""

    STA = "sta"
    """One thread; calls wait in its queue."""
    MTA = "mta"
    """Any number of threads at once. A process has one at most."""
    NEUTRAL = "neutral"
    """No thread of its own: callers enter on theirs."""


class Apartment(Value):
    """One apartment of a process."""

    kind: Kind
    number: int = 0
    """Which STA, counted from 1 in the order in which they were made; 0 for the others."""

    def __str__(self) -> str:
        return f"{self.kind.value} {self.number}" if self.kind is Kind.STA else self.kind.value


MTA: Final = Apartment(Kind.MTA)
NEUTRAL: Final = Apartment(Kind.NEUTRAL)


def kind_of(name: str) -> Kind:
    """What a thread or library may be declared as (R15.4). Raises ValueError for another word."""
    if name not in (Kind.STA.value, Kind.MTA.value):
        raise ValueError(f'an apartment is "sta" or "mta", not {name!r} (R15.4)')
    return Kind(name)


class _Member:
    """A thread that was initialised."""

    __slots__ = ("apartment", "times")

    def __init__(self, apartment: Apartment) -> None:
        self.apartment = apartment
        self.times = 1


class Apartments:
    """The apartments of one process and their threads. Threads are numbers that the caller chooses."""

    def __init__(self) -> None:
        self._members: dict[int, _Member] = {}
        self._made = 0
        self.main: Apartment | None = None
        """The main STA: the first one that was made (R15.2), as long as it lives."""

    def initialise(self, thread: int, kind: Kind) -> Code:
        """R15.3: S_OK, S_FALSE when the thread is in an apartment of that kind, RPC_E_CHANGED_MODE for another."""
        member = self._members.get(thread)
        if member is None:
            self._members[thread] = _Member(self._apartment(kind))
            return Code.S_OK
        if member.apartment.kind is not kind:
            return Code.RPC_E_CHANGED_MODE
        member.times += 1
        return Code.S_FALSE

    def _apartment(self, kind: Kind) -> Apartment:
        if kind is not Kind.STA:
            return Apartment(kind)
        self._made += 1
        made = Apartment(Kind.STA, self._made)
        self.main = self.main or made
        return made

    def uninitialise(self, thread: int) -> bool:
        """Balance one S_OK or S_FALSE (R15.3); whether it was the last one, after which the thread is to `leave`."""
        member = self._members[thread]
        member.times -= 1
        return not member.times

    def leave(self, thread: int) -> Apartment | None:
        """A thread has ended, however often it was initialised; the apartment if it ended with it (R15.19)."""
        member = self._members.pop(thread, None)
        if member is None or any(each.apartment == member.apartment for each in self._members.values()):
            return None
        if member.apartment == self.main:
            self.main = None
        return member.apartment

    def of(self, thread: int) -> Apartment:
        """Where a thread is. One that was not initialised is in the MTA, if there is one (R15.3).

        Raises Fault (CO_E_NOTINITIALIZED).
        """
        member = self._members.get(thread)
        if member is not None:
            return member.apartment
        if not self.has_mta:
            raise refusal(Code.CO_E_NOTINITIALIZED, "the thread is in no apartment; initialise it first (R15.3)")
        return MTA

    def known(self, thread: int) -> bool:
        """Whether the thread was initialised."""
        return thread in self._members

    @property
    def has_mta(self) -> bool:
        """Whether some thread made the MTA."""
        return any(member.apartment == MTA for member in self._members.values())

    @property
    def alive(self) -> frozenset[Apartment]:
        """All apartments that have a thread."""
        return frozenset(member.apartment for member in self._members.values())


def advice(label: str) -> str:
    """R15.13: what is said then."""
    return (
        f"{label} was called {MANY_CROSSINGS} times from another apartment, and each of these calls changes threads; "
        "make it in the apartment that calls it most (callgate.set_apartment, @callgate.sta_thread), or say Free or "
        "Both where its class allows that (R15.13)"
    )
