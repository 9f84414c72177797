"""Pointers by value: handles, plain addresses, carried objects, function pointers (R8, R9, R10)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.lives import Release
from callgate_native_host.measure import spelling
from callgate_native_host.objects import Entry
from callgate_native_host.scope import Scope
from callgate_native_host.thunks import Thunk
from callgate_protocol import forms
from callgate_transport.serving.session import Session

from .base import Converter
from .places import END, MASK, Places, is_place

__all__ = ["AddressConverter", "CodeConverter", "ContextConverter", "HandleConverter", "ThunkSource"]


class ThunkSource(NamedTuple):
    """Where the function pointers of one shape come from."""

    acquire: Callable[[Session, int, bool], Thunk]
    """A function pointer for one of a session's callables; the flag says whether it is made to last."""
    at: Callable[[int], Thunk | None]
    """The function pointer that lies at an address, if it can be called."""


_REFERENCE_NODES = 11
_SIGNED = frozenset(
    {"char", "schar", "short", "int", "long", "llong", "i1", "i2", "i4", "i8", "ssize", "iptr", "ptrdiff"}
)


class HandleConverter(Converter):
    """A pointer to an opaque type: only one of that type, only while it is open (R10).

    With `release`, what native code hands out is the receiver's, and ends with it (R10.8).
    """

    nodes = _REFERENCE_NODES

    def __init__(
        self, backend: Backend, form: forms.Handle, places: Places, invalid: Sequence[int], release: Release | None
    ) -> None:
        self.ctype = backend.primitive(spelling(backend, form.scalar)) if form.scalar else backend.pointer
        self._form = form
        self._places = places
        self._invalid = {value & MASK: value for value in invalid if value or form.scalar}
        self._bits = 8 * backend.sizeof(self.ctype)
        self._base = -END if form.scalar else 0
        self._release = release

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """R10.2: NULL only where the declaration allows it."""
        if wire is None:
            if self._form.nullable:
                return 0
            raise Mismatch(f"NULL is not a {self._form.opaque} handle (R10.2)", "ArgumentError")
        place = self._places.find(wire, scope)
        if place.entry is not None:
            self._take(place.entry, scope)
        return self._number(place.address) if self._form.scalar else place.address

    def _number(self, address: int) -> int:
        """R10.10: the integer that stands for the address in the table."""
        low = address & ((1 << self._bits) - 1)
        return low - (1 << self._bits) if low >> (self._bits - 1) and self._form.scalar in _SIGNED else low

    def _take(self, entry: Entry, scope: Scope) -> None:
        if entry.kind not in ("", self._form.opaque):  # as in C, an untyped pointer becomes whatever is wanted
            raise Mismatch(f"expected {self._form.opaque}, got a {entry.kind}", "InvalidCastError")
        if entry.life is not None:
            if not entry.life.use():
                raise Mismatch(f"object {entry.number} is gone: it was released", "ObjectGone")
            scope.lives.append(entry.life)
        if scope.handle is None:
            scope.handle = entry
        if self._form.closes:
            scope.closing.append(entry)

    def to_wire(self, native: int, scope: Scope) -> Any:
        """A reference; the same pointer is the same object while it lives. R10.9: an invalid value is itself."""
        if native & MASK in self._invalid:
            return {"constant": self._invalid[native & MASK]}
        native += self._base  # numbers lie where no pointer does, so that the two never meet in the table
        if self._release is not None and scope.owning:
            return self._places.own(native, self._form.opaque, scope, self._release)
        if self._form.lent and scope.owning and native:
            self._check_unchanged(native, scope)
        return self._places.name(native, self._form.opaque, scope, exact=True)

    def _check_unchanged(self, native: int, scope: Scope) -> None:
        if not any(life.address == native for life in scope.lives):
            problem = f"native code put a {self._form.opaque} here that it was not given: handles in structs only go in"
            raise Mismatch(f"{problem} (R10.5)", "NotSupportedError")

    def discard(self, native: int, scope: Scope) -> None:
        """R8.1: what native code handed out and nobody gets ends now."""
        if self._release is not None and (native or self._form.scalar) and native & MASK not in self._invalid:
            self._places.abandon(native + self._base, self._form.opaque, self._release, scope)


class AddressConverter(Converter):
    """A pointer whose target only native code reads: memory of the host, or a copy that lives during the call."""

    nodes = _REFERENCE_NODES

    def __init__(self, backend: Backend, form: forms.Address, places: Places) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._form = form
        self._places = places

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """R1.17: a copy is gone when the call ends; memory that stays is made with NEW or BUFFER."""
        if wire is None:
            return 0
        if is_place(wire):
            return self._places.find(wire, scope).address
        data = scope.binary(wire)
        if scope.lasting:
            raise Mismatch("a callback cannot hand out bytes: nobody would own them; give memory of the host")
        memory, address = self._backend.allocate(len(data))
        self._backend.write(address, data)
        scope.keep.append(memory)
        return address

    def to_wire(self, native: int, scope: Scope) -> Any:
        """A reference, or the block that it points into with an offset."""
        return self._places.name(native, self._form.target, scope)


class ContextConverter(Converter):
    """A `void *` that native code only carries back: the client's token for any object (R9.13)."""

    nodes = 3

    def __init__(self, backend: Backend) -> None:
        self.ctype = backend.pointer

    def from_wire(self, wire: Any, _scope: Scope) -> int:
        """The token is the pointer."""
        if wire is None:
            return 0
        token = wire.get("context") if type(wire) is dict else None
        if type(token) is not int or not 0 < token < 1 << 63:
            raise expected("a context", wire)
        return token

    def to_wire(self, native: int, _scope: Scope) -> Any:
        """The pointer is the token."""
        return {"context": native} if native else None


class CodeConverter(Converter):
    """A function pointer (R9.1): a client's callable, one made with CALLBACK, or native code's own."""

    nodes = _REFERENCE_NODES

    def __init__(self, backend: Backend, form: forms.Code, places: Places, thunks: ThunkSource) -> None:
        self.ctype = backend.pointer
        self._form = form
        self._kind = f"code:{form.delegate}"
        self._places = places
        self._thunks = thunks

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """R9.5: a callable given in a call is valid during that call, unless the declaration says `keep`."""
        if wire is None:
            return 0
        if type(wire) is dict and "delegate" in wire:
            return self._thunk(wire["delegate"], scope).address
        place = self._places.find(wire, scope)
        if place.entry is not None and place.entry.kind not in ("", self._kind):
            problem = f"expected a function pointer {self._form.delegate}, got a {place.entry.kind}"
            raise Mismatch(problem, "InvalidCastError")
        return place.address

    def _thunk(self, delegate: Any, scope: Scope) -> Thunk:
        if type(delegate) is not int or not 0 <= delegate < 1 << 63:
            raise expected("the number of a delegate", delegate)
        lasting = self._form.keep or scope.lasting
        thunk = self._thunks.acquire(scope.session, delegate, lasting)
        (scope.lasting_thunks if lasting else scope.thunks).append(thunk)
        return thunk

    def to_wire(self, native: int, scope: Scope) -> Any:
        """R9.7: the callable or callback object that it is, or a reference to native code's own function."""
        thunk = self._thunks.at(native)
        if thunk is not None and thunk.target is not None and thunk.target.session is scope.session and not thunk.named:
            return {"delegate": thunk.target.delegate}
        return self._places.name(native, self._kind, scope, exact=True)
