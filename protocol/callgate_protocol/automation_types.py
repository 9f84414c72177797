"""Which types late binding can carry (R14.26): those that a VARIANT has a place for, and pointers to them."""

from __future__ import annotations

from typing import Final

from .directives import DirectiveError
from .model import (
    FLOATS,
    CType,
    EnumType,
    Function,
    FunctionPointer,
    InterfaceType,
    Parameter,
    Pointer,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    c_name,
)

__all__ = ["refuse_for_automation"]

_NUMBERS: Final = (
    "VARIANT_BOOL BOOL bool u1 uchar i1 schar i2 short u2 ushort i4 int u4 uint i8 llong u8 ullong long ulong iptr uptr"
)
_SCALARS: Final = frozenset({*_NUMBERS.split(), *FLOATS} - {"ldouble"})
"""Not the units of text: text is a BSTR. The unsigned ones are newer than the rest; the two of a pointer's width are
what function pointers are (R9.3)."""


def refuse_for_automation(library: TypeLibrary, method: Function, where: str) -> None:  # noqa: ARG001 - as other checks
    """Raise DirectiveError when a method cannot be called through IDispatch as well as through its slot (R14.26)."""
    if method.result.type != SystemType("HRESULT"):
        raise DirectiveError(
            f"{where}: methods for automation return HRESULT, not {c_name(method.result.type)} (R14.26)"
        )
    for number, parameter in enumerate(method.parameters, 1):
        spot = f"{where}, parameter {number} '{parameter.name}'"
        if parameter.has("size_is"):
            raise DirectiveError(f"{spot}: [size_is] is not for automation; write SAFEARRAY(T) (R14.26)")
        if not (_carried(parameter.type) or _is_iid_is(parameter)):
            raise DirectiveError(
                f"{spot}: {c_name(parameter.type)} is not for automation (R14.26); write BSTR for text, SAFEARRAY(T) "
                "for arrays, or leave out [dual] and [oleautomation]"
            )


def _is_iid_is(parameter: Parameter) -> bool:
    return parameter.has("iid_is")


def _carried(ctype: CType, depth: int = 0) -> bool:
    match ctype:
        case Scalar(name):
            return name in _SCALARS
        case EnumType() | SystemType() | FunctionPointer() | StructType():
            return True
        case Pointer(InterfaceType() | SafeArray()):
            return True
        case Pointer(target) if depth == 0 or isinstance(target, InterfaceType | SafeArray):
            return _carried(target, depth + 1)
        case _:
            return False
