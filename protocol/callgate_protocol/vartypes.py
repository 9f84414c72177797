"""VARTYPEs: the types that a VARIANT or a SAFEARRAY says its values have (R6.18, R13.3, R13.4)."""

from __future__ import annotations

from typing import Final

from .forms import BStr, Floating, Form, Integer, InterfacePointer, SystemValue, Truth, Variant

__all__ = [
    "ARRAY",
    "BYREF",
    "DATE",
    "DISPATCH",
    "EMPTY",
    "ERROR",
    "FILETIME",
    "NULL",
    "UNKNOWN",
    "VALUES",
    "VARIANT",
    "base_of",
    "compatible",
    "values_of",
]

EMPTY, NULL, BSTR, DISPATCH, ERROR, VARIANT, UNKNOWN = 0, 1, 8, 9, 10, 12, 13
DATE, DECIMAL, FILETIME = 7, 14, 64
ARRAY, BYREF = 0x2000, 0x4000

VALUES: Final[dict[int, Form]] = {
    2: Integer("i2"),
    3: Integer("i4"),
    4: Floating("float"),
    5: Floating("double"),
    6: SystemValue("CURRENCY"),
    7: SystemValue("DATE"),
    8: BStr(),
    9: InterfacePointer("IDispatch"),
    10: SystemValue("HRESULT"),
    11: Truth("VARIANT_BOOL"),
    13: InterfacePointer("IUnknown"),
    14: SystemValue("DECIMAL"),
    16: Integer("i1"),
    17: Integer("u1"),
    18: Integer("u2"),
    19: Integer("u4"),
    20: Integer("i8"),
    21: Integer("u8"),
    22: Integer("i4"),
    23: Integer("u4"),
}
"""VARTYPE -> the form of its values, which is also that of the elements of an array of it."""

_FAMILIES: Final = (frozenset({2, 3, 16, 17, 18, 19, 20, 21, 22, 23}), frozenset({4, 5}), frozenset({BSTR, EMPTY}))


def values_of(form: Variant) -> dict[int, Form]:
    """The same for the values that one declaration of a VARIANT can hold: a small one has no room for a DECIMAL."""
    values = dict(VALUES)
    if form.small:
        del values[DECIMAL]
        values[FILETIME] = SystemValue("FILETIME")
    values[BSTR] = BStr(wide=form.wide)
    return values


def base_of(vartype: int) -> int:
    """The type without ARRAY and BYREF."""
    return vartype & ~(ARRAY | BYREF)


def compatible(given: int, wanted: int) -> bool:
    """R13.8: whether a value goes where another type is expected. Python's int has all widths, None is a NULL BSTR."""
    return given == wanted or any(given in family and wanted in family for family in _FAMILIES)
