"""Numbers, booleans and enums (R2, R3)."""

from __future__ import annotations

import struct
from operator import index
from typing import Any

from callgate.errors import OutOfRange
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Boolean, Complex, Enumeration, Floating, Integer, Truth
from callgate_protocol.model import COMPLEX, FLOATS, INTEGERS

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, shown, wrong_type

__all__ = ["decode_boolean", "decode_enumeration", "decode_floating", "decode_integer"]


def encode_integer(form: Integer, types: TypeSpace) -> Encoder:
    """R2.5: the range is checked here, before anything is sent; a float is never cut to an integer."""
    low, high = types.abi.integer_range(form.scalar)
    name = INTEGERS[form.scalar]
    if form.unchecked:
        return _modulo(low, high, name)
    is_char = form.scalar == "char"

    def encode(value: Any, _context: CallContext) -> int:
        if type(value) is not int:
            value = _as_integer(value, name, is_char)
        if low <= value <= high:
            return value  # type: ignore[no-any-return]
        raise Mismatch(OutOfRange, f"{shown(value)} does not fit into {name}, which holds {low} to {high}")

    return encode


def _modulo(low: int, high: int, name: str) -> Encoder:
    """R2.5 `[unchecked]`: modulo 2^n, as a C cast does."""
    size = high - low + 1
    return lambda value, _context: (_as_integer(value, name, is_char=False) - low) % size + low


def _as_integer(value: Any, name: str, is_char: bool) -> int:
    """R2.4: what Python takes for an integer, and a character for `char`; a float is never cut."""
    if is_char and isinstance(value, str | bytes) and len(value) == 1:
        code = ord(value)
        if code < 0x80:
            return code
    try:
        return index(value)
    except TypeError:
        raise wrong_type(f"an integer ({name})", value) from None


def decode_integer(_form: Integer, _types: TypeSpace) -> Decoder:
    """An int."""

    def decode(wire: Any, _context: CallContext) -> int:
        if type(wire) is not int:
            raise RemoteProtocolError(f"expected an integer, got {type(wire).__name__}")
        return wire

    return decode


def encode_floating(form: Floating, _types: TypeSpace) -> Encoder:
    """R2.2: any float; a finite number that does not fit into `float` is refused rather than made infinite."""
    name = FLOATS[form.scalar]
    narrow = form.scalar == "float"

    def encode(value: Any, _context: CallContext) -> float:
        if type(value) is not float:
            value = _as_float(value, name)
        if narrow:
            _check_single(value)
        return value  # type: ignore[no-any-return]

    return encode


def _as_float(value: Any, name: str) -> float:
    if isinstance(value, str | bytes | bytearray):
        raise wrong_type(f"a number ({name})", value)
    try:
        return float(value)
    except TypeError:
        raise wrong_type(f"a number ({name})", value) from None
    except OverflowError:
        raise Mismatch(OutOfRange, f"{shown(value)} is too large for {name}") from None


def _check_single(value: float) -> None:
    try:
        struct.pack("f", value)
    except OverflowError:
        raise Mismatch(OutOfRange, f"{value} does not fit into float") from None


def decode_floating(_form: Floating, _types: TypeSpace) -> Decoder:
    """A float."""

    def decode(wire: Any, _context: CallContext) -> float:
        if type(wire) is not float:
            raise RemoteProtocolError(f"expected a float, got {type(wire).__name__}")
        return wire

    return decode


def encode_complex(form: Complex, _types: TypeSpace) -> Encoder:
    """A complex, or what can be one; a finite part that does not fit into `float` is refused."""
    narrow = form.scalar == "cfloat"

    def encode(value: Any, _context: CallContext) -> list[float]:
        if isinstance(value, str | bytes | bytearray):
            raise wrong_type(f"a number ({COMPLEX[form.scalar]})", value)
        try:
            number = complex(value)
        except (TypeError, ValueError):
            raise wrong_type(f"a number ({COMPLEX[form.scalar]})", value) from None
        except OverflowError:
            raise Mismatch(OutOfRange, f"{shown(value)} is too large for {COMPLEX[form.scalar]}") from None
        if narrow:
            _check_single(number.real)
            _check_single(number.imag)
        return [number.real, number.imag]

    return encode


def decode_complex(_form: Complex, _types: TypeSpace) -> Decoder:
    """A complex."""

    def decode(wire: Any, _context: CallContext) -> complex:
        if type(wire) is not list or len(wire) != 2 or any(type(part) is not float for part in wire):
            raise RemoteProtocolError(f"expected the two parts of a complex number, got {type(wire).__name__}")
        return complex(*wire)

    return decode


def encode_boolean(_form: Boolean | Truth, _types: TypeSpace) -> Encoder:
    """R3.4: only a bool (Python's or NumPy's) is one."""

    def encode(value: Any, _context: CallContext) -> bool:
        if type(value) is bool:
            return value
        if type(value).__name__ in ("bool", "bool_") and hasattr(value, "dtype"):
            return bool(value)
        raise wrong_type("a bool", value)

    return encode


def decode_boolean(_form: Boolean | Truth, _types: TypeSpace) -> Decoder:
    """A bool."""

    def decode(wire: Any, _context: CallContext) -> bool:
        if type(wire) is not bool:
            raise RemoteProtocolError(f"expected a boolean, got {type(wire).__name__}")
        return wire

    return decode


def encode_enumeration(form: Enumeration, types: TypeSpace) -> Encoder:
    """A member, its number, or its name."""
    plain = encode_integer(Integer(form.scalar), types)
    members = types.enums[form.name].__members__

    def encode(value: Any, context: CallContext) -> int:
        if isinstance(value, str):
            if value not in members:
                raise wrong_type(f"a member of enum {form.name} ({', '.join(members)})", value)
            return int(members[value])
        number: int = plain(value, context)
        return number

    return encode


def decode_enumeration(form: Enumeration, types: TypeSpace) -> Decoder:
    """The member; a plain int when native code gave a number that has no name."""
    enum = types.enums[form.name]
    known = {int(member): member for member in enum}

    def decode(wire: Any, _context: CallContext) -> int:
        if type(wire) is not int:
            raise RemoteProtocolError(f"expected an integer, got {type(wire).__name__}")
        return known.get(wire, wire)

    return decode
