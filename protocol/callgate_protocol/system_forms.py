"""What the system types mean in a declaration (R5.7, R6.17, R12, R13), and which words may stand beside them.

There are no others: a timedelta, an offset, a half or a 128-bit number needs an integer type (R12.13).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .directives import DirectiveError
from .forms import BStr, Form, SystemValue, Variant
from .model import (
    Attribute,
    CType,
    Delegate,
    EnumType,
    Function,
    InterfaceType,
    Parameter,
    Pointer,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
    c_name,
)

__all__ = ["MARKERS", "check_markers", "retval_of", "safe_element", "system_form", "throws"]

MARKERS: Final[dict[str, tuple[str, ...]]] = {
    "ansi": ("BSTR",),
    "bounds": ("SAFEARRAY",),
    "exact": ("DATE",),
    "keep_types": ("VARIANT", "PROPVARIANT"),
    "null_is_empty": ("BSTR",),
    "round": ("DECIMAL",),
    "wide": ("BSTR", "VARIANT", "PROPVARIANT"),
}
"""Attribute -> the system types that it changes the values of (R6.19, R12.5, R13.4, R5.3, R5.7, R12.7)."""

_NOT_ELEMENTS: Final = frozenset({"bool", "ldouble", "wchar", "char", "cfloat", "cdouble"})
_ADVICE: Final = {"bool": "VARIANT_BOOL", "ldouble": "double", "wchar": "BSTR", "char": "signed char"}
_ELEMENTS: Final = frozenset({"BSTR", "CURRENCY", "DATE", "DECIMAL", "HRESULT", "OLE_COLOR", "VARIANT"})
_TEXT_UNITS: Final = frozenset({"char", "wchar", "char16"})


def system_form(name: str, attributes: Iterable[Attribute]) -> Form:
    """The form of a system type by value, with the attributes around it."""
    words = {attribute.name for attribute in attributes}
    if name == "BSTR":
        return BStr("null_is_empty" in words, "ansi" in words, "wide" in words)
    if name in ("VARIANT", "PROPVARIANT"):
        return Variant("keep_types" in words, "wide" in words, name == "PROPVARIANT")
    return SystemValue(name, next((word for word in ("exact", "round") if word in words), ""))


def throws(entry: Function | Delegate) -> bool:
    """R11.6: whether failures of its HRESULT are raised. Raises DirectiveError when it has none."""
    if not entry.result.has("throws"):
        return False
    if entry.result.type != SystemType("HRESULT"):
        kind = c_name(entry.result.type)
        raise DirectiveError(f"the result of {entry.name}: [throws] belongs to an HRESULT, not to {kind} (R11.6)")
    return True


def retval_of(entry: Function | Delegate) -> int:
    """R1.20: the index of the `[out, retval]` parameter, -1 for none. It must be the last, and a pointer."""
    marked = [index for index, parameter in enumerate(entry.parameters) if parameter.has("retval")]
    if not marked:
        return -1
    index = marked[0]
    parameter = entry.parameters[index]
    where = f"parameter {index + 1} '{parameter.name}' of {entry.name}"
    if len(marked) > 1 or index != len(entry.parameters) - 1:
        raise DirectiveError(f"{where}: [retval] belongs to the last parameter and to no other (R1.20)")
    if not isinstance(parameter.type, Pointer) or not parameter.has("out") or parameter.has("in"):
        raise DirectiveError(f"{where}: [retval] needs [out, retval] and a pointer (R1.20)")
    return index


def check_markers(parameter: Parameter, where: str) -> None:
    """R19.20: a word that changes the values of one type stands beside no other."""
    for word, kinds in MARKERS.items():
        if parameter.has(word) and not any(_holds(parameter.type, kind) for kind in kinds):
            belongs = " or ".join(kinds)
            raise DirectiveError(f"{where}: [{word}] belongs to {belongs}, not to {c_name(parameter.type)} (R19.20)")
    if parameter.has("wide") and parameter.has("ansi"):
        raise DirectiveError(f"{where}: text is [wide] or [ansi], not both (R5.7)")


def _holds(ctype: CType, kind: str) -> bool:
    match ctype:
        case SystemType(name):
            return name == kind
        case SafeArray(element):
            return kind == "SAFEARRAY" or _holds(element, kind)
        case Pointer(target):
            return _holds(target, kind)
        case _:
            return False


def safe_element(library: TypeLibrary, element: CType, where: str) -> CType:
    """The element of a SAFEARRAY, which must have a VARTYPE (R6.18). Raises DirectiveError."""
    match element:
        case Scalar(name) if name in _NOT_ELEMENTS:
            instead = f"; write {_ADVICE[name]}" if name in _ADVICE else ""
            raise DirectiveError(f"{where}: {c_name(element)} is no element of a SAFEARRAY (R6.18){instead}")
        case SystemType(name) if name not in _ELEMENTS:
            raise DirectiveError(f"{where}: {name} has no VARTYPE, so it is no element of a SAFEARRAY (R6.18)")
        case Scalar() | EnumType() | SystemType() | Pointer(InterfaceType()):
            return element
        case StructType(name):
            _refuse_text(library, name, where, {name})
            return element
        case SafeArray():
            raise DirectiveError(f"{where}: arrays inside arrays are not marshalled (R6.11); use [bounds]")
        case _:
            kind = "void" if isinstance(element, Void) else c_name(element)
            raise DirectiveError(f"{where}: {kind} is no element of a SAFEARRAY (R6.18); text is written BSTR")


def _refuse_text(library: TypeLibrary, name: str, where: str, seen: set[str]) -> None:
    """R6.22, R19.24: text in the records of a SAFEARRAY is a BSTR."""
    try:
        record = library.record(name)
    except KeyError:
        raise DirectiveError(f"{where}: the type {name} is named but not described") from None
    for field in record.fields:
        match field.type:
            case Pointer(Scalar(unit)) if unit in _TEXT_UNITS:
                problem = f"member '{field.name}' of {name} is {c_name(field.type)}"
                raise DirectiveError(f"{where}: {problem}; text in a record of a SAFEARRAY is a BSTR (R19.24)")
            case StructType(inner) if inner not in seen:
                _refuse_text(library, inner, where, seen | {inner})
