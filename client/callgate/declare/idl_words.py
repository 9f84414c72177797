"""The words of IDL beside those of C: its types, and the attributes that stand on interfaces and their members."""

from __future__ import annotations

from typing import Final

from callgate.declare.nodes import VOID, Node, PointerTo, Typedef
from callgate.declare.words import SCALARS, SYSTEM_NAMES

__all__ = [
    "AUTOMATION_BOOLEAN",
    "DISPIDS",
    "FIRST_DISPID",
    "IDL_BASES",
    "IDL_BASE_WORDS",
    "IDL_TYPES",
    "IGNORED",
    "IMPORTS",
    "INTERFACE_WORDS",
    "MEMBER_WORDS",
    "NOT_KEPT",
]

IDL_BASE_WORDS: Final = frozenset({"hyper", "small", "__int64", "__int3264"})
"""Words that `unsigned` may stand before, as it may before `long`."""

IDL_BASES: Final[dict[str, str]] = {
    "long": "i4",
    "int long": "i4",
    "long signed": "i4",
    "int long signed": "i4",
    "long unsigned": "u4",
    "int long unsigned": "u4",
    "hyper": "i8",
    "hyper signed": "i8",
    "hyper unsigned": "u8",
    "__int64": "i8",
    "__int64 signed": "i8",
    "__int64 unsigned": "u8",
    "small": "i1",
    "signed small": "i1",
    "small unsigned": "u1",
    "__int3264": "iptr",
    "__int3264 unsigned": "uptr",
}
"""Sorted words of a type whose width IDL fixes (R2.6); whatever is not here is C's."""

_NAMES: Final[dict[str, str]] = {
    "byte": "u1",
    "boolean": "bool",
    "wchar_t": "char16",
    "WCHAR": "char16",
    "OLECHAR": "char16",
    "LCID": "u4",
    "DISPID": "i4",
    "MEMBERID": "i4",
    "VARTYPE": "u2",
    "error_status_t": "u4",
    "c_long": "long",
    "c_ulong": "ulong",
    "c_wchar": "wchar",
}
"""Types of IDL; those that begin with `c_` are C's own, where IDL means something else by their names."""

_POINTERS: Final[dict[str, tuple[str, bool]]] = {
    "LPSTR": ("char", False),
    "LPCSTR": ("char", True),
    "LPWSTR": ("char16", False),
    "LPCWSTR": ("char16", True),
    "LPOLESTR": ("char16", False),
    "LPCOLESTR": ("char16", True),
    "LPVOID": ("", False),
    "LPCVOID": ("", True),
}


def _pointer(scalar: str, const: bool) -> Node:
    pointer = PointerTo()
    pointer.attach(SCALARS[scalar] if scalar else VOID, const)
    return pointer


AUTOMATION_BOOLEAN: Final = Typedef(SCALARS["VARIANT_BOOL"], False, -1)
"""What `boolean` is in an interface for automation (R3.3, R14.26)."""

IDL_TYPES: Final[dict[str, Typedef]] = {
    **{name: Typedef(SCALARS[scalar], False, -1) for name, scalar in _NAMES.items()},
    **{name: Typedef(_pointer(*target), False, -1) for name, target in _POINTERS.items()},
    "CY": Typedef(SYSTEM_NAMES["CURRENCY"], False, -1),
}
"""Type names that IDL has and C has not, or has with another meaning; a typedef of the text takes precedence."""

_IGNORED: Final = (
    "annotation async_uuid bindable custom defaultbind defaultcollelem displaybind helpcontext helpfile helpstring "
    "helpstringcontext helpstringdll hidden immediatebind nonbrowsable nonextensible object odl pointer_default public "
    "replaceable requestedit restricted uidefault uuid v1_enum vararg version"
)
IGNORED: Final = frozenset(_IGNORED.split())
"""Attributes that say nothing about a call. `uuid` and `version` mean something where they are read."""

MEMBER_WORDS: Final[dict[str, str]] = {
    "call_as": "word",
    "defaultvalue": "text",
    "function": "shape",
    "id": "dispid",
    "lcid": "",
    "local": "",
    "max_is": "most",
    "optional": "",
    "preserve_sig": "",
    "propget": "",
    "propput": "",
    "propputref": "",
    "readonly": "",
}
"""Attributes of members of interfaces and of their parameters, and the argument that each takes."""

DISPIDS: Final[dict[str, int]] = {
    "DISPID_VALUE": 0,
    "DISPID_UNKNOWN": -1,
    "DISPID_PROPERTYPUT": -3,
    "DISPID_NEWENUM": -4,
    "DISPID_EVALUATE": -5,
    "DISPID_CONSTRUCTOR": -6,
    "DISPID_DESTRUCTOR": -7,
}
"""Numbers of members that have a name of their own (R14.24)."""

FIRST_DISPID: Final = 0x60020000
"""Where the numbers of a dual interface begin that say none."""

INTERFACE_WORDS: Final[dict[str, str]] = {
    "convention": "ms_abi sysv_abi",
    "dispatch": "",
    "dual": "",
    "extra_slots": "number",
    "guid": "big little",
    "hidden_result": "before after",
    "local": "",
    "loose_identity": "",
    "oleautomation": "",
    "vtable_offset": "number",
}
"""Attributes of an interface, and what may stand in their parentheses (`interfaces.Shape`)."""

NOT_KEPT: Final = frozenset({"guid(little)", "local", "oleautomation"})
"""Those that change no call: they say what is so anyway, or what a declaration may contain."""

_IMPORTS: Final = (
    "activscp docobj dispex mscorlib mscoree msxml oaidl objidl objidlbase ocidl oleauto oleidl propidl propidlbase "
    "servprov stdole stdole2 stdole32 unknwn unknwnbase urlmon wtypes wtypesbase"
)
IMPORTS: Final = frozenset(_IMPORTS.split())
"""Files whose declarations are built in, as far as callgate has any: importing them needs no file."""
