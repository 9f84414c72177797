"""Types and attributes of the model as IDL spells them; the reader of IDL makes the same model of the text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .model import (
    COMPLEX,
    FLOATS,
    INTEGERS,
    Array,
    Attribute,
    CType,
    EnumType,
    FunctionPointer,
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
)

__all__ = ["REFERENCE", "Spelling", "bracketed", "dispid"]

REFERENCE: Final = Pointer(SystemType("GUID"), const=True)
"""IDL's REFIID, which is not the same as a GUID (R12.9)."""

_SCALARS: Final[dict[str, str]] = {
    **INTEGERS,
    **FLOATS,
    **COMPLEX,
    "BOOL": "BOOL",
    "VARIANT_BOOL": "VARIANT_BOOL",
    "bool": "bool",
    "long": "c_long",
    "ulong": "c_ulong",
    "wchar": "c_wchar",
    "char16": "wchar_t",
    "i1": "small",
    "u1": "byte",
    "i2": "SHORT",
    "u2": "USHORT",
    "i4": "long",
    "u4": "unsigned long",
    "i8": "hyper",
    "u8": "unsigned hyper",
    "iptr": "INT_PTR",
    "uptr": "UINT_PTR",
}
"""IDL's name of every scalar: its `long` has four bytes (R2.6), and function pointers fit a UINT_PTR (R9.3)."""

_PLAIN: Final[dict[str, str]] = {
    **_SCALARS,
    "bool": "boolean",
    "long": "__int3264",
    "ulong": "unsigned __int3264",
    "wchar": "unsigned long",
    "i2": "short",
    "u2": "unsigned short",
    "ssize": "INT_PTR",
    "size": "UINT_PTR",
    "ptrdiff": "INT_PTR",
    "char32": "unsigned long",
    "llong": "hyper",
    "ullong": "unsigned hyper",
}
"""The nearest that MIDL has."""

_ROOT: Final = "IUnknown"

_ORDER: Final = ("id", "propget", "propput", "propputref", "in", "out", "retval")
"""Attributes that are written first, in this order."""

_OURS: Final = (
    "allow_nul ansi bounds best_fit borrowed bytes character closes context copied encoding errors exact function keep "
    "keep_types lenient null_is_empty preserve_sig round throws unchecked wide"
)
_UNKNOWN_TO_MIDL: Final = frozenset(_OURS.split())


def dispid(number: str) -> str:
    """The number of a member as it is usually written: those that were given out have 32 bits."""
    value = int(number)
    return hex(value) if value >= 1 << 16 else number


def bracketed(words: Iterable[Attribute], *, plain: bool, more: Iterable[str] = ()) -> str:
    """`[id(3), propget] `, or nothing; with `plain` what MIDL does not know is left out."""
    kept = [word for word in words if not (plain and word.name in _UNKNOWN_TO_MIDL)]
    rank = {name: index for index, name in enumerate(_ORDER)}
    kept.sort(key=lambda word: (rank.get(word.name, len(_ORDER)), word))
    written = [*map(_attribute, kept), *more]
    return f"[{', '.join(written)}] " if written else ""


def _attribute(word: Attribute) -> str:
    if word.name == "id":
        return f"id({dispid(word.argument)})"
    if word.argument.startswith(","):
        return f"{word.name}(, {word.argument[1:]})"
    return str(word)


class Spelling:
    """How types of one library are written: declarators around a name."""

    def __init__(self, library: TypeLibrary, *, plain: bool) -> None:
        self.plain = plain
        self.inline: dict[str, str] = {}
        """Structs without a name of their own, and how they are written where they stand."""
        self.ready: set[str] = set()
        """Structs whose typedef stands above; the others are known by their tag."""
        names = {record.name for record in library.records}
        taken = {function.name for function in library.functions} | {name for name in names if f"tag{name}" in names}
        self._tags = {
            record.name: f"{'union' if record.union else 'struct'} {'' if record.name in taken else 'tag'}{record.name}"
            for record in library.records
        }
        self._defaults = {coclass.name: coclass.default_interface for coclass in library.coclasses}

    def declare(self, ctype: CType, name: str) -> str:
        """The declaration of `name` with that type: `long *name`, `Point name[3]`."""
        left, right, const, tight = "", "", "", False
        while isinstance(ctype, Pointer | Array) and (ctype != REFERENCE or const):
            if isinstance(ctype, Pointer) and not isinstance(ctype.target, SafeArray):
                own = f" {const}" if const else ""
                left = f"*{own.strip()}{' ' if own else ''}{left}"
                const, tight = "const" if ctype.const else "", True
                ctype = ctype.target
            elif isinstance(ctype, Array):
                if tight:
                    name, left, right, tight = f"({left}{name}{right})", "", "", False
                right = f"{right}[{ctype.length or ''}]"
                ctype = ctype.element
            else:
                break
        base = self._base(ctype)
        inner = f"{left}{name}{right}"
        return f"{const + ' ' if const else ''}{base}{' ' if inner else ''}{inner}".rstrip()

    def _base(self, ctype: CType) -> str:
        match ctype:
            case Void():
                return "void"
            case Scalar(name):
                return (_PLAIN if self.plain else _SCALARS)[name]
            case StructType(name):
                return self.inline.get(name) or (name if name in self.ready else self.tag(name))
            case EnumType(name) | Opaque(name) | InterfaceType(name) | SystemType(name) | FunctionPointer(name):
                return self._defaults.get(name, name) if self.plain else name  # R14.11
            case Pointer(SafeArray(element)) | SafeArray(element):
                return f"SAFEARRAY({self.declare(element, '')})"
        assert ctype == REFERENCE, ctype
        return "REFIID"

    def tag(self, name: str) -> str:
        """`struct tagPoint`; a function of the same name leaves a struct its tag only: `struct sigaction`."""
        return self._tags[name]

    def parameter(self, parameter: Parameter) -> str:
        """A parameter of a function: `[out, size_is(n)] long *values`."""
        brackets = bracketed(parameter.attributes, plain=self.plain)
        return f"{brackets}{self.declare(parameter.type, parameter.name)}"

    def method_parameter(self, parameter: Parameter) -> str:
        """A parameter of a method: `[in]` is written out, and a function pointer is a number (R1.19, R9.3)."""
        shape = parameter.type.target if isinstance(parameter.type, Pointer) else parameter.type
        words = parameter.attributes
        if not any(word.name in ("in", "out") for word in words):
            words = (*words, Attribute("in"))
        if isinstance(shape, FunctionPointer):
            number: CType = Scalar("uptr")
            if isinstance(parameter.type, Pointer):
                number = Pointer(number, parameter.type.const)
            words = (*words, Attribute("function", shape.delegate))
            return self.parameter(parameter.replace(type=number, attributes=words))
        return self.parameter(parameter.replace(attributes=words))
