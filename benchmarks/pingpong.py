"""The yardstick: a bare pyzmq DEALER here, a bare ROUTER in another process, over ipc; no msgpack, no callgate.

A request says in its first bytes how long the answer's bulk frame shall be. Long frames are not copied on either side,
which is the fastest that pyzmq offers.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Self

import zmq

__all__ = ["PingPong"]

_WANTED = struct.Struct("<I")
_PATIENCE_MS = 120_000


class PingPong:
    """Asks the other process and waits for its answer. A context manager; `size` is the length of the header frame."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="pingpong-", dir="/tmp")
        address = f"ipc://{self._folder.name}/router"
        self._server = subprocess.Popen([sys.executable, __file__, address, str(self._size)])
        self._context = zmq.Context()
        self._dealer = self._context.socket(zmq.DEALER)
        self._dealer.connect(address)
        self.ask()
        return self

    def ask(self) -> None:
        """One small message each way."""
        self._dealer.send(_WANTED.pack(0).ljust(self._size, b"."))
        self._dealer.recv()

    def send(self, data: bytes) -> None:
        """A small and a long frame there, a small one back."""
        self._dealer.send(_WANTED.pack(0).ljust(self._size, b"."), zmq.SNDMORE)
        self._dealer.send(data, copy=False)
        self._dealer.recv()

    def fetch(self, length: int) -> None:
        """A small frame there, a small and a long one back."""
        self._dealer.send(_WANTED.pack(length).ljust(self._size, b"."))
        self._dealer.recv()
        self._dealer.recv(copy=False)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.kill()
        self._server.wait()
        self._context.destroy(0)
        self._folder.cleanup()


def _serve(address: str, size: int) -> None:
    router = zmq.Context().socket(zmq.ROUTER)
    router.set(zmq.RCVTIMEO, _PATIENCE_MS)
    router.bind(address)
    header = b".".ljust(size, b".")
    bulk = b""
    while True:
        peer, request = router.recv(), router.recv()
        while router.get(zmq.RCVMORE):
            router.recv(copy=False)
        (wanted,) = _WANTED.unpack_from(request)
        if not wanted:
            router.send_multipart([peer, header])
            continue
        if len(bulk) != wanted:
            bulk = bytes(wanted)
        router.send_multipart([peer, header], zmq.SNDMORE)
        router.send(bulk, copy=False)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
