"""What methods of interfaces may not have, as it means nothing in another process (R14.4, R14.26, R19.6, R19.33)."""

from __future__ import annotations

from typing import Final

from callgate.errors import MarshalDirectiveError
from callgate_protocol.model import (
    Array,
    CType,
    EnumType,
    Function,
    FunctionPointer,
    Interface,
    InterfaceType,
    Opaque,
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

__all__ = ["check_method"]


def check_method(library: TypeLibrary, interface: Interface, method: Function, label: str, *, local: bool) -> None:
    """Raises MarshalDirectiveError, naming the parameter and the rule."""
    words = {word.name for word in interface.attributes}
    if "dual" in words and method.result.type != _HRESULT:
        raise MarshalDirectiveError(
            f"{label}: methods of dual interfaces return HRESULT, not {c_name(method.result.type)} (R14.26)"
        )
    for number, parameter in enumerate((method.result, *method.parameters)):
        place = f"argument {number} '{parameter.name}'" if number and not parameter.has("retval") else "the result"
        where = f"{label}, {place} ({c_name(parameter.type)})"
        _refuse_explicit(library, parameter.type, where)
        if not local:
            _refuse_addresses(parameter, where)
        if words & {"dual", "dispatch"} and not _is_automation(parameter.type):
            raise MarshalDirectiveError(
                f"{where}: dual and dispatch interfaces have types that VARIANT has: numbers, VARIANT_BOOL, BSTR, "
                f"DATE, CURRENCY, DECIMAL, enums, interfaces, SAFEARRAY, VARIANT and pointers to them (R14.26)"
            )


_HRESULT: Final = SystemType("HRESULT")


def _refuse_explicit(library: TypeLibrary, ctype: CType, where: str, inside: str = "") -> None:
    """R7.22, R19.6: a type library cannot say where members lie."""
    ctype = _innermost(ctype)
    if not isinstance(ctype, StructType):
        return
    record = next((each for each in library.records if each.name == ctype.name), None)
    for field in record.fields if record is not None else ():
        if field.offset >= 0:
            held = f", inside {inside}," if inside else ""
            raise MarshalDirectiveError(
                f"{where}: {ctype.name}{held} has an explicit layout, which interfaces do not carry; "
                f"write layout='sequential' (R7.22, R19.6)"
            )
        if _innermost(field.type) != ctype:
            _refuse_explicit(library, field.type, where, inside or ctype.name)


def _innermost(ctype: CType) -> CType:
    while isinstance(ctype, Pointer | Array | SafeArray):
        ctype = ctype.target if isinstance(ctype, Pointer) else ctype.element
    return ctype


def _refuse_addresses(parameter: Parameter, where: str) -> None:
    """R19.33, R19.27: an address means nothing in another process."""
    inner = _innermost(parameter.type)
    if isinstance(inner, FunctionPointer):
        raise MarshalDirectiveError(
            f"{where}: a function pointer means nothing in another process; write an interface, or "
            f"@interface(…, local=True) (R9.1, R19.27)"
        )
    counted = parameter.has("size_is") or parameter.has("iid_is")
    if isinstance(inner, Opaque) or (isinstance(inner, Void) and parameter.type != inner and not counted):
        raise MarshalDirectiveError(
            f"{where}: an address means nothing in another process; write the type, bytes with size_is(…), an "
            f"interface, or @interface(…, local=True) (R14.4, R19.33)"
        )


_NUMBERS: Final = frozenset({"u1", "uchar", "i2", "short", "i4", "int", "i8", "llong", "float", "double"})


def _is_automation(ctype: CType) -> bool:
    match ctype:
        case Void() | EnumType() | SafeArray() | InterfaceType():
            return True
        case SystemType(name):
            return name not in ("GUID", "FILETIME")
        case Scalar(name):
            return name in _NUMBERS or name == "VARIANT_BOOL"
        case Pointer(target):
            return not isinstance(target, Void) and _is_automation(target)
        case _:
            return False
