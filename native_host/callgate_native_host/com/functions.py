"""Library 0, as far as objects go: what a client asks of them beside their methods."""

from __future__ import annotations

from typing import Any, Final

from callgate_native_host.convert.places import Places
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.objects import Objects
from callgate_native_host.scope import Scope
from callgate_protocol.guids import read_guid

from .service import Com

__all__ = ["ObjectFunctions"]

_MOST: Final = 1024


class ObjectFunctions:
    """The functions. Each raises Mismatch or Fault."""

    def __init__(self, com: Com, places: Places, objects: Objects) -> None:
        self._com = com
        self._places = places
        self._objects = objects

    def query(self, scope: Scope, wire: Any, iids: Any) -> list[int]:
        """R16.1, R17.10: QueryInterface for each IID; the HRESULTs, in order. What is found is kept."""
        pair = wire.get("at") if type(wire) is dict else None
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not int:
            raise expected("an object", wire)
        if type(iids) is not list or len(iids) > _MOST:
            raise expected(f"at most {_MOST} GUIDs", iids)
        try:
            wanted = [read_guid(iid) for iid in iids]
        except ValueError as error:
            raise Mismatch(str(error), "ArgumentError") from None
        entry = self._com.wrappers.use(pair[0], scope)
        return [self._com.wrappers.ask(entry, iid) for iid in wanted]

    def wrap(self, scope: Scope, wire: Any, library: Any, index: Any, counted: Any) -> Any:
        """The object behind a pointer that came as plain memory. `counted`: its reference is the client's now."""
        if type(library) is not int or type(index) is not int or type(counted) is not bool:
            raise expected("a library, an interface and whether it is counted", [library, index, counted])
        place = self._places.find(wire, scope)
        if place.entry is None or place.entry.block is not None:
            raise Mismatch("that is no interface pointer", "InvalidCastError")
        return self._com.wrappers.take(
            place.address, self._com.offered(library, index).contract, scope, counted=counted
        )

    def release(self, scope: Scope, number: Any, count: Any) -> None:
        """R14.12: give references back, and have what ends by that ended on this thread."""
        if type(number) is not int or type(count) is not int or count < 0:
            raise expected("an object and a count", [number, count])
        if count:
            self._objects.release([(number, count)], scope.session.secret, here=True)
