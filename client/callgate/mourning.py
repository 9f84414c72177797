"""`callgate.on_death`: to be told when the process of an object ends (R17.23)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from .com.objects import ComObject
from .errors import Error, HostLost
from .memory import Handle, Remote
from .process import current

__all__ = ["Watch", "on_death"]

_log = logging.getLogger("callgate")


class Watch:
    """Somebody wants to know of a death. `close()` says that it is not wanted any more."""

    def __init__(self, shown: str, call: Callable[[Error], Any]) -> None:
        self._shown = shown
        self._call: Callable[[Error], Any] | None = call
        self._lock = threading.Lock()

    def close(self) -> None:
        """Do not call any more."""
        with self._lock:
            self._call = None

    def tell(self, error: Error) -> None:
        """Call, once."""
        with self._lock:
            call, self._call = self._call, None
        if call is not None:
            current().callbacks().submit(self._run, call, error)

    def _run(self, call: Callable[[Error], Any], error: Error) -> None:
        try:
            call(error)
        except Exception:  # nobody waits for it
            _log.exception("callgate: what was to be done at the death of %s failed", self._shown)


def on_death(target: ComObject | Handle, call: Callable[[Error], Any]) -> Watch:
    """Call `call(error)` once when the process ends in which the object of a proxy or handle lives.

    `error` is what a call would have raised: HostCrashed, HostExited or HostLost. It runs on callgate's callback
    thread, also when the process is gone already. Objects that are released are not dead, and neither is a host that
    this program has closed.
    """
    if not isinstance(target, Remote):
        raise TypeError(f"expected a proxy or a handle, got {type(target).__name__}")
    host: Any = target._host  # noqa: SLF001 - where it lives is what is watched
    watch = Watch(repr(target), call)

    def died() -> None:
        if getattr(host, "was_closed", False):
            return
        obituary = getattr(host, "obituary", None)
        watch.tell(obituary() if obituary is not None else HostLost(f"{host.describe()} has ended"))

    host.when_dead(died)
    return watch
