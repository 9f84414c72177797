"""The well-known interfaces, as model values: what callgate itself says to objects (appendix B of the rules)."""

from __future__ import annotations

from typing import Final

from .builders import BY_IID, GUID, IID, U4, given, method, object_of, retval
from .guids import same_tail
from .model import (
    Attribute,
    Function,
    Interface,
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


def _interface(name: str, base: str, *methods: Function) -> Interface:
    return Interface(name, IIDS[name], base, methods)


STANDARD: Final = TypeLibrary(
    interfaces=(
        _interface(
            "IClassFactory",
            "IUnknown",
            method(
                "CreateInstance",
                given("outer", object_of("IUnknown")),
                IID,
                retval("object", Pointer(Void()), BY_IID),
            ),
            method("LockServer", given("lock", Scalar("BOOL"))),
        ),
        _interface(
            "IConnectionPoint",
            "IUnknown",
            method("GetConnectionInterface", retval("iid", GUID)),
            method("GetConnectionPointContainer", retval("container", object_of("IConnectionPointContainer"))),
            method("Advise", given("sink", object_of("IUnknown")), retval("cookie", U4)),
            method("Unadvise", given("cookie", U4)),
            method("EnumConnections", retval("connections", object_of("IEnumConnections"))),
        ),
        _interface(
            "IConnectionPointContainer",
            "IUnknown",
            method("EnumConnectionPoints", retval("points", object_of("IEnumConnectionPoints"))),
            method("FindConnectionPoint", IID, retval("point", object_of("IConnectionPoint"))),
        ),
        _interface(
            "IDispatch",
            "IUnknown",
            method("GetTypeInfoCount", retval("count", U4)),
            method("GetTypeInfo", given("index", U4), given("lcid", U4), retval("info", object_of("IUnknown"))),
            method(
                "GetIDsOfNames",
                IID,
                given("names", Pointer(Pointer(Scalar("char16"), const=True)), Attribute("size_is", "count")),
                given("count", U4),
                given("lcid", U4),
                given("ids", Pointer(Scalar("i4")), Attribute("out"), Attribute("size_is", "count")),
            ),
            method(
                "Invoke",
                given("id", Scalar("i4")),
                IID,
                given("lcid", U4),
                given("flags", Scalar("u2")),
                given("arguments", Pointer(Void())),
                given("result", Pointer(Void())),
                given("exception", Pointer(Void())),
                given("argument", Pointer(Void())),
            ),
        ),
        _interface("IEnumConnectionPoints", "IUnknown"),
        _interface("IEnumConnections", "IUnknown"),
        _interface(
            "IEnumVARIANT",
            "IUnknown",
            method(
                "Next",
                given("count", U4),
                given(
                    "values",
                    Pointer(SystemType("VARIANT")),
                    Attribute("length_is", "*fetched"),
                    Attribute("out"),
                    Attribute("size_is", "count"),
                ),
                given("fetched", Pointer(U4), Attribute("out")),
                throws=False,
            ),
            method("Skip", given("count", U4), throws=False),
            method("Reset"),
            method("Clone", retval("copy", object_of("IEnumVARIANT"))),
        ),
        _interface(
            "IErrorInfo",
            "IUnknown",
            method("GetGUID", retval("iid", GUID)),
            method("GetSource", retval("source", SystemType("BSTR"))),
            method("GetDescription", retval("description", SystemType("BSTR"))),
            method("GetHelpFile", retval("file", SystemType("BSTR"))),
            method("GetHelpContext", retval("context", U4)),
        ),
        _interface(
            "ISupportErrorInfo",
            "IUnknown",
            method("InterfaceSupportsErrorInfo", IID, throws=False),
        ),
        _interface("IUnknown", ""),
    )
)
"""Those that clients call as they call any other interface; what only hosts speak is not described here."""
