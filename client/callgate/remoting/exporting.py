"""`callgate.export` and `callgate.get_object`: Python objects that other programs find by name (R16.16, R18.1)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, overload

from callgate import errors
from callgate.brokers import Broker, error_of
from callgate.com.declared import declared_of
from callgate.com.objects import ComObject
from callgate.com.registered import find_by_iid
from callgate.hresults import HResult
from callgate.process import current, defer
from callgate_protocol.activation_codes import SUCCESSES
from callgate_protocol.guids import guid_text
from callgate_protocol.running import KEEPS_ALIVE
from callgate_protocol.system import BrokerFunction, HostFunction
from callgate_transport import rundir

from .neighbours import adopt, described, meet
from .servant import PLAIN

if TYPE_CHECKING:
    from callgate.class_sources import Elsewhere

    from .listener import Listener

__all__ = [
    "Export",
    "common_broker",
    "export",
    "export_at",
    "get_object",
    "object_at",
    "object_below",
    "place_of",
    "read_place",
]

T = TypeVar("T")

_SECONDS: Final = 10.0


class Export:
    """One name of an object. `close()` revokes it, as does the end of the process; a context manager."""

    def __init__(self, broker: Broker, name: str, key: str, answer: dict[str, Any]) -> None:
        self.name = name
        self.number: int = answer["number"]
        """By which the broker knows it; never 0."""
        self.status = HResult(SUCCESSES["MK_S_MONIKERALREADYREGISTERED"] if answer["already"] else 0)
        """S_OK, or MK_S_MONIKERALREADYREGISTERED when the name was taken: the oldest is found."""
        self._broker = broker
        self._key = key
        self._lock = threading.Lock()
        self._open = True

    def close(self) -> None:
        """Nobody finds the object by this name any more; who has it keeps it. Closing twice does nothing."""
        with self._lock:
            was_open, self._open = self._open, False
        if not was_open:
            return
        current().listener().servant.names.remove(self._key)
        if self._broker.same_process and not self._broker.lost:
            self._broker.ask(BrokerFunction.REVOKE_RUNNING, {"client": os.getpid(), "number": self.number}, _SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<export {self.name!r}{'' if self._open else ' (closed)'}>"


def export(value: Any, name: str, *, weak: bool = False) -> Export:
    """Let other programs of this user find an object by name, with `callgate.get_object`.

    Only the interfaces that its class derives from cross; of an object without any, those whose methods it has all.
    Methods run on threads of callgate's, several at a time. The name stands at the user's broker if one runs
    (`callgate broker`), else at this program's own. With `weak` the entry goes when nobody else holds the object.
    """
    return export_at(common_broker(), value, name, weak=weak)


@overload
def get_object(name: str, interface: Callable[..., T]) -> T: ...
@overload
def get_object(name: str, interface: str) -> Any: ...
def get_object(name: str, interface: Any) -> Any:
    """The running object of that name, with an interface. It is called directly; the broker is asked once.

    An interface that is not declared here may be named by its IID: its owner describes it (R17.15).

    Raises ComError with MK_E_UNAVAILABLE when there is none, InvalidCastError when it does not have the interface.
    """
    found: Any = object_at(common_broker(), name, interface)
    return found


def common_broker() -> Broker:
    """Where names stand: the broker that started this program, the user's shared one, or the program's own."""
    from callgate.connection import connect  # noqa: PLC0415 - brings the parts of connections in

    address = os.environ.get("CALLGATE_BROKER") or ""
    if not address and not os.path.exists(rundir.default_broker()):
        return current().embedded_broker()
    process = current()
    known = process.shared_brokers.get(address)
    if known is None or known.lost:
        known = process.shared_brokers[address] = connect(address or None).broker
    return known


def export_at(broker: Broker, value: Any, name: str, *, weak: bool) -> Export:
    """`export` at a broker."""
    if value is None or isinstance(value, (*PLAIN, ComObject)):
        raise TypeError(f"an object of this process is exported, not {type(value).__name__} {value!r:.60}")
    listener = current().listener()
    names = listener.servant.names
    made: list[Export] = []
    key = names.add(value, weak=weak, gone=lambda: defer(_close_all, made))
    request = {
        "client": os.getpid(),
        "moniker": _moniker(name),
        "where": place_of(listener, key),
        "flags": 0 if weak else KEEPS_ALIVE,
    }
    try:
        made.append(Export(broker, name, key, broker.ask(BrokerFunction.REGISTER_RUNNING, request, _SECONDS)))
    except BaseException:
        names.remove(key)
        raise
    return made[0]


def _close_all(exports: list[Export]) -> None:
    for each in exports:
        each.close()


def object_at(broker: Broker, name: str, interface: Any) -> Any:
    """`get_object` at a broker."""
    own = find_by_iid(guid_text(interface)) if isinstance(interface, str) else declared_of(interface)
    answer = broker.ask(BrokerFunction.FIND_RUNNING, {"moniker": _moniker(name)}, _SECONDS)
    incarnation, key, link = read_place(name, answer["where"])
    process = current()
    if process.serves and process.listener().incarnation == incarnation:
        return process.listener().servant.own(key, own) or _missing(name)
    try:
        host = meet(incarnation, link, name)
    except OSError as error:
        raise _missing_error(name) from error
    declared = own or described(host, guid_text(str(interface)))
    wire = host.system(HostFunction.NAMED, key, declared.iid)
    return _missing(name) if wire is None else adopt(host, wire, declared)


def object_below(elsewhere: Elsewhere, name: str, interface: Any) -> Any:
    """`get_object` at a broker of another machine: by way of a process there, which passes calls on."""
    from callgate.class_sources import surrogate_host  # noqa: PLC0415 - few programs use objects of other machines

    iid = guid_text(interface) if isinstance(interface, str) else declared_of(interface).iid
    host = surrogate_host("running objects", elsewhere)
    wire = host.system(HostFunction.NAMED, name, iid)
    declared = described(host, iid) if isinstance(interface, str) else declared_of(interface)
    return _missing(name) if wire is None else adopt(host, wire, declared)


def _moniker(name: str) -> str:
    return name if name.startswith("/") else f"!{name}"


def place_of(listener: Listener, key: str) -> str:
    """What stands at a broker about an object or a class object of this process: where it is found, and its name."""
    return f"{listener.incarnation.hex()} {key} {listener.link}"


def read_place(name: str, where: str) -> tuple[bytes, str, str]:
    """Incarnation, name and link, of what stands at a broker. Raises ProtocolError."""
    incarnation, _, rest = where.partition(" ")
    key, _, link = rest.partition(" ")
    try:
        return bytes.fromhex(incarnation), key, link
    except ValueError:
        raise errors.ProtocolError(f"what stands at the broker about {name!r} is no place: {where!r:.80}") from None


def _missing(name: str) -> Any:
    raise _missing_error(name)


def _missing_error(name: str) -> errors.Error:
    return error_of("MK_E_UNAVAILABLE", f"{name!r} is not running any more (R16.16)")
