"""Library 0, as far as objects go: what a client asks of them beside their methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.convert.places import Places, object_number
from callgate_native_host.convert.space import Space
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.objects import Objects
from callgate_native_host.scope import Scope
from callgate_protocol.guids import read_guid
from callgate_protocol.references import Purpose

from .service import Com
from .wrapped import Wrapped

if TYPE_CHECKING:
    from .dispatch import Dispatch

__all__ = ["ObjectFunctions"]

_MOST: Final = 1024


class ObjectFunctions:
    """The functions. Each raises Mismatch or Fault."""

    def __init__(
        self, backend: Backend, com: Com, places: Places, objects: Objects, space: Callable[[int], Space]
    ) -> None:
        self._backend = backend
        self._space = space
        self._com = com
        self._places = places
        self._objects = objects

    @cached_property
    def _dispatch(self) -> Dispatch:
        from .dispatch import Dispatch  # noqa: PLC0415 - brings VARIANTs in, which few libraries need

        return Dispatch(self._backend, self._com, self._space)

    def names(self, scope: Scope, *request: Any) -> list[Any]:
        """See `Dispatch`."""
        return self._dispatch.names(scope, *request)

    def dispatch(self, scope: Scope, *request: Any) -> list[Any]:
        """See `Dispatch.invoke`."""
        return self._dispatch.invoke(scope, *request)

    def query(self, scope: Scope, wire: Any, iids: Any) -> list[int]:
        """R16.1, R17.10: QueryInterface for each IID; the HRESULTs, in order. What is found is kept."""
        number = object_number(wire)
        if type(iids) is not list or len(iids) > _MOST:
            raise expected(f"at most {_MOST} GUIDs", iids)
        try:
            wanted = [read_guid(iid) for iid in iids]
        except ValueError as error:
            raise Mismatch(str(error), "ArgumentError") from None
        entry = self._com.wrappers.use(number, scope)
        return [self._com.wrappers.ask(entry, iid) for iid in wanted]

    def hand_over(self, scope: Scope, wire: Any, iid: Any, purpose: Any) -> bytes:
        """R17.12: a reference to an object for a third process."""
        number = object_number(wire)
        if type(iid) is not str:
            raise expected("a GUID", iid)
        if type(purpose) is not int or purpose not in set(Purpose):
            raise expected("a purpose from 0 to 2", purpose)
        return self._objects.hand_over(self._com.wrappers.use(number, scope), iid, Purpose(purpose))

    def withdraw(self, _scope: Scope, token: Any) -> None:
        """R17.6: what was handed over is not claimed any more."""
        if type(token) is not bytes or len(token) != 16:
            raise expected("a token of 16 bytes", token)
        self._objects.withdraw_handed(token)

    def claim(self, scope: Scope, token: Any) -> Any:
        """R17.13: the reference that was handed over to this client."""
        found = self._objects.claim(token, scope.session.secret) if type(token) is bytes else None
        if found is None:
            raise Mismatch("nothing was handed over by that token, or it is gone (CO_E_OBJNOTCONNECTED)", "ObjectGone")
        entry, reference = found
        scope.references.append(reference.object)
        assert isinstance(entry, Wrapped)
        return {"ref": reference} | ({"classes": entry.classes} if entry.classes else {})

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
