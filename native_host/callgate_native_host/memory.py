"""Memory that stays: blocks that clients make, read, write and free, and function pointers that live as long."""

from __future__ import annotations

from typing import Any, Final

from callgate_protocol.errors import Fault

from .backend import Backend
from .convert.places import MASK, Place, Places
from .faults import Mismatch, expected
from .libc import Libc
from .loading import Libraries
from .objects import Block, Entry, HeapBlock, Objects
from .scope import Scope

__all__ = ["Memory"]

_MOST: Final = 1 << 40
"""No machine has so much; a larger figure is a mistake rather than a wish."""


class Memory:
    """The functions of library 0 that deal with memory. Each raises Mismatch or Fault."""

    def __init__(self, backend: Backend, libc: Libc, objects: Objects, places: Places, libraries: Libraries) -> None:
        self._backend = backend
        self._libc = libc
        self._objects = objects
        self._places = places
        self._libraries = libraries

    def new(self, scope: Scope, library: Any, name: Any, extra: Any) -> Any:
        """A zeroed struct with `extra` bytes behind it."""
        size = self.size(scope, library, name) + _length(extra, "extra bytes")
        return self._refer(self._add_block(name, size), scope)

    def buffer(self, scope: Scope, length: Any, initial: Any) -> Any:
        """Plain memory."""
        size = _length(length, "a length")
        data = b"" if initial is None else scope.binary(initial)
        if len(data) > size:
            raise Mismatch(f"{len(data)} bytes do not fit into {size}", "ArgumentError")
        entry = self._add_block("", size)
        if data:
            self._backend.write(entry.address, data)
        return self._refer(entry, scope)

    def _add_block(self, kind: str, size: int) -> Entry:
        memory, address = self._backend.allocate(size)
        return self._objects.add(Entry(kind, address, Block(memory, address, size)))

    def _refer(self, entry: Entry, scope: Scope) -> Any:
        reference = self._objects.refer_to(entry, scope.session.secret)
        scope.references.append(entry.number)
        return {"ref": reference}

    def free(self, scope: Scope, wire: Any) -> None:
        """Free what `new` or `buffer` made, or close what `callback` made."""
        place = self._places.find(wire, scope)
        entry = place.entry
        if entry is None or not entry.is_ours or place.address != entry.address:
            raise Mismatch("only what NEW, BUFFER or CALLBACK made can be freed", "ArgumentError")
        self._objects.remove(entry)
        if isinstance(entry.block, HeapBlock):
            self._libc.free(entry.address)

    def alloc(self, scope: Scope, length: Any, initial: Any) -> Any:
        """R8.12: a block of libc's heap."""
        size = _length(length, "a length")
        data = bytes(size) if initial is None else bytes(scope.binary(initial))
        if len(data) > size:
            raise Mismatch(f"{len(data)} bytes do not fit into {size}", "ArgumentError")
        address = self._libc.block(data.ljust(size, b"\0"), size)
        return self._refer(self._objects.add(Entry("", address, HeapBlock(None, address, size))), scope)

    def close(self, scope: Scope, wire: Any) -> None:
        """R10.8: end a handle. Its object ends now, or when the calls that use it are over (R10.2)."""
        place = self._places.find(wire, scope)
        entry = place.entry
        if entry is None or entry.is_ours or place.address != entry.address & MASK:
            raise Mismatch("only handles can be closed", "ArgumentError")
        self._objects.withdraw(entry)

    def read(self, scope: Scope, wire: Any, length: Any) -> Any:
        """Bytes of memory."""
        size = _length(length, "a length")
        if size > scope.session.limits.payload_bytes:
            most = scope.session.limits.payload_bytes
            raise Mismatch(f"{size} bytes are more than a message holds ({most})", "ArgumentError")
        return scope.give(self._backend.read(self._followed(wire, size, scope).address, size))

    def write(self, scope: Scope, wire: Any, data: Any) -> None:
        """Put bytes into memory."""
        content = scope.binary(data)
        self._backend.write(self._followed(wire, len(content), scope).address, content)

    def string(self, scope: Scope, wire: Any, limit: Any) -> Any:
        """Bytes up to the first NUL, at most `limit`, and never beyond a block of ours."""
        place = self._followed(wire, 0, scope)
        most = min(_length(limit, "a limit"), _MOST if place.room is None else place.room)
        return scope.give(self._backend.read_text(place.address, most) if most else b"")

    def _followed(self, wire: Any, size: int, scope: Scope) -> Place:
        """A place that is going to be read or written: never a magic pointer or code, never beyond a block."""
        place = self._places.find(wire, scope)
        if place.entry is None or place.entry.kind.startswith("code:"):
            raise Mismatch("that is no memory", "ArgumentError")
        if place.room is not None and size > place.room:
            raise Mismatch(f"{place.room} bytes are left there, {size} are asked for", "ArgumentError")
        return place

    def callback(self, scope: Scope, library: Any, name: Any, delegate: Any) -> Any:
        """A function pointer for a callable of the session, until it is freed."""
        if type(delegate) is not int or not 0 <= delegate < 1 << 63:
            raise expected("the number of a delegate", delegate)
        plan = self._libraries.get(_length(library, "the number of a library")).delegate(_name(name))
        thunk = plan.pool.acquire(scope.session, delegate, once=True)
        thunk.named = True
        try:
            entry = self._objects.add(Entry(f"code:{plan.name}", thunk.address, thunk=thunk))
            return self._refer(entry, scope)
        except BaseException:
            thunk.release()
            raise

    def layout(self, _scope: Scope, library: Any, name: Any) -> list[Any]:
        """The size and alignment of a struct or union, and where its members lie (R7.1)."""
        record = self._libraries.get(_length(library, "the number of a library")).space.record(_name(name))
        sizeof = self._backend.sizeof
        places = [
            [each.offset, 0 if member.is_flexible else sizeof(each.type), max(each.bitshift, 0), max(each.bitsize, 0)]
            for member, each in zip(record.members, map(record.layout.__getitem__, record.fields), strict=True)
        ]
        return [record.size, self._backend.alignof(record.ctype), places]

    def size(self, _scope: Scope, library: Any, name: Any) -> int:
        """The size of a struct or union."""
        return self._libraries.get(_length(library, "the number of a library")).space.record(_name(name)).size


def _length(value: Any, what: str) -> int:
    if type(value) is not int:
        raise expected(what, value)
    if not 0 <= value <= _MOST:
        raise Mismatch(f"{value} is not {what}", "ArgumentError")
    return value


def _name(value: Any) -> str:
    if type(value) is not str:
        raise Fault("MarshalError", "expected the name of a type")
    return value
