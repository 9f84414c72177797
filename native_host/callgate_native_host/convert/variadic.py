"""The variable part of a call: `[tag, wire value]` after the named arguments (C's own promotions were applied)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.scope import Scope
from callgate_protocol.forms import Address, Boolean, Floating, Form, Integer, Text
from callgate_protocol.model import FLOATS, INTEGERS

from .base import Converter
from .space import Space

__all__ = ["Extras"]


def _form(tag: str) -> Form | None:
    if tag in INTEGERS:
        return Integer(tag)
    if tag in FLOATS:
        return Floating(tag)
    return _OTHERS.get(tag)


_OTHERS: Final[dict[str, Form]] = {"text": Text(), "address": Address(), "bool": Boolean()}


class Extras:
    """Converts what follows the named arguments of a variadic function."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: dict[str, Converter] = {}

    def enter(self, wires: Sequence[Any], start: int, function: str, scope: Scope) -> list[Any]:
        """The C side, typed, because the prototype says nothing of it. Raises Fault."""
        natives = []
        for position in range(start, len(wires)):
            try:
                natives.append(self._one(wires[position], scope))
            except Mismatch as finding:
                raise finding.fault(position + 1, "...", function) from None
        return natives

    def _one(self, wire: Any, scope: Scope) -> Any:
        if type(wire) is not list or len(wire) != 2 or type(wire[0]) is not str:
            raise expected("a tag and a value", wire)
        converter = self._converter(wire[0])
        return self._space.tools.backend.cast(converter.ctype, converter.from_wire(wire[1], scope))

    def _converter(self, tag: str) -> Converter:
        known = self._known.get(tag)
        if known is None:
            form = _form(tag)
            if form is None:
                raise Mismatch(f"{tag!r} is no type that can follow the named arguments")
            known = self._known[tag] = self._space.converter(form)
        return known
