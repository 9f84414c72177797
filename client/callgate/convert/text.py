"""C strings (R5): UTF-8 on Linux, NUL-terminated, None for NULL."""

from __future__ import annotations

from typing import Any

from callgate.errors import ArgumentError, UnmappableCharError
from callgate.memory import Addressable, place_of
from callgate.values import Constant
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import FixedText, Text, Wide

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type

__all__ = [
    "as_utf8",
    "decode_fixed_text",
    "decode_text",
    "decode_wide",
    "encode_fixed_text",
    "encode_text",
    "encode_wide",
]


def as_utf8(value: Any) -> bytes:
    """R5.5: strict UTF-8; R5.6: no NUL inside a terminated string."""
    if isinstance(value, str):
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            problem = f"a lone surrogate at position {error.start} has no UTF-8 form (R5.5)"
            raise Mismatch(UnmappableCharError, problem) from None
    elif isinstance(value, bytes | bytearray):
        data = bytes(value)
    else:
        raise wrong_type("a str, bytes or None", value)
    if b"\0" in data:
        raise Mismatch(
            ArgumentError, f"embedded NUL at byte {data.index(0)}: native code would see only what is before"
        )
    return data


def encode_text(_form: Text, _types: TypeSpace) -> Encoder:
    """None, str, bytes, or text that lives in the host."""

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if isinstance(value, Addressable):
            return place_of(value, context.host)
        if isinstance(value, Constant):
            return {"constant": value.value}
        return binary(as_utf8(value), context)

    return encode


def decode_text(_form: Text, _types: TypeSpace) -> Decoder:
    """None or str; bytes that are not UTF-8 become U+FFFD (R5.5)."""

    def decode(wire: Any, context: CallContext) -> str | None:
        return None if wire is None else str(received_binary(wire, context), "utf-8", "replace")

    return decode


def encode_wide(form: Wide, types: TypeSpace) -> Encoder:
    """None, str, or text that lives in the host; units are the host's (R4.6, R5.4)."""
    codec = _wide_codec(form, types)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if isinstance(value, Addressable):
            return place_of(value, context.host)
        if not isinstance(value, str):
            raise wrong_type("a str or None", value)
        if "\0" in value:
            text = f"embedded NUL at character {value.index(chr(0))}: native code would see only what is before"
            raise Mismatch(ArgumentError, text)
        return binary(value.encode(codec, "surrogatepass"), context)

    return encode


def decode_wide(form: Wide, types: TypeSpace) -> Decoder:
    """None or str; lone surrogates pass through, units that are no characters become U+FFFD."""
    codec = _wide_codec(form, types)

    def decode(wire: Any, context: CallContext) -> str | None:
        if wire is None:
            return None
        data = bytes(received_binary(wire, context))
        try:
            return data.decode(codec, "surrogatepass")
        except UnicodeDecodeError:
            return data.decode(codec, "replace")

    return decode


def _wide_codec(form: Wide, types: TypeSpace) -> str:
    order = "le" if types.abi.byte_order == "little" else "be"
    return f"utf-{8 * types.abi.sizes[form.scalar]}-{order}"


def encode_fixed_text(form: FixedText, _types: TypeSpace) -> Encoder:
    """R5.16: at most `length - 1` bytes and a terminator."""

    def encode(value: Any, _context: CallContext) -> bytes:
        if value is None:
            return b""
        data = as_utf8(value)
        if len(data) >= form.length > 0:
            raise Mismatch(ArgumentError, f"{len(data)} bytes do not fit into char[{form.length}] with its terminator")
        return data

    return encode


def decode_fixed_text(_form: FixedText, _types: TypeSpace) -> Decoder:
    """The text up to its terminator."""

    def decode(wire: Any, _context: CallContext) -> str:
        if type(wire) is not bytes:
            raise RemoteProtocolError(f"expected binary data, got {type(wire).__name__}")
        return wire.decode(errors="replace")

    return decode
