"""What this process has once: an I/O thread, a private warden when one is needed, and a clean start after a fork."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from callgate_protocol.authentication import Level

from .wardens import Warden, start_warden

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from callgate_transport.iothread import IoThread

    from .brokers import EmbeddedBroker
    from .connection import ConnectedBroker
    from .host import Host
    from .remoting.listener import Listener

__all__ = ["Process", "current", "defer"]


_OBJECT_CALLS = 128
"""How many calls of objects may be inside each other or wait for each other; threads are made as they are needed."""


class Process:
    """The process-wide parts, made at first use. Thread-safe."""

    def __init__(self) -> None:
        self.id = os.getpid()
        self.incarnation = os.urandom(16)
        """By which other processes know this one's objects."""
        self._lock = threading.Lock()
        self._io: IoThread | None = None
        self._warden: Warden | None = None
        self._broker: EmbeddedBroker | None = None
        self._callbacks: Executor | None = None
        self._object_calls: Executor | None = None
        self._listener: Listener | None = None
        self.demanded = Level.NONE
        self.shared_brokers: dict[str, ConnectedBroker] = {}
        """Those that module functions speak to, by address."""
        self.hosts: weakref.WeakSet[Host] = weakref.WeakSet()
        self.lenders: set[Host] = set()
        """Sessions that stay because the other side holds objects of this process, whoever uses its own."""

    def prepare(self) -> None:
        """Start a private warden if there is none. It gets ready while this process imports ZeroMQ and all the rest."""
        with self._lock:
            if self._warden is None and (self._broker is None or self._broker.lost):
                self._warden = start_warden()

    def embedded_broker(self) -> EmbeddedBroker:
        """The private broker; started when there is none, and again when the last one was lost."""
        self.prepare()
        with self._lock:
            if self._warden is not None:
                from .brokers import EmbeddedBroker  # noqa: PLC0415 - brings ZeroMQ in

                warden, self._warden = self._warden, None
                self._broker = EmbeddedBroker(warden, self._io_thread())
            assert self._broker is not None
            return self._broker

    def io(self) -> IoThread:
        """The I/O thread."""
        with self._lock:
            return self._io_thread()

    def listener(self) -> Listener:
        """The door to the Python objects of this process, opened when there is none."""
        from .remoting.listener import Listener, own_place  # noqa: PLC0415 - few programs let others in

        return self.listen(lambda: Listener(self._io_thread(), own_place(self.incarnation)))

    def listen(self, make: Callable[[], Listener]) -> Listener:
        """The door, made so when there is none yet."""
        with self._lock:
            if self._listener is None:
                self._listener = make()
            return self._listener

    def demand(self, level: Level) -> bool:
        """Have those who call objects of this process be so sure (R16.14); False when they may be calling already."""
        with self._lock:
            if self._listener is None:
                self.demanded = level
            return self._listener is None

    @property
    def serves(self) -> bool:
        """Whether others can connect."""
        return self._listener is not None

    def about(self, **more: Any) -> dict[str, Any]:
        """What this process says of itself in a hello."""
        return {"process": self.id, "incarnation": self.incarnation.hex(), **more}

    def callbacks(self) -> Executor:
        """Where callbacks from the libraries' own threads run when a library has no executor of its own."""
        with self._lock:
            if self._callbacks is None:
                from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - seldom needed, slow to import

                self._callbacks = ThreadPoolExecutor(1, "callgate-callbacks")
            return self._callbacks

    def object_calls(self) -> Executor:
        """Where objects of this process are called that other processes hold, when no thread here waits for them."""
        with self._lock:
            if self._object_calls is None:
                from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - seldom needed, slow to import

                self._object_calls = ThreadPoolExecutor(_OBJECT_CALLS, "callgate-objects")
            return self._object_calls

    def close(self) -> None:
        """At the end of the program: end the sessions and the private broker."""
        if os.getpid() != self.id:
            return
        for host in list(self.hosts):
            host.close("the program ends")
        if self._listener is not None:
            self._listener.close()
        if self._warden is not None:
            self._warden.activation.close()
        if self._broker is not None and not self._broker.lost:
            self._broker.close()
        if self._callbacks is not None:
            self._callbacks.shutdown(wait=False, cancel_futures=True)
        if self._object_calls is not None:
            self._object_calls.shutdown(wait=False, cancel_futures=True)

    def close_after_fork(self) -> None:
        """In a forked child: close descriptors that would keep the parent's sessions alive; touch nothing else."""
        for host in list(self.hosts):
            host.session.forget_after_fork()
            host.output.close_after_fork()
        if self._listener is not None:
            self._listener.close_after_fork()
        if self._warden is not None:
            self._warden.activation.close()
        if self._broker is not None:
            self._broker.close_after_fork()

    def _io_thread(self) -> IoThread:
        if self._io is None:
            from callgate_transport.iothread import IoThread  # noqa: PLC0415 - see prepare

            self._io = IoThread()
        return self._io


_current = Process()


def current() -> Process:
    """The parts of this process."""
    return _current


def defer(work: Callable[..., None], *arguments: Any) -> None:
    """Run something that may wait for the broker; for the I/O thread, which must not wait."""
    threading.Thread(target=work, args=arguments, name="callgate-deferred", daemon=True).start()


def _after_fork() -> None:
    global _current, _inherited  # noqa: PLW0603 - a forked child starts clean
    _inherited = _current  # kept alive: its threads do not exist here, so nothing of it may be finalised
    _inherited.close_after_fork()
    _current = Process()


_inherited: Process | None = None
os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _at_exit() -> None:
    _current.close()
