"""The simple types by their names, and the functions of ctypes that work on any object."""

from __future__ import annotations

import operator
from typing import Any

from .arrays import array_type
from .cdata import CArg, CData, CDataType, layout_of, pointer_bytes, size_of
from .memory import Address, life_of
from .parameters import undeclared
from .pointers import PointerType, pointer_types
from .refusals import ArgumentError
from .simple import SimpleType, _SimpleCData, decode_wide, text_at
from .standard import std
from .world import current, of_life

__all__ = [
    "addressof",
    "alignment",
    "byref",
    "cast",
    "create_string_buffer",
    "create_unicode_buffer",
    "resize",
    "sizeof",
    "string_at",
    "wstring_at",
]


def _simple(name: str, code: str) -> Any:
    return SimpleType(name, (_SimpleCData,), {"_type_": code, "__module__": "callgate.ctypes"})


c_byte: Any = _simple("c_byte", "b")
c_ubyte: Any = _simple("c_ubyte", "B")
c_short: Any = _simple("c_short", "h")
c_ushort: Any = _simple("c_ushort", "H")
c_long: Any = _simple("c_long", "l")
c_ulong: Any = _simple("c_ulong", "L")
c_int: Any = _simple("c_int", "i") if std.c_int is not std.c_long else c_long
c_uint: Any = _simple("c_uint", "I") if std.c_uint is not std.c_ulong else c_ulong
c_longlong: Any = _simple("c_longlong", "q") if std.c_longlong is not std.c_long else c_long
c_ulonglong: Any = _simple("c_ulonglong", "Q") if std.c_ulonglong is not std.c_ulong else c_ulong
c_float: Any = _simple("c_float", "f")
c_double: Any = _simple("c_double", "d")
c_longdouble: Any = _simple("c_longdouble", "g") if std.c_longdouble is not std.c_double else c_double
c_bool: Any = _simple("c_bool", "?")
c_char: Any = _simple("c_char", "c")
c_wchar: Any = _simple("c_wchar", "u")
c_char_p: Any = _simple("c_char_p", "z")
c_wchar_p: Any = _simple("c_wchar_p", "Z")
c_void_p: Any = _simple("c_void_p", "P")
py_object: Any = _simple("py_object", "O")


def _like(mirror: Any) -> Any:
    """Our type for one of the standard library's."""
    return {std.c_byte: c_byte, std.c_short: c_short, std.c_int: c_int, std.c_long: c_long}.get(mirror) or {
        std.c_ubyte: c_ubyte,
        std.c_ushort: c_ushort,
        std.c_uint: c_uint,
        std.c_ulong: c_ulong,
        std.c_longlong: c_longlong,
        std.c_ulonglong: c_ulonglong,
    }[mirror]


c_int8, c_int16, c_int32, c_int64 = map(_like, (std.c_int8, std.c_int16, std.c_int32, std.c_int64))
c_uint8, c_uint16, c_uint32, c_uint64 = map(_like, (std.c_uint8, std.c_uint16, std.c_uint32, std.c_uint64))
c_size_t, c_ssize_t = _like(std.c_size_t), _like(std.c_ssize_t)
c_time_t = c_long if std.sizeof(std.c_long) == std.sizeof(std.c_void_p) else c_int64
pointer_types[None] = c_void_p


def sizeof(value: Any) -> int:
    """The bytes of a type or an object."""
    if isinstance(value, CData):
        return size_of(value)
    return layout_of(value).size


def alignment(value: Any) -> int:
    """The alignment of a type or an object."""
    try:
        return layout_of(type(value) if isinstance(value, CData) else value).alignment
    except TypeError:
        raise TypeError("no alignment info") from None


def addressof(value: Any) -> Address:
    """Where an object is: an address in the host."""
    if not isinstance(value, CData):
        raise TypeError("invalid type")
    return Address.of(value._home_(), value._block_.life)


def byref(value: Any, offset: int = 0) -> CArg:
    """A pointer to an object, for one call."""
    if not isinstance(value, CData):
        raise TypeError(f"byref() argument must be a ctypes instance, not '{type(value).__name__}'")
    return CArg("P", 0, value, value._ready_(), value._offset_ + operator.index(offset))


def resize(value: Any, size: int) -> None:
    """Make an object's memory longer."""
    if not isinstance(value, CData):
        raise TypeError("excepted ctypes instance")
    if size < layout_of(type(value)).size:
        raise ValueError(f"minimum size is {layout_of(type(value)).size}")
    if value._b_base_ is not None or not value._block_.owned:
        raise ValueError("Memory cannot be resized because this object doesn't own it")
    value._block_.resize(size)


def create_string_buffer(init: Any, size: int | None = None) -> Any:
    """Characters to be filled: of a size, or with content and room for its NUL."""
    if isinstance(init, bytes):
        made = array_type(c_char, len(init) + 1 if size is None else size)()
        made.value = init
        return made
    if isinstance(init, int):
        return array_type(c_char, init)()
    raise TypeError(init)


def create_unicode_buffer(init: Any, size: int | None = None) -> Any:
    """Wide characters to be filled."""
    if isinstance(init, str):
        made = array_type(c_wchar, len(init) + 1 if size is None else size)()
        made.value = init
        return made
    if isinstance(init, int):
        return array_type(c_wchar, init)()
    raise TypeError(init)


def _pointed(value: Any) -> CArg:
    """Anything that can be a `void *`."""
    try:
        return undeclared(c_void_p.from_param(value))
    except TypeError as error:
        raise ArgumentError(f"argument 1: TypeError: {error}") from error


def cast(value: Any, typ: Any) -> Any:
    """The same address as a pointer of another type."""
    if not _is_pointer(typ):
        shown = typ.__name__ if isinstance(typ, type) else repr(typ)
        raise TypeError(f"cast() argument 2 must be a pointer, not {shown}")
    argument = _pointed(value)
    address = argument.address
    made = typ.__new__(typ)
    life = argument.block.life if argument.block is not None else _life_behind(value, address)
    made._block_.write(0, pointer_bytes(address), life)
    made._objects = {}
    if isinstance(value, CData):
        shared = _kept_dictionary(value)
        shared[id(value)] = value
        made._objects = shared
    elif argument._obj is not None:
        made._objects = {"0": argument}
    return made


def _life_behind(value: Any, address: int) -> int:
    if not address:
        return 0
    return value._life_() if isinstance(value, CData) else life_of(value) if isinstance(value, int) else 0


def _kept_dictionary(value: CData) -> dict[Any, Any]:
    root = value
    while root._b_base_ is not None:
        root = root._b_base_
    if isinstance(root._objects, dict):
        return root._objects
    kept: dict[Any, Any] = {} if root._objects is None else {"0": root._objects}
    if root._compound_:  # type: ignore[attr-defined]
        root._objects = kept
    return kept


def _is_pointer(kind: Any) -> bool:
    from .functions import FuncType  # noqa: PLC0415

    if isinstance(kind, PointerType | FuncType):
        return True
    return isinstance(kind, CDataType) and getattr(kind, "_type_", None) in ("P", "z", "Z")


def string_at(ptr: Any, size: int = -1) -> bytes:
    """The bytes at an address: so many, or up to the first NUL."""
    argument = _pointed(ptr)
    address = _checked(argument, ptr)
    found: bytes = text_at(address, 1) if size < 0 else current().read(address, size)
    return found


def wstring_at(ptr: Any, size: int = -1) -> str:
    """The characters at an address: so many, or up to the first NUL."""
    argument = _pointed(ptr)
    address = _checked(argument, ptr)
    if size < 0:
        text: str = text_at(address, 4)
        return text
    return decode_wide(current().read(address, size * layout_of(c_wchar).size))


def _checked(argument: CArg, value: Any) -> int:
    address = argument.address
    life = argument.block.life if argument.block is not None else _life_behind(value, address)
    if life:
        of_life(life, "this memory")
    if not address:
        raise ValueError("NULL pointer access")
    return address
