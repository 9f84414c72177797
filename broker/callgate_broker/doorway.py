"""How a broker lets other machines in: what was asked for on the command line, checked before anything is started."""

from __future__ import annotations

import json
import os
import re
import socket
from typing import Final

from callgate_broker.allow import EXAMPLE, read_allow_list
from callgate_broker.talker_process import listen_on
from callgate_protocol.value import Value
from callgate_transport.endpoints import bracketed
from callgate_transport.keys import KeyFileError, KeyPair, key_path, read_private

__all__ = ["Doorway", "DoorwayError", "Wish", "open_doorway"]

KEY_NAME: Final = "broker"
_ADDRESS: Final = re.compile(r"tcp://(\[[0-9a-fA-F:.]+\]|[^:/\[\]]+):([0-9]{1,5})")
_PORTS: Final = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")
_ANYWHERE: Final = ("*",)


class DoorwayError(ValueError):
    """A broker may not listen like this; the message says why and what to do."""


class Wish(Value):
    """What the command line says."""

    listen: str
    allow: str = ""
    key: str = ""
    host_ports: str = ""
    advertise: str = ""
    relay: bool = False
    lease: float = 30.0
    memory: int = 512
    """What the gateway may have, in MiB."""


class Doorway(Value):
    """What the gateway needs. It inherits `listener`, which is bound already."""

    listener: socket.socket
    host: str
    port: int
    key: str
    allow: str
    public: str
    first_port: int
    last_port: int
    advertise: str
    relay: bool
    lease: float
    memory: int

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"tcp://{bracketed(self.host)}:{self.port}"

    def as_text(self) -> str:
        """All but the listener, for the gateway's command line. The private key stays in its file."""
        return json.dumps({name: getattr(self, name) for name in self.__match_args__ if name != "listener"})


def open_doorway(wish: Wish) -> Doorway:
    """Check everything and begin to listen (R18.6). Raises DoorwayError, KeyFileError, AllowListError, OSError."""
    match = _ADDRESS.fullmatch(wish.listen)
    if match is None or int(match[2]) > 0xFFFF:
        raise DoorwayError(f"{wish.listen!r} is no address to listen on; it looks like tcp://0.0.0.0:5570")
    host, port = match[1].strip("[]"), int(match[2])
    if host in _ANYWHERE:
        raise DoorwayError("name the address to listen on; tcp://0.0.0.0:… is every IPv4 address of this machine")
    key = os.path.abspath(os.path.expanduser(wish.key)) if wish.key else key_path(KEY_NAME)
    pair = _own_key(key)
    if not wish.allow:
        raise DoorwayError(
            "a broker that listens on tcp, be it on loopback, needs --allow clients.toml: the list of the clients that "
            f"it lets in, and of what each may load. A client there looks like this:{EXAMPLE}"
        )
    allow = os.path.abspath(wish.allow)
    read_allow_list(allow)
    if not 0.05 <= wish.lease <= 86400:
        raise DoorwayError(f"a lease of {wish.lease:g} s is of no use; it takes some seconds")
    ports = _ports(wish.host_ports)
    listener = listen_on(host, port)
    bound = int(listener.getsockname()[1])
    public = pair.public.hex()
    advertise = wish.advertise.strip("[]")
    return Doorway(listener, host, bound, key, allow, public, *ports, advertise, wish.relay, wish.lease, wish.memory)


def _own_key(path: str) -> KeyPair:
    try:
        return read_private(path)
    except KeyFileError as error:
        if os.path.exists(path):
            raise
        raise DoorwayError(
            f"a broker that listens on tcp, be it on loopback, needs a key, and there is no {path}; make one with: "
            f"callgate keys make {KEY_NAME}"
        ) from error


def _ports(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    match = _PORTS.fullmatch(text)
    if match is None or not 0 < int(match[1]) <= int(match[2]) <= 0xFFFF:
        raise DoorwayError(f"{text!r} is no range of ports; it looks like 5600-5699")
    return int(match[1]), int(match[2])
