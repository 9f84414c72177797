"""Where the members of a library's structs lie: the host is asked once for each that somebody wants to know (R7.6)."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from callgate_protocol.system import HostFunction

from .convert.views import RecordViews
from .errors import ObjectGone

if TYPE_CHECKING:
    from .binding import Binding
    from .convert import TypeSpace

__all__ = ["Overlays"]

_Found: TypeAlias = tuple[int, int, Sequence[Sequence[int]]]


class Overlays:
    """Belongs to a binding, and does not keep it alive: a union's class may outlive its library."""

    def __init__(self, binding: Binding) -> None:
        self._binding = weakref.ref(binding)
        self._layouts: dict[str, _Found] = {}
        self._views: dict[str, RecordViews] = {}
        self.types: TypeSpace | None = None
        """Set as soon as the library's types are made."""

    def layout(self, record: str) -> _Found:
        """Size, alignment and places of the members, in order. All hosts of a library lay a struct out alike."""
        known = self._layouts.get(record)
        if known is None:
            binding = self._alive(record)
            size, alignment, places = binding.ready().system(HostFunction.LAYOUT, binding.number, record)
            known = self._layouts[record] = (size, alignment, places)
        return known

    def views(self, record: str) -> RecordViews:
        """The members inside the bytes of a union."""
        known = self._views.get(record)
        if known is None:
            types = self.types or self._alive(record).types
            known = self._views[record] = RecordViews(record, types, self.layout)
        return known

    def _alive(self, record: str) -> Binding:
        binding = self._binding()
        if binding is None:
            raise ObjectGone(f"the library that declared {record} was forgotten before it was asked about its members")
        return binding
