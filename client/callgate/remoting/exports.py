"""The objects of this process that others hold references to, numbered and counted (R17.3, R17.13)."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from callgate.errors import ObjectGone
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.references import ExportTable, Reference

__all__ = ["Exports"]


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

    def __len__(self) -> int:
        return len(self._table)

    def refer(self, value: Any, interface: str, holder: bytes) -> Reference:
        """A reference to an object; counts one more for the holder: a session, or a token of a hand-over."""
        with self._lock:
            number = self._numbers.get(id(value))
            if number is None:
                number = self._numbers[id(value)] = self._table.add(value)
            return self._table.send(number, interface, holder)

    def find(self, number: Any) -> Any:
        """The object of that number. Raises ObjectGone."""
        value = self._table.get(number) if type(number) is int else None
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
            return number is not None and self._table.remove(number) is not None

    def _forget(self, gone: Iterable[Any]) -> None:
        for value in gone:
            if value is not None:
                self._numbers.pop(id(value), None)
