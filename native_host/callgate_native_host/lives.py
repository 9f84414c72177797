"""Lives of native objects that handles own: each ends once, and never while a call uses it (R10.2, R10.8).

Whoever finds that an object must end (a client that lets go of it, the garbage collector there, the end of a session)
only says so; the function that ends it runs on a thread of its own, first come, first served. A client that asks for
the end itself has it on the thread of its call.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeAlias

from callgate_protocol.errors import Fault
from callgate_transport.serving.single import here

__all__ = ["Life", "Lives", "Release", "Use"]

Release: TypeAlias = Callable[[int], None]
"""The native function that ends an object."""


class Use(Protocol):
    """Something that a call, or a block that points to it, needs alive."""

    @property
    def address(self) -> int:
        """Where it lies."""

    def done(self) -> None:
        """It is not needed any more."""


class Life:
    """One object that a handle owns."""

    __slots__ = ("_closed", "_home", "_lives", "_ours", "_release", "_uses", "address")

    def __init__(self, lives: Lives, address: int, release: Release) -> None:
        self.address = address
        self._lives = lives
        self._release = release
        self._uses = 0
        self._closed = False
        self._ours = True
        self._home = here()
        """The single-threaded apartment that it came from, where it ends as well (R15.2)."""
        if self._home is not None:
            self._home.settle()

    def use(self) -> bool:
        """A call uses the object until `done`; False when it has ended or is about to."""
        with self._lives.lock:
            if self._closed:
                return False
            self._uses += 1
            return True

    def done(self) -> None:
        """The call is over. An object that was to end meanwhile ends now."""
        with self._lives.lock:
            self._uses -= 1
            due = self._closed and self._ours and self._uses == 0
        if due:
            self._lives.post(self)

    def close(self, *, here: bool = False) -> None:
        """End the object when no call uses it any more: on this thread if that is now and `here`."""
        with self._lives.lock:
            if self._closed:
                return
            self._closed = True
            due = self._uses == 0
        if not due:
            return
        if here:
            self.end()
        else:
            self._lives.post(self)

    def disown(self) -> None:
        """The library ends the object itself (`[closes]`)."""
        with self._lives.lock:
            if self._closed:
                return
            self._closed, self._ours = True, False
        self._over()

    def end(self) -> None:
        """Run the function that ends it, on the thread of its apartment, which stays for that (R15.19)."""
        if self._home is None:
            self._end()
        else:
            with suppress(Fault):
                self._home.run(self._end)

    def _end(self) -> None:
        try:
            self._release(self.address)
        finally:
            self._over()

    def _over(self) -> None:
        self._lives.over()
        if self._home is not None:
            self._home.depart()


class Lives:
    """All of them, and the queue of those that are to end. Thread-safe."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._changed = threading.Condition(self.lock)
        self._due: deque[Life] = deque()
        self._running = False
        self._alive = 0
        self.tell: Callable[[int], None] = lambda _alive: None
        """Hears how many there are, whenever that changes."""

    def __len__(self) -> int:
        return self._alive

    def begin(self, address: int, release: Release) -> Life:
        """An object that is ours to end from now on."""
        with self.lock:
            self._alive += 1
            self.tell(self._alive)
        return Life(self, address, release)

    def post(self, life: Life) -> None:
        """Have an object ended, after those before it."""
        with self.lock:
            self._due.append(life)
            started, self._running = self._running, True
            self._changed.notify_all()
        if not started:
            threading.Thread(target=self._run, name="callgate-releases", daemon=True).start()

    def over(self) -> None:
        """An object has ended."""
        with self.lock:
            self._alive -= 1
            self.tell(self._alive)
            self._changed.notify_all()

    def rest(self, seconds: float) -> bool:
        """Wait until all have ended; False when some have not in time."""
        with self.lock:
            return self._changed.wait_for(lambda: self._alive == 0, seconds)

    def _run(self) -> None:
        while True:
            with self.lock:
                while not self._due:
                    self._changed.wait()
                life = self._due.popleft()
            life.end()
