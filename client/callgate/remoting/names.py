"""Objects of this process that were exported, by the keys that the broker hands on (R16.16)."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from callgate.threads import here

if TYPE_CHECKING:
    from callgate.inbox import Inbox

__all__ = ["Names"]


class Names:
    """Thread-safe. A weak entry holds its object only as long as somebody else does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._entries: dict[str, Callable[[], Any]] = {}
        self._homes: dict[str, Inbox] = {}

    def add(self, value: Any, *, weak: bool = False, gone: Callable[[], None] | None = None) -> str:
        """Let others find an object by the key that is returned. `gone` is called when a weak entry's object goes.

        Raises TypeError when it cannot be held weakly.
        """
        entry: Callable[[], Any] = lambda: value  # noqa: E731 - the other one is no function of ours
        if weak:
            entry = weakref.ref(value, (lambda _: gone()) if gone is not None else None)
        with self._lock:
            key = str(next(self._numbers))
            self._entries[key] = entry
            if here.inbox is not None:
                self._homes[key] = here.inbox
            return key

    def find(self, key: str) -> Any:
        """The object, or None when it is not exported any more."""
        entry = self._entries.get(key)
        return None if entry is None else entry()

    def home(self, key: str) -> Inbox | None:
        """The STA that has exported it, where its methods run (R15.8)."""
        return self._homes.get(key)

    def remove(self, key: str) -> None:
        """Nobody finds it by that key any more."""
        with self._lock:
            self._entries.pop(key, None)
            self._homes.pop(key, None)
