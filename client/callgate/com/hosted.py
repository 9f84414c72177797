"""What one host and this process know of each other's objects: described interfaces, objects lent, stubs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from callgate.errors import ObjectGone
from callgate.failures import over_rpc
from callgate.hresults import HResult
from callgate.threads import here
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IIDS
from callgate_protocol.system import HostFunction

from .classes import declared_interfaces, words_of
from .declared import Declared
from .described import Described
from .lent import Lent

if TYPE_CHECKING:
    from callgate.convert import CallContext
    from callgate.host import Host

__all__ = ["Hosted"]


class _Gone:
    """Stands for an object that is not reached any more: native code is told so by whatever it calls."""

    def __init__(self, error: ObjectGone) -> None:
        object.__setattr__(self, "_error", error)

    def __getattr__(self, name: str) -> Any:
        raise self._error

    def __setattr__(self, name: str, value: Any) -> None:
        raise self._error


class Hosted:
    """Belongs to one host. Thread-safe."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lock = threading.RLock()
        self._described: dict[Declared, Described] = {}
        self._by_number: dict[int, Described] = {}
        self.lent = Lent(host.holdings.numbers)

    def describe(self, declared: Declared) -> Described:
        """An interface as the host knows it; told to it at first use."""
        known = self._described.get(declared)
        if known is None:
            if self._host.dead:
                text = f"{declared.name} was used on an object of a host that is gone"
                raise over_rpc(ObjectGone(text, hresult=HResult(Code.RPC_E_DISCONNECTED)))
            with self._lock:
                known = self._described.get(declared)
                if known is None:
                    known = self._described[declared] = Described(self._host, declared)
                    self._by_number[known.number] = known
        return known

    def __contains__(self, library: int) -> bool:
        """Whether a library of the host is the description of an interface."""
        return library in self._by_number

    def described(self, interfaces: Iterable[Declared]) -> list[list[int]]:
        """Interfaces as the host knows them."""
        return [[each.number, each.index] for each in map(self.describe, interfaces)]

    def lend(self, value: Any, interfaces: Iterable[Declared], context: CallContext) -> Any:
        """The wire form of an object of this process with the interfaces that native code may use (R14.14)."""
        described = self.described(interfaces)
        number = self.lent.send(value)
        context.lent.append(number)
        context.depart()
        wire = {"object": number, "interfaces": described}
        if clsid := words_of(type(value)).clsid:
            wire["class"] = clsid
        if self._host.session.serves == "python":
            from callgate.remoting.handing import also_exported  # noqa: PLC0415 - few programs call each other's objects

            wire |= also_exported(value)
        return wire

    def _own(self, number: int, function: Any, arguments: list[Any], context: CallContext) -> Any:
        """The other side asks about an object of this process, and not one of its methods (R17.12)."""
        from callgate.remoting.handing import answer_owner  # noqa: PLC0415 - few programs hand objects on

        if self._host.session.serves != "python" and not declared_interfaces(type(self._target(number))):
            return None  # other processes may have declared interfaces only; what was disconnected stays where it is
        return answer_owner(
            self.lent, number, function, arguments, lambda value, interfaces: self.lend(value, interfaces, context)
        )

    def perform(self, number: int, arguments: Sequence[Any], context: CallContext) -> tuple[Any, list[Any]]:
        """Native code called a method of an object of this process, which runs in the object's apartment (R15.2)."""
        owner = self.lent.owner(number)
        if owner is None or owner is here.inbox:
            return self._perform(number, arguments, context)
        from callgate.moving import move  # noqa: PLC0415 - few programs have STAs

        return move(owner, lambda: self._perform(number, arguments, context))

    def _perform(self, number: int, arguments: Sequence[Any], context: CallContext) -> tuple[Any, list[Any]]:
        """Native code called a method of an object of this process."""
        if len(arguments) != 3 or type(arguments[0]) is not int or type(arguments[2]) is not list:
            raise RemoteProtocolError("expected a library, a method and its arguments")
        library, method, values = arguments
        if library == 0:
            if method in (HostFunction.NAMES, HostFunction.DISPATCH):
                return self._serve(number, method, values, context)
            return self._own(number, method, values, context), []
        try:
            stub = self._by_number[library].stub(method)
            target = self._target(number)
        except KeyError:
            raise RemoteProtocolError(f"native code called method {method} of object {number}, not lent") from None
        return stub.perform(target, values, context)

    def _target(self, number: int) -> Any:
        """An object that native code calls, or what answers as one that was disconnected does. Raises KeyError."""
        try:
            return self.lent.find(number)
        except ObjectGone as gone:
            return _Gone(gone)

    def _serve(self, number: int, question: int, request: list[Any], context: CallContext) -> tuple[Any, list[Any]]:
        """Native code asks IDispatch of an object (R14.15)."""
        from .served import perform, table_of  # noqa: PLC0415 - most objects are called by their slots
        from .wellknown import wellknown  # noqa: PLC0415 - as above

        try:
            target = self.lent.find(number)
        except KeyError:
            raise RemoteProtocolError(f"native code asked object {number}, which was not lent") from None
        types = self.describe(wellknown("IDispatch")).types
        native = self._host.session.serves != "python"
        table = table_of(type(target), self._declared(request), native=native)
        return perform(target, question, request, table, types, context), []

    def _declared(self, request: list[Any]) -> Declared | None:
        """The interface whose pointer native code used; None for IDispatch itself."""
        iid = request[0] if request else None
        if iid == IIDS["IDispatch"]:
            return None
        return next((declared for declared in self._described if declared.iid == iid), None)
