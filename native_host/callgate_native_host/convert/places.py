"""Addresses on the wire: `{"at": [object, offset]}` and `{"constant": n}` in, `{"ref": …}` out."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.lives import Release
from callgate_native_host.objects import Entry, Objects
from callgate_native_host.scope import Scope

__all__ = ["END", "MASK", "Place", "Places", "is_place", "object_number"]

_LOWEST, END = -(1 << 63), 1 << 64
MASK: Final = END - 1


class Place(NamedTuple):
    """An address, and the object it lies in; None for a library's magic pointers."""

    address: int
    entry: Entry | None

    @property
    def room(self) -> int | None:
        """How many bytes lie there; None when only native code knows."""
        if self.entry is None or self.entry.block is None:
            return None
        return self.entry.address + self.entry.block.size - self.address


def is_place(wire: Any) -> bool:
    """Whether a wire value is meant as an address."""
    return type(wire) is dict and "payload" not in wire


def object_number(wire: Any) -> int:
    """The number in an object's wire value. Raises Mismatch."""
    pair = wire.get("at") if type(wire) is dict else None
    if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not int:
        raise expected("an object", wire)
    return pair[0]


class Places:
    """Finds what addresses mean, and gives addresses names."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def find(self, wire: Any, scope: Scope) -> Place:
        """The place that a wire value names; the scope keeps it alive. Raises Mismatch."""
        if type(wire) is not dict or len(wire) != 1:
            raise expected("an address", wire)
        if "constant" in wire:
            return Place(_constant(wire["constant"]), None)
        pair = wire.get("at")
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not int or type(pair[1]) is not int:
            raise expected("an address", wire)
        number, offset = pair
        entry = self._objects.find(number)
        _check_offset(entry, offset)
        scope.keep.append(entry)
        return Place(entry.address + offset & MASK, entry)

    def name(self, address: int, kind: str, scope: Scope, *, exact: bool = False) -> Any:
        """The wire value of a pointer that native code gave; nil for NULL."""
        if address == 0:
            return None
        reference, offset = self._objects.refer(address, kind, scope.session.secret, exact=exact)
        scope.references.append(reference.object)
        return {"ref": reference, "offset": offset} if offset else {"ref": reference}

    def own(self, address: int, kind: str, scope: Scope, release: Release) -> Any:
        """The wire value of a handle that is the session's to end; nil for NULL."""
        if address == 0:
            return None
        reference = self._objects.own(address, kind, scope.session.secret, release, scope.keep)
        scope.references.append(reference.object)
        return {"ref": reference}

    def abandon(self, address: int, kind: str, release: Release, scope: Scope) -> None:
        """End an object that native code handed out and nobody gets."""
        if not any(life.address == address for life in scope.lives):
            self._objects.abandon(address, kind, release)


def _constant(value: Any) -> int:
    if type(value) is not int or not _LOWEST <= value < END:
        raise expected("a constant of pointer width", value)
    return value & MASK


def _check_offset(entry: Entry, offset: int) -> None:
    if entry.block is not None and not 0 <= offset <= entry.block.size:
        problem = f"offset {offset} lies outside object {entry.number}, which has {entry.block.size} bytes"
        raise Mismatch(problem, "ArgumentError")
