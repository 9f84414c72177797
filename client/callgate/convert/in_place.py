"""Arrays that come back into the caller's own object: what is sent for it, and how it is filled (R1.18, R4.4, R6.4)."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from typing import Any, TypeAlias

from callgate.errors import NullReferenceError
from callgate.values import StrBuf
from callgate_protocol.forms import Bytes, Elements, Form
from callgate_protocol.signatures import Direction, ParameterPlan

from .arrays import layout_of
from .base import CallContext, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type
from .buffers import Layout, can_be_filled, is_buffer, store
from .pointers import as_place
from .strbuf import UnitText, unit_text

__all__ = ["WriteBack", "in_place_encoder", "measure", "write_back"]

WriteBack: TypeAlias = Callable[[Any, Any, CallContext], None]
"""(what the caller gave, the final wire value, the call): put the result into the caller's object."""


def in_place_encoder(plan: ParameterPlan, types: TypeSpace) -> Encoder:
    """What is sent for an array that comes back, once it is clear that it can be filled."""
    form = plan.form
    assert isinstance(form, Bytes | Elements)  # the only forms that are filled in place
    nullable = isinstance(form, Bytes) or form.nullable
    content = types.encoder(form) if plan.direction is Direction.INOUT else _room_only(form, types)
    layout, text = _layout(form, types), unit_text(form, types)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            if nullable:
                return None
            raise Mismatch(NullReferenceError, "None cannot be filled; [unique] in the declaration would allow NULL")
        if (place := as_place(value, context)) is not None:
            return place
        _check_target(value, form, layout, text)
        return content(value, context)

    return encode


def _check_target(value: Any, form: Form, layout: Layout | None, text: UnitText | None) -> None:
    """R1.18: only what can be changed, and only where what comes back fits its elements."""
    if isinstance(value, StrBuf):
        if text is None:
            raise wrong_type("an array: a StrBuf is text, and this is none (R5.12)", value)
        return
    if isinstance(value, list):
        return
    if not can_be_filled(value):
        raise wrong_type("something that can be filled (a list, bytearray, writable buffer or StrBuf)", value)
    if layout is not None and not isinstance(value, bytearray):
        layout.check(memoryview(value))
    elif layout is None and not isinstance(form, Bytes) and memoryview(value).format != "?":
        raise wrong_type("a list, because these elements are no plain numbers,", value)


def _layout(form: Form, types: TypeSpace) -> Layout | None:
    return layout_of(form.element, types) if isinstance(form, Elements) else None


def _room_only(form: Form, types: TypeSpace) -> Encoder:
    room, text = measure(form, types), unit_text(form, types)

    def encode(value: Any, context: CallContext) -> Any:
        if text is not None and isinstance(value, StrBuf) and value.text:
            return binary(text.content(value), context)  # R5.12: a StrBuf goes in as well
        return room(value)

    return encode


def measure(form: Form, types: TypeSpace) -> Callable[[Any], int]:
    """How many elements (of `Bytes`: bytes) an object of the caller holds."""
    layout, text = _layout(form, types), unit_text(form, types)
    size = 1 if isinstance(form, Bytes) else layout.item if layout is not None else 0

    def count(value: Any) -> int:
        if isinstance(value, StrBuf) and text is not None:
            return text.room(value)
        if isinstance(value, list | tuple | range):
            return len(value)
        if isinstance(value, str):
            return len(text.encoding.encode(value, nul=True)) if text is not None else len(value)
        try:
            view = memoryview(value)
        except TypeError:
            return len(value)
        return view.nbytes // size if size else len(value)

    return count


def write_back(plan: ParameterPlan, types: TypeSpace) -> WriteBack:
    """How what came back is put into the caller's object; a list stays the same list."""
    decode = types.decoder(plan.form)
    layout, text = _layout(plan.form, types), unit_text(plan.form, types)

    def write(target: Any, wire: Any, context: CallContext) -> None:
        if wire is None:
            return
        if isinstance(target, StrBuf):
            assert text is not None  # or it would have been refused
            text.fill(target, bytes(received_binary(wire, context)))
        elif type(wire) is list or (isinstance(target, MutableSequence) and not is_buffer(target)):
            values = decode(wire, context)
            target[: len(values)] = values
        else:
            store(target, received_binary(wire, context), layout)

    return write
