"""INVOKE: the function at an address, called with the shape of a delegate (R9.7)."""

from __future__ import annotations

from typing import Any

from callgate_protocol.errors import Fault

from .convert.places import Place, Places
from .faults import Mismatch, expected
from .loading import Libraries
from .plan import FunctionPlan
from .scope import Scope

__all__ = ["Pointers"]


class Pointers:
    """Finds what INVOKE is to call."""

    def __init__(self, libraries: Libraries, places: Places) -> None:
        self._libraries = libraries
        self._places = places

    def find(self, request: list[Any], scope: Scope) -> tuple[FunctionPlan, list[Any]]:
        """The plan of the function at an address, and the arguments for it. Raises Fault."""
        if len(request) != 4:
            raise Fault("ArgumentError", f"INVOKE takes 4 arguments, {len(request)} were given")
        library, name, wire, arguments = request
        try:
            if type(library) is not int or type(name) is not str or type(arguments) is not list:
                raise expected("a library, the name of a delegate, an address and arguments", request)
            place = self._function(name, wire, scope)
        except Mismatch as finding:
            raise finding.fault_of("INVOKE") from None
        return self._libraries.get(library).pointed(name).at(place.address), arguments

    def _function(self, name: str, wire: Any, scope: Scope) -> Place:
        place = self._places.find(wire, scope)
        if place.entry is None:
            raise Mismatch("a magic pointer is no function", "ArgumentError")
        if place.entry.kind not in ("", f"code:{name}") or place.entry.block is not None:
            kind = place.entry.kind or "memory"
            raise Mismatch(f"expected a function pointer {name}, got a {kind}", "InvalidCastError")
        return place
