"""Which types have the same bits on both sides (R2.3): they are copied, and nothing about them is converted."""

from __future__ import annotations

from .directives import DirectiveError
from .model import (
    COMPLEX,
    INTEGERS,
    Array,
    CType,
    EnumType,
    Function,
    Opaque,
    Pointer,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
)

__all__ = ["check_result", "is_blittable"]

_SCALARS = frozenset({*INTEGERS, *COMPLEX, "float", "double"})
"""Truth values are normalised (R3.4), and a `long double` is rounded to a Python float."""
_TEXT_UNITS = frozenset({"char", "wchar", "char16"})
_SYSTEM = frozenset({"GUID", "HRESULT"})


def is_blittable(library: TypeLibrary, ctype: CType) -> bool:
    """R2.3: numbers, plain pointers, handles' values, and arrays and structs that hold nothing else.

    Text, truth values, function pointers, and everything that contains one are converted.
    """
    match ctype:
        case Scalar(name):
            return name in _SCALARS
        case Pointer(target):
            return isinstance(target, Void | Opaque | StructType | Scalar) and not _is_text(target)
        case Array(element):
            return not _is_text(element) and is_blittable(library, element)
        case StructType(name):
            return all(is_blittable(library, field.type) for field in library.record(name).fields)
        case _:
            return isinstance(ctype, EnumType) or (isinstance(ctype, SystemType) and ctype.name in _SYSTEM)


def _is_text(unit: CType) -> bool:
    return isinstance(unit, Scalar) and unit.name in _TEXT_UNITS


def check_result(library: TypeLibrary, function: Function) -> None:
    """R7.10: .NET's own declarations return blittable structs only. Raises DirectiveError."""
    ctype = function.result.type
    if isinstance(ctype, StructType) and not is_blittable(library, ctype):
        raise DirectiveError(
            f"the result of {function.name}: {ctype.name} is not blittable, so the signature is not P/Invoke "
            "compatible (R7.10, R19.16); write members that would be converted as integers or NativePtr, or use Out[…]"
        )
