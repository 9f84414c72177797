"""What this process and one host hold of each other, and give back.

Of the host: proxies of its objects, one per object. Of ours: the callables that native code can call, and the objects
that it carries.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.references import ImportTable, Reference

if TYPE_CHECKING:
    from .lines import Session
    from .plan import DelegatePlan
    from .retained import Retained

__all__ = ["Holdings", "references_in"]

_P = TypeVar("_P")


class Holdings:
    """Belongs to one host. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self.delegates: dict[int, tuple[Callable[..., Any], DelegatePlan]] = {}
        """Python callables that native code can call, by number."""
        self.contexts: dict[int, Any] = {}
        """Objects that native code carries (R9.13), by token."""
        self.retained: dict[tuple[int, int], Retained] = {}
        """Callables that native code may call until they are released."""
        self._kept_for: dict[int, list[int]] = {}
        """Delegates that live as long as a handle, by its number (R9.5)."""
        self._session = session
        self._incarnation = session.incarnation
        self._imports: ImportTable[Any] = ImportTable()
        self._lock = threading.Lock()
        self._kept: set[Any] = set()
        self.numbers = itertools.count(1)
        """Of delegates, tokens and objects; none is used twice."""

    @property
    def imported(self) -> int:
        """How many objects of the host are not given back yet."""
        return len(self._imports)

    def proxy(self, reference: Reference, make: Callable[[], _P], prompt: bool = False) -> _P:
        """The one proxy of an object. Raises RemoteProtocolError for another incarnation's reference.

        `prompt`: when it is collected, the host is told at once and not with the next call (R10.8).
        """
        if reference.incarnation != self._incarnation:
            raise RemoteProtocolError("a reference of another host came over this host's session")
        with self._lock:
            proxy: _P = self._imports.receive(reference, make, self._collected if prompt else None)
            return proxy

    def known(self, number: int) -> Any:
        """The proxy of an object while it lives; None when there is none."""
        with self._lock:
            return self._imports.get(number)

    def _collected(self, held: Any) -> None:
        self._imports.collected.append(held)
        self._session.post(self._give_back)  # this runs inside the garbage collector, so it must take no lock

    def _give_back(self) -> None:
        self._session.release(self.take_releases())

    @property
    def has_collected(self) -> bool:
        """Whether `take_releases` has something to give."""
        return bool(self._imports.collected)

    def take_releases(self) -> list[list[int]]:
        """What to give back for the proxies that were collected since the last time."""
        with self._lock:
            return self._imports.take_releases()

    def give_back_one(self, number: int) -> int:
        """R14.12: one receipt less of an object; how many are left. The last one is kept for `give_back_all`."""
        with self._lock:
            left = self._imports.give_up(number)
        if left:
            self._session.release([[number, 1]])
        return left

    def give_back_all(self, number: int) -> int:
        """How many receipts there were; none is left, and the proxy is not known any more."""
        with self._lock:
            return self._imports.forget(number)

    def lend(self, call: Callable[..., Any], plan: DelegatePlan) -> int:
        """Give a callable a number by which native code can call it."""
        number = next(self.numbers)
        self.delegates[number] = (call, plan)
        return number

    def carry(self, value: Any) -> int:
        """A token for an object of this process."""
        token = next(self.numbers)
        self.contexts[token] = value
        return token

    def keep(self, pointer: Any) -> None:
        """Hold on to a callback pointer until `drop`."""
        self._kept.add(pointer)

    def keep_for(self, handle: int, delegates: list[int]) -> None:
        """These delegates live as long as the handle."""
        self._kept_for.setdefault(handle, []).extend(delegates)

    def closed(self, handle: int) -> None:
        """The handle is gone, and with it what was kept for it."""
        for number in self._kept_for.pop(handle, ()):
            self.delegates.pop(number, None)

    def drop(self, number: int, pointer: Any) -> None:
        """Native code will not call this delegate again."""
        self.delegates.pop(number, None)
        self._kept.discard(pointer)


def references_in(value: Any) -> list[list[int]]:
    """[object, times] of every reference inside a wire value."""
    if isinstance(value, dict) and isinstance(value.get("ref"), list):
        return [[value["ref"][1], value["ref"][3]]]
    if isinstance(value, list | tuple):
        return [found for each in value for found in references_in(each)]
    return []
