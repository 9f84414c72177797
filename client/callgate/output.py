"""What a library writes to its standard output and standard error: kept at hand, and handed to `logging`."""

from __future__ import annotations

import logging
import os
import threading

from callgate_transport.iothread import IoThread

__all__ = ["Output"]

_KEPT = 64 * 1024
_READ = 64 * 1024
_PATIENCE = 1.0


class _Stream:
    """One pipe from the host."""

    def __init__(self, descriptor: int, logger: logging.Logger, level: int) -> None:
        self.descriptor = descriptor
        self.kept = b""
        self._line = b""
        self._logger = logger
        self._level = level
        os.set_blocking(descriptor, False)

    def read(self) -> bool:
        """Take what is there; False when there is nothing, at the end or for the moment."""
        try:
            data = os.read(self.descriptor, _READ)
        except BlockingIOError:
            return False
        self.kept = (self.kept + data)[-_KEPT:]
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._log(line)
        return bool(data)

    def finish(self) -> None:
        """Read what is left; a last line may have no end."""
        while self.read():
            pass
        self._log(self._line)
        os.close(self.descriptor)

    def _log(self, line: bytes) -> None:
        if line:
            self._logger.log(self._level, "%s", line.decode(errors="replace"))


class Output:
    """Both streams of one host, read on the I/O thread. Lines go to the logger `callgate.host.<library>`."""

    def __init__(self, io: IoThread, label: str, descriptors: list[int]) -> None:
        logger = logging.getLogger(f"callgate.host.{label.replace('/', '.')}")
        levels = (logging.INFO, logging.INFO)
        self._io = io
        self._streams = [_Stream(fd, logger, level) for fd, level in zip(descriptors, levels, strict=False)]
        self._open = list(self._streams)

    def start(self) -> None:
        """Begin to read."""
        for stream in self._streams:
            self._io.post(lambda stream=stream: self._io.watch(stream.descriptor, lambda: self._read(stream)))  # type: ignore[misc]

    def settle(self) -> None:
        """Have everything read that the host has written until now; not for the I/O thread."""
        done = threading.Event()

        def read_all() -> None:
            for stream in self._open:
                while stream.read():
                    pass
            done.set()

        self._io.post(read_all)
        done.wait(_PATIENCE)

    def drain(self) -> None:
        """On the I/O thread, after the host's death: read what is left."""
        for stream in list(self._open):
            self._close(stream)

    def tail(self, stream: int) -> str:
        """The last 64 KiB of standard output (0) or standard error (1)."""
        return self._streams[stream].kept.decode(errors="replace") if stream < len(self._streams) else ""

    def close_after_fork(self) -> None:
        """In a forked child: let go of the pipes."""
        for stream in self._open:
            os.close(stream.descriptor)

    def _read(self, stream: _Stream) -> None:
        if not stream.read():  # it was readable, so nothing to read is the end
            self._close(stream)

    def _close(self, stream: _Stream) -> None:
        if stream in self._open:
            self._open.remove(stream)
            self._io.forget(stream.descriptor)
            stream.finish()
