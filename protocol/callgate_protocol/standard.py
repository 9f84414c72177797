"""The well-known interfaces, as model values: what callgate itself says to objects (appendix B of the rules)."""

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
    Scalar,
    SystemType,
    TypeLibrary,
    Void,
)

__all__ = ["IIDS", "IID_NULL", "STANDARD"]

IID_NULL: Final = "{00000000-0000-0000-0000-000000000000}"

_CONNECTION: Final = "-BAB4-101A-B69C-00AA00341D07}"
IIDS: Final[dict[str, str]] = {
    "IClassFactory": same_tail("00000001"),
    "IClassFactory2": "{B196B28F" + _CONNECTION,
    "IConnectionPoint": "{B196B286" + _CONNECTION,
    "IConnectionPointContainer": "{B196B284" + _CONNECTION,
    "IDispatch": same_tail("00020400"),
    "IEnumConnectionPoints": "{B196B285" + _CONNECTION,
    "IEnumConnections": "{B196B287" + _CONNECTION,
    "IEnumVARIANT": same_tail("00020404"),
    "IErrorInfo": "{1CF2B120-547D-101B-8E65-08002B2BD119}",
    "IProvideClassInfo": "{B196B283" + _CONNECTION,
    "IProvideClassInfo2": "{A6BC3AC0-DBAA-11CE-9DE3-00AA004BB851}",
    "ISupportErrorInfo": "{DF0B3D60-548F-101B-8E65-08002B2BD119}",
    "ITypeInfo": same_tail("00020401"),
    "IUnknown": same_tail("00000000"),
}
"""Name → IID."""

_THROWS: Final = (Attribute("throws"),)
_OUT: Final = (Attribute("out"),)
_RETVAL: Final = (Attribute("out"), Attribute("retval"))
_IN: Final = ()
_GUID: Final = SystemType("GUID")
_U4: Final = Scalar("u4")


def _method(name: str, *parameters: Parameter, throws: bool = True) -> Function:
    return Function(name, Parameter("", SystemType("HRESULT"), _THROWS if throws else ()), parameters)


def _given(name: str, ctype: CType, *words: Attribute) -> Parameter:
    return Parameter(name, ctype, words)


def _result(name: str, ctype: CType, *words: Attribute) -> Parameter:
    return Parameter(name, Pointer(ctype), tuple(sorted((*_RETVAL, *words))))


def _object(name: str) -> CType:
    return Pointer(InterfaceType(name))


def _interface(name: str, base: str, *methods: Function) -> Interface:
    return Interface(name, IIDS[name], base, methods)


_IID: Final = _given("iid", Pointer(_GUID, const=True))
_BY_IID: Final = Attribute("iid_is", "iid")

STANDARD: Final = TypeLibrary(
    interfaces=(
        _interface(
            "IClassFactory",
            "IUnknown",
            _method(
                "CreateInstance",
                _given("outer", _object("IUnknown")),
                _IID,
                _result("object", Pointer(Void()), _BY_IID),
            ),
            _method("LockServer", _given("lock", Scalar("BOOL"))),
        ),
        _interface(
            "IConnectionPoint",
            "IUnknown",
            _method("GetConnectionInterface", _result("iid", _GUID)),
            _method("GetConnectionPointContainer", _result("container", _object("IConnectionPointContainer"))),
            _method("Advise", _given("sink", _object("IUnknown")), _result("cookie", _U4)),
            _method("Unadvise", _given("cookie", _U4)),
            _method("EnumConnections", _result("connections", _object("IEnumConnections"))),
        ),
        _interface(
            "IConnectionPointContainer",
            "IUnknown",
            _method("EnumConnectionPoints", _result("points", _object("IEnumConnectionPoints"))),
            _method("FindConnectionPoint", _IID, _result("point", _object("IConnectionPoint"))),
        ),
        _interface(
            "IDispatch",
            "IUnknown",
            _method("GetTypeInfoCount", _result("count", _U4)),
            _method("GetTypeInfo", _given("index", _U4), _given("lcid", _U4), _result("info", _object("IUnknown"))),
            _method(
                "GetIDsOfNames",
                _IID,
                _given("names", Pointer(Pointer(Scalar("char16"), const=True)), Attribute("size_is", "count")),
                _given("count", _U4),
                _given("lcid", _U4),
                _given("ids", Pointer(Scalar("i4")), *_OUT, Attribute("size_is", "count")),
            ),
            _method(
                "Invoke",
                _given("id", Scalar("i4")),
                _IID,
                _given("lcid", _U4),
                _given("flags", Scalar("u2")),
                _given("arguments", Pointer(Void())),
                _given("result", Pointer(Void())),
                _given("exception", Pointer(Void())),
                _given("argument", Pointer(Void())),
            ),
        ),
        _interface("IEnumConnectionPoints", "IUnknown"),
        _interface("IEnumConnections", "IUnknown"),
        _interface(
            "IEnumVARIANT",
            "IUnknown",
            _method(
                "Next",
                _given("count", _U4),
                _given(
                    "values",
                    Pointer(SystemType("VARIANT")),
                    Attribute("length_is", "*fetched"),
                    *_OUT,
                    Attribute("size_is", "count"),
                ),
                _given("fetched", Pointer(_U4), *_OUT),
                throws=False,
            ),
            _method("Skip", _given("count", _U4), throws=False),
            _method("Reset"),
            _method("Clone", _result("copy", _object("IEnumVARIANT"))),
        ),
        _interface(
            "IErrorInfo",
            "IUnknown",
            _method("GetGUID", _result("iid", _GUID)),
            _method("GetSource", _result("source", SystemType("BSTR"))),
            _method("GetDescription", _result("description", SystemType("BSTR"))),
            _method("GetHelpFile", _result("file", SystemType("BSTR"))),
            _method("GetHelpContext", _result("context", _U4)),
        ),
        _interface(
            "ISupportErrorInfo",
            "IUnknown",
            _method("InterfaceSupportsErrorInfo", _IID, throws=False),
        ),
        _interface("IUnknown", ""),
    )
)
"""Those that clients call as they call any other interface; what only hosts speak is not described here."""
