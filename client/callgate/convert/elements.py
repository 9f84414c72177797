"""Pointers to values and arrays of them (R1.8, R6), given by the caller or by native code."""

from __future__ import annotations

from typing import Any

from callgate import memory
from callgate.errors import NullReferenceError
from callgate.memory import Addressable, Buffer, Memory, NativePtr
from callgate.values import Box, Constant, StrBuf
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import (
    Address,
    Allocated,
    BStr,
    Bytes,
    Code,
    Elements,
    Handle,
    InterfacePointer,
    Raw,
    SafeElements,
    Text,
    Variant,
    Wide,
)

from .arrays import decode_many, encode_many
from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type
from .buffers import flat, is_buffer
from .pointers import as_place
from .strbuf import unit_text

__all__ = ["decode_allocated", "decode_bytes", "decode_elements", "encode_allocated", "encode_bytes", "encode_elements"]

_POINTERS = (Address, Handle, InterfacePointer, Text, Wide)


def encode_elements(form: Elements, types: TypeSpace) -> Encoder:
    """One value, or a sequence or buffer of them; None where NULL is allowed."""
    encode_one = types.encoder(form.element)
    if form.count is None and isinstance(form.element, BStr | SafeElements | Variant):
        return _encode_whole(encode_one)
    many = encode_many(form.element, types)
    one_is_bytes = isinstance(form.element, Raw)
    text = unit_text(form, types)
    # R1.9: None for `T **` is a NULL behind the pointer, not NULL
    inner_null = [None] if form.count is None and not form.nullable and isinstance(form.element, _POINTERS) else None
    points = form.count is None and isinstance(form.element, Address | Handle | Code | InterfacePointer)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            if form.nullable or inner_null is not None:
                return inner_null
            raise Mismatch(NullReferenceError, "None is not allowed here; [unique] in the declaration would allow NULL")
        if not (points and _is_pointee(value)) and (place := as_place(value, context)) is not None:
            return place
        if isinstance(value, Box):
            return [encode_one(value.value, context)]
        if text is not None and isinstance(value, StrBuf):
            return binary(text.content(value), context)
        if form.count is None and not isinstance(value, list) and (one_is_bytes or not is_buffer(value)):
            return [encode_one(value, context)]
        return many(value, context)

    return encode


def _is_pointee(value: Any) -> bool:
    """R7.14: whether a pointer given for `T **` is the `T *` itself, rather than memory of ours where one lies."""
    if isinstance(value, NativePtr):
        return type(value._place()[0]) is Memory  # noqa: SLF001 - whose memory it is decides
    return isinstance(value, memory.Remote) and not isinstance(value, Buffer)


def _encode_whole(encode_one: Encoder) -> Encoder:
    """One element of which None and a list are values: `None` is a NULL in the slot, not instead of it (R5.8)."""

    def encode(value: Any, context: CallContext) -> Any:
        if (place := as_place(value, context)) is not None:
            return place
        return [encode_one(value.value if isinstance(value, Box) else value, context)]

    return encode


def decode_elements(form: Elements, types: TypeSpace) -> Decoder:
    """The value itself without a count, else a list."""
    many = decode_many(form.element, types)

    def decode(wire: Any, context: CallContext) -> Any:
        if wire is None:
            return None
        values = many(wire, context)
        if form.count is not None:
            return values
        if len(values) != 1:
            raise RemoteProtocolError(f"expected one value, got {len(values)}")
        return values[0]

    return decode


def encode_bytes(form: Bytes, types: TypeSpace) -> Encoder:
    """Any buffer; a str where the declaration says `char *`; memory of the host."""
    text = unit_text(form, types)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if (place := as_place(value, context)) is not None:
            return place
        if text is not None and isinstance(value, StrBuf):
            return binary(text.content(value), context)
        if text is not None and isinstance(value, str):
            return binary(text.encoding.encode(value, nul=True), context)
        return binary(_plain_bytes(value), context)

    return encode


def _plain_bytes(value: Any) -> bytes | memoryview:
    if isinstance(value, bytes):
        return value
    try:
        view = memoryview(value)
    except TypeError:
        raise wrong_type("a buffer (bytes, bytearray, memoryview, array, …)", value) from None
    return flat(view)


def decode_bytes(_form: Bytes, _types: TypeSpace) -> Decoder:
    """Bytes, or None for NULL."""
    return lambda wire, context: None if wire is None else bytes(received_binary(wire, context))


def encode_allocated(form: Allocated, types: TypeSpace) -> Encoder:
    """R6.7: the array that native code may keep, replace or free; None is a NULL behind the pointer."""
    content = types.encoder(form.content)

    def encode(value: Any, context: CallContext) -> Any:
        if isinstance(value, Box):
            value = value.value
        if isinstance(value, Addressable | Constant):
            raise wrong_type("values, of which native code gets a copy of its own", value)
        return content(value, context)

    return encode


def decode_allocated(form: Allocated, types: TypeSpace) -> Decoder:
    """What native code left there: a list, bytes, or one value; None for NULL."""
    return types.decoder(form.content)
