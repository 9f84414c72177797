"""Values that Python has not: colours, wrappers that choose a VARTYPE, arrays with bounds (R6, R12, R13).

Most programs need none of them: a `str` is a BSTR, a `datetime` a DATE, a `Decimal` a DECIMAL, a `uuid.UUID` a GUID.
"""

from __future__ import annotations

from typing import Final, final

from callgate_protocol.value import Value

from .ndarr import NdArr

__all__ = ["BStrBytes", "Color", "NdArr", "PaletteColor", "PaletteIndex", "SystemColor"]

_BYTE: Final = 0xFF


def _check_bytes(what: str, *values: int) -> None:
    for value in values:
        if not 0 <= value <= _BYTE:
            raise ValueError(f"{value} is no {what}: 0 to 255")


class BStrBytes(bytes):
    """Bytes that stand in a BSTR (R5.7). Only an odd number of them comes back as this; an even number is text."""

    __slots__ = ()


@final
class Color(Value):
    """A colour by its parts (R12.10). An OLE_COLOR has no transparency: `alpha` other than 255 is refused."""

    red: int
    green: int
    blue: int
    alpha: int = 255

    def __post_init__(self) -> None:
        _check_bytes("part of a colour", self.red, self.green, self.blue, self.alpha)


@final
class SystemColor(Value):
    """A colour of the desktop by its index (R12.10): 0x800000xx."""

    index: int

    def __post_init__(self) -> None:
        _check_bytes("index of a system colour", self.index)


@final
class PaletteIndex(Value):
    """A colour by its place in the palette (R12.10): 0x0100xxxx."""

    index: int

    def __post_init__(self) -> None:
        if not 0 <= self.index <= 0xFFFF:
            raise ValueError(f"{self.index} is no index into a palette: 0 to 65535")


@final
class PaletteColor(Value):
    """The colour of the palette nearest to these parts (R12.10): 0x02bbggrr."""

    red: int
    green: int
    blue: int

    def __post_init__(self) -> None:
        _check_bytes("part of a colour", self.red, self.green, self.blue)
