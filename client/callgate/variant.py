"""Values that Python has not: colours, wrappers that choose a VARTYPE, arrays with bounds (R6, R12, R13).

Most programs need none of them: a `str` is a BSTR, a `datetime` a DATE, a `Decimal` a DECIMAL, a `uuid.UUID` a GUID.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Self, final

from callgate_protocol.forms import Integer
from callgate_protocol.value import Value
from callgate_protocol.vartypes import VALUES

from .ndarr import NdArr

__all__ = [
    "I1",
    "I2",
    "I4",
    "I8",
    "R4",
    "R8",
    "U1",
    "U2",
    "U4",
    "U8",
    "BStrBytes",
    "BStrWrapper",
    "Char16",
    "Color",
    "CurrencyWrapper",
    "DBNull",
    "DispatchWrapper",
    "ErrorWrapper",
    "Missing",
    "NdArr",
    "PaletteColor",
    "PaletteIndex",
    "Ptr",
    "SystemColor",
    "UPtr",
    "UnknownWrapper",
    "VariantWrapper",
]

_BYTE: Final = 0xFF


# -- colours ---------------------------------------------------------------------------------------------------------


def _check_bytes(what: str, *values: int) -> None:
    for value in values:
        if not 0 <= value <= _BYTE:
            raise ValueError(f"{value} is no {what}: 0 to 255")


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


# -- text that is not text -------------------------------------------------------------------------------------------


class BStrBytes(bytes):
    """Bytes that stand in a BSTR (R5.7). Only an odd number of them comes back as this; an even number is text."""

    __slots__ = ()


# -- values of a VARIANT that Python has no other way to say (R13.3) -------------------------------------------------


class _Singleton:
    """A value of which there is one; it pickles and copies as itself."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __reduce__(self) -> str:
        return self._name


DBNull: Final = _Singleton("DBNull")
"""VT_NULL: what a database means by NULL. `None` is VT_EMPTY."""
Missing: Final = _Singleton("Missing")
"""VT_ERROR with DISP_E_PARAMNOTFOUND: an optional argument that was left out."""


@final
class ErrorWrapper(Value):
    """VT_ERROR with this code."""

    code: int


@final
class CurrencyWrapper(Value):
    """VT_CY with this Decimal or int."""

    value: Any


@final
class BStrWrapper(Value):
    """VT_BSTR, also for None: NULL, which is another value than VT_EMPTY."""

    value: Any = None


@final
class UnknownWrapper(Value):
    """VT_UNKNOWN: an object, also one that could be called by name, or None for NULL."""

    value: Any = None


@final
class DispatchWrapper(Value):
    """VT_DISPATCH: an object that native code calls by name, or None for NULL."""

    value: Any = None


@final
class VariantWrapper(Value):
    """VT_BYREF of a VARIANT that holds the value. What native code puts there is dropped."""

    value: Any = None


class Typed:
    """A number with a VARTYPE: what a VARIANT of that type holds is its range."""

    vartype: ClassVar[int] = 0
    kinds: ClassVar[dict[int, type[Typed]]] = {}
    """VARTYPE -> its class."""

    def __init_subclass__(cls, vartype: int = 0) -> None:
        if vartype:
            cls.vartype = vartype
            cls.kinds[vartype] = cls

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"


class _Int(Typed, int):
    def __new__(cls, value: int = 0) -> Self:
        """Raises OverflowError."""
        form = VALUES[cls.vartype]
        assert isinstance(form, Integer)
        signed, bits = form.scalar[0] == "i", 8 * int(form.scalar[1:])
        low = -(1 << (bits - 1)) if signed else 0
        if not low <= value < low + (1 << bits):
            raise OverflowError(f"{value} does not fit into {cls.__name__}")
        return super().__new__(cls, value)


class _Float(Typed, float):
    pass


class I1(_Int, vartype=16):
    """VT_I1."""


class U1(_Int, vartype=17):
    """VT_UI1."""


class I2(_Int, vartype=2):
    """VT_I2."""


class U2(_Int, vartype=18):
    """VT_UI2."""


class I4(_Int, vartype=3):
    """VT_I4."""


class U4(_Int, vartype=19):
    """VT_UI4."""


class I8(_Int, vartype=20):
    """VT_I8."""


class U8(_Int, vartype=21):
    """VT_UI8."""


class Ptr(_Int, vartype=22):
    """VT_INT: what the Windows of 32 bits called a pointer's number."""


class UPtr(_Int, vartype=23):
    """VT_UINT."""


class R4(_Float, vartype=4):
    """VT_R4."""


class R8(_Float, vartype=5):
    """VT_R8."""


class Char16(str):
    """One UTF-16 unit as VT_UI2 (R4.5). It comes back as an int."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raises ValueError for more than one unit."""
        if len(value) != 1 or ord(value) > 0xFFFF:
            raise ValueError(f"{value!r} is no single unit of UTF-16")
        return super().__new__(cls, value)
