"""Call native libraries in another process, as if they were Python modules.

>>> import callgate
>>> libm = callgate.load("libm.so.6", "double cos(double x);")
>>> libm.cos(0.0)
1.0

A library that crashes, hangs or leaks takes its own host process down, and the next call starts a new one. Everything
that can be done *with* a library, handle or pointer is a function of this module; the objects themselves hold only the
library's own names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .deadline import deadline
from .errors import (
    AccessDenied,
    ArgumentError,
    BrokerLost,
    BufferOverrunError,
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
    ProtocolError,
    RankError,
    RpcError,
    SafeArrayRankMismatchError,
    SafeArrayTypeMismatchError,
    SerializationError,
    TypeLoadError,
    UnmappableCharError,
)
from .values import Box, StrBuf, arg, constant

if TYPE_CHECKING:
    from .allocation import buffer, callback, cast, free, new, read, sizeof, string, write
    from .callbacks import CallbackPointer
    from .connection import Connection, connect
    from .failures import exception_for_hr, hr_for_exception, throw_for_hr
    from .functions import NativeFunction
    from .hresults import HResult, custom_hresult, hresult
    from .layouts import Layout, layout
    from .lib import Lib
    from .libraries import Info, close, get_last_error, info, raise_last_error, types
    from .loading import load
    from .memories import HostStruct
    from .memory import Buffer, Handle, NativePtr
    from .records import Struct

__version__ = "0.1.0"

_LATER = {
    name: module
    for module, names in {
        "allocation": ("buffer", "callback", "cast", "free", "new", "read", "sizeof", "string", "write"),
        "callbacks": ("CallbackPointer",),
        "connection": ("Connection", "connect"),
        "failures": ("exception_for_hr", "hr_for_exception", "throw_for_hr"),
        "functions": ("NativeFunction",),
        "hresults": ("HResult", "custom_hresult", "hresult"),
        "lib": ("Lib",),
        "layouts": ("Layout", "layout"),
        "libraries": ("Info", "close", "get_last_error", "info", "raise_last_error", "types"),
        "loading": ("load",),
        "memories": ("HostStruct",),
        "memory": ("Buffer", "Handle", "NativePtr"),
        "records": ("Struct",),
    }.items()
    for name in names
}
"""Names that are imported at first use, so that `import callgate` costs little and `load` can start the warden before
this process spends its time on importing ZeroMQ."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = [
    "AccessDenied",
    "ArgumentError",
    "Box",
    "BrokerLost",
    "Buffer",
    "BufferOverrunError",
    "CallbackPointer",
    "ComError",
    "Connection",
    "DeadlineExceeded",
    "DeclarationError",
    "DllNotFoundError",
    "DoubleOwnershipError",
    "EntryPointNotFoundError",
    "Error",
    "HResult",
    "Handle",
    "HostCrashed",
    "HostExited",
    "HostLost",
    "HostOutOfMemory",
    "HostQuarantined",
    "HostStruct",
    "Info",
    "InvalidCastError",
    "InvalidOleVariantTypeError",
    "Layout",
    "Lib",
    "MarshalDirectiveError",
    "MarshalError",
    "NativeFunction",
    "NativePtr",
    "NotExecuted",
    "NotSupportedError",
    "NullReferenceError",
    "ObjectGone",
    "OutOfRange",
    "OutcomeUnknown",
    "Overloaded",
    "ProtocolError",
    "RankError",
    "RpcError",
    "SafeArrayRankMismatchError",
    "SafeArrayTypeMismatchError",
    "SerializationError",
    "StrBuf",
    "Struct",
    "TypeLoadError",
    "UnmappableCharError",
    "arg",
    "buffer",
    "callback",
    "cast",
    "close",
    "connect",
    "constant",
    "custom_hresult",
    "deadline",
    "exception_for_hr",
    "free",
    "get_last_error",
    "hr_for_exception",
    "hresult",
    "info",
    "layout",
    "load",
    "new",
    "raise_last_error",
    "read",
    "sizeof",
    "string",
    "throw_for_hr",
    "types",
    "write",
]
