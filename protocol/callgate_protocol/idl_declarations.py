"""The types and functions of a library as IDL: everything that stands above its interfaces (R7.21, R12.11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .idl_types import REFERENCE, Spelling, bracketed
from .model import (
    Array,
    CType,
    Delegate,
    Enum,
    Field,
    Function,
    FunctionPointer,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
)

__all__ = ["Declarations", "innermost"]

_SHARED: Final[dict[str, str]] = {
    "DATE": "typedef double DATE;",
    "DECIMAL": """typedef struct tagDEC {
    USHORT wReserved;
    union { struct { BYTE scale; BYTE sign; }; USHORT signscale; };
    ULONG Hi32;
    union { struct { ULONG Lo32; ULONG Mid32; }; ULONGLONG Lo64; };
} DECIMAL;""",
    "GUID": """typedef struct tagGUID {
    DWORD Data1;
    WORD Data2;
    WORD Data3;
    BYTE Data4[8];
} GUID;""",
    "OLE_COLOR": "typedef DWORD OLE_COLOR;",
}
"""Definitions that IDL files repeat for people (R12.11); the reader knows them."""


class Declarations:
    """What is declared before the interfaces, in an order in which everything stands above its use."""

    def __init__(self, library: TypeLibrary, *, plain: bool) -> None:
        self.library = library
        self.plain = plain
        self.spelling = Spelling(library, plain=plain)

    def shared(self, mentioned: set[CType]) -> Iterator[str]:
        """R12.11: what some names of types are, for people; other tools have them from oaidl.idl."""
        used = sorted(name for name in _SHARED if SystemType(name) in mentioned and not self.plain)
        yield from (_SHARED[name] for name in used)
        if used:
            yield ""

    def types(self) -> Iterator[str]:
        """R7.21: each struct is a typedef, written once, and every mention uses it."""
        yield from map(self._opaque, self.library.opaques)
        yield from map(self._enum, self.library.enums)
        records = {each.name: each for each in self.library.records if not _is_inline(each.name)}
        delegates = {each.name: each for each in self.library.delegates if not _is_inline(each.name)}
        done: set[str] = set()
        for name in (*records, *delegates):
            yield from self._in_order(name, records, delegates, done)

    def functions(self) -> Iterator[str]:
        """Those of the library itself, as prototypes."""
        for function in self.library.functions:
            brackets = bracketed(function.result.attributes, plain=self.plain)
            yield f"{brackets}{self._shape(function, function.name)};"
        if self.library.functions:
            yield ""

    def _in_order(
        self, name: str, records: dict[str, Record], delegates: dict[str, Delegate], done: set[str]
    ) -> Iterator[str]:
        """What a type needs, then the type itself; a struct that is on its way already is known by its tag."""
        if name in done:
            return
        done.add(name)
        shape = records.get(name) or delegates[name]
        for needed in _needed(self.library, shape):
            if needed in records or needed in delegates:
                yield from self._in_order(needed, records, delegates, done)
        yield self._record(shape) if isinstance(shape, Record) else self._delegate(shape)

    def _opaque(self, opaque: OpaqueType) -> str:
        usual = (-1,) if opaque.base else (0,)
        words = [f"release({opaque.release})"] if opaque.release else []
        if opaque.invalid != usual or (opaque.base and not words):
            words.append(f"invalid({', '.join(map(str, opaque.invalid))})")
        brackets = f"[{', '.join(words)}] " if words and not self.plain else ""
        base = self.spelling.declare(Scalar(opaque.base), "") if opaque.base else f"struct {opaque.name}"
        return f"typedef {brackets}{base} {opaque.name};\n"

    def _enum(self, enum: Enum) -> str:
        members = ",\n".join(f"    {name} = {number}" for name, number in enum.members)
        return f"typedef enum tag{enum.name} {{\n{members}\n}} {enum.name};\n"

    def _record(self, record: Record) -> str:
        size = f"[size({record.size})] " if record.size and not self.plain else ""
        tag = self.spelling.tag(record.name)
        body = f"{tag} {{\n{self._members(record)}}}"
        if tag.endswith(f" {record.name}"):
            text = f"{size}{body};\n"
        else:
            text = f"typedef {size}{body} {record.name};\n"
            self.spelling.ready.add(record.name)
        return f"#pragma pack(push, {record.pack})\n{text}#pragma pack(pop)\n" if record.pack else text

    def _members(self, record: Record) -> str:
        return "".join(f"    {line}\n" for field in record.fields for line in self._member(field).split("\n"))

    def _member(self, field: Field) -> str:
        inner = innermost(field.type)
        if isinstance(inner, StructType) and _is_inline(inner.name):
            record = self.library.record(inner.name)
            self.spelling.inline[inner.name] = f"{_kind(record)} {{\n{self._members(record)}}}"
        more = [f"offset({field.offset})"] if field.offset >= 0 and not self.plain else []
        width = f" : {field.bits}" if field.bits else ""
        brackets = bracketed(field.attributes, plain=self.plain, more=more)
        return f"{brackets}{self._declare(field.type, field.name)}{width};"

    def _declare(self, ctype: CType, name: str) -> str:
        """As `Spelling.declare`; callbacks without a name of their own are written out where they stand."""
        inner = innermost(ctype)
        if not isinstance(inner, FunctionPointer) or not _is_inline(inner.delegate):
            return self.spelling.declare(ctype, name)
        around = self.spelling.declare(_around(ctype, Void()), name).removeprefix("void").strip()
        return self._shape(self.library.delegate(inner.delegate), f"(*{around})")

    def _shape(self, shape: Function | Delegate, name: str) -> str:
        parameters = [self._parameter(each) for each in shape.parameters] + ["..."] * shape.variadic
        return self._declare(shape.result.type, f"{name}({', '.join(parameters) or 'void'})")

    def _parameter(self, parameter: Parameter) -> str:
        brackets = bracketed(parameter.attributes, plain=self.plain)
        return f"{brackets}{self._declare(parameter.type, parameter.name)}"

    def _delegate(self, delegate: Delegate) -> str:
        brackets = bracketed(delegate.result.attributes, plain=self.plain)
        return f"typedef {brackets}{self._shape(delegate, f'(*{delegate.name})')};\n"


def innermost(ctype: CType) -> CType:
    """What pointers and arrays are about; a REFIID is a name of its own."""
    while isinstance(ctype, Pointer | Array | SafeArray) and ctype != REFERENCE:
        ctype = ctype.target if isinstance(ctype, Pointer) else ctype.element
    return ctype


def _kind(record: Record) -> str:
    return "union" if record.union else "struct"


def _is_inline(name: str) -> bool:
    """Whether a type has no name but that of its place: it is written out there."""
    return "." in name


def _around(ctype: CType, kernel: CType) -> CType:
    """The same pointers and arrays about something else."""
    match ctype:
        case Pointer(target, const):
            return Pointer(_around(target, kernel), const)
        case Array(element, length):
            return Array(_around(element, kernel), length)
        case _:
            return kernel


def _needed(library: TypeLibrary, shape: Record | Delegate) -> Iterator[str]:
    """The structs and callbacks that must stand above; a callback knows structs behind pointers by their tag."""
    if isinstance(shape, Record):
        for field in shape.fields:
            yield from _names(library, field.type)
        return
    for parameter in (shape.result, *shape.parameters):
        if not (isinstance(innermost(parameter.type), StructType) and isinstance(parameter.type, Pointer)):
            yield from _names(library, parameter.type)


def _names(library: TypeLibrary, ctype: CType) -> Iterator[str]:
    shape: Record | Delegate
    match innermost(ctype):
        case StructType(name):
            shape = library.record(name)
        case FunctionPointer(name):
            shape = library.delegate(name)
        case _:
            return
    if _is_inline(name):
        yield from _needed(library, shape)
    else:
        yield name
