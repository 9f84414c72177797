"""Well-known interfaces beside those of `standard`: what classes tell of themselves, and what Python objects are.

Their methods hold the slots that derived interfaces count from (R14.1). What late binding needs of them is done by the
host, so structures that nobody else reads are untyped here.
"""

from __future__ import annotations

from typing import Final

from .builders import BY_IID, GUID, IID, U4, given, method, object_of, retval
from .guids import same_tail
from .model import (
    Attribute,
    CType,
    Function,
    Interface,
    InterfaceType,
    Parameter,
    Pointer,
    SafeArray,
    Scalar,
    SystemType,
    Void,
)
from .standard import IIDS, STANDARD

__all__ = ["DELEGATE", "OBJECT", "OBJECT_MEMBERS", "WELL_KNOWN", "closure", "property_get"]

OBJECT: Final = "_Object"
"""The class interface that every class interface begins with (R14.17)."""
DELEGATE: Final = "_Delegate"
"""What a delegate is in an interface, unless it is marked as a function pointer (R9.2)."""

_MORE_IIDS: Final[dict[str, str]] = {
    **IIDS,
    "ITypeLib": same_tail("00020402"),
    OBJECT: "{65074F7F-63C0-304E-AF0A-D51741CB4A8D}",
    DELEGATE: "{FB6AB00F-5096-3AF8-A33D-D7885A5FA829}",
}
_VARIANT: Final = SystemType("VARIANT")
_I4: Final = Scalar("i4")
_UNTYPED: Final = Pointer(Void())


def _interface(name: str, base: str, *methods: Function, dual: bool = False) -> Interface:
    return Interface(name, _MORE_IIDS[name], base, methods, (Attribute("dual"),) if dual else ())


def property_get(name: str, dispid: int, ctype: CType) -> Function:
    """A property that is read: `[id(n), propget] HRESULT Name([out, retval] T *value)`."""
    return method(name, retval("value", ctype), words=(Attribute("id", str(dispid)), Attribute("propget")))


def _member(name: str, dispid: int, *parameters: Parameter) -> Function:
    return method(name, *parameters, words=(Attribute("id", str(dispid)),))


OBJECT_MEMBERS: Final = (
    property_get("ToString", 0, SystemType("BSTR")),
    _member("Equals", 0x60020001, given("obj", _VARIANT), retval("value", Scalar("VARIANT_BOOL"))),
    _member("GetHashCode", 0x60020002, retval("value", _I4)),
    _member("GetType", 0x60020003, retval("value", object_of("IUnknown"))),
)
"""The members of `_Object` with their DISPIDs (R14.17)."""

_DELEGATE_MEMBERS: Final = (
    *OBJECT_MEMBERS,
    _member("GetInvocationList", 0x60020004, retval("value", Pointer(SafeArray(_VARIANT)))),
    _member("Clone", 0x60020005, retval("value", _VARIANT)),
    _member(
        "GetObjectData",
        0x60020006,
        given("info", object_of("IUnknown")),
        given("additional", object_of("IUnknown")),
        given("state", _I4),
    ),
    _member("DynamicInvoke", 0x60020007, given("args", Pointer(SafeArray(_VARIANT))), retval("value", _VARIANT)),
)
"""The slots of `_Delegate` down to the one that is of use: the order is part of what its IID promises (R14.4)."""

_INTERFACES: Final = (
    _interface(
        "IClassFactory2",
        "IClassFactory",
        method("GetLicInfo", given("info", _UNTYPED)),
        method("RequestLicKey", given("reserved", U4), retval("key", SystemType("BSTR"))),
        method(
            "CreateInstanceLic",
            given("outer", object_of("IUnknown")),
            given("reserved", object_of("IUnknown")),
            IID,
            given("key", SystemType("BSTR")),
            retval("object", Pointer(Void()), BY_IID),
        ),
    ),
    _interface("IProvideClassInfo", "IUnknown", method("GetClassInfo", retval("info", object_of("ITypeInfo")))),
    _interface(
        "IProvideClassInfo2",
        "IProvideClassInfo",
        method("GetGUID", given("kind", U4), retval("guid", GUID)),
    ),
    _interface("ITypeInfo", "IUnknown"),
    _interface("ITypeLib", "IUnknown"),
    _interface(OBJECT, "IDispatch", *OBJECT_MEMBERS, dual=True),
    _interface(DELEGATE, "IDispatch", *_DELEGATE_MEMBERS, dual=True),
)

WELL_KNOWN: Final[dict[str, Interface]] = {each.name: each for each in (*_INTERFACES, *STANDARD.interfaces)}
"""Every interface that needs no declaration, by its name. What `standard` says goes before what this module says."""


def closure(names: set[str]) -> set[str]:
    """These well-known interfaces, and those that their declarations name."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in found or name not in WELL_KNOWN:
            continue
        found.add(name)
        interface = WELL_KNOWN[name]
        pending.append(interface.base)
        for each in interface.methods:
            for parameter in each.parameters:
                pending.extend(_named(parameter.type))
    return found


def _named(ctype: CType) -> list[str]:
    while isinstance(ctype, Pointer):
        ctype = ctype.target
    return [ctype.name] if isinstance(ctype, InterfaceType) else []
