"""Pointers to values and arrays of them (R1.8, R6): what the caller gives, and writing back into it."""

from __future__ import annotations

import struct
from collections.abc import Callable, MutableSequence, Sequence
from typing import Any, TypeAlias

from callgate.errors import ArgumentError, InvalidCastError, NullReferenceError
from callgate.values import Box, StrBuf
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Bytes, Direction, Elements, Form, ParameterPlan, Raw, Text

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type
from .pointers import as_place
from .structures import element_code, pack_numbers, unpack_numbers
from .text import as_utf8

__all__ = ["WriteBack", "in_place_encoder", "length_of", "write_back"]

WriteBack: TypeAlias = Callable[[Any, Any, CallContext], None]
"""(what the caller gave, the final wire value, the call): put the result into the caller's object."""


def encode_elements(form: Elements, types: TypeSpace) -> Encoder:
    """One value, or a sequence or buffer of them; None where NULL is allowed."""
    many = _encode_many(form.element, types)
    encode_one = types.encoder(form.element)
    one_is_bytes = isinstance(form.element, Raw)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            if form.nullable:
                return None
            raise Mismatch(NullReferenceError, "None is not allowed here; [unique] in the declaration would allow NULL")
        if (place := as_place(value, context)) is not None:
            return place
        if isinstance(value, Box):
            return [encode_one(value.value, context)]
        if form.count is None and not isinstance(value, list) and (one_is_bytes or not _is_buffer(value)):
            return [encode_one(value, context)]
        return many(value, context)

    return encode


def _is_buffer(value: Any) -> bool:
    """Whether a value is numbers in memory; NumPy's single numbers are not, though they have a buffer."""
    try:
        return memoryview(value).ndim > 0
    except TypeError:
        return False


def _encode_many(form: Form, types: TypeSpace) -> Encoder:
    code = element_code(form, types)
    if not code:
        return _encode_list(form, types)
    from_sequence = pack_numbers(form, types)
    size = struct.calcsize("=" + code)

    def encode(value: Any, context: CallContext) -> Any:
        if isinstance(value, str) or not (isinstance(value, Sequence) or _is_buffer(value)):
            raise wrong_type("a sequence or buffer of numbers", value)
        if isinstance(value, list | tuple | range):
            return binary(from_sequence(value, context), context)
        return binary(_buffer_bytes(value, size, code), context)

    return encode


def _buffer_bytes(value: Any, size: int, code: str) -> bytes | memoryview:
    """R6.1: match by element size and kind; the array module's type codes mean nothing across processes."""
    view = memoryview(value)
    is_bytes = view.format == "B" and view.itemsize == 1
    if not is_bytes and (view.itemsize != size or _kind(view.format) != _kind(code)):
        text = (
            f"elements of {size} bytes of {_kind(code)} are needed, the buffer has {view.format!r} of {view.itemsize}"
        )
        raise Mismatch(InvalidCastError, text)
    if is_bytes and view.nbytes % size:
        raise Mismatch(ArgumentError, f"{view.nbytes} bytes are not a whole number of elements of {size}")
    return view.cast("B") if view.c_contiguous else view.tobytes()


def _kind(code: str) -> str:
    last = code[-1:]
    return "float" if last in "efd" else "bool" if last == "?" else "integer"


def _encode_list(form: Form, types: TypeSpace) -> Encoder:
    encode_one = types.encoder(form)

    def encode(value: Any, context: CallContext) -> list[Any]:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise wrong_type("a sequence", value)
        wire = []
        for position, each in enumerate(value):
            try:
                wire.append(encode_one(each, context))
            except Mismatch as fault:
                raise fault.inside(f"[{position}]") from None
        return wire

    return encode


def decode_elements(form: Elements, types: TypeSpace) -> Decoder:
    """The value itself without a count, else a list."""
    decode_one = types.decoder(form.element)
    numbers = unpack_numbers(form.element, types) if element_code(form.element, types) else None

    def decode(wire: Any, context: CallContext) -> Any:
        if wire is None:
            return None
        if type(wire) is not list:
            if numbers is None:
                raise RemoteProtocolError(f"expected an array, got {type(wire).__name__}")
            values = numbers(wire, context)
        else:
            values = [decode_one(each, context) for each in wire]
        if form.count is not None:
            return values
        if len(values) != 1:
            raise RemoteProtocolError(f"expected one value, got {len(values)}")
        return values[0]

    return decode


def encode_bytes(form: Bytes, _types: TypeSpace) -> Encoder:
    """Any buffer; a str where the declaration says `char *`; memory of the host."""

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if (place := as_place(value, context)) is not None:
            return place
        if isinstance(value, StrBuf):
            return binary(as_utf8(value.text).ljust(value.capacity + 1, b"\0"), context)
        if isinstance(value, str) and form.text:
            return binary(value.encode(), context)
        return binary(_plain_bytes(value), context)

    return encode


def _plain_bytes(value: Any) -> bytes | memoryview:
    if isinstance(value, bytes):
        return value
    try:
        view = memoryview(value)
    except TypeError:
        raise wrong_type("a buffer (bytes, bytearray, memoryview, array, …)", value) from None
    return view.cast("B") if view.c_contiguous else view.tobytes()


def decode_bytes(_form: Bytes, _types: TypeSpace) -> Decoder:
    """Bytes, or None for NULL."""
    return lambda wire, context: None if wire is None else bytes(received_binary(wire, context))


# -- parameters whose object the caller gives to be filled -----------------------------------------------------------


def in_place_encoder(plan: ParameterPlan, types: TypeSpace) -> Encoder:
    """For an array that comes back into the caller's object: what is sent, once it is clear that it can be filled."""
    assert isinstance(plan.form, Bytes | Elements)  # the only forms that are filled in place
    nullable = isinstance(plan.form, Bytes) or plan.form.nullable
    travels_in = plan.direction is Direction.INOUT
    content = types.encoder(plan.form) if travels_in else _length_only(plan.form, types)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            if nullable:
                return None
            raise Mismatch(NullReferenceError, "None cannot be filled; [unique] in the declaration would allow NULL")
        if (place := as_place(value, context)) is not None:
            return place
        if not _can_be_filled(value):
            raise wrong_type("something that can be filled (a list, bytearray, writable buffer or StrBuf)", value)
        return content(value, context)

    return encode


def _length_only(form: Form, types: TypeSpace) -> Encoder:
    return lambda value, _context: length_of(form, value, types)


def _can_be_filled(value: Any) -> bool:
    if isinstance(value, list | StrBuf):
        return True
    try:
        return not memoryview(value).readonly
    except TypeError:
        return False


def length_of(form: Form, value: Any, types: TypeSpace) -> int:
    """How many elements (of `Bytes`: bytes) an object of the caller holds."""
    if isinstance(value, StrBuf):
        return value.capacity + 1
    if isinstance(value, list):
        return len(value)
    if isinstance(value, str):
        return len(value.encode())
    try:
        view = memoryview(value)
    except TypeError:
        return len(value)
    if isinstance(form, Bytes):
        return view.nbytes
    code = element_code(form.element, types) if isinstance(form, Elements) else ""
    return view.nbytes // struct.calcsize("=" + code) if code else len(value)


def write_back(plan: ParameterPlan, types: TypeSpace) -> WriteBack:
    """For an array that comes back into the caller's object: how it is put there (R1.18, R6.4)."""
    decode = types.decoder(plan.form)
    texts = isinstance(plan.form, Elements) and isinstance(plan.form.element, Text)

    def write(target: Any, wire: Any, context: CallContext) -> None:
        if wire is None:
            return
        if isinstance(target, MutableSequence) and not isinstance(target, bytearray) and not _is_buffer(target):
            target[:] = decode(wire, context)
            return
        data = received_binary(wire, context) if not texts else b""
        if isinstance(target, StrBuf):
            target.text = bytes(data).partition(b"\0")[0].decode(errors="replace")
        else:
            _store(memoryview(target), data)

    return write


def _store(view: memoryview, data: Any) -> None:
    if not view.c_contiguous:
        raise Mismatch(ArgumentError, "a buffer to be filled must be contiguous")
    view.cast("B")[: len(data)] = data
