"""DECIMAL and CURRENCY (R12.6 to R12.8): integer arithmetic only, so that no context of the caller rounds anything.

What does not fit is refused, not rounded and not cut (R19.42).
"""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any, Final

from callgate.errors import ArgumentError, OutOfRange

from .base import Mismatch, wrong_type

__all__ = ["currency_from", "currency_to", "decimal_from", "decimal_to"]

_LAYOUT: Final = struct.Struct("<HBBIQ")
_NEGATIVE: Final = 0x80
_LARGEST: Final = (1 << 96) - 1
_MOST_DIGITS: Final = 28
_CURRENCY_DIGITS: Final = 4
_LARGEST_CURRENCY: Final = (1 << 63) - 1
_HUGE: Final = 64
"""Beyond this many decimal places in either direction nothing fits, and nothing is computed."""


def decimal_from(value: Any, *, rounded: bool = False) -> bytes:
    """The 16 bytes of a DECIMAL. R12.6: the scale is kept; R12.7: what does not fit exactly is refused, or rounded."""
    negative, mantissa, scale = _parts(value)
    while scale > 0 and (scale > _MOST_DIGITS or mantissa > _LARGEST) and mantissa % 10 == 0:
        mantissa, scale = mantissa // 10, scale - 1
    if rounded:
        mantissa, scale = _round_to_fit(mantissa, scale)
    if scale > _MOST_DIGITS:
        raise Mismatch(OutOfRange, f"inexact: {value} has more than {_MOST_DIGITS} decimals (R12.7); [round] rounds it")
    if mantissa > _LARGEST:
        hint = "; [round] rounds its decimals" if scale else ""
        raise Mismatch(OutOfRange, f"{value} needs more than the 96 bits of a DECIMAL (R12.7){hint}")
    return _LAYOUT.pack(0, scale, _NEGATIVE if negative else 0, mantissa >> 64, mantissa & (1 << 64) - 1)


def _parts(value: Any) -> tuple[bool, int, int]:
    """Sign, digits as a number, and decimals. Decimal and int only: a float is a different number than it shows."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong_type("a Decimal or an int", value)
    if isinstance(value, int):
        return value < 0, abs(value), 0
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise Mismatch(OutOfRange, f"{value} is no number that native code can hold (R12.7)")
    if not any(digits):
        return bool(sign), 0, min(max(-exponent, 0), _MOST_DIGITS)
    if abs(exponent) > _HUGE + len(digits):
        raise Mismatch(OutOfRange, f"{value} is too large or too small (R12.7)")
    mantissa = int("".join(map(str, digits)))
    return bool(sign), mantissa * 10 ** max(exponent, 0), max(-exponent, 0)


def _round_to_fit(mantissa: int, scale: int) -> tuple[int, int]:
    """Drop the fewest decimals that make it fit."""
    drop = max(scale - _MOST_DIGITS, 0)
    while drop <= scale:
        rounded = _half_even(mantissa, 10**drop)
        if rounded <= _LARGEST:
            return rounded, scale - drop
        drop += 1
    return mantissa, scale


def _half_even(number: int, divisor: int) -> int:
    whole, rest = divmod(number, divisor)
    return whole + (2 * rest > divisor or (2 * rest == divisor and whole & 1))


def decimal_to(data: bytes) -> Decimal:
    """The number, with all its decimals. R12.7: what is no DECIMAL is refused, not guessed."""
    _, scale, sign, high, low = _LAYOUT.unpack(data)
    if scale > _MOST_DIGITS or sign not in (0, _NEGATIVE):
        raise Mismatch(ArgumentError, f"native code gave no DECIMAL: scale {scale}, sign byte {sign:#04x} (R12.7)")
    return _decimal(sign != 0, high << 64 | low, scale)


def _decimal(negative: bool, mantissa: int, scale: int) -> Decimal:
    return Decimal((int(negative), tuple(map(int, str(mantissa))), -scale))


def currency_from(value: Any) -> int:
    """Ten-thousandths, half-even (R12.8)."""
    negative, mantissa, scale = _parts(value)
    shift = _CURRENCY_DIGITS - scale
    units = mantissa * 10**shift if shift >= 0 else _half_even(mantissa, 10**-shift)
    if units > _LARGEST_CURRENCY + negative:
        raise Mismatch(OutOfRange, f"{value} is not in -922337203685477.5808..922337203685477.5807 (R12.8)")
    return -units if negative else units


def currency_to(units: int) -> Decimal:
    """A number with four decimals (R12.8)."""
    return _decimal(units < 0, abs(units), _CURRENCY_DIGITS)
