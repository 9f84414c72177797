"""Values of one form side by side, each converted as a parameter is (R6, R6.10); numbers travel packed."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import prod
from typing import Any

from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Character, Enumeration, Form, Series, SystemValue, Truth

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type
from .buffers import Layout, is_buffer, numbers_of, read_numbers
from .codes import element_code

__all__ = ["decode_many", "decode_packed", "encode_many", "encode_packed", "layout_of", "leaf_of"]


def leaf_of(form: Form) -> tuple[Form, tuple[int, ...]]:
    """The innermost element of arrays in arrays, and their lengths; a form that is no array is its own."""
    lengths: list[int] = []
    while isinstance(form, Series) and form.length:
        lengths.append(form.length)
        form = form.element
    return form, tuple(lengths)


def layout_of(form: Form, types: TypeSpace) -> Layout | None:
    """How elements that travel packed lie in the host; None for those that travel one by one."""
    leaf, lengths = leaf_of(form)
    code = element_code(leaf, types)
    return Layout(code, struct.calcsize("=" + code), types.abi.order_code, lengths) if code else None


def encode_packed(form: Form, types: TypeSpace) -> Encoder:
    """A sequence of numbers, or of rows of them, to the host's own representation."""
    leaf, lengths = leaf_of(form)
    code, order, encode_one = element_code(leaf, types), types.abi.order_code, types.encoder(leaf)

    def encode(values: Any, context: CallContext) -> bytes:
        numbers = numbers_of(values, (len(values), *lengths)) if lengths else values
        checked = []
        try:
            for value in numbers:
                checked.append(encode_one(value, context))  # noqa: PERF401 - the length is the index of what failed
        except Mismatch as fault:
            raise fault.inside(_path(len(checked), lengths)) from None
        return struct.pack(f"{order}{len(checked)}{code}", *checked)

    return encode


def _path(position: int, lengths: Sequence[int]) -> str:
    """Where the number at a position stands: `[3]`, or `[1][0]` in rows of three."""
    steps = []
    for length in reversed(lengths):
        position, step = divmod(position, length)
        steps.append(step)
    return "".join(f"[{step}]" for step in [position, *reversed(steps)])


def decode_packed(form: Form, types: TypeSpace) -> Decoder:
    """Packed numbers to a list, or to lists in a list."""
    leaf, lengths = leaf_of(form)
    code, order, decode_one = element_code(leaf, types), types.abi.order_code, types.decoder(leaf)
    size = struct.calcsize(order + code)
    plain = not isinstance(leaf, Enumeration | Character | SystemValue)
    item = size * prod(lengths)

    def decode(wire: Any, context: CallContext) -> list[Any]:
        data = received_binary(wire, context)
        if len(data) % item:
            raise RemoteProtocolError(f"{len(data)} bytes are not a whole number of elements of {item}")
        values: list[Any] = list(struct.unpack(f"{order}{len(data) // size}{code}", data))
        if not plain:
            values = _each(decode_one, values, context)
        for length in reversed(lengths):
            values = [values[start : start + length] for start in range(0, len(values), length)]
        return values

    return decode


def _each(convert: Encoder | Decoder, values: Any, context: CallContext) -> list[Any]:
    converted: list[Any] = []
    try:
        for value in values:
            converted.append(convert(value, context))  # noqa: PERF401 - the length is the index of what failed
    except Mismatch as fault:
        raise fault.inside(f"[{len(converted)}]") from None
    return converted


def encode_many(form: Form, types: TypeSpace) -> Encoder:
    """A sequence, or numbers in the caller's memory."""
    layout = layout_of(form, types)
    if layout is None:
        return _encode_list(form, types)
    from_sequence = encode_packed(form, types)
    is_text = isinstance(form, Character)

    def encode(value: Any, context: CallContext) -> Any:
        if isinstance(value, list | tuple | range) or (is_text and isinstance(value, str)):
            return binary(from_sequence(value, context), context)
        if is_buffer(value):
            return binary(read_numbers(value, layout), context)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise wrong_type("a sequence or buffer of numbers", value)
        return binary(from_sequence(value, context), context)

    return encode


def _encode_list(form: Form, types: TypeSpace) -> Encoder:
    encode_one = types.encoder(form)
    is_truth = isinstance(form, Truth)

    def encode(value: Any, context: CallContext) -> list[Any]:
        if is_truth and is_buffer(value) and memoryview(value).format == "?":
            value = memoryview(value).tolist()  # R3.5: one byte each, to be widened
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise wrong_type("a sequence", value)
        return _each(encode_one, value, context)

    return encode


def decode_many(form: Form, types: TypeSpace) -> Decoder:
    """A list."""
    decode_one = types.decoder(form)
    packed = decode_packed(form, types) if layout_of(form, types) is not None else None

    def decode(wire: Any, context: CallContext) -> list[Any]:
        if type(wire) is list:
            return _each(decode_one, wire, context)
        if packed is None:
            raise RemoteProtocolError(f"expected an array, got {type(wire).__name__}")
        values: list[Any] = packed(wire, context)
        return values

    return decode
