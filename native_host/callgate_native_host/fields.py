"""Members of structs that live in the host: found by path, read, and written with what they refer to kept alive."""

from __future__ import annotations

from typing import Any, NamedTuple

from .backend import Backend
from .convert.base import Converter
from .convert.places import Place, Places
from .convert.records import RawConverter, SeriesConverter, StructureConverter
from .convert.text import TextConverter
from .faults import Mismatch, expected
from .loading import Libraries
from .objects import Kept
from .scope import Scope

__all__ = ["Fields"]


class _Spot(NamedTuple):
    """One value in memory: the backend's view of what holds it, the key in there, how it crosses, where it lies."""

    holder: Any
    key: str | int
    converter: Converter
    offset: int
    bits: bool


class Fields:
    """GET and SET of library 0. Each raises Mismatch or Fault."""

    def __init__(self, backend: Backend, places: Places, libraries: Libraries) -> None:
        self._backend = backend
        self._places = places
        self._libraries = libraries

    def get(self, scope: Scope, library: Any, name: Any, wire: Any, path: Any) -> Any:
        """The value at a path; the whole struct for an empty one."""
        _, spot = self._find(scope, library, name, wire, path)
        return spot.converter.to_wire(_load(spot), scope)

    def set(self, scope: Scope, library: Any, name: Any, wire: Any, path: Any, value: Any) -> None:
        """Store a value at a path. What it points to lives as long as the block and the pointer do."""
        place, spot = self._find(scope, library, name, wire, path)
        scope.keep.remove(place.entry)  # a block does not keep itself alive
        _store(spot, spot.converter.from_wire(value, scope))
        scope.hand_over()
        kept = scope.take_kept()
        if place.entry is not None and not spot.bits:
            start = place.address - place.entry.address + spot.offset
            place.entry.replace_fields(start, self._backend.sizeof(spot.converter.ctype), kept)

    def store(self, scope: Scope, library: Any, name: Any, wire: Any, value: Any, delete_old: Any) -> None:
        """R8.12, StructureToPtr: texts of members with `[free(free)]` become the struct's own."""
        _, spot = self._find(scope, library, name, wire, [])
        members = spot.converter.members if isinstance(spot.converter, StructureConverter) else ()
        for member in members:
            if isinstance(member.converter, TextConverter) and member.converter.is_foreign:
                problem = "its text must come from another allocator than libc's; fill the struct member by member"
                raise Mismatch(problem, "ArgumentError").inside(f".{member.name}")
        if delete_old:
            self.destroy(scope, library, name, wire)
        scope.replaceable = True
        self.set(scope, library, name, wire, [], value)

    def destroy(self, scope: Scope, library: Any, name: Any, wire: Any) -> None:
        """R8.12, DestroyStructure: free what the members own, and zero the struct, so that nothing is freed twice."""
        place, spot = self._find(scope, library, name, wire, [])
        entry, record = place.entry, spot.converter
        size = self._backend.sizeof(record.ctype)
        start = place.address - (entry.address if entry is not None else 0)
        if entry is not None and isinstance(record, StructureConverter):
            for member, field in zip(record.members, record.fields, strict=True):
                if start + record.layout[field].offset not in entry.fields:  # else it is a copy of ours
                    scope.owning = True
                    member.converter.discard(getattr(_load(spot), field), scope)
            entry.replace_fields(start, size, Kept([], [], []))
        self._backend.write(place.address, bytes(size))

    def _find(self, scope: Scope, library: Any, name: Any, wire: Any, path: Any) -> tuple[Place, _Spot]:
        if type(library) is not int or type(name) is not str or type(path) is not list:
            raise expected("a library, a type name, an address and a path", [library, name, path])
        record = self._libraries.get(library).space.record(name)
        place = self._places.find(wire, scope)
        if place.entry is None:
            raise Mismatch("a magic pointer is no struct", "ArgumentError")
        if place.room is not None and record.size > place.room:
            problem = f"{place.room} bytes are left there, {name} has {record.size}"
            raise Mismatch(problem, "ArgumentError")
        view = self._backend.at(record.pointer_type, place.address)
        spot = _Spot(view, 0, record, 0, bits=False)
        for step in path:
            spot = self._step(spot, step, place.room)
        return place, spot

    def _step(self, spot: _Spot, step: Any, room: int | None) -> _Spot:
        converter = spot.converter
        if isinstance(converter, StructureConverter | RawConverter) and type(step) is str:
            return self._member(spot, converter, step)
        if isinstance(converter, SeriesConverter) and type(step) is int:
            return self._item(spot, converter, step, room)
        raise Mismatch(f"there is no {step!r} in it", "ArgumentError")

    def _member(self, spot: _Spot, record: StructureConverter | RawConverter, name: str) -> _Spot:
        found = self._find_member(spot, record, name)
        if found is None:
            raise Mismatch(f"{record.name} has no member {name!r}", "ArgumentError")
        return found

    def _find_member(self, spot: _Spot, record: StructureConverter | RawConverter, name: str) -> _Spot | None:
        """A member, or one of an unnamed member: in C, those are the outer struct's own."""
        for member, field in zip(record.members, record.fields, strict=True):
            if member.name and member.name != name:
                continue
            offset = spot.offset + record.layout[field].offset
            found = _Spot(_load(spot), field, member.converter, offset, member.bits >= 0)
            if member.name:
                return found
            inner = member.converter
            within = (
                self._find_member(found, inner, name) if isinstance(inner, StructureConverter | RawConverter) else None
            )
            if within is not None:
                return within
        return None

    def _item(self, spot: _Spot, series: SeriesConverter, index: int, room: int | None) -> _Spot:
        size = self._backend.sizeof(series.element.ctype)
        offset = spot.offset + index * size
        beyond = index >= series.length if series.length else room is not None and offset + size > room
        if index < 0 or beyond:
            raise Mismatch(f"index {index} lies outside the array", "ArgumentError")
        return _Spot(_load(spot), index, series.element, offset, bits=False)


def _load(spot: _Spot) -> Any:
    return getattr(spot.holder, spot.key) if isinstance(spot.key, str) else spot.holder[spot.key]


def _store(spot: _Spot, native: Any) -> None:
    if isinstance(spot.key, str):
        setattr(spot.holder, spot.key, native)
    else:
        spot.holder[spot.key] = native
