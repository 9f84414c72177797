"""References: what an object's name looks like between processes, and the tables that count them.

An object belongs to one incarnation of one process, its owner, and only the owner counts. Every time the owner sends a
reference its count grows; the holder gives all it received back in one `release`. Ids come from a counter, never from
an address, and are never used again, so a late release or an old reference can never meet another object.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, Final, Generic, NamedTuple, TypeVar

from .errors import RemoteProtocolError

__all__ = [
    "CLAIM_SECONDS",
    "ExportTable",
    "ImportTable",
    "Purpose",
    "Reference",
    "addresses_in",
    "read_address",
    "read_reference",
]


class Reference(NamedTuple):
    """One object's name, as it crosses the wire (R17.2, R17.3)."""

    incarnation: bytes
    """16 bytes: which life of which process owns the object."""
    object: int
    """The owner's number for it, never used twice."""
    interface: str
    """What it is: the name of an opaque type or struct, "" for plain memory, "code:" and a delegate's name for code."""
    times: int
    """How many times this sending counts, at least 1."""
    token: bytes | None
    """Proof of a hand-over to a third process; None towards the process that asked."""
    routes: list[str]
    """Ways to the owner, best first; empty for the connection it came by."""


def read_reference(wire: Any) -> tuple[Reference, int]:
    """The reference and offset of `{"ref": […], "offset": n}`. Raises RemoteProtocolError when malformed."""
    if not isinstance(wire, dict) or not isinstance(wire.get("ref"), list) or len(wire["ref"]) != 6:
        raise RemoteProtocolError("expected a reference of six fields")
    incarnation, number, interface, count, token, routes = wire["ref"]
    offset = wire.get("offset", 0)
    sound = (
        type(incarnation) is bytes
        and len(incarnation) == 16
        and type(number) is int
        and number > 0
        and type(interface) is str
        and type(count) is int
        and count > 0
        and (token is None or type(token) is bytes)
        and type(routes) is list
        and type(offset) is int
    )
    if not sound:
        raise RemoteProtocolError("a field of a reference does not hold what it must")
    return Reference(incarnation, number, interface, count, token, routes), offset


def read_address(wire: Any) -> tuple[int, int]:
    """The object and offset of `{"at": [object, offset]}`. Raises RemoteProtocolError when malformed."""
    place = wire.get("at") if isinstance(wire, dict) else None
    if type(place) is not list or len(place) != 2 or type(place[0]) is not int or type(place[1]) is not int:
        raise RemoteProtocolError("expected an address: {'at': [object, offset]}")
    return place[0], place[1]


def addresses_in(value: Any) -> list[int]:
    """The object of every address inside a wire value."""
    if isinstance(value, dict):
        place = value.get("at")
        if type(place) is list and len(place) == 2 and type(place[0]) is int:
            return [place[0]]
    if isinstance(value, list):
        return [found for each in value for found in addresses_in(each)]
    return []


_T = TypeVar("_T")


class Purpose(IntEnum):
    """What a reference is made for that leaves its process (R17.6)."""

    NORMAL = 0
    """To be claimed once."""
    STRONG = 1
    """To be claimed as often as wanted; it keeps the object until it is withdrawn."""
    WEAK = 2
    """The same, and the object goes when nobody else holds it."""


class _Handed(NamedTuple):
    """What somebody gave away that has not arrived yet."""

    object: int
    interface: str
    expires: float
    purpose: Purpose


CLAIM_SECONDS: Final = 360.0
"""How long a reference that was handed over waits for its receiver (R17.14)."""


class ExportTable(Generic[_T]):
    """The owner's side: objects by number, with the references each session holds."""

    def __init__(self, incarnation: bytes) -> None:
        self._incarnation = incarnation
        self._objects: dict[int, _T] = {}
        self._counts: dict[int, dict[bytes, int]] = {}
        self._handed: dict[bytes, _Handed] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._objects)

    def add(self, entry: _T) -> int:
        """Give an object its number; no session holds it yet."""
        self._last += 1
        self._objects[self._last] = entry
        self._counts[self._last] = {}
        return self._last

    def get(self, number: int) -> _T | None:
        """The object of that number, or None when it is gone or never was."""
        return self._objects.get(number)

    def knew(self, number: int) -> bool:
        """Whether the number was ever given to an object."""
        return 0 < number <= self._last

    def send(self, number: int, interface: str, session: bytes) -> Reference:
        """The reference to put on the wire; counts one more for the session."""
        counts = self._counts[number]
        counts[session] = counts.get(session, 0) + 1
        return Reference(self._incarnation, number, interface, 1, None, [])

    def hold(self, numbers: Iterable[int], holder: bytes) -> list[tuple[int, int]]:
        """Count once more for somebody who is no session; what to `release` for it, without what is gone already."""
        held = [number for number in numbers if number in self._objects]
        for number in held:
            self.send(number, "", holder)
        return [(number, 1) for number in held]

    def hand_over(
        self, number: int, interface: str, token: bytes, expires: float, purpose: Purpose = Purpose.NORMAL
    ) -> None:
        """R17.12: a reference for a third process, which claims it by the token; until then that holds the object."""
        if purpose is not Purpose.WEAK:
            self.send(number, interface, token)
        self._handed[token] = _Handed(number, interface, expires, purpose)

    def claim(self, token: bytes, session: bytes) -> Reference | None:
        """R17.13: what was handed over is the session's now; None when it was claimed or has expired, or is gone."""
        handed = self._handed.get(token)
        if handed is None or handed.object not in self._objects:
            return None
        reference = self.send(handed.object, handed.interface, session)
        if handed.purpose is Purpose.NORMAL:
            del self._handed[token]
            self.release(handed.object, 1, token)
        return reference

    def withdraw(self, token: bytes) -> list[_T]:
        """R17.6: the token is good for nothing any more; the objects that nobody holds now."""
        self._handed.pop(token, None)
        return self.drop_session(token)

    def expire(self, now: float) -> list[_T]:
        """R17.14: what nobody has claimed in time is given back; the objects that nobody holds any more."""
        late = [token for token, handed in self._handed.items() if handed.expires <= now]
        return [entry for token in late for entry in self.withdraw(token)]

    @property
    def handed(self) -> int:
        """How many references wait to be claimed."""
        return sum(handed.purpose is not Purpose.WEAK for handed in self._handed.values())

    def release(self, number: int, count: int, session: bytes) -> _T | None:
        """A session gives references back. Returns the object when nobody holds it any more (it is then removed).

        Raises RemoteProtocolError when none or more come back than were sent; a number that is gone is no error.
        """
        if count < 1:
            raise RemoteProtocolError(f"object {number}: {count} references given back")
        counts = self._counts.get(number)
        if counts is None:
            return None
        held = counts.get(session, 0)
        if count > held:
            raise RemoteProtocolError(f"object {number}: {count} references given back, {held} were out")
        if count < held:
            counts[session] = held - count
            return None
        counts.pop(session, None)
        return self.remove(number) if not counts else None

    def drop_session(self, session: bytes) -> list[_T]:
        """A session is gone: give all its references back; returns the objects nobody holds any more."""
        held = [(number, counts[session]) for number, counts in self._counts.items() if session in counts]
        gone = [self.release(number, count, session) for number, count in held]
        return [entry for entry in gone if entry is not None]

    def remove(self, number: int) -> _T | None:
        """End an object's life whoever holds it; its number stays used."""
        self._counts.pop(number, None)
        return self._objects.pop(number, None)


class _Held(weakref.ref[Any]):
    """A weak hold on a proxy, and how many times its reference was received."""

    __slots__ = ("count", "number")
    number: int
    count: int


class ImportTable(Generic[_T]):
    """The holder's side: one proxy per object, weakly held, and the counts to give back when it is collected.

    The garbage collector may run anywhere, so a dying proxy only lands in `collected`; whoever sends next takes it from
    there. The table itself is not locked: its owner lets one thread at a time into `receive` and `take_releases`.
    """

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self.collected: deque[weakref.ref[Any]] = deque()
        """Weak references of collected proxies whose counts have not been given back yet."""

    def __len__(self) -> int:
        return len(self._held)

    def get(self, number: int) -> _T | None:
        """The proxy of that object while it lives."""
        held = self._held.get(number)
        return None if held is None else held()

    def receive(
        self, reference: Reference, make: Callable[[], _T], collected: Callable[[Any], None] | None = None
    ) -> _T:
        """The one proxy for a reference; `make()` builds it when there is none.

        `collected` is called when that one is, and puts what it gets into `collected` itself.
        """
        held = self._held.get(reference.object)
        proxy: _T | None = None if held is None else held()
        if proxy is None or held is None:
            proxy = make()
            held = _Held(proxy, collected or self.collected.append)
            held.number, held.count = reference.object, 0
            self._held[reference.object] = held
        held.count += reference.times
        return proxy

    def give_up(self, number: int) -> int:
        """One receipt less, if there is another; how many are left after it (R14.12)."""
        held = self._held.get(number)
        if held is None:
            return 0
        if held.count > 1:
            held.count -= 1
            return held.count
        return 0

    def forget(self, number: int) -> int:
        """The proxy stands for nothing any more: how many receipts are to be given back."""
        held = self._held.pop(number, None)
        if held is None:
            return 0
        count, held.count = held.count, 0
        return count

    def take_releases(self) -> list[list[int]]:
        """What to put into a `release`: object numbers and counts of the proxies collected since the last time."""
        releases: list[list[int]] = []
        while self.collected:
            held = self.collected.popleft()
            assert isinstance(held, _Held)
            if held.count:
                releases.append([held.number, held.count])
            if self._held.get(held.number) is held:
                del self._held[held.number]
        return releases
