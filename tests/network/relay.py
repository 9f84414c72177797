"""A network that can be made worse: a TCP relay in user space that delays, goes silent, cuts and is repaired.

It listens on another loopback address, on the very ports that it forwards to, so that whoever is told "port 5601 of the
machine that you have reached" reaches it through the relay too.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self, TypeAlias

from .zmtp import Splitter

__all__ = ["Network", "Sieve"]

Sieve: TypeAlias = Callable[[int, bool, bytes], bool]
"""Whether a frame is carried: its port, whether a client sends it, and the frame."""

_PIECE = 1 << 16
_PATIENCE = 10.0


class _Stream:
    """One direction of a connection: bytes that came in, and when each may go out."""

    def __init__(self, source: socket.socket, sink: socket.socket, port: int, *, outward: bool) -> None:
        self.source = source
        self.sink = sink
        self.port = port
        self.outward = outward
        self.splitter = Splitter()
        self.waiting: deque[tuple[float, bytes]] = deque()


class Network:
    """Forwards `near`'s ports to the same ports of `far`, on a thread of its own. All methods are for any thread."""

    def __init__(self, ports: Iterable[int], near: str = "127.0.0.2", far: str = "127.0.0.1") -> None:
        self.near = near
        self._far = far
        self._ports = list(ports)
        self._delay = 0.0
        self._silent = False
        self._cut = False
        self.accepted: list[int] = []
        """The ports that somebody has connected to, in order."""
        self._selector = selectors.DefaultSelector()
        self._listeners: list[socket.socket] = []
        self._streams: dict[socket.socket, _Stream] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._posted: deque[Callable[[], None]] = deque()
        self._passed = 0
        self._sieve: Sieve | None = None
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)

    def __enter__(self) -> Self:
        self._listen()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        def stop() -> None:
            self._running = False

        self._do(stop)
        self._thread.join(_PATIENCE)
        for each in [*self._listeners, *self._streams]:
            each.close()
        os.close(self._wake)
        self._selector.close()

    # -- the weather ---------------------------------------------------------------------------------------------

    def delay(self, seconds: float) -> None:
        """Let every piece of data take so long in each direction."""
        self._do(lambda: setattr(self, "_delay", seconds))

    def silence(self) -> None:
        """Carry nothing, and tell nobody: what is sent now waits, connections stand, new ones lead nowhere."""
        self._do(lambda: setattr(self, "_silent", True))

    def cut(self) -> None:
        """End every connection at once, drop what was on its way, and let nobody connect."""

        def now() -> None:
            self._cut = True
            for listener in self._listeners:
                self._selector.unregister(listener)
                listener.close()
            self._listeners = []
            for stream in list(self._streams.values()):
                self._end(stream, abruptly=True)

        self._do(now)

    def drop(self) -> None:
        """End every connection at once; new ones are carried."""

        def now() -> None:
            for stream in list(self._streams.values()):
                self._end(stream, abruptly=True)

        self._do(now)

    def sieve(self, carried: Sieve | None) -> None:
        """Carry ZeroMQ's frames one by one, and only those that are let through. Set it before anybody connects."""
        self._do(lambda: setattr(self, "_sieve", carried))

    def renew(self) -> None:
        """As `drop`, and from the same moment nothing is sieved out any more."""

        def now() -> None:
            self._sieve = lambda _port, _outward, _frame: True
            for stream in list(self._streams.values()):
                self._end(stream, abruptly=True)

        self._do(now)

    def repair(self) -> None:
        """Carry everything again."""

        def now() -> None:
            self._silent = False
            if self._cut:
                self._cut = False
                self._listen()
            for stream in list(self._streams.values()):
                self._forward(stream)

        self._do(now)

    def passed(self) -> int:
        """How many bytes were carried so far."""
        return self._passed

    # -- the thread ----------------------------------------------------------------------------------------------

    def _do(self, work: Callable[[], Any]) -> None:
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        self._posted.append(run)
        os.eventfd_write(self._wake, 1)
        assert done.wait(_PATIENCE)

    def _listen(self) -> None:
        for port in self._ports:
            listener = socket.create_server((self.near, port), backlog=64)
            listener.setblocking(False)
            self._listeners.append(listener)
            self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def _run(self) -> None:
        while self._running:
            patience = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
            for key, _ in self._selector.select(patience):
                if key.fd == self._wake:
                    os.eventfd_read(self._wake)
                elif key.data is not None:
                    key.data(key.fileobj)
            while self._posted:
                self._posted.popleft()()
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()

    def _accept(self, listener: socket.socket) -> None:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        port = listener.getsockname()[1]
        self.accepted.append(port)
        far = socket.socket()
        try:
            far.connect((self._far, port))  # on this machine that takes no time
        except OSError:
            far.close()
            _abort(near)
            return
        for source, sink, outward in ((near, far, True), (far, near, False)):
            source.setblocking(False)
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._streams[source] = _Stream(source, sink, port, outward=outward)
            self._selector.register(source, selectors.EVENT_READ, self._read)

    def _read(self, source: socket.socket) -> None:
        stream = self._streams.get(source)
        if stream is None:
            return
        try:
            data = source.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data and self._silent:  # the end of a connection is data too: it stays on its way
            self._selector.unregister(source)
        due = time.monotonic() + self._delay
        pieces = [data] if self._sieve is None else stream.splitter.cut(data)
        for piece in pieces:
            if self._sieve is None or not piece or self._sieve(stream.port, stream.outward, piece):
                stream.waiting.append((due, piece))
        self._forward(stream)

    def _forward(self, stream: _Stream) -> None:
        """Send what is due. Whatever the sink does not take waits a moment."""
        while stream.waiting and not self._silent and stream.source in self._streams:
            due, data = stream.waiting[0]
            if due > time.monotonic():
                self._later(due, stream)
                return
            if not data:
                self._end(stream, abruptly=False)
                return
            try:
                sent = stream.sink.send(data)
            except BlockingIOError:
                self._later(time.monotonic() + 0.001, stream)
                return
            except OSError:
                self._end(stream, abruptly=True)
                return
            self._passed += sent
            if sent == len(data):
                stream.waiting.popleft()
            else:
                stream.waiting[0] = due, data[sent:]

    def _later(self, due: float, stream: _Stream) -> None:
        heapq.heappush(self._timers, (due, next(self._order), lambda: self._forward(stream)))

    def _end(self, stream: _Stream, *, abruptly: bool) -> None:
        for each in (stream.source, stream.sink):
            if self._streams.pop(each, None) is not None:
                with contextlib.suppress(KeyError):
                    self._selector.unregister(each)
                (_abort if abruptly else socket.socket.close)(each)


def _abort(connection: socket.socket) -> None:
    """Close with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
