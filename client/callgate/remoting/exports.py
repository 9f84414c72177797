"""The objects of this process that others hold references to, numbered and counted (R17.3, R17.13)."""

from __future__ import annotations

import itertools
import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from callgate.errors import ObjectGone
from callgate.threads import here
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.references import CLAIM_SECONDS, ExportTable, Purpose, Reference
from callgate_protocol.rpccodes import Code

if TYPE_CHECKING:
    from callgate.inbox import Inbox

__all__ = ["Exports"]

_FIRST_WEAK: Final = 1 << 62
"""Numbers of references that keep nothing; who claims one gets the object's own."""
_LOCKS = b"locks"
"""Stands for a session: what this process keeps for others (R17.24)."""
_HERE = b"here"
"""Stands for a session: what this process holds for the moment."""
_ANSWERS = b"answers"
"""Stands for a session: answers that name objects and are not read yet."""


class Exports:
    """One table for the process; what each session holds is counted there. Implements `serving.roles.Exports`.

    An object that somebody holds lives here, so that its identity stays its own (R14.9): the same object is the same
    number until nobody holds it any more.
    """

    def __init__(self, incarnation: bytes) -> None:
        self.incarnation = incarnation
        self._lock = threading.Lock()
        self._table: ExportTable[Any] = ExportTable(incarnation)
        self._numbers: dict[int, int] = {}
        self._homes: dict[int, Inbox] = {}
        self._disconnected: set[int] = set()
        self._weak: dict[bytes, tuple[weakref.ref[Any], str]] = {}
        """What was handed over without being kept (R17.6): nobody holds it in the table."""
        self._weak_numbers = itertools.count(_FIRST_WEAK)
        self.on_handed: Callable[[], None] = lambda: None
        """Has `expire` called when it is time."""

    def __len__(self) -> int:
        return len(self._table)

    def refer(self, value: Any, interface: str, holder: bytes) -> Reference:
        """A reference to an object; counts one more for the holder: a session, or a token of a hand-over."""
        with self._lock:
            return self._table.send(self._number(value), interface, holder)

    def number_of(self, value: Any) -> int:
        """The number of an object that somebody holds; 0 for another."""
        with self._lock:
            return self._numbers.get(id(value), 0)

    def _number(self, value: Any) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = self._table.add(value)
            if here.inbox is not None:
                self._homes[number] = here.inbox
        return number

    def home(self, number: int) -> Inbox | None:
        """The STA that has handed the object out first, where its methods run (R15.8)."""
        return self._homes.get(number)

    def find(self, number: Any) -> Any:
        """The object of that number. Raises ObjectGone, with RPC_E_DISCONNECTED when its owner has disconnected it."""
        value = self._table.get(number) if type(number) is int else None
        if value is None and number in self._disconnected:
            text = f"object {number} was disconnected by its owner (RPC_E_DISCONNECTED, R17.24)"
            raise ObjectGone(text, hresult=Code.RPC_E_DISCONNECTED.signed)
        if value is None:
            state = "is gone: it was released, or its owner disconnected it" if self._knew(number) else "never existed"
            raise ObjectGone(f"object {number} {state}")
        return value

    def _knew(self, number: Any) -> bool:
        return type(number) is int and self._table.knew(number)

    def release(self, references: Iterable[tuple[int, int]], session: bytes) -> None:
        """A session gives references back (R17.9). Raises RemoteProtocolError when more come back than were sent."""
        with self._lock:
            gone = [self._table.release(number, count, session) for number, count in references]
            self._forget(gone)
        gone.clear()  # outside of the lock: what is collected now may release something here

    def hold(self, numbers: Iterable[int]) -> Callable[[], None]:
        """See `roles.Exports`."""
        with self._lock:
            held = self._table.hold(numbers, _ANSWERS)
        return lambda: self.release(held, _ANSWERS)

    def hand_over(self, value: Any, interface: str, purpose: Purpose = Purpose.NORMAL) -> tuple[int, bytes]:
        """R17.12: the object's number, and a token by which a third process claims a reference to it."""
        token = os.urandom(16)
        if purpose is Purpose.WEAK:
            with self._lock:
                self._weak[token] = weakref.ref(value), interface
            return next(self._weak_numbers), token
        with self._lock:
            expires = time.monotonic() + CLAIM_SECONDS if purpose is Purpose.NORMAL else math.inf
            self._table.hand_over(self._number(value), interface, token, expires, purpose)
            number = self._numbers[id(value)]
        self.on_handed()
        return number, token

    def claim(self, token: Any, holder: bytes) -> Reference:
        """R17.13: what was handed over, counted for its receiver now. Raises ObjectGone."""
        with self._lock:
            reference = self._claimed(token, holder) if type(token) is bytes else None
        if reference is None:
            text = "nothing was handed over by that token, or it is gone (CO_E_OBJNOTCONNECTED, R17.6)"
            raise ObjectGone(text, hresult=Code.CO_E_OBJNOTCONNECTED.signed)
        return reference

    def _claimed(self, token: bytes, holder: bytes) -> Reference | None:
        found, interface = self._weak.get(token, (None, ""))
        if found is None:
            return self._table.claim(token, holder)
        value = found()
        return None if value is None else self._table.send(self._number(value), interface, holder)

    def withdraw(self, token: bytes) -> None:
        """R17.6: nobody claims it any more."""
        with self._lock:
            self._weak.pop(token, None)
            gone = self._table.withdraw(token)
            self._forget(gone)
        gone.clear()

    def take_claimed(self, token: Any) -> Any:
        """The object of a token, for this process itself."""
        return self.claimed_at_home(token)[0]

    def claimed_at_home(self, token: Any) -> tuple[Any, Inbox | None]:
        """The same for a peer that holds it in another way, and the STA that it lives in (R15.8)."""
        reference = self.claim(token, _HERE)
        found = self.find(reference.object), self.home(reference.object)
        self.release([(reference.object, 1)], _HERE)
        return found

    @property
    def handed(self) -> int:
        """References that wait to be claimed."""
        return self._table.handed

    def expire(self) -> None:
        """R17.14: give back what nobody has claimed in time."""
        with self._lock:
            gone = self._table.expire(time.monotonic())
            self._forget(gone)
        gone.clear()

    def take_back(self, numbers: Iterable[int], session: bytes) -> None:
        """References that were put into a message that is not sent; a session that is gone has given all back."""
        for number in numbers:
            try:
                self.release([(number, 1)], session)
            except RemoteProtocolError:
                return

    def drop_session(self, session: bytes) -> None:
        """A session is gone: whatever only it held is forgotten, at once (R17.23)."""
        with self._lock:
            gone = self._table.drop_session(session)
            self._forget(gone)
        gone.clear()

    def disconnect(self, value: Any) -> bool:
        """R17.24: nobody reaches the object any more, whoever holds it; False when nobody did."""
        with self._lock:
            number = self._numbers.pop(id(value), None)
            if number is None:
                return False
            self._disconnected.add(number)
            self._homes.pop(number, None)
            return self._table.remove(number) is not None

    def lock(self, value: Any, interface: str) -> None:
        """R17.24: keep an object for others although nobody holds it. Each lock needs its own `unlock`."""
        self.refer(value, interface, _LOCKS)

    def unlock(self, value: Any) -> None:
        """R17.24: one lock less. Raises LookupError when there is none."""
        with self._lock:
            number = self._numbers.get(id(value))
        try:
            self.release([(number or 0, 1)], _LOCKS)
        except RemoteProtocolError:
            number = None
        if number is None:
            raise LookupError(f"a {type(value).__name__} is not locked for others")

    def _forget(self, gone: Iterable[Any]) -> None:
        for value in gone:
            if value is not None:
                self._homes.pop(self._numbers.pop(id(value), 0), None)
