"""One object given for several `[ptr]` parameters: native code sees one block of memory (R1.21)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callgate.records import Struct
from callgate.values import Box, StrBuf
from callgate_protocol.signatures import ParameterPlan

from .buffers import can_be_filled

__all__ = ["Aliases", "aliases_of"]


class Aliases:
    """The `[ptr]` parameters of a function."""

    def __init__(self, places: Sequence[tuple[int, int]]) -> None:
        self._places = places
        """Where each stands among the arguments, and its index in the declaration."""

    def join(self, arguments: Sequence[Any], wire: list[Any]) -> None:
        """Every later mention of an object becomes a reference to the first one.

        Only of objects that can be changed: Python shares small numbers and texts without anybody having asked.
        """
        first: dict[int, int] = {}
        for position, index in self._places:
            value = arguments[position]
            if not _has_identity(value):
                continue
            known = first.setdefault(id(value), index)
            if known != index:
                wire[position] = {"like": known}


def aliases_of(passed: Sequence[ParameterPlan]) -> Aliases | None:
    """None for a function where nothing can be the same."""
    places = [(position, plan.index) for position, plan in enumerate(passed) if plan.aliased]
    return Aliases(places) if len(places) > 1 else None


def _has_identity(value: Any) -> bool:
    return isinstance(value, list | Box | StrBuf | Struct) or can_be_filled(value)
