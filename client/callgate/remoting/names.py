"""Objects of this process by the names that they were exported under (R16.16)."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

__all__ = ["Names"]


class Names:
    """Thread-safe. A weak entry vanishes with its object; of several under one name the first that lives is found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, list[Callable[[], Any]]] = {}

    def add(self, name: str, value: Any, *, weak: bool = False) -> Callable[[], None]:
        """Export an object; what is returned ends that, once. Raises TypeError when it cannot be held weakly."""
        entry: Callable[[], Any] = weakref.ref(value) if weak else (lambda: value)
        with self._lock:
            self._entries.setdefault(name, []).append(entry)
        return lambda: self._remove(name, entry)

    def find(self, name: str) -> Any:
        """The object of that name, or None."""
        with self._lock:
            found = (entry() for entry in self._entries.get(name, ()))
            return next((value for value in found if value is not None), None)

    def has(self, name: str) -> bool:
        """Whether anything is exported under the name."""
        return self.find(name) is not None

    def _remove(self, name: str, entry: Callable[[], Any]) -> None:
        with self._lock:
            entries = self._entries.get(name, [])
            if entry in entries:
                entries.remove(entry)
            if not entries:
                self._entries.pop(name, None)
