"""HRESULTs and exceptions, both ways, by one table (R11.9)."""

from __future__ import annotations

import errno
from concurrent.futures import CancelledError
from typing import Any, Final, NamedTuple, TypeVar

from callgate_protocol.activation_codes import CODES
from callgate_protocol.rpccodes import Code

from . import errors
from .errors import ComError, RpcError
from .hresults import HResult

__all__ = [
    "ROWS",
    "Row",
    "code_of",
    "exception_for_hr",
    "hr_for_exception",
    "name_of",
    "over_rpc",
    "throw_for_hr",
    "transport_failure",
]


E = TypeVar("E", bound=errors.Error)


class Row(NamedTuple):
    """One line of R11.9."""

    code: int
    name: str
    kind: type[BaseException]


class ApplicationError(ComError):
    """COR_E_APPLICATION."""


ROWS: Final = (
    Row(0x80004001, "E_NOTIMPL", NotImplementedError),
    Row(0x80004002, "E_NOINTERFACE", errors.InvalidCastError),
    Row(0x80004003, "E_POINTER", errors.NullReferenceError),
    Row(0x80004004, "E_ABORT", ComError),
    Row(0x80004005, "E_FAIL", ComError),
    Row(0x8000FFFF, "E_UNEXPECTED", ComError),
    Row(0x80070002, "COR_E_FILENOTFOUND", FileNotFoundError),
    Row(0x80070003, "COR_E_DIRECTORYNOTFOUND", FileNotFoundError),
    Row(0x80070005, "E_ACCESSDENIED", PermissionError),
    Row(0x80070006, "E_HANDLE", ComError),
    Row(0x8007000B, "COR_E_BADIMAGEFORMAT", ImportError),
    Row(0x8007000E, "E_OUTOFMEMORY", MemoryError),
    Row(0x80070026, "COR_E_ENDOFSTREAM", EOFError),
    Row(0x80070057, "E_INVALIDARG", errors.ArgumentError),
    Row(0x800700CE, "COR_E_PATHTOOLONG", OSError),
    Row(0x80070216, "COR_E_ARITHMETIC", ArithmeticError),
    Row(0x800703E9, "COR_E_STACKOVERFLOW", RecursionError),
    Row(0x80020004, "DISP_E_PARAMNOTFOUND", ComError),
    Row(0x8002000E, "COR_E_TARGETPARAMCOUNT", TypeError),
    Row(0x80020012, "COR_E_DIVIDEBYZERO", ZeroDivisionError),
    Row(0x80131500, "COR_E_EXCEPTION", Exception),
    Row(0x80131501, "COR_E_SYSTEM", SystemError),
    Row(0x80131502, "COR_E_ARGUMENTOUTOFRANGE", ValueError),
    Row(0x80131503, "COR_E_ARRAYTYPEMISMATCH", TypeError),
    Row(0x80131504, "COR_E_CONTEXTMARSHAL", ComError),
    Row(0x80131505, "COR_E_TIMEOUT", TimeoutError),
    Row(0x80131508, "COR_E_INDEXOUTOFRANGE", IndexError),
    Row(0x80131509, "COR_E_INVALIDOPERATION", RuntimeError),
    Row(0x8013150A, "COR_E_SECURITY", PermissionError),
    Row(0x8013150C, "COR_E_SERIALIZATION", errors.SerializationError),
    Row(0x80131511, "COR_E_MISSINGFIELD", AttributeError),
    Row(0x80131512, "COR_E_MISSINGMEMBER", AttributeError),
    Row(0x80131513, "COR_E_MISSINGMETHOD", AttributeError),
    Row(0x80131515, "COR_E_NOTSUPPORTED", errors.NotSupportedError),
    Row(0x80131516, "COR_E_OVERFLOW", OverflowError),
    Row(0x80131517, "COR_E_RANK", errors.RankError),
    Row(0x80131519, "COR_E_THREADINTERRUPTED", InterruptedError),
    Row(0x80131522, "COR_E_TYPELOAD", errors.TypeLoadError),
    Row(0x80131523, "COR_E_ENTRYPOINTNOTFOUND", errors.EntryPointNotFoundError),
    Row(0x80131524, "COR_E_DLLNOTFOUND", errors.DllNotFoundError),
    Row(0x80131527, "COR_E_INVALIDCOMOBJECT", errors.ObjectGone),
    Row(0x80131528, "COR_E_NOTFINITENUMBER", ArithmeticError),
    Row(0x80131531, "COR_E_INVALIDOLEVARIANTTYPE", errors.InvalidOleVariantTypeError),
    Row(0x80131533, "COR_E_SAFEARRAYTYPEMISMATCH", errors.SafeArrayTypeMismatchError),
    Row(0x80131538, "COR_E_SAFEARRAYRANKMISMATCH", errors.SafeArrayRankMismatchError),
    Row(0x80131535, "COR_E_MARSHALDIRECTIVE", errors.MarshalDirectiveError),
    Row(0x80131537, "COR_E_FORMAT", ValueError),
    Row(0x80131539, "COR_E_PLATFORMNOTSUPPORTED", errors.NotSupportedError),
    Row(0x8013153B, "COR_E_OPERATIONCANCELED", CancelledError),
    Row(0x80131577, "COR_E_KEYNOTFOUND", KeyError),
    Row(0x80131600, "COR_E_APPLICATION", ApplicationError),
    Row(0x80131604, "COR_E_TARGETINVOCATION", ComError),
    Row(0x80131620, "COR_E_IO", OSError),
    Row(0x80131622, "COR_E_OBJECTDISPOSED", errors.ObjectGone),
)
"""R11.9. Coming in, a code has one class; going out, a class has the code of its first row, or that of `_OUTGOING`."""

_BY_NAME: Final = {name: code for code, name, _ in ROWS}
_PATH_TOO_LONG: Final = _BY_NAME["COR_E_PATHTOOLONG"]

_ALIASES: Final[dict[int, type[BaseException]]] = {
    0x80030003: FileNotFoundError,
    0x800A004C: FileNotFoundError,
    0x800A0035: FileNotFoundError,
    0x8007007E: FileNotFoundError,
    0x800705B4: TimeoutError,
    Code.DISP_E_MEMBERNOTFOUND: AttributeError,  # this and the others of late binding: R14.23
    Code.DISP_E_TYPEMISMATCH: TypeError,
    Code.DISP_E_UNKNOWNNAME: AttributeError,
    Code.DISP_E_NONAMEDARGS: TypeError,
    Code.DISP_E_BADVARTYPE: TypeError,
    Code.DISP_E_OVERFLOW: OverflowError,
    Code.DISP_E_BADINDEX: IndexError,
    Code.DISP_E_PARAMNOTOPTIONAL: TypeError,
    CODES["CO_E_APPNOTFOUND"]: FileNotFoundError,
    CODES["CO_E_CLASSSTRING"]: ValueError,
    CODES["CO_E_DLLNOTFOUND"]: errors.DllNotFoundError,
    CODES["CO_E_LAUNCH_PERMSSION_DENIED"]: PermissionError,
    CODES["MK_E_UNAVAILABLE"]: LookupError,
    CODES["REGDB_E_CLASSNOTREG"]: LookupError,
}
"""Codes of other systems for the same thing: they come in and never go out."""

_OUTGOING: Final[dict[type[BaseException], int]] = {
    ComError: _BY_NAME["E_FAIL"],
    RpcError: Code.RPC_E_SERVERFAULT,
    OSError: _BY_NAME["COR_E_IO"],
    ValueError: _BY_NAME["E_INVALIDARG"],
    errors.OutOfRange: _BY_NAME["COR_E_OVERFLOW"],
    errors.ObjectGone: _BY_NAME["COR_E_OBJECTDISPOSED"],
    errors.DeclarationError: _BY_NAME["COR_E_MARSHALDIRECTIVE"],
    errors.MarshalError: _BY_NAME["E_INVALIDARG"],
    errors.DeadlineExceeded: Code.RPC_E_TIMEOUT,
    errors.HostLost: Code.RPC_E_SERVER_DIED,
    errors.HostCrashed: Code.RPC_E_SERVERFAULT,
    errors.HostOutOfMemory: _BY_NAME["E_OUTOFMEMORY"],
    errors.OutcomeUnknown: Code.RPC_E_SERVER_DIED,
    errors.NotExecuted: Code.RPC_E_SERVER_DIED_DNE,
    errors.BrokerLost: 0x800706BA,
    errors.Overloaded: Code.RPC_E_SERVERCALL_RETRYLATER,
    errors.ProtocolError: Code.RPC_E_INVALID_DATA,
    errors.DoubleOwnershipError: _BY_NAME["E_UNEXPECTED"],
}
"""Classes whose code is another one than that of their first row, or that have no row."""

_OTHERS: Final[dict[int, str]] = {
    0x80131014: "AppDomainUnloaded",
    0x8000211D: "AmbiguousMatch",
    0x800700C1: "BadExeFormat",
    0x80131506: "ExecutionEngine",
    0x80131507: "FieldAccess",
    0x8013150D: "Verification",
    0x80131510: "MethodAccess",
    0x80131514: "MulticastNotSupported",
    0x80131518: "SynchronizationLock",
    0x8013151A: "MemberAccess",
    0x80131520: "ThreadState",
    0x80131525: "ThreadStart",
    0x80131529: "DuplicateWaitObject",
    0x8013152D: "AbandonedMutex",
    0x80131530: "ThreadAborted",
    0x80131532: "MissingManifestResource",
    0x80131534: "TypeInitialization",
    0x8013153A: "InvalidProgram",
    0x80131541: "DataMisaligned",
    0x80131543: "TypeAccess",
    0x80131601: "InvalidFilterCriteria",
    0x80131602: "ReflectionTypeLoad",
    0x80131603: "Target",
    0x80131605: "CustomAttributeFormat",
    0x80131621: "FileLoad",
}
"""Codes with a class of their own below ComError, and its name without `Error`."""

_FACILITY_RPC, _FACILITY_WIN32 = 1, 7
_RPC_S: Final = range(1700, 2000)
"""The Win32 codes of the RPC runtime: `RPC_S_SERVER_UNAVAILABLE` is 1722."""


def _made(name: str, *bases: type[Any]) -> type[ComError]:
    """An exception class that pickle finds here."""
    kind: type[ComError] = type(name, bases, {"__module__": __name__, "__doc__": f"See `{bases[-1].__name__}`."})
    globals()[name] = kind
    return kind


def _incoming(kind: type[BaseException]) -> type[ComError]:
    """What is raised for a failure: a ComError that is also what a careful Python user would catch."""
    if issubclass(kind, ComError):
        return kind
    name = f"Com{kind.__name__}"
    known: type[ComError] | None = globals().get(name)
    return known or (ComError if kind is Exception else _made(name, ComError, kind))


RpcCancelledError = _made("RpcCancelledError", RpcError, CancelledError)
_CLASSES: Final[dict[int, type[ComError]]] = {
    Code.RPC_E_CALL_CANCELED: RpcCancelledError,
    **{code: _incoming(kind) for code, _, kind in ROWS},
    **{code: _incoming(kind) for code, kind in _ALIASES.items()},
    **{code: _made(f"{name}Error", ComError) for code, name in _OTHERS.items()},
}
_LOST: Final[dict[type[errors.Error], Any]] = {
    kind: _made(f"Rpc{kind.__name__}", kind, RpcError)
    for kind in (
        errors.DeadlineExceeded,
        errors.HostCrashed,
        errors.HostExited,
        errors.HostLost,
        errors.NotExecuted,
        errors.ObjectGone,
        errors.OutcomeUnknown,
        errors.ProtocolError,
    )
}
"""What befalls calls, where it is the call of an object that it befalls: an RpcError as well."""
_CODES: Final[dict[type[BaseException], int]] = {kind: code for code, _, kind in reversed(ROWS)} | _OUTGOING
_NAMES: Final[dict[int, str]] = (
    {code: code.name for code in Code}
    | {code: name for name, code in CODES.items()}
    | {code: name for code, name, _ in ROWS}
)
_ERRNOS: Final = {_PATH_TOO_LONG: errno.ENAMETOOLONG}
_MASK: Final = (1 << 32) - 1


def exception_for_hr(hr: int, method: str = "", description: str = "") -> ComError | None:
    """The exception for a failure, None for a success (R11.7, R11.16). It is not raised.

    Every one is a ComError, and of the class that R11.9 gives its code: `exception_for_hr(0x80020012)` is a
    ZeroDivisionError as well.
    """
    result = HResult(hr)
    if not result.failed:
        return None
    code = result & _MASK
    kind = _CLASSES.get(code) or (RpcError if _is_transport(result) else ComError)
    failure = f"failed with {code:#010x}" + (f" ({_NAMES[code]})" if code in _NAMES else "")
    text = f"{method} {failure}" if method else failure
    fields: dict[str, Any] = {"errno": _ERRNOS[code]} if code in _ERRNOS else {}
    return kind(
        f"{text}: {description}" if description else text,
        hresult=result,
        description=description,
        method=method,
        **fields,
    )


def transport_failure(code: int, text: str = "") -> ComError:
    """The exception for a failing code that no object has given (R11.14)."""
    error = exception_for_hr(code, "", text)
    assert error is not None
    error.from_transport = True
    return error


def over_rpc(error: E) -> E:
    """R11.14: how the call of an object ended that has not come back is an RpcError too, of its own class besides."""
    kind = _LOST.get(type(error))
    if kind is None:
        return error
    fields = {"method": getattr(error, "function", ""), **vars(error), "from_transport": True}
    remade: E = kind(error.message, **fields)
    return remade


def _is_transport(result: HResult) -> bool:
    """R11.14: told apart by the facility alone."""
    return result.facility == _FACILITY_RPC or (result.facility == _FACILITY_WIN32 and result.code in _RPC_S)


def name_of(hr: int) -> str:
    """The name of a code; empty for one that has none here."""
    return _NAMES.get(hr & _MASK, "")


def throw_for_hr(hr: int) -> None:
    """Raise what `exception_for_hr` gives; nothing happens for a success (R11.16)."""
    error = exception_for_hr(hr)
    if error is not None:
        raise error


def hr_for_exception(error: BaseException) -> HResult:
    """The code that native code gets for an exception (R11.8): its own `hresult` first, else the nearest in R11.9."""
    own = getattr(error, "hresult", None)
    if isinstance(own, int) and not isinstance(own, bool):
        result = HResult(own)
        return result if result.failed else HResult(_CODES[Exception])
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return HResult(_PATH_TOO_LONG)
    return code_of(type(error))


def code_of(kind: type[BaseException]) -> HResult:
    """The code of an exception class, by its nearest base that has one."""
    return HResult(next((_CODES[base] for base in kind.__mro__ if base in _CODES), _CODES[Exception]))
