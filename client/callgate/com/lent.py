"""Objects of this process that native code of one host holds (R14.14), until the host gives them back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from callgate.errors import ObjectGone
from callgate.threads import here
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.rpccodes import Code

if TYPE_CHECKING:
    from callgate.inbox import Inbox

__all__ = ["Lent"]


class _Entry:
    """One object; `times` counts how often it was sent and not given back."""

    __slots__ = ("disconnected", "number", "owner", "times", "value")

    def __init__(self, number: int, value: Any) -> None:
        self.number = number
        self.value = value
        self.owner = here.inbox
        """The STA that has handed it out first, where its methods run (R15.2); None in the MTA."""
        self.times = 0
        self.disconnected = False


class Lent:
    """The table. Thread-safe.

    A host gives an object back beside the answers of its calls, so the two may overtake each other: what comes home in
    an answer may have been given back already. An object is therefore forgotten when the calls that were under way
    when it was given back have ended.
    """

    def __init__(self, numbers: itertools.count[int]) -> None:
        self._numbers = numbers
        self._lock = threading.Lock()
        self._by_number: dict[int, _Entry] = {}
        self._by_identity: dict[int, _Entry] = {}
        self._flights: dict[int, None] = {}
        self._last = 0
        self._leaving: list[tuple[int, _Entry]] = []
        self.on_use: Callable[[bool], None] = lambda _used: None
        """Told when the first object is held, and when none is any more; takes no lock."""

    def __len__(self) -> int:
        """How many objects native code holds."""
        return len(self._by_identity)

    @property
    def is_used(self) -> bool:
        """Whether an answer might bring an object home."""
        return bool(self._by_number)

    def send(self, value: Any) -> int:
        """The number of an object, which is sent once more; the same object is the same number while it is held."""
        with self._lock:
            entry = self._by_identity.get(id(value))
            if entry is None:
                if not self._by_number:
                    self.on_use(True)
                entry = _Entry(next(self._numbers), value)
                self._by_identity[id(value)] = self._by_number[entry.number] = entry
            entry.times += 1
            return entry.number

    def number_of(self, value: Any) -> int:
        """The number of an object that the host holds; 0 for another."""
        with self._lock:
            entry = self._by_identity.get(id(value))
            return 0 if entry is None else entry.number

    def find(self, number: Any) -> Any:
        """The object of that number. Raises KeyError, and ObjectGone when its owner has disconnected it (R17.24)."""
        entry = self._by_number[number]
        value = entry.value  # read before the flag, which is set before the value goes
        if entry.disconnected:
            text = f"object {number} was disconnected by its owner (RPC_E_DISCONNECTED, R17.24)"
            raise ObjectGone(text, hresult=Code.RPC_E_DISCONNECTED.signed)
        return value

    def disconnect(self, value: Any) -> bool:
        """R17.24: whoever holds the object reaches it no more; sent again, it is another one. False if nobody does."""
        with self._lock:
            entry = self._by_identity.pop(id(value), None)
            if entry is not None:
                entry.disconnected, entry.value = True, None
        return entry is not None

    def owner(self, number: int) -> Inbox | None:
        """The STA in which the methods of an object run."""
        entry = self._by_number.get(number)
        return None if entry is None else entry.owner

    def give_back(self, references: Iterable[list[int]]) -> None:
        """The host holds so many less of each. Raises RemoteProtocolError when that is more than it had."""
        gone: list[_Entry] = []
        with self._lock:
            for number, times in references:
                entry = self._by_number.get(number)
                if entry is None or times > entry.times:
                    raise RemoteProtocolError(f"object {number} of the client was given back more often than sent")
                entry.times -= times
                if entry.times == 0:
                    if not entry.disconnected:
                        del self._by_identity[id(entry.value)]
                    self._leaving.append((self._last, entry))
            self._settle(gone)
        gone.clear()  # outside of the lock: what is collected now may send something itself

    def take_back(self, wire: Any) -> None:
        """What a message mentions that was never sent."""
        self.give_back([number, 1] for number in _objects_in(wire))

    def depart(self) -> int:
        """A call is under way whose answer may bring objects home."""
        with self._lock:
            self._last += 1
            self._flights[self._last] = None
            return self._last

    def land(self, flight: int) -> None:
        """Its answer was read."""
        gone: list[_Entry] = []
        with self._lock:
            del self._flights[flight]
            if self._leaving:
                self._settle(gone)
        gone.clear()

    def _settle(self, gone: list[_Entry]) -> None:
        oldest = next(iter(self._flights), self._last + 1)
        stay = []
        for leaving in self._leaving:
            if leaving[0] >= oldest:
                stay.append(leaving)
                continue
            del self._by_number[leaving[1].number]
            gone.append(leaving[1])
        self._leaving = stay
        if gone and not self._by_number:
            self.on_use(False)


def _objects_in(wire: Any) -> Iterator[int]:
    """The number of every object in a wire value, once for each time it stands there."""
    if isinstance(wire, list | tuple):
        for each in wire:
            yield from _objects_in(each)
    elif isinstance(wire, dict) and type(wire.get("object")) is int:
        yield wire["object"]
