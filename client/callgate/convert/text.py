"""C strings (R5): encoded as declared, terminated, None for NULL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callgate.errors import ArgumentError
from callgate.memory import Addressable, place_of
from callgate.values import Box, Constant, StrBuf
from callgate_protocol.forms import Codec, EditedText, FixedText, Text, Wide

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary
from .encodings import Encoding, encoding_of, wide_encoding
from .strbuf import UnitText

__all__ = [
    "decode_edited",
    "decode_fixed_text",
    "decode_text",
    "decode_wide",
    "encode_edited",
    "encode_fixed_text",
    "encode_text",
    "encode_wide",
    "fill_edited",
]


def encode_text(form: Text, types: TypeSpace) -> Encoder:
    """None, str, bytes, or text that lives in the host."""
    return _encoder(encoding_of(form.codec, types), form.nul)


def decode_text(form: Text, types: TypeSpace) -> Decoder:
    """None or str; bytes where the declaration says so."""
    return _decoder(encoding_of(form.codec, types))


def encode_wide(form: Wide, types: TypeSpace) -> Encoder:
    """None, str, or text that lives in the host; units are the host's (R4.6, R5.4)."""
    return _encoder(wide_encoding(form.scalar, types), form.nul)


def decode_wide(form: Wide, types: TypeSpace) -> Decoder:
    """None or str; lone surrogates pass through, units that are no characters become U+FFFD."""
    return _decoder(wide_encoding(form.scalar, types))


def _encoder(encoding: Encoding, nul: bool) -> Encoder:
    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if isinstance(value, Addressable):
            return place_of(value, context.host)
        if isinstance(value, Constant):
            return {"constant": value.value}
        return binary(encoding.encode(value, nul=nul), context)

    return encode


def _decoder(encoding: Encoding) -> Decoder:
    return lambda wire, context: None if wire is None else encoding.decode(received_binary(wire, context))


def _unit_encoding(scalar: str, codec: Codec, types: TypeSpace) -> Encoding:
    return encoding_of(codec, types) if scalar == "char" else wide_encoding(scalar, types)


def encode_fixed_text(form: FixedText, types: TypeSpace) -> Encoder:
    """R5.16: at most `length - 1` units and a terminator; R5.17: what is longer is cut, or refused when strict."""
    encoding, room, strict = (
        _unit_encoding(form.scalar, form.codec, types),
        form.length - 1,
        form.codec.errors == "strict",
    )

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return b""
        data = encoding.encode(value)
        if form.length and len(data) > room * encoding.width:
            if strict:
                text = (
                    f"{len(data) // encoding.width} units do not fit into {form.length} with their terminator (R5.17)"
                )
                raise Mismatch(ArgumentError, text)
            data = encoding.fit(data, room)
        return binary(data, context)

    return encode


def decode_fixed_text(form: FixedText, types: TypeSpace) -> Decoder:
    """The text up to its terminator."""
    encoding = _unit_encoding(form.scalar, form.codec, types)
    return lambda wire, context: encoding.decode(received_binary(wire, context))


def encode_edited(form: EditedText, types: TypeSpace) -> Encoder:
    """R5.20: a text to be edited in place; or a StrBuf, whose memory is filled (R5.12)."""
    encoding = _unit_encoding(form.scalar, form.codec, types)
    memory, plain = UnitText(encoding), _encoder(encoding, nul=False)

    def encode(value: Any, context: CallContext) -> Any:
        if isinstance(value, StrBuf):
            return binary(memory.content(value)[: -encoding.width], context)
        return plain(value.value if isinstance(value, Box) else value, context)

    return encode


def decode_edited(form: EditedText, types: TypeSpace) -> Decoder:
    """The text as it was edited; None for NULL."""
    return _decoder(_unit_encoding(form.scalar, form.codec, types))


def fill_edited(form: EditedText, types: TypeSpace) -> Callable[[StrBuf, Any, CallContext], None]:
    """How a StrBuf that was given for an edited text gets what was written."""
    memory = UnitText(_unit_encoding(form.scalar, form.codec, types))

    def fill(target: StrBuf, wire: Any, context: CallContext) -> None:
        if wire is not None:
            memory.fill(target, bytes(received_binary(wire, context)))

    return fill
