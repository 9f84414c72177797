"""The names that a typed declaration is written with: plain Python types for a type checker, marks for callgate."""

# ruff: noqa: PYI042 - these are the names that C programmers know

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from callgate.memory import Memory, NativePtr
from callgate.values import Box, Constant

from .marks import AsAttribute, Borrow, Constness, Fixed, Native, Place, Shape, closes, keep

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from callgate.memories import HostStruct
else:  # what only a type checker reads need not be imported: declarations stand at the top of programs
    Buffer, HostStruct = bytes | bytearray | memoryview, Memory

T = TypeVar("T")


def _number(name: str, c: str, python: type = int) -> Native:
    return Native(name, "scalar", c, (python,))


def _text(name: str, unit: str) -> Native:
    return Native(name, "text", unit, (str,))


def _system(name: str, c: str, *python: type) -> Native:
    return Native(name, "system", c, python)


# Integers and floating point of a width that is the same everywhere (R2.1).
i1: TypeAlias = Annotated[int, _number("i1", "i1")]
u1: TypeAlias = Annotated[int, _number("u1", "u1")]
i2: TypeAlias = Annotated[int, _number("i2", "i2")]
u2: TypeAlias = Annotated[int, _number("u2", "u2")]
i4: TypeAlias = Annotated[int, _number("i4", "i4")]
u4: TypeAlias = Annotated[int, _number("u4", "u4")]
i8: TypeAlias = Annotated[int, _number("i8", "i8")]
u8: TypeAlias = Annotated[int, _number("u8", "u8")]
f4: TypeAlias = Annotated[float, _number("f4", "float", float)]
f8: TypeAlias = Annotated[float, _number("f8", "double", float)]

# C's own, as wide as the host's C has them (R2.6, R2.13).
char: TypeAlias = Annotated[int, _number("char", "char")]
schar: TypeAlias = Annotated[int, _number("schar", "schar")]
uchar: TypeAlias = Annotated[int, _number("uchar", "uchar")]
short: TypeAlias = Annotated[int, _number("short", "short")]
ushort: TypeAlias = Annotated[int, _number("ushort", "ushort")]
int_: TypeAlias = Annotated[int, _number("int_", "int")]
uint: TypeAlias = Annotated[int, _number("uint", "uint")]
long_: TypeAlias = Annotated[int, _number("long_", "long")]
ulong: TypeAlias = Annotated[int, _number("ulong", "ulong")]
llong: TypeAlias = Annotated[int, _number("llong", "llong")]
ullong: TypeAlias = Annotated[int, _number("ullong", "ullong")]
size_t: TypeAlias = Annotated[int, _number("size_t", "size")]
ssize_t: TypeAlias = Annotated[int, _number("ssize_t", "ssize")]
ptrdiff_t: TypeAlias = Annotated[int, _number("ptrdiff_t", "ptrdiff")]
ptr: TypeAlias = Annotated[int, _number("ptr", "iptr")]
uptr: TypeAlias = Annotated[int, _number("uptr", "uptr")]
wchar_t: TypeAlias = Annotated[int, _number("wchar_t", "wchar")]
char16_t: TypeAlias = Annotated[int, _number("char16_t", "char16")]
char32_t: TypeAlias = Annotated[int, _number("char32_t", "char32")]
ldouble: TypeAlias = Annotated[float, _number("ldouble", "ldouble", float)]
cfloat: TypeAlias = Annotated[complex, _number("cfloat", "cfloat", complex)]
cdouble: TypeAlias = Annotated[complex, _number("cdouble", "cdouble", complex)]

# Truth values (R3).
Bool: TypeAlias = Annotated[bool, Native("Bool", "scalar", "BOOL", (bool,))]
VBool: TypeAlias = Annotated[bool, Native("VBool", "scalar", "VARIANT_BOOL", (bool,))]
Bool8: TypeAlias = Annotated[bool, Native("Bool8", "scalar", "bool", (bool,))]

# One character (R4).
Char: TypeAlias = Annotated[str, Native("Char", "character", "", (str,))]
Char8: TypeAlias = Annotated[str, Native("Char8", "character", "char", (str,))]
Char16: TypeAlias = Annotated[str, Native("Char16", "character", "char16", (str,))]

# Text (R5).
LPStr: TypeAlias = Annotated[str, _text("LPStr", "char")]
LPUTF8Str: TypeAlias = Annotated[str, _text("LPUTF8Str", "char")]
LPWStr: TypeAlias = Annotated[str, _text("LPWStr", "char16")]
LPTStr: TypeAlias = Annotated[str, _text("LPTStr", "char16")]
LPWCharStr: TypeAlias = Annotated[str, _text("LPWCharStr", "wchar")]
VBByRefStr: TypeAlias = Annotated[str, Native("VBByRefStr", "edited", "", (str,))]
BStr: TypeAlias = Annotated[str, _system("BStr", "BSTR", str, bytes)]
TBStr: TypeAlias = Annotated[str, _system("TBStr", "BSTR", str)]

# System types (R12).
HRESULT: TypeAlias = Annotated[int, _system("HRESULT", "HRESULT", int)]
Date: TypeAlias = Annotated[dt.datetime, _system("Date", "DATE", dt.datetime)]
Dec: TypeAlias = Annotated[decimal.Decimal, _system("Dec", "DECIMAL", decimal.Decimal)]
Currency: TypeAlias = Annotated[decimal.Decimal, _system("Currency", "CURRENCY", decimal.Decimal)]
Guid: TypeAlias = Annotated[uuid.UUID, _system("Guid", "GUID", uuid.UUID)]
FileTime: TypeAlias = Annotated[dt.datetime, _system("FileTime", "FILETIME", dt.datetime)]
OleColor: TypeAlias = Annotated[Any, _system("OleColor", "OLE_COLOR", object)]
Variant: TypeAlias = Annotated[Any, _system("Variant", "VARIANT", object)]

# Levels around a type.
Ref: TypeAlias = Annotated[T | Box[T], Shape("ref")]
Array: TypeAlias = Annotated[Sequence[T] | Buffer, Shape("array")]
SafeArr: TypeAlias = Annotated[Sequence[T] | Buffer, Shape("safearray")]
Ptr: TypeAlias = Annotated[
    Box[T] | NativePtr | Memory | HostStruct | Constant | bytes | bytearray | None, Shape("pointer")
]

# Words around a type.
In: TypeAlias = Annotated[T, Place("in")]
Out: TypeAlias = Annotated[T, Place("out")]
InOut: TypeAlias = Annotated[T, Place("inout")]
Borrowed: TypeAlias = Annotated[T, Borrow()]
Const: TypeAlias = Annotated[T, Constness(const=True)]
Mutable: TypeAlias = Annotated[T, Constness(const=False)]
Closes: TypeAlias = Annotated[T, closes]
Keep: TypeAlias = Annotated[T, keep]
Context: TypeAlias = Annotated[Any, Native("Context", "context", "", (object,)), AsAttribute("context")]

# Words beside a type.
FixedArray = Fixed("array")
FixedText = Fixed("text")
