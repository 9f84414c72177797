"""The warden's one poll loop, and the message connections that live on it."""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from callgate_transport import datagrams

__all__ = ["Connection", "Loop", "Tail"]

_MESSAGES_AT_ONCE = 64
_MESSAGES_QUEUED = 1024
_TAIL_BYTES = 4096


class Loop:
    """Calls the handler of every descriptor that is ready. Handlers must bear being called for nothing."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._soon: list[Callable[[], None]] = []

    def watch(self, fd: int, handler: Callable[[], None], *, writing: bool = False) -> None:
        """Call `handler` when `fd` can be read (or written, if asked), or has ended. Replaces an earlier handler."""
        self._poll.register(fd, select.POLLIN | (select.POLLOUT if writing else 0))
        self._handlers[fd] = handler

    def unwatch(self, fd: int) -> None:
        """Forget `fd`; nothing if it is not watched."""
        if self._handlers.pop(fd, None):
            self._poll.unregister(fd)

    def soon(self, callback: Callable[[], None]) -> None:
        """Call back in the next step, when nothing else is half done."""
        self._soon.append(callback)

    def step(self, seconds: float | None) -> None:
        """Wait for something to happen, at most `seconds`, and handle it."""
        callbacks, self._soon = self._soon, []
        for callback in callbacks:
            callback()
        limit = 0.0 if callbacks else seconds
        # Rounded up: a timer that wakes a fraction of a millisecond early would spin.
        for fd, _ in self._poll.poll(None if limit is None else max(0, int(limit * 1000) + 1)):
            if handler := self._handlers.get(fd):
                handler()


class Connection:
    """One peer that speaks datagrams. `on_end` is called once, with the reason, unless it is closed here first."""

    def __init__(
        self,
        loop: Loop,
        peer: socket.socket,
        on_message: Callable[[dict[str, Any]], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._socket = peer
        self._on_message = on_message
        self._on_end = on_end
        self._queue: deque[tuple[dict[str, Any], list[int]]] = deque()
        self._open = True
        peer.setblocking(False)
        loop.watch(peer.fileno(), self._ready)

    def send(self, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
        """Send now, or when the peer has room. The descriptors stay the caller's."""
        if not self._open:
            return
        if self._queue or not self._sent(message, fds):
            self._queue.append((message, [os.dup(fd) for fd in fds]))
            self._loop.watch(self._socket.fileno(), self._ready, writing=True)
        if len(self._queue) > _MESSAGES_QUEUED:
            self.end("it does not read its answers")

    def _sent(self, message: dict[str, Any], fds: Sequence[int]) -> bool:
        # A peer that has gone counts as served: its end is read from the socket, where it is in order with the rest.
        with suppress(BrokenPipeError, ConnectionResetError):
            try:
                datagrams.send(self._socket, message, fds)
            except BlockingIOError:
                return False
        return True

    def _ready(self) -> None:
        self._flush()
        self.receive()

    def _flush(self) -> None:
        while self._queue and self._sent(*self._queue[0]):
            for fd in self._queue.popleft()[1]:
                os.close(fd)
            if not self._queue:
                self._loop.watch(self._socket.fileno(), self._ready)

    def receive(self) -> None:
        """Handle what has arrived."""
        for _ in range(_MESSAGES_AT_ONCE):
            if not self._open or not self._receive_one():
                return

    def _receive_one(self) -> bool:
        try:
            datagram = datagrams.receive(self._socket)
        except BlockingIOError:
            return False
        except (datagrams.MalformedDatagram, ConnectionResetError) as error:
            self.end(str(error))
            return False
        if datagram is None:
            self.end("it has closed the connection")
            return False
        for fd in datagram.fds:  # nobody has a reason to send any
            os.close(fd)
        self._on_message(datagram.message)
        return True

    def end(self, reason: str) -> None:
        """Close because of something the peer did or did not do."""
        if self._open:
            self.close()
            self._on_end(reason)

    def close(self) -> None:
        """Close from this side."""
        self._open = False
        self._loop.unwatch(self._socket.fileno())
        self._socket.close()
        for _, fds in self._queue:
            for fd in fds:
                os.close(fd)
        self._queue.clear()


class Tail:
    """The reading end of a pipe of which the last few kilobytes are kept, until nobody can write to it any more."""

    def __init__(self, loop: Loop, fd: int) -> None:
        self._loop = loop
        self._fd = fd
        self._kept = b""
        os.set_blocking(fd, False)
        loop.watch(fd, self._read)

    def text(self) -> str:
        """What was written last, up to this moment."""
        self._read()
        return self._kept.decode(errors="replace").strip()

    def _read(self) -> None:
        while self._fd >= 0:
            try:
                data = os.read(self._fd, 65536)
            except BlockingIOError:
                return
            self._kept = (self._kept + data)[-_TAIL_BYTES:]
            if not data:
                self.close()

    def close(self) -> None:
        """Read no more."""
        if self._fd >= 0:
            self._loop.unwatch(self._fd)
            os.close(self._fd)
            self._fd = -1
