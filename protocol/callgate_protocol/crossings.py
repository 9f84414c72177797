"""Interface pointers between the apartments of one process: who may use them, and how they move (R15.9, R15.11)."""

from __future__ import annotations

from typing import Final, Generic, NamedTuple, TypeVar

from .apartments import NEUTRAL, Apartment
from .rpccodes import Code, refusal

__all__ = ["Held", "Pledges", "Registrations", "check_here"]

_COOKIES: Final = 1 << 32
"""A cookie is a DWORD that is not 0."""

T = TypeVar("T")


def check_here(owner: Apartment, here: Apartment, what: str) -> None:
    """R15.9: a bare pointer is used in its own apartment only. Raises Fault (RPC_E_WRONG_THREAD)."""
    if owner not in (here, NEUTRAL):
        text = f"{what} belongs to {owner} and was used in {here}; marshal it, or use the proxy"
        raise refusal(Code.RPC_E_WRONG_THREAD, text)


class Held(NamedTuple, Generic[T]):
    """An interface pointer that belongs to nobody for a while."""

    item: T
    iid: str
    home: Apartment


class Registrations(Generic[T]):
    """R15.11: the global interface table of one process. It holds what is registered until that is revoked."""

    def __init__(self) -> None:
        self._entries: dict[int, Held[T]] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._entries)

    def register(self, item: T, iid: str, home: Apartment) -> int:
        """The cookie under which every apartment gets it, as often as it likes."""
        self._last = self._last % (_COOKIES - 1) + 1
        while self._last in self._entries:
            self._last = self._last % (_COOKIES - 1) + 1
        self._entries[self._last] = Held(item, iid, home)
        return self._last

    def get(self, cookie: int) -> Held[T]:
        """Raises Fault (E_INVALIDARG) for a cookie that is not registered, or not any more."""
        return self._entry(cookie, self._entries.get(cookie))

    def revoke(self, cookie: int) -> Held[T]:
        """From any apartment; the table holds it no more. Raises Fault (E_INVALIDARG)."""
        return self._entry(cookie, self._entries.pop(cookie, None))

    @staticmethod
    def _entry(cookie: int, entry: Held[T] | None) -> Held[T]:
        if entry is None:
            raise refusal(Code.E_INVALIDARG, f"{cookie} is no cookie of the global interface table, or was revoked")
        return entry


class Pledges(Generic[T]):
    """R15.9: pointers on their way to another thread. Each is got and released once."""

    def __init__(self) -> None:
        self._streams: dict[int, Held[T]] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._streams)

    def marshal(self, item: T, iid: str, home: Apartment) -> int:
        """The number of a stream with the pointer in it."""
        self._last += 1
        self._streams[self._last] = Held(item, iid, home)
        return self._last

    def get_and_release(self, stream: int) -> Held[T]:
        """Raises Fault (CO_E_OBJNOTCONNECTED) the second time."""
        held = self._streams.pop(stream, None)
        if held is None:
            raise refusal(Code.CO_E_OBJNOTCONNECTED, f"stream {stream} is empty; an inter-thread stream is read once")
        return held
