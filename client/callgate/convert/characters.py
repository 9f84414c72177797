"""One character of C as a `str` of length 1 (R4)."""

from __future__ import annotations

from typing import Any

from callgate.errors import ArgumentError, OutOfRange, UnmappableCharError
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Character

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, wrong_type

__all__ = ["decode_character", "encode_character"]

_LAST = {1: 0x7F, 2: 0xFFFF, 4: 0x10FFFF}
"""Width in bytes → the last code point that one unit holds by itself: ASCII, UTF-16 (R4.1, R4.2), all of them."""


def encode_character(form: Character, types: TypeSpace) -> Encoder:
    """R4.1: exactly one character that is exactly one unit; R4.2: 8 bits hold ASCII only."""
    width = types.abi.sizes[form.scalar]
    last, low = _LAST[width], types.abi.integer_range(form.scalar)[0]
    narrow, best_fit = width == 1, form.best_fit

    def encode(value: Any, _context: CallContext) -> int:
        if not isinstance(value, str):
            raise wrong_type("a str of one character", value)
        if len(value) != 1:
            raise Mismatch(ArgumentError, f"expected one character, got {len(value)} (R4.1)")
        code = ord(value)
        if code > last:
            code = _beyond(value, narrow, best_fit)
        return code if not low or code < 1 << (8 * width - 1) else code - (1 << (8 * width))

    return encode


def _beyond(value: str, narrow: bool, best_fit: bool) -> int:
    if not narrow:
        raise Mismatch(OutOfRange, f"U+{ord(value):04X} needs two units of UTF-16 and is no single character (R4.1)")
    if best_fit:
        return value.encode("utf-8", "surrogatepass")[0]
    text = f"U+{ord(value):04X} is not ASCII, and one byte of UTF-8 is no character (R4.2); [best_fit] would send it"
    raise Mismatch(UnmappableCharError, text)


def decode_character(form: Character, types: TypeSpace) -> Decoder:
    """R4.2: a byte beyond ASCII is part of a character, so it is refused rather than read as another one."""
    width = types.abi.sizes[form.scalar]
    mask, last = (1 << (8 * width)) - 1, _LAST[width]

    def decode(wire: Any, _context: CallContext) -> str:
        if type(wire) is not int:
            raise RemoteProtocolError(f"expected an integer, got {type(wire).__name__}")
        code = wire & mask
        if code > last:
            raise Mismatch(UnmappableCharError, f"unit 0x{code:x} is no character by itself (R4.2)")
        return chr(code)

    return decode
