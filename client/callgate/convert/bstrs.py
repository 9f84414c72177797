"""BSTR (R5.6, R5.7): text as UTF-16, and bytes of any length as themselves."""

from __future__ import annotations

import sys
from typing import Any, Final

from callgate.errors import ArgumentError, OutOfRange
from callgate.variant import BStrBytes
from callgate_protocol.forms import BStr

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type
from .pointers import as_place

__all__ = ["bstr_from", "bstr_to", "decode_bstr", "encode_bstr"]

_LONGEST: Final = (1 << 31) - 1
_UNIT: Final = 2
_WIDE: Final = 4
_PLAIN: Final = BStr()
_UTF16: Final = f"utf-16-{sys.byteorder[0]}e"


def bstr_from(value: Any, types: TypeSpace, form: BStr = _PLAIN) -> bytes:
    """The bytes of a str or BStrBytes (R5.4: lone surrogates pass through)."""
    if isinstance(value, BStrBytes):
        data = bytes(value)
    elif isinstance(value, str):
        text = _in_pairs(value) if form.wide else value
        data = _utf8(text) if form.ansi else text.encode(_codec(types, form), "surrogatepass")
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


def bstr_to(data: Any, types: TypeSpace, form: BStr = _PLAIN) -> str | BStrBytes:
    """Text; a length that is no whole number of units is not text (R5.7), nor is a number that no character has."""
    content = bytes(data)
    if len(content) % (_WIDE if form.wide else _UNIT):
        return BStrBytes(content)
    try:
        text = content.decode(_codec(types, form), "surrogatepass")
        return text.encode(_UTF16, "surrogatepass").decode(_UTF16, "surrogatepass") if form.wide else text
    except UnicodeDecodeError:
        if form.wide:
            return BStrBytes(content)
        raise


def _in_pairs(text: str) -> str:
    """What libraries with such texts have in their four bytes are the units of UTF-16: they come from Windows."""
    if text.isascii():
        return text
    return "".join(map(chr, memoryview(text.encode(_UTF16, "surrogatepass")).cast("H")))


def _codec(types: TypeSpace, form: BStr) -> str:
    order = "le" if types.abi.byte_order == "little" else "be"
    return f"utf-{32 if form.wide else 16}-{order}"


def encode_bstr(form: BStr, types: TypeSpace) -> Encoder:
    """R5.3: None is NULL; NULs inside are kept (R5.6); memory of the host is passed as it is (R8.5)."""

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if (place := as_place(value, context)) is not None:
            return place
        return binary(bstr_from(value, types, form), context)

    return encode


def decode_bstr(form: BStr, types: TypeSpace) -> Decoder:
    """R5.3: NULL is None, or text without characters if the declaration says so."""
    null = "" if form.null_is_empty else None
    if form.ansi:
        return lambda wire, context: null if wire is None else str(received_binary(wire, context), "utf-8", "replace")
    return lambda wire, context: null if wire is None else bstr_to(received_binary(wire, context), types, form)
