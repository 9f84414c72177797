"""Function pointers that call a client's Python (R9): made, shared while they live, and never unmapped.

Native code may keep a pointer longer than it should. A retired thunk therefore stays code: called too late it returns
zero and is counted, and it serves another delegate only after many others did, so that a stale pointer does not call
the wrong function (R9.6). One that a client made to last (CALLBACK, `[keep]`) never serves another.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from callgate_transport.serving.session import Session

from .backend import Backend, BackendType

__all__ = ["Target", "Thunk", "ThunkPool"]

_REST: Final = 1024
"""How many others are retired before a thunk is used again."""


class Target(NamedTuple):
    """Which of a session's callables a thunk calls."""

    session: Session
    delegate: int
    method: tuple[int, int] | None = None
    """(library, method) when it is an object of the session's."""

    def addressed(self, arguments: list[Any]) -> list[Any]:
        """The arguments of the message: those of a method, with which method it is."""
        return arguments if self.method is None else [*self.method, arguments]


Runner: TypeAlias = Callable[["Thunk", tuple[Any, ...]], Any]


class Thunk:
    """One function pointer. It lives while somebody holds a use of it."""

    __slots__ = ("_code", "_pool", "_run", "address", "former", "named", "once", "target", "uses")

    def __init__(self, pool: ThunkPool, run: Runner) -> None:
        self._pool = pool
        self._run = run
        self._code = pool.make_code(self._enter)
        self.address = pool.address_of(self._code)
        self.target: Target | None = None
        self.former: Session | None = None
        """Whose it was last."""
        self.uses = 0
        self.once = False
        """Whether it was made to last, so that it never serves another callable."""
        self.named = False
        """Whether an object of the host's table stands for it (CALLBACK)."""

    def _enter(self, *natives: Any) -> Any:
        return self._run(self, natives)

    def release(self) -> None:
        """Give one use back."""
        self._pool.release(self)


class ThunkPool:
    """The thunks of one delegate of one library."""

    def __init__(self, backend: Backend, function_type: BackendType, run: Runner) -> None:
        self._backend = backend
        self._function_type = function_type
        self._run = run
        self._lock = threading.Lock()
        self._live: dict[tuple[bytes, int], Thunk] = {}
        self._retired: deque[Thunk] = deque()
        self._all: dict[int, Thunk] = {}
        """Every thunk that was ever made, by address: none is unmapped."""
        self.stale_calls = 0
        """Calls of retired thunks."""

    def __len__(self) -> int:
        return len(self._live)

    def make_code(self, function: Callable[..., Any]) -> Any:
        """Native code that calls a Python function."""
        return self._backend.callback(self._function_type, function)

    def address_of(self, code: Any) -> int:
        """Where that code lies."""
        return self._backend.address_of(code)

    def acquire(self, session: Session, delegate: int, *, once: bool = False) -> Thunk:
        """The function pointer for a callable: the same one while it lives (R9.7).

        `once`: it is made to last, so it was never another's and never will be (R9.6).
        """
        with self._lock:
            key = (session.secret, delegate)
            thunk = self._live.get(key)
            if thunk is None:
                thunk = self._retired.popleft() if len(self._retired) > _REST and not once else self._make()
                thunk.once = once
                thunk.target = Target(session, delegate)
                self._live[key] = thunk
            thunk.uses += 1
            return thunk

    def _make(self) -> Thunk:
        thunk = Thunk(self, self._run)
        self._all[thunk.address] = thunk
        return thunk

    def at(self, address: int) -> Thunk | None:
        """The thunk that is there and can be called; None for native code's own functions and retired ones."""
        thunk = self._all.get(address)
        return thunk if thunk is not None and thunk.target is not None else None

    def release(self, thunk: Thunk) -> None:
        """One use less; the last one retires it."""
        with self._lock:
            thunk.uses -= 1
            if thunk.uses == 0 and thunk.target is not None:
                del self._live[thunk.target.session.secret, thunk.target.delegate]
                thunk.former, thunk.target = thunk.target.session, None
                if not thunk.once:
                    self._retired.append(thunk)
