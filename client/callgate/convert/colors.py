"""OLE_COLOR (R12.10): red in the low byte, and what the high byte says."""

from __future__ import annotations

from typing import Any, Final

from callgate.errors import ArgumentError, OutOfRange
from callgate.variant import Color, PaletteColor, PaletteIndex, SystemColor

from .base import Mismatch, wrong_type

__all__ = ["color_from", "color_to"]

_SYSTEM, _PALETTE_INDEX, _PALETTE_COLOR = 0x80 << 24, 0x01 << 24, 0x02 << 24
_HIGH: Final = 0xFF << 24
_OPAQUE: Final = 255


def color_from(value: Any) -> int:
    """A colour of `callgate.variant`, or the number itself."""
    match value:
        case Color(red, green, blue, alpha):
            if alpha != _OPAQUE:
                raise Mismatch(ArgumentError, f"an OLE_COLOR has no transparency; alpha is {alpha} (R12.10)")
            return red | green << 8 | blue << 16
        case SystemColor(index):
            return _SYSTEM | index
        case PaletteIndex(index):
            return _PALETTE_INDEX | index
        case PaletteColor(red, green, blue):
            return _PALETTE_COLOR | red | green << 8 | blue << 16
        case bool():
            pass
        case int():
            if not 0 <= value < 1 << 32:
                raise Mismatch(OutOfRange, f"{value} does not fit into an OLE_COLOR, which holds 0 to 4294967295")
            return value
    raise wrong_type("a Color, SystemColor or another colour of callgate.variant, or an int", value)


def color_to(number: int) -> Color | SystemColor | PaletteIndex | PaletteColor:
    """The colour that the number means."""
    parts = number & _OPAQUE, number >> 8 & _OPAQUE, number >> 16 & _OPAQUE
    match number & _HIGH:
        case 0:
            return Color(*parts)
        case 0x80000000 if not number & 0xFFFF00:
            return SystemColor(number & _OPAQUE)
        case 0x01000000 if not number & 0xFF0000:
            return PaletteIndex(number & 0xFFFF)
        case 0x02000000:
            return PaletteColor(*parts)
    raise Mismatch(ArgumentError, f"{number:#010x} is no OLE_COLOR (R12.10); declare it as uint32_t to get the number")
