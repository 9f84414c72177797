"""BSTR (R5.6, R5.7): text as UTF-16, and bytes of any length as themselves."""

from __future__ import annotations

from typing import Any, Final

from callgate.errors import ArgumentError, OutOfRange
from callgate.variant import BStrBytes
from callgate_protocol.forms import BStr

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type
from .pointers import as_place

__all__ = ["bstr_from", "bstr_to", "decode_bstr", "encode_bstr"]

_LONGEST: Final = (1 << 31) - 1


def bstr_from(value: Any, types: TypeSpace, *, ansi: bool = False) -> bytes:
    """The bytes of a str or BStrBytes (R5.4: lone surrogates pass through)."""
    if isinstance(value, BStrBytes):
        data = bytes(value)
    elif isinstance(value, str):
        data = _utf8(value) if ansi else value.encode(_codec(types), "surrogatepass")
    else:
        raise wrong_type("a str, BStrBytes or None", value)
    if len(data) > _LONGEST:
        raise Mismatch(OutOfRange, f"{len(data)} bytes are more than a BSTR holds (R19.41)")
    return data


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        problem = f"a lone surrogate at position {error.start} has no UTF-8 form (R5.5)"
        raise Mismatch(ArgumentError, problem) from None


def bstr_to(data: Any, types: TypeSpace) -> str | BStrBytes:
    """Text; a length that is no whole number of units is not text (R5.7)."""
    content = bytes(data)
    return BStrBytes(content) if len(content) % 2 else content.decode(_codec(types), "surrogatepass")


def _codec(types: TypeSpace) -> str:
    return "utf-16-le" if types.abi.byte_order == "little" else "utf-16-be"


def encode_bstr(form: BStr, types: TypeSpace) -> Encoder:
    """R5.3: None is NULL; NULs inside are kept (R5.6); memory of the host is passed as it is (R8.5)."""

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if (place := as_place(value, context)) is not None:
            return place
        return binary(bstr_from(value, types, ansi=form.ansi), context)

    return encode


def decode_bstr(form: BStr, types: TypeSpace) -> Decoder:
    """R5.3: NULL is None, or text without characters if the declaration says so."""
    null = "" if form.null_is_empty else None
    if form.ansi:
        return lambda wire, context: null if wire is None else str(received_binary(wire, context), "utf-8", "replace")
    return lambda wire, context: null if wire is None else bstr_to(received_binary(wire, context), types)
