"""Library 0: what a client can ask of the host itself (`callgate_protocol.system.HostFunction`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from callgate_protocol.apartments import Kind
from callgate_protocol.errors import Fault
from callgate_protocol.system import HostFunction

from .apartments import Homes
from .census import Census
from .faults import Mismatch, expected
from .fields import Fields
from .loading import Libraries
from .memory import Memory
from .raw import Raw
from .scope import Scope

if TYPE_CHECKING:
    from .com.activation import Activation
    from .com.functions import ObjectFunctions

__all__ = ["System"]

_BOUND: Final = Kind.STA.value

_Function: TypeAlias = Callable[..., Any]


class System:
    """One method per function; each takes the scope and the wire arguments, and gives the wire result."""

    def __init__(
        self,
        libraries: Libraries,
        memory: Memory,
        fields: Fields,
        objects: Callable[[], ObjectFunctions],
        activation: Callable[[], Activation],
        census: Census,
        raw: Raw,
        homes: Homes,
    ) -> None:
        self._libraries = libraries
        self._raw = raw
        self._functions: Final[dict[int, tuple[_Function, int]]] = {
            HostFunction.LOAD: (self._load, 4),
            HostFunction.NEW: (memory.new, 3),
            HostFunction.BUFFER: (memory.buffer, 2),
            HostFunction.FREE: (memory.free, 1),
            HostFunction.CLOSE: (memory.close, 1),
            HostFunction.ALLOC: (memory.alloc, 2),
            HostFunction.STORE: (fields.store, 5),
            HostFunction.DESTROY: (fields.destroy, 3),
            HostFunction.READ: (memory.read, 2),
            HostFunction.WRITE: (memory.write, 2),
            HostFunction.STRING: (memory.string, 2),
            HostFunction.GET: (fields.get, 4),
            HostFunction.SET: (fields.set, 5),
            HostFunction.CALLBACK: (memory.callback, 3),
            HostFunction.SIZE: (memory.size, 2),
            HostFunction.LAYOUT: (memory.layout, 2),
            HostFunction.QUERY: (lambda *given: objects().query(*given), 2),
            HostFunction.WRAP: (lambda *given: objects().wrap(*given), 4),
            HostFunction.RELEASE: (lambda *given: objects().release(*given), 2),
            HostFunction.NAMES: (lambda *given: objects().names(*given), 4),
            HostFunction.DISPATCH: (lambda *given: objects().dispatch(*given), 8),
            HostFunction.ACTIVATE: (lambda *given: activation().activate(*given), 5),
            HostFunction.HAND_OVER: (lambda *given: objects().hand_over(*given), 3),
            HostFunction.CLAIM: (lambda *given: objects().claim(*given), 1),
            HostFunction.WITHDRAW: (lambda *given: objects().withdraw(*given), 1),
            HostFunction.INFO: (lambda _scope: census.take(), 0),
            **raw.functions,
            **homes.functions,
        }

    def perform(self, function: int, arguments: list[Any], scope: Scope) -> Any:
        """Perform one. Raises Fault."""
        known = self._functions.get(function)
        if known is None:
            raise Fault("ProtocolError", f"a host has no function {function}")
        perform, count = known
        name = HostFunction(function).name
        if scope.session.rights is not None and function in self._raw.functions:
            raise Fault("AccessDenied", f"{name}: raw addresses are not for clients of other machines (R18.6)")
        if len(arguments) != count and (function != HostFunction.LOAD or len(arguments) != count - 1):
            raise Fault("ArgumentError", f"{name} takes {count} arguments, {len(arguments)} were given")
        try:
            return perform(scope, *arguments)
        except Mismatch as finding:
            raise finding.fault_of(name) from None

    def _load(self, scope: Scope, file: Any, content: Any, encoded: Any, apartment: Any = "") -> list[Any] | None:
        if self._raw.begun:
            raise Fault("ProtocolError", "this host serves the addresses of a session, not declared libraries")
        if type(file) is not str:
            raise expected("the name of a library", file)
        rights = scope.session.rights
        if rights is not None and file and not rights.may_load(file):  # without a file, interfaces are described
            raise Fault("AccessDenied", rights.refusal(file))
        if type(content) is not bytes or len(content) != 32:
            raise expected("a hash of 32 bytes", content)
        if apartment not in ("", _BOUND):
            raise Mismatch(f"expected 'sta' for a library bound to a thread, got {apartment!r}", "ArgumentError")
        given = None if encoded is None else bytes(scope.binary(encoded))
        loaded = self._libraries.load(file, content, given)
        return None if loaded is None else [loaded[0], loaded[1].missing]
