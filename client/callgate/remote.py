"""A broker on another machine: `callgate.connect("tcp://rig-a:5570", key=…)`, and hosts below it."""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.system import BrokerFunction
from callgate_protocol.ways import FarWay
from callgate_transport import curve, keys
from callgate_transport.abroad import DEFAULT_KEY, Abroad, key_for
from callgate_transport.curve import Curve
from callgate_transport.dialogue import Dialogue
from callgate_transport.keys import KeyFileError
from callgate_transport.remote import RemoteSession, Route

from .connection import ConnectedBroker
from .errors import AccessDenied, BrokerLost, NotExecuted, ProtocolError
from .lines import Opened, Opener
from .process import current

__all__ = ["Address", "RemoteBroker", "beyond", "opened_below", "reach"]

_ADDRESS: Final = re.compile(r"tcp://(\[[0-9a-fA-F:.]+\]|[^:/\[\]]+):([0-9]{1,5})")
_LEAST_PATIENCE: Final = 2.0
_PROCESS: Final = os.urandom(8).hex()
"""Tells this process from those of other machines, which may have the same number."""


class Address(NamedTuple):
    """Where a broker listens: `tcp://host:port`."""

    text: str
    host: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read it. Raises ValueError."""
        match = _ADDRESS.fullmatch(text)
        if match is None or not 0 < int(match[2]) < 1 << 16:
            raise ValueError(f"{text!r} is no address of a broker on another machine; it looks like tcp://rig-a:5570")
        return cls(text, match[1])


class RemoteBroker(ConnectedBroker):
    """Implements `brokers.Broker` with the gateway of a broker elsewhere."""

    _stop_seconds = 1.0
    """A deadline has passed already when a host is to be stopped, and the network may be what holds it up."""

    def __init__(self, address: Address, key: str, server: bytes, retry: float, *, relay: bool) -> None:
        self._address = address
        self._pair = keys.read_private(key)
        self._server = server
        self._retry = retry
        self._relay = relay
        self._sessions: weakref.WeakSet[RemoteSession] = weakref.WeakSet()
        way = FarWay(address.text, server.hex(), os.path.abspath(os.path.expanduser(key)), relay)
        super().__init__(address.text)
        self._abroad = Abroad(self._dialogue, way, self._pair, max(retry, _LEAST_PATIENCE))

    def _open_dialogue(self) -> Dialogue:
        join = Curve(self._server, self._pair).connect
        return Dialogue(current().io(), self._address.text, {"process": os.getpid()}, join)

    @property
    def identity(self) -> str:
        """See `ConnectedBroker`."""
        return self._abroad.way.as_text()

    def close(self) -> None:
        """Nothing new is asked. The conversation goes on while sessions do: only it tells of the deaths of hosts."""
        self.lost = True
        self._rest()

    def _rest(self) -> None:
        if self.lost and all(session.dead for session in list(self._sessions)):
            self._dialogue.close()

    def _wishes(self) -> dict[str, Any]:
        return {"relay": True} if self._relay else {}

    def await_welcome(self) -> None:
        """Wait until the broker has let us in. Raises AccessDenied, BrokerLost, with what went wrong in words."""
        patience = max(self._retry, _LEAST_PATIENCE)
        dialogue = self._dialogue
        try:
            dialogue.welcomed.result(patience)
        except TimeoutError:
            if dialogue.trouble == "handshake":
                text = (
                    f"the broker at {self._path} did not prove to have the key {self._server.hex()}; compare it with "
                    "what `callgate keys show broker` says there, and correct server_key= or the known brokers here"
                )
                raise AccessDenied(text) from None
            raise BrokerLost(
                f"no broker answers at {self._path} (tried for {patience:g} s); is `callgate broker --listen` running "
                "there, and is its port open to this machine?"
            ) from None
        except PermissionError:
            text = (
                f"the broker at {self._path} does not let the key {self._pair.public.hex()} in; have it added to the "
                "allow-list there"
            )
            raise AccessDenied(text) from None
        except ConnectionError as error:
            raise ProtocolError(f"the broker at {self._path} refused: {error}") from error

    def route(self, host: str) -> Route:
        """How a host is reached: at its own ports, or through the broker's one (R18.2).

        Raises BrokerLost, NotExecuted, ProtocolError.
        """
        told = self._ask(BrokerFunction.RESOLVE, {"host": host}, 30.0)
        try:
            return self._abroad.route(told)
        except RemoteProtocolError as error:
            raise ProtocolError(str(error)) from error

    def open(self, host: str, label: str) -> Opened:
        """A session with a host below it. Raises NotExecuted, ConnectionError, and what `route` raises."""
        route = self.route(host)
        try:
            session = self._abroad.join(current().io(), route, current().about(library=label), self._rest)
        except TimeoutError as error:
            port = route.control.rpartition(":")[2]
            raise NotExecuted(
                f"the broker at {self._path} answers, and port {port} of its host for {label} does not. Open the "
                "ports that the broker was given with --host-ports, or connect with relay=True"
            ) from error
        self._sessions.add(session)
        return Opened(session, self, _Output(self, host))


class _Output:
    """Implements `lines.Prints`: what a host elsewhere prints is kept by its broker, which is asked for its end."""

    def __init__(self, broker: RemoteBroker, host: str) -> None:
        self._broker = broker
        self._host = host

    def start(self) -> None:
        """See `Prints`: the broker reads."""

    def settle(self) -> None:
        """See `Prints`: the broker reads it when it is asked."""

    def drain(self) -> None:
        """See `Prints`: the broker has read what was left."""

    def tail(self, stream: int) -> str:
        """See `Prints`. Both streams are kept as one."""
        record: Mapping[str, Any] | None = self._broker.look(self._host) if stream == 0 else None
        return str((record or {}).get("output") or "")

    def close_after_fork(self) -> None:
        """See `Prints`."""


def beyond(broker: Callable[[], RemoteBroker], share: str = "", kind: str = "") -> Opener:
    """Open sessions with hosts below a broker elsewhere. They raise BrokerLost, ConnectionError, Error.

    With `share`, all processes that connect with this key and ask with the same words have the same host (R16.9).
    `kind` is "python" for hosts of Python classes.
    """
    gone = ""
    if share.startswith("client:"):
        share = f"{share}:{_PROCESS}"

    def opener(label: str) -> Opened:
        nonlocal gone
        keeper = broker()
        started = keeper.start(label, share, gone, kind)
        try:
            return keeper.open(started.host, label)
        except ConnectionError as error:
            gone = started.host
            if isinstance(error, NotExecuted) and not share:
                keeper.stop(started.host, "closed")
            raise

    return opener


def reach(address: str, key: str, server_key: str, retry: float, *, relay: bool) -> RemoteBroker:
    """A connection that has been let in. Raises AccessDenied, BrokerLost, ValueError."""
    where = Address.parse(address)
    if not retry >= 0:
        raise ValueError(f"retry is a number of seconds, not {retry!r}")
    if reason := curve.lacking():
        raise AccessDenied(reason)
    try:
        server = keys.public_key(server_key) if server_key else keys.known_brokers().get(address)
    except KeyFileError as error:
        raise AccessDenied(str(error)) from error
    if server is None:
        raise AccessDenied(
            f"the key of the broker at {address} is not known here, so nobody could tell it from another one. Ask its "
            "owner for it (it is printed when the broker starts), and give it as server_key=, or once with: "
            f"callgate keys trust {address} KEY"
        )
    try:
        broker = RemoteBroker(where, key or keys.key_path(DEFAULT_KEY), server, retry, relay=relay)
    except KeyFileError as error:
        raise AccessDenied(str(error)) from error
    try:
        broker.await_welcome()
    except BaseException:
        broker.close()
        raise
    return broker


def opened_below(way: FarWay, host: str, label: str) -> Opened:
    """A session with a host that came as a reference, below a broker that this process may not have spoken to yet.

    The key is the one by which the giver is known there, if this is its machine, else the default one. A broker that is
    known here under another key is not spoken to. Raises AccessDenied, BrokerLost, NotExecuted, ObjectGone.
    """
    brokers = current().shared_brokers
    broker = brokers.get(way.as_text())
    if not isinstance(broker, RemoteBroker) or broker.lost:
        try:
            key = key_for(way)
        except KeyFileError as error:
            raise AccessDenied(str(error)) from error
        broker = brokers[way.as_text()] = reach(way.broker, key, way.server, _LEAST_PATIENCE, relay=way.relay)
    return broker.open(host, label)
