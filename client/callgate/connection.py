"""A shared broker: `callgate.connect(…)`, the service that `callgate broker` runs, here or on another machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload
from uuid import UUID

from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.system import BrokerFunction
from callgate_transport import rundir
from callgate_transport.dialogue import Dialogue, Refused

from .below import below
from .brokers import Started, error_of, sharing, whole_report
from .errors import AccessDenied, BrokerLost, Error, ProtocolError
from .lib import Lib
from .libraries import load_with
from .lines import Opener
from .loading import Loading, share_of
from .process import current
from .sources import Written

if TYPE_CHECKING:
    from .class_sources import Elsewhere
    from .remoting.exporting import Export

__all__ = ["Connection", "connect"]

T = TypeVar("T")

_START_SECONDS = 60.0
_ANSWER_SECONDS = 5.0


class ConnectedBroker:
    """Implements `brokers.Broker` over a conversation with the broker's talker."""

    _stop_seconds = _ANSWER_SECONDS

    def __init__(self, path: str) -> None:
        self._path = path
        self._owner = os.getpid()
        self._dialogue = self._open_dialogue()
        self.lost = False

    def _open_dialogue(self) -> Dialogue:
        return Dialogue(current().io(), f"ipc://{self._path}", {"process": self._owner})

    def _wishes(self) -> dict[str, Any]:
        """What else is asked of START."""
        return {}

    @property
    def path(self) -> str:
        """Where it listens."""
        return self._path

    @property
    def identity(self) -> str:
        """What tells hosts below it from those below others, or below this one for another client."""
        return self._path

    @property
    def same_process(self) -> bool:
        """False in a forked child."""
        return os.getpid() == self._owner

    def start(self, label: str, share: str = "", gone: str = "", kind: str = "") -> Started:
        """See `Broker`."""
        request = {"label": label, "key": share or f"{self._owner}:{label}", "client": self._owner}
        request |= sharing(share, gone, kind) | self._wishes()
        answer = self._ask(BrokerFunction.START, request, _START_SECONDS)
        return Started(answer["host"], answer["pid"], answer["link"])

    def record(self, host: str, seconds: float) -> Mapping[str, Any] | None:
        """See `Broker`."""
        try:
            return self._ask(BrokerFunction.RECORD, {"host": host, "wait": True}, seconds)
        except Error:
            return None

    def look(self, host: str) -> Mapping[str, Any] | None:
        """What is known of a host at the moment."""
        try:
            return self._ask(BrokerFunction.RECORD, {"host": host}, _ANSWER_SECONDS)
        except Error:
            return None

    def stop(self, host: str, reason: str, channel: int = 0, call: int = 0) -> str:
        """See `Broker`."""
        request: dict[str, Any] = {"host": host, "reason": reason}
        if call:
            request |= {"channel": channel, "call": call}
        try:
            return str(self._ask(BrokerFunction.STOP, request, self._stop_seconds).get("where") or "")
        except Error:
            return ""

    def report(self) -> Mapping[str, Any]:
        """See `Broker`."""
        return whole_report(lambda offset: self._ask(BrokerFunction.LIST, {"offset": offset}, _ANSWER_SECONDS))

    def ask(self, function: BrokerFunction, arguments: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """See `Broker`."""
        return self._ask(function, arguments, seconds)

    def close(self) -> None:
        """End the conversation."""
        self.lost = True
        self._dialogue.close()

    def _ask(self, function: BrokerFunction, arguments: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        if not self.same_process:
            raise BrokerLost("a connection is not carried into a forked process; call callgate.connect again here")
        future = self._dialogue.request(function, arguments)
        try:
            return future.result(seconds)
        except Refused as refused:
            raise error_of(refused.name, str(refused)) from None
        except RemoteProtocolError as error:
            raise ProtocolError(f"the broker at {self._path} broke the protocol: {error}") from error
        except TimeoutError:
            future.cancel()  # what was not sent by now must not be done later
            raise BrokerLost(f"the broker at {self._path} did not answer within {seconds:g} s") from None
        except ConnectionError as error:
            raise BrokerLost(str(error)) from error


class Connection(Loading):
    """A connection to a shared broker. Thread-safe; a context manager; it reconnects by itself."""

    def __init__(self, address: str, broker: ConnectedBroker, opener: Callable[..., Opener] = below) -> None:
        self.address = address
        self._broker = broker
        self._opener = opener
        self._closed = False

    def _load(
        self,
        library: str,
        prototypes: Written,
        deadline: float | None,
        callbacks: Executor | None,
        isolation: str,
        apartment: str,
    ) -> Lib:
        """See `Loading`: the host is below this broker; headers are read here."""
        opener = self._opener(self._usable, share_of(isolation))
        return load_with(opener, library, prototypes, deadline, callbacks, apartment)

    def report(self) -> Mapping[str, Any]:
        """The broker's hosts, libraries, clients, calls, restarts and memory, as `callgate ps` shows them."""
        return self._usable().report()

    @property
    def broker(self) -> ConnectedBroker:
        """The conversation with it."""
        return self._usable()

    def export(self, value: Any, name: str, *, weak: bool = False) -> Export:
        """As `callgate.export`, at this broker."""
        from .remoting.exporting import export_at  # noqa: PLC0415 - few programs let others in

        return export_at(self._usable(), value, name, weak=weak)

    @overload
    def get_object(self, name: str, interface: Callable[..., T]) -> T: ...
    @overload
    def get_object(self, name: str, interface: str) -> Any: ...
    def get_object(self, name: str, interface: Any) -> Any:
        """As `callgate.get_object`, of this broker's running objects."""
        from .remoting.exporting import object_at, object_below  # noqa: PLC0415 - few programs use others' objects

        if self._opener is below:
            return object_at(self._usable(), name, interface)
        return object_below(self._elsewhere(), name, interface)

    def create(self, what: str | UUID, interface: Callable[..., T], *more: Any, licence: str | None = None) -> T:
        """As `callgate.create`, of a class in the registry of this broker's machine (R16.19).

        The class has to be one that may run in a surrogate there. It lives in a host below this broker, which this
        client shares with others of its own identity as its AppID says (R16.9).
        """
        from .activating import create_below  # noqa: PLC0415 - brings objects in

        made: T = create_below(self._usable(), self._elsewhere(), what, (interface, *more), licence)
        return made

    def _elsewhere(self) -> Elsewhere:
        from .class_sources import Elsewhere  # noqa: PLC0415 - brings objects in

        return Elsewhere(self._usable().identity, lambda share, kind="": self._opener(self._usable, share, kind))

    def close(self) -> None:
        """Disconnect. Libraries that are loaded go on until their hosts die."""
        self._closed = True
        self._broker.close()

    def _usable(self) -> ConnectedBroker:
        if self._closed:
            raise BrokerLost(f"the connection to {self.address} was closed")
        return self._broker

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<connection to {self.address}{' (closed)' if self._closed else ''}>"


def connect(
    address: str | None = None, *, key: str = "", server_key: str = "", retry: float = 10.0, relay: bool = False
) -> Connection:
    """Connect to a broker that `callgate broker` runs; without an address to the user's default one.

    `tcp://host:port` is a broker of another machine (`docs/machines.md`). `key` is the file of this client's private
    key (`~/.config/callgate/default.key`), `server_key` the broker's public key, or a file with it; without it the
    broker has to be one that `callgate keys trust` has made known. `retry` is how many seconds to wait for a network
    or a broker that is down, here and before each call; with `relay` everything goes through the broker's one port.

    Raises BrokerLost when none listens there, AccessDenied, ValueError for an address of neither kind.
    """
    if address is None:
        address = f"ipc://{rundir.default_broker()}"
    scheme, _, path = address.partition("://")
    if scheme == "tcp":
        from .remote import beyond, reach  # noqa: PLC0415 - most programs stay on their machine

        return Connection(address, reach(address, key, server_key, retry, relay=relay), beyond)
    if scheme != "ipc" or not path.startswith("/"):
        raise ValueError(
            f"{address!r} is no address of a broker; it looks like ipc:///run/…/broker or tcp://rig-a:5570"
        )
    _knock(path)
    return Connection(address, ConnectedBroker(path))


def _knock(path: str) -> None:
    """ZeroMQ would wait for ever for a broker that is not there; a plain connection says at once."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        try:
            door.connect(path)
        except PermissionError as error:
            raise AccessDenied(f"the broker at {path} belongs to another user: {error}") from error
        except OSError as error:
            raise BrokerLost(
                f"no broker listens at {path} ({error.strerror}); start one with: callgate broker"
            ) from error
