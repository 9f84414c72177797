"""R1.23: an interface pointer whose IID stands in another parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callgate_native_host.com.unknown import Unknown
from callgate_native_host.faults import Mismatch
from callgate_native_host.scope import Scope
from callgate_protocol.interfaces import Shape

from .passing import Passing

__all__ = ["ChosenByIid"]


class ChosenByIid(Passing):
    """Around the passing of the pointer: the IID is read before the pointer is converted.

    It must come before the pointer where that goes in, because arguments are converted left to right.
    """

    def __init__(self, inner: Passing, iid_index: int, unknown: Unknown, shape: Shape) -> None:
        self.ctype = inner.ctype
        self._inner = inner
        self._iid_index = iid_index
        self._unknown = unknown
        self._shape = shape

    def enter(self, wire: Any, scope: Scope) -> Any:
        """See Passing. `scope.entered` holds what was converted before."""
        if wire is None or self._iid_index >= len(scope.entered):
            return self._inner.enter(wire, scope)
        return self._with(scope.entered, scope, lambda: self._inner.enter(wire, scope))

    def check(self, natives: Sequence[Any], scope: Scope) -> None:
        """See Passing."""
        self._inner.check(natives, scope)

    def leave(self, natives: Sequence[Any], scope: Scope) -> Any:
        """See Passing."""
        return self._with(natives, scope, lambda: self._inner.leave(natives, scope))

    def discard(self, natives: Sequence[Any], scope: Scope) -> None:
        """See Passing."""
        self._inner.discard(natives, scope)

    def offer(self, natives: Sequence[Any], scope: Scope) -> Any:
        """See Passing."""
        return self._with(natives, scope, lambda: self._inner.offer(natives, scope))

    def accept(self, wire: Any, natives: Sequence[Any], scope: Scope) -> None:
        """See Passing."""
        self._with(natives, scope, lambda: self._inner.accept(wire, natives, scope))

    def clear(self, natives: Sequence[Any], scope: Scope) -> None:
        """See Passing."""
        self._inner.clear(natives, scope)

    def _with(self, natives: Sequence[Any], scope: Scope, work: Any) -> Any:
        address = natives[self._iid_index]
        if not address:
            raise Mismatch("there is no IID to say which interface it is (R1.23)", "ArgumentError")
        scope.iid = self._unknown.read_iid(address, self._shape)
        try:
            return work()
        finally:
            scope.iid = None
