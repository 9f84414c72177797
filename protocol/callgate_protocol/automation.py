"""Well-known interfaces beside those of `standard`: what classes tell of themselves, and what Python objects are.

Their methods hold the slots that derived interfaces count from (R14.1). What late binding needs of them is done by the
host, so structures that nobody else reads are untyped here.
"""

from __future__ import annotations

from typing import Final

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
_HRESULT: Final = SystemType("HRESULT")
_GUID: Final = SystemType("GUID")
_VARIANT: Final = SystemType("VARIANT")
_U4: Final = Scalar("u4")
_I4: Final = Scalar("i4")
_UNTYPED: Final = Pointer(Void())


def _method(name: str, *parameters: Parameter, words: tuple[Attribute, ...] = ()) -> Function:
    return Function(name, Parameter("", _HRESULT, tuple(sorted((Attribute("throws"), *words)))), parameters)


def _given(name: str, ctype: CType, *words: Attribute) -> Parameter:
    return Parameter(name, ctype, tuple(sorted(words)))


def _out(name: str, ctype: CType, *words: Attribute) -> Parameter:
    return _given(name, Pointer(ctype), Attribute("out"), *words)


def _retval(name: str, ctype: CType, *words: Attribute) -> Parameter:
    return _out(name, ctype, Attribute("retval"), *words)


def _object(name: str) -> CType:
    return Pointer(InterfaceType(name))


def _interface(name: str, base: str, *methods: Function, dual: bool = False) -> Interface:
    return Interface(name, _MORE_IIDS[name], base, methods, (Attribute("dual"),) if dual else ())


def property_get(name: str, dispid: int, ctype: CType) -> Function:
    """A property that is read: `[id(n), propget] HRESULT Name([out, retval] T *value)`."""
    return _method(name, _retval("value", ctype), words=(Attribute("id", str(dispid)), Attribute("propget")))


def _member(name: str, dispid: int, *parameters: Parameter) -> Function:
    return _method(name, *parameters, words=(Attribute("id", str(dispid)),))


_IID: Final = _given("iid", Pointer(_GUID, const=True))
_BY_IID: Final = Attribute("iid_is", "iid")

OBJECT_MEMBERS: Final = (
    property_get("ToString", 0, SystemType("BSTR")),
    _member("Equals", 0x60020001, _given("obj", _VARIANT), _retval("value", Scalar("VARIANT_BOOL"))),
    _member("GetHashCode", 0x60020002, _retval("value", _I4)),
    _member("GetType", 0x60020003, _retval("value", _object("IUnknown"))),
)
"""The members of `_Object` with their DISPIDs (R14.17)."""

_DELEGATE_MEMBERS: Final = (
    *OBJECT_MEMBERS,
    _member("GetInvocationList", 0x60020004, _retval("value", Pointer(SafeArray(_VARIANT)))),
    _member("Clone", 0x60020005, _retval("value", _VARIANT)),
    _member(
        "GetObjectData",
        0x60020006,
        _given("info", _object("IUnknown")),
        _given("additional", _object("IUnknown")),
        _given("state", _I4),
    ),
    _member("DynamicInvoke", 0x60020007, _given("args", Pointer(SafeArray(_VARIANT))), _retval("value", _VARIANT)),
)
"""The slots of `_Delegate` down to the one that is of use: the order is part of what its IID promises (R14.4)."""

_INTERFACES: Final = (
    _interface(
        "IClassFactory2",
        "IClassFactory",
        _method("GetLicInfo", _given("info", _UNTYPED)),
        _method("RequestLicKey", _given("reserved", _U4), _retval("key", SystemType("BSTR"))),
        _method(
            "CreateInstanceLic",
            _given("outer", _object("IUnknown")),
            _given("reserved", _object("IUnknown")),
            _IID,
            _given("key", SystemType("BSTR")),
            _retval("object", Pointer(Void()), _BY_IID),
        ),
    ),
    _interface("IProvideClassInfo", "IUnknown", _method("GetClassInfo", _retval("info", _object("ITypeInfo")))),
    _interface(
        "IProvideClassInfo2",
        "IProvideClassInfo",
        _method("GetGUID", _given("kind", _U4), _retval("guid", _GUID)),
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
        for method in interface.methods:
            for parameter in method.parameters:
                pending.extend(_named(parameter.type))
    return found


def _named(ctype: CType) -> list[str]:
    while isinstance(ctype, Pointer):
        ctype = ctype.target
    return [ctype.name] if isinstance(ctype, InterfaceType) else []
