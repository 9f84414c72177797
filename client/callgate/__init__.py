"""Call native libraries in another process, as if they were Python modules.

>>> import callgate
>>> libm = callgate.load("libm.so.6", "double cos(double x);")
>>> libm.cos(0.0)
1.0

A library that crashes, hangs or leaks takes its own host process down, and the next call starts a new one. Everything
that can be done *with* a library, handle or pointer is a function of this module; the objects themselves hold only the
library's own names.
"""

# ruff: noqa: F405 - what a star brings stands in __all__

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .deadline import deadline
from .errors import (
    AccessDenied,
    ArgumentError,
    BrokerLost,
    BufferOverrunError,
    CallbackOnCollectedDelegateError,
    ComError,
    DeadlineExceeded,
    DeclarationError,
    DllNotFoundError,
    DoubleOwnershipError,
    EntryPointNotFoundError,
    Error,
    HostCrashed,
    HostExited,
    HostLost,
    HostOutOfMemory,
    HostQuarantined,
    InvalidCastError,
    InvalidOleVariantTypeError,
    MarshalDirectiveError,
    MarshalError,
    NotExecuted,
    NotSupportedError,
    NullReferenceError,
    ObjectGone,
    OutcomeUnknown,
    OutOfRange,
    Overloaded,
    OwnershipError,
    PerformanceWarning,
    ProtocolError,
    RankError,
    RpcError,
    SafeArrayRankMismatchError,
    SafeArrayTypeMismatchError,
    SerializationError,
    TypeLoadError,
    UnmappableCharError,
)
from .later import LATER
from .values import Box, StrBuf, arg, constant

if TYPE_CHECKING:
    from .activating import create, create_all
    from .allocation import buffer, cast, free, new, read, sizeof, string, write
    from .apartments import (
        apartment,
        bell,
        co_initialize,
        co_uninitialize,
        mta_thread,
        pump,
        register_message_filter,
        set_apartment,
        sta_thread,
    )
    from .asynchronous import AsyncCall, call_object
    from .blittable import is_blittable
    from .callbacks import CallbackPointer, callback
    from .cancelling import cancel_call, disable_call_cancellation, enable_call_cancellation, test_cancel
    from .class_sources import Created
    from .com.classes import class_interface, coclass, com_visible
    from .com.events import AdviseConnection, advise
    from .com.late import invoke
    from .com.objects import ComObject, final_release, identity, query
    from .com.registered import interface_of
    from .connection import Connection, connect
    from .contexts import ContextToken, context
    from .failures import exception_for_hr, hr_for_exception, throw_for_hr
    from .functions import NativeFunction
    from .growing import grow_call
    from .helpers import (
        Block,
        alloc,
        alloc_string,
        copy,
        destroy_struct,
        offsetof,
        read_struct,
        write_struct,
    )
    from .hresults import HResult, custom_hresult, hresult
    from .inbox import MessageFilter
    from .keeping import is_invalid, release, retain
    from .layouts import Layout, layout
    from .lib import Lib
    from .libraries import Info, ObjectInfo, close, get_last_error, info, raise_last_error, types
    from .loading import load
    from .memories import HostStruct
    from .memory import Buffer, Handle, HandleRef, NativePtr
    from .mourning import Watch, on_death
    from .moving import agile, get_and_release_stream, global_interface_table, to_stream
    from .pointed import NativeFunctionPointer, StructPtr
    from .records import Struct
    from .registrations import RegisteredClass, classes, register, unregister
    from .remoting.active import get_active_object, register_active_object
    from .remoting.class_server import ClassServer
    from .remoting.exporting import Export, export, get_object
    from .remoting.marshalling import disconnect, lock_external, marshal, release_marshal_data, unmarshal
    from .remoting.security import initialize_security
    from .typed import *  # noqa: F403 - all of them stand in __all__
    from .typelibs import TypeLib, export_idl, idl
    from .unions import Union

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "ctypes":
        return import_module(".ctypes", __name__)
    if name not in LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{LATER[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *LATER})


__all__ = [
    "HRESULT",
    "AccessDenied",
    "AdviseConnection",
    "ArgumentError",
    "Array",
    "AsyncCall",
    "BStr",
    "Block",
    "Bool",
    "Bool8",
    "Borrowed",
    "Box",
    "BrokerLost",
    "Buffer",
    "BufferOverrunError",
    "CallbackOnCollectedDelegateError",
    "CallbackPointer",
    "Char",
    "Char8",
    "Char16",
    "ClassServer",
    "Closes",
    "ComError",
    "ComObject",
    "Connection",
    "Const",
    "Context",
    "ContextToken",
    "Created",
    "Currency",
    "Date",
    "DeadlineExceeded",
    "Dec",
    "DeclarationError",
    "DllNotFoundError",
    "DoubleOwnershipError",
    "EntryPointNotFoundError",
    "Error",
    "Export",
    "FileTime",
    "FixedArray",
    "FixedText",
    "Guid",
    "HResult",
    "Handle",
    "HandleRef",
    "HostCrashed",
    "HostExited",
    "HostLost",
    "HostOutOfMemory",
    "HostQuarantined",
    "HostStruct",
    "IDispatch",
    "IUnknown",
    "In",
    "InOut",
    "Info",
    "InvalidCastError",
    "InvalidOleVariantTypeError",
    "Keep",
    "LPStr",
    "LPTStr",
    "LPUTF8Str",
    "LPWCharStr",
    "LPWStr",
    "Layout",
    "Lib",
    "MarshalDirectiveError",
    "MarshalError",
    "MessageFilter",
    "Mutable",
    "NativeFunction",
    "NativeFunctionPointer",
    "NativePtr",
    "NotExecuted",
    "NotSupportedError",
    "NullReferenceError",
    "ObjectGone",
    "ObjectInfo",
    "OleColor",
    "Out",
    "OutOfRange",
    "OutcomeUnknown",
    "Overloaded",
    "OwnershipError",
    "PerformanceWarning",
    "ProtocolError",
    "Ptr",
    "RankError",
    "Ref",
    "RegisteredClass",
    "RpcError",
    "SafeArr",
    "SafeArrayRankMismatchError",
    "SafeArrayTypeMismatchError",
    "SerializationError",
    "StrBuf",
    "Struct",
    "StructPtr",
    "TBStr",
    "TypeLib",
    "TypeLoadError",
    "Union",
    "UnmappableCharError",
    "VBByRefStr",
    "VBool",
    "Variant",
    "Watch",
    "advise",
    "agile",
    "alloc",
    "alloc_string",
    "apartment",
    "arg",
    "at_position",
    "attribute",
    "bell",
    "bits",
    "buffer",
    "call_object",
    "callback",
    "cancel_call",
    "cast",
    "cdouble",
    "cfloat",
    "char",
    "char16_t",
    "char32_t",
    "class_interface",
    "classes",
    "close",
    "closes",
    "co_initialize",
    "co_uninitialize",
    "coclass",
    "com_visible",
    "connect",
    "constant",
    "context",
    "copy",
    "count_of",
    "create",
    "create_all",
    "custom",
    "custom_hresult",
    "deadline",
    "delegate",
    "destroy_struct",
    "disable_call_cancellation",
    "disconnect",
    "dispid",
    "enable_call_cancellation",
    "exception_for_hr",
    "export",
    "export_idl",
    "f4",
    "f8",
    "final_release",
    "free",
    "free_with",
    "get_active_object",
    "get_and_release_stream",
    "get_last_error",
    "get_object",
    "global_interface_table",
    "grow_call",
    "hr_for_exception",
    "hresult",
    "i1",
    "i2",
    "i4",
    "i8",
    "identity",
    "idl",
    "iid_is",
    "info",
    "initialize_security",
    "int_",
    "interface",
    "interface_of",
    "invoke",
    "is_blittable",
    "is_invalid",
    "keep",
    "layout",
    "layout_class",
    "ldouble",
    "length_is",
    "library",
    "llong",
    "load",
    "lock_external",
    "long_",
    "marshal",
    "mta_thread",
    "named",
    "native",
    "new",
    "offset",
    "offset_in",
    "offsetof",
    "on_death",
    "points_to",
    "preserve_sig",
    "propget",
    "propput",
    "propputref",
    "prototype",
    "ptr",
    "ptrdiff_t",
    "pump",
    "query",
    "raise_last_error",
    "read",
    "read_struct",
    "register",
    "register_active_object",
    "register_message_filter",
    "release",
    "release_marshal_data",
    "retain",
    "schar",
    "set_apartment",
    "short",
    "size_is",
    "size_t",
    "sizeof",
    "ssize_t",
    "sta_thread",
    "string",
    "struct",
    "test_cancel",
    "throw_for_hr",
    "to_stream",
    "types",
    "u1",
    "u2",
    "u4",
    "u8",
    "uchar",
    "uint",
    "ullong",
    "ulong",
    "union",
    "unmarshal",
    "unregister",
    "uptr",
    "ushort",
    "wchar_t",
    "write",
    "write_struct",
]
