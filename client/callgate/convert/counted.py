"""Arrays whose counts the caller gives as well: checked against what was given (R6.3), and cut to it (R1.22)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from callgate.errors import ArgumentError
from callgate.memory import Addressable
from callgate.values import Box, Constant
from callgate_protocol.forms import Bytes, Count, content_of, count_of
from callgate_protocol.signatures import ParameterPlan

from .arrays import layout_of
from .base import CallContext, Mismatch, TypeSpace
from .in_place import measure

__all__ = ["Counted", "counted"]


class Counted:
    """One array among the arguments of a call."""

    def __init__(self, plan: ParameterPlan, position: int, positions: Mapping[str, int], types: TypeSpace) -> None:
        self.position = position
        """Its place among the arguments."""
        form = plan.form
        content = content_of(form)
        assert content is not None  # or it would have no count
        self._unit = "bytes" if isinstance(content, Bytes) else "elements"
        self._measure = measure(content, types)
        self._size, self._length = content.count, content.length
        self._positions = positions
        self._cuts = self._length is not None and plan.direction.travels_in
        layout = None if isinstance(content, Bytes) else layout_of(content.element, types)
        self._item = 1 if layout is None else layout.item

    def check(self, arguments: Sequence[Any], wire: list[Any], context: CallContext) -> None:
        """R6.3: a count beyond the array would let native code read past its end. Raises Mismatch."""
        value = arguments[self.position]
        value = value.value if isinstance(value, Box) else value
        if value is None or isinstance(value, Addressable | Constant):
            return
        held = self._measure(value)
        size, length = self._announced(self._size, wire), self._announced(self._length, wire)
        if size is not None and size > held:
            raise Mismatch(ArgumentError, f"it has {held} {self._unit}, but {_said(self._size)} says {size} (R6.3)")
        if length is not None and length > (held if size is None else size):
            most = held if size is None else size
            text = f"{_said(self._length)} says {length} {self._unit} are sent, but there are {most} (R1.22)"
            raise Mismatch(ArgumentError, text)
        if self._cuts:
            sent = held if length is None else length
            wire[self.position] = [held, _cut(wire[self.position], sent, self._item, context)]

    def _announced(self, count: Count | None, wire: list[Any]) -> int | None:
        """What a count says, as far as the caller gives it."""
        if count is None or not count.parameter:
            return None if count is None else count.constant
        position = self._positions.get(count.parameter)
        if position is None:
            return None
        announced = wire[position]
        announced = announced[0] if type(announced) is list and len(announced) == 1 else announced
        return announced + count.constant if type(announced) is int and announced >= 0 else None


def _said(count: Count | None) -> str:
    return "the declaration" if count is None or not count.parameter else f"'{count.parameter}'"


def _cut(content: Any, count: int, size: int, context: CallContext) -> Any:
    """The first elements of an encoded array."""
    if type(content) is list:
        return content[:count]
    if type(content) is bytes:
        return content[: count * size]
    number = content["payload"]
    context.payloads[number] = memoryview(context.payloads[number])[: count * size]
    return content


def counted(passed: Sequence[ParameterPlan], types: TypeSpace) -> list[Counted]:
    """Every array among the arguments that has a count."""
    positions = {plan.name: position for position, plan in enumerate(passed)}
    return [
        Counted(plan, position, positions, types)
        for position, plan in enumerate(passed)
        if count_of(plan.form) is not None
    ]
