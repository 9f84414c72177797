"""ctypes, with the libraries in another process: `from callgate import ctypes` in place of `import ctypes`.

Declarations stay as they are. All libraries that a program opens this way share one host process, as they shared the
interpreter before; when one of them crashes, the call raises `callgate.HostCrashed`, objects whose memory was there
raise `callgate.ObjectGone`, and the next call starts a new host. What is refused, and why, is in `docs/ctypes.md`.
"""

from __future__ import annotations

from ctypes import util
from typing import Any, Final

from .arrays import ARRAY, Array
from .errnos import get_errno, set_errno
from .functions import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, FuncType, _CFuncPtr
from .libraries import (
    CDLL,
    DEFAULT_MODE,
    RTLD_GLOBAL,
    RTLD_LOCAL,
    LibraryLoader,
    PyDLL,
    cdll,
    pydll,
    pythonapi,
)
from .pointers import POINTER, pointer, pointer_types, set_pointer_type
from .pointers import _Pointer as _Pointer
from .refusals import ArgumentError, NotAcrossProcesses, refuse
from .simple import _SimpleCData as _SimpleCData
from .structures import (
    BigEndianStructure,
    BigEndianUnion,
    LittleEndianStructure,
    LittleEndianUnion,
    Structure,
    Union,
)
from .tools import (
    addressof,
    alignment,
    byref,
    c_bool,
    c_byte,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int8,
    c_int16,
    c_int32,
    c_int64,
    c_long,
    c_longdouble,
    c_longlong,
    c_short,
    c_size_t,
    c_ssize_t,
    c_time_t,
    c_ubyte,
    c_uint,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_ulong,
    c_ulonglong,
    c_ushort,
    c_void_p,
    c_wchar,
    c_wchar_p,
    cast,
    create_string_buffer,
    create_unicode_buffer,
    py_object,
    resize,
    sizeof,
    string_at,
    wstring_at,
)

c_voidp = c_void_p
SIZEOF_TIME_T: Final = sizeof(c_time_t)
c_buffer = create_string_buffer
SetPointerType = set_pointer_type
_pointer_type_cache = pointer_types
_c_functype_cache: dict[Any, Any] = {}


def CFUNCTYPE(  # noqa: N802 - the name of ctypes
    restype: Any, *argtypes: Any, use_errno: bool = False, use_last_error: bool = False
) -> Any:
    """The type of C functions of one shape; the same type each time."""
    if use_last_error:
        raise ValueError("use_last_error is for another system than this")
    flags = FUNCFLAG_CDECL | (FUNCFLAG_USE_ERRNO if use_errno else 0)
    key = restype, argtypes, flags
    known = _c_functype_cache.get(key)
    if known is None:
        body = {"_argtypes_": argtypes, "_restype_": restype, "_flags_": flags}
        known = _c_functype_cache[key] = FuncType("CFunctionType", (_CFuncPtr,), body)
    return known


def PYFUNCTYPE(_restype: Any, *_argtypes: Any) -> Any:  # noqa: N802 - the name of ctypes
    """Refused: such functions would run in the interpreter of this process."""
    refuse("PYFUNCTYPE", "its functions use the interpreter of this process, and native code is in another")


def _reset_cache() -> None:
    """Forget pointer and function types, as the standard library's own tests do."""
    pointer_types.clear()
    _c_functype_cache.clear()
    pointer_types[None] = c_void_p


memmove: Final[Any] = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t).named("memmove", CDLL(None))
memset: Final[Any] = CFUNCTYPE(c_void_p, c_void_p, c_int, c_size_t).named("memset", CDLL(None))

__all__ = [
    "ARRAY",
    "CDLL",
    "CFUNCTYPE",
    "DEFAULT_MODE",
    "POINTER",
    "PYFUNCTYPE",
    "RTLD_GLOBAL",
    "RTLD_LOCAL",
    "SIZEOF_TIME_T",
    "ArgumentError",
    "Array",
    "BigEndianStructure",
    "BigEndianUnion",
    "LibraryLoader",
    "LittleEndianStructure",
    "LittleEndianUnion",
    "NotAcrossProcesses",
    "PyDLL",
    "SetPointerType",
    "Structure",
    "Union",
    "addressof",
    "alignment",
    "byref",
    "c_bool",
    "c_buffer",
    "c_byte",
    "c_char",
    "c_char_p",
    "c_double",
    "c_float",
    "c_int",
    "c_int8",
    "c_int16",
    "c_int32",
    "c_int64",
    "c_long",
    "c_longdouble",
    "c_longlong",
    "c_short",
    "c_size_t",
    "c_ssize_t",
    "c_time_t",
    "c_ubyte",
    "c_uint",
    "c_uint8",
    "c_uint16",
    "c_uint32",
    "c_uint64",
    "c_ulong",
    "c_ulonglong",
    "c_ushort",
    "c_void_p",
    "c_voidp",
    "c_wchar",
    "c_wchar_p",
    "cast",
    "cdll",
    "create_string_buffer",
    "create_unicode_buffer",
    "get_errno",
    "memmove",
    "memset",
    "pointer",
    "py_object",
    "pydll",
    "pythonapi",
    "resize",
    "set_errno",
    "sizeof",
    "string_at",
    "util",
    "wstring_at",
]
