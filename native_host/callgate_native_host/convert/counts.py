"""How many elements a pointer has: read from what native code gets or gave (R6.3, R6.5, R6.6)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

from callgate_native_host.backend import Backend, BackendType
from callgate_native_host.faults import Mismatch
from callgate_native_host.scope import Scope

__all__ = ["ConstantCount", "Counter", "ParameterCount", "PointedCount"]

_MOST: Final = 1 << 31


class Counter(ABC):
    """The count of one pointer."""

    @abstractmethod
    def of(self, natives: Sequence[Any], scope: Scope, /) -> int:
        """The count, from the C side of all parameters. Raises Mismatch when it is no count."""


class ConstantCount(Counter):
    """`size_is(8)`."""

    def __init__(self, count: int) -> None:
        self._count = count

    def of(self, _natives: Sequence[Any], _scope: Scope) -> int:
        """Always the same."""
        return self._count


class ParameterCount(Counter):
    """`size_is(n)`, or `size_is(n + 3)` (R6.5)."""

    def __init__(self, index: int, name: str, more: int) -> None:
        self._index = index
        self._name = name
        self._more = more

    def of(self, natives: Sequence[Any], _scope: Scope) -> int:
        """The value of the parameter."""
        return _checked(natives[self._index], self._name) + self._more


class PointedCount(Counter):
    """`size_is(*n)`: what the parameter points to now."""

    def __init__(self, backend: Backend, index: int, name: str, pointer_type: BackendType, more: int) -> None:
        self._backend = backend
        self._index = index
        self._name = name
        self._pointer_type = pointer_type
        self._more = more

    def of(self, natives: Sequence[Any], scope: Scope) -> int:
        """The number behind the pointer; none behind NULL."""
        address, room = natives[self._index], scope.rooms.get(self._index)
        if not address:
            return 0
        if room is not None and not room.readable:
            raise Mismatch(f"the count '*{self._name}' lies behind a magic pointer", "ArgumentError")
        return _checked(self._backend.at(self._pointer_type, address)[0], f"*{self._name}") + self._more


def _checked(count: Any, name: str) -> int:
    number = int(count)
    if not 0 <= number <= _MOST:
        raise Mismatch(f"the count '{name}' is {number}", "ArgumentError")
    return number
