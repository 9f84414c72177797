"""CURVE on ZeroMQ sockets: who we are, whom we expect, and the handler that lets clients in or not (R18.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import zmq

from .keys import KeyPair

__all__ = ["Curve", "Doorman", "client_of", "lacking", "make_pair", "serve_with"]

_DOMAIN: Final = "callgate"
_HEARTBEAT_MS: Final = 1000
_SILENCE_MS: Final = 3000
_HANDSHAKE_MS: Final = 2000
_RECONNECT_MS: Final = 100
_RECONNECT_MOST_MS: Final = 500
_CONNECT_MS: Final = 1500
_SAFE_VERSION: Final = (4, 3, 5)
_REQUEST_FRAMES: Final = 7
"""Frames of a ZAP request of mechanism CURVE, with the client's key as the last one."""


class Curve(NamedTuple):
    """What a connecting socket needs: the key that the other side must prove to have, and our own."""

    server: bytes
    pair: KeyPair

    def connect(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Connect a socket: encrypted, quick to see that the network is gone, and that it is back."""
        socket.set(zmq.CURVE_SERVERKEY, self.server)
        socket.set(zmq.CURVE_PUBLICKEY, self.pair.public)
        socket.set(zmq.CURVE_SECRETKEY, self.pair.secret)
        socket.set(zmq.CONNECT_TIMEOUT, _CONNECT_MS)
        socket.set(zmq.RECONNECT_IVL, _RECONNECT_MS)
        socket.set(zmq.RECONNECT_IVL_MAX, _RECONNECT_MOST_MS)
        _beat(socket)
        socket.set(zmq.IPV6, "[" in endpoint)
        socket.connect(endpoint)


def lacking() -> str:
    """What this ZeroMQ lacks for other machines, and what to do; empty when it has everything."""
    if not zmq.has("curve"):
        return (
            f"the ZeroMQ of this Python (libzmq {zmq.zmq_version()}) was built without CURVE, so it can neither make "
            "keys nor speak to other machines; install a pyzmq wheel that has it"
        )
    if zmq.zmq_version_info() < _SAFE_VERSION:
        wanted = ".".join(map(str, _SAFE_VERSION))
        return (
            f"libzmq {zmq.zmq_version()} has faults that strangers can use before they have proved who they are; other "
            f"machines need {wanted} or later: install a newer pyzmq"
        )
    return ""


def make_pair() -> KeyPair:
    """A new pair. Raises RuntimeError where ZeroMQ cannot make one."""
    from zmq.utils import z85  # noqa: PLC0415 - only whoever makes keys needs it

    if reason := lacking():
        raise RuntimeError(reason)
    public, secret = zmq.curve_keypair()
    return KeyPair(z85.decode(public), z85.decode(secret))


def serve_with(socket: zmq.Socket[bytes], secret: bytes) -> None:
    """Set a socket up before it is bound to an address that other machines reach."""
    socket.set(zmq.CURVE_SERVER, 1)
    socket.set(zmq.CURVE_SECRETKEY, secret)
    socket.set(zmq.ZAP_DOMAIN, _DOMAIN.encode())
    socket.set(zmq.ZAP_ENFORCE_DOMAIN, 1)
    socket.set(zmq.BACKLOG, 128)
    _beat(socket)


def _beat(socket: zmq.Socket[bytes]) -> None:
    socket.set(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    socket.set(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
    socket.set(zmq.HEARTBEAT_TIMEOUT, _SILENCE_MS)
    socket.set(zmq.HEARTBEAT_TTL, _SILENCE_MS)
    socket.set(zmq.TCP_MAXRT, 5000)


def client_of(frame: zmq.Frame) -> bytes:
    """The public key behind a message, as the handshake has proved it; empty when there was none."""
    try:
        return bytes.fromhex(str(frame.get("User-Id")))
    except (zmq.ZMQError, ValueError):
        return b""


class Doorman:
    """Answers ZeroMQ's question whether a client may connect. Belongs to the thread that polls `socket`.

    It must exist before a socket of the context is bound, or ZeroMQ would refuse or, worse, not ask.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], admits: Callable[[bytes], bool]) -> None:
        self._admits = admits
        self.socket = context.socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.bind("inproc://zeromq.zap.01")

    def serve(self) -> None:
        """Answer what has been asked."""
        while self.socket.poll(0):
            frames = self.socket.recv_multipart(zmq.NOBLOCK)
            cut = frames.index(b"") + 1
            self.socket.send_multipart([*frames[:cut], *self._answer(frames[cut:])], zmq.NOBLOCK)

    def _answer(self, request: list[bytes]) -> list[bytes]:
        version, number, domain, *_ = [*request, b"", b"", b""]
        key = request[6] if len(request) == _REQUEST_FRAMES else b""
        curve = len(request) == _REQUEST_FRAMES and request[5] == b"CURVE" and len(key) == 32
        welcome = version == b"1.0" and domain == _DOMAIN.encode() and curve and self._admits(key)
        if welcome:
            return [b"1.0", number, b"200", b"", key.hex().encode(), b""]
        return [b"1.0", number, b"400", b"not on the allow-list", b"", b""]
