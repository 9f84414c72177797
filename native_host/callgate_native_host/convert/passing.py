"""How one parameter crosses: four steps, two for a call of the client, two for a callback of native code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from callgate_native_host.backend import Backend, BackendType
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.scope import Room, Scope

from .base import Converter

__all__ = ["ByValue", "OffsetPassing", "Passing"]


class Passing(ABC):
    """One parameter of a function or delegate."""

    ctype: BackendType
    """Its type in the signature."""

    @abstractmethod
    def enter(self, wire: Any, scope: Scope, /) -> Any:
        """A call begins: the C side of what the client gave; nil when it gave nothing."""

    def check(self, natives: Sequence[Any], scope: Scope, /) -> None:
        """All parameters have entered: refuse a count beyond the array (R6.3). Most have none."""
        del natives, scope

    def leave(self, natives: Sequence[Any], scope: Scope, /) -> Any:
        """The call is over: the wire value that goes back."""
        raise NotImplementedError(f"{type(self).__name__} has no out value")

    def discard(self, natives: Sequence[Any], scope: Scope, /) -> None:
        """The call failed behind native code: free what came out of it and will not be sent (R8.1, R8.7)."""
        del natives, scope

    @abstractmethod
    def offer(self, natives: Sequence[Any], scope: Scope, /) -> Any:
        """A callback begins: the wire value of what native code gave."""

    def accept(self, wire: Any, natives: Sequence[Any], scope: Scope, /) -> None:
        """The callback is over: put the client's out value where native code pointed."""
        raise NotImplementedError(f"{type(self).__name__} has no out value")

    def clear(self, natives: Sequence[Any], scope: Scope, /) -> None:
        """The callback failed: zero what it would have filled (R8.7)."""
        del natives, scope


class ByValue(Passing):
    """A parameter whose value is all there is to it."""

    def __init__(self, index: int, converter: Converter) -> None:
        self._index = index
        self.converter = converter
        self.ctype = converter.ctype

    def enter(self, wire: Any, scope: Scope) -> Any:
        """See Passing."""
        return self.converter.from_wire(wire, scope)

    def offer(self, natives: Sequence[Any], scope: Scope) -> Any:
        """See Passing."""
        return self.converter.to_wire(natives[self._index], scope)


class OffsetPassing(Passing):
    """`[out, offset(s)] char **end`: a pointer into the memory of another parameter, as a distance."""

    def __init__(self, backend: Backend, index: int, base: int) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._pointer_type = backend.pointer_to(backend.pointer)
        self._index = index
        self._base = base

    def enter(self, _wire: Any, scope: Scope) -> int:
        """A slot that is NULL until native code fills it."""
        slot = self._backend.newp(self._pointer_type)
        scope.rooms[self._index] = Room(slot, 1)
        return self._backend.address_of(slot)

    def leave(self, natives: Sequence[Any], scope: Scope) -> int | None:
        """The distance from the start of what was given."""
        end: int = scope.rooms[self._index].memory[0]
        return end - natives[self._base] if end else None

    def offer(self, natives: Sequence[Any], scope: Scope) -> None:
        """An end pointer is only ever an out."""

    def accept(self, wire: Any, natives: Sequence[Any], _scope: Scope) -> None:
        """Point native code's pointer so many bytes into its own text."""
        if wire is not None and type(wire) is not int:
            raise expected("a distance", wire)
        if not natives[self._index]:
            return
        if wire is not None and not 0 <= wire < 1 << 31:
            raise Mismatch(f"{wire} is no distance into a text", "OutOfRange")
        end = 0 if wire is None else natives[self._base] + wire
        self._backend.at(self._pointer_type, natives[self._index])[0] = end
