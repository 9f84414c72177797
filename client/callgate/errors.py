"""What can go wrong, as Python exceptions: each derives from `Error` and from the builtin a careful user would catch.

Names that tell a state of the world (`HostLost`, `ObjectGone`) carry no `Error`, names of faults do. All of them pickle
and print whole, so that they survive `concurrent.futures` and pytest-xdist.
"""

from __future__ import annotations

import signal as signals
from typing import Any

from .hresults import HResult

__all__ = [
    "AccessDenied",
    "ArgumentError",
    "BrokerLost",
    "BufferOverrunError",
    "CallbackOnCollectedDelegateError",
    "ComError",
    "DeadlineExceeded",
    "DeclarationError",
    "DllNotFoundError",
    "DoubleOwnershipError",
    "EntryPointNotFoundError",
    "Error",
    "HostCrashed",
    "HostExited",
    "HostLost",
    "HostOutOfMemory",
    "HostQuarantined",
    "InvalidCastError",
    "InvalidOleVariantTypeError",
    "MarshalDirectiveError",
    "MarshalError",
    "NotExecuted",
    "NotSupportedError",
    "NullReferenceError",
    "ObjectGone",
    "OutOfRange",
    "OutcomeUnknown",
    "Overloaded",
    "OwnershipError",
    "PerformanceWarning",
    "ProtocolError",
    "RankError",
    "RpcError",
    "SafeArrayRankMismatchError",
    "SafeArrayTypeMismatchError",
    "SerializationError",
    "TypeLoadError",
    "UnmappableCharError",
]


class _Code:
    """The code of an exception's class, looked up when somebody asks; an instance or subclass may have its own."""

    def __get__(self, error: Error | None, kind: type[Error]) -> HResult:
        from .failures import code_of  # noqa: PLC0415 - the table needs these classes, and few programs the table

        return code_of(kind)


class Error(Exception):
    """Root of every error of callgate. Extra fields are given by keyword and become attributes."""

    hresult: HResult | int | _Code = _Code()
    """The code that COM has for it (R11.9)."""
    from_transport: bool = False
    """Whether the way there failed, and not the code that was called (R11.14)."""

    def __init__(self, message: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.__dict__.update(fields)

    @property
    def message(self) -> str:
        """The text alone."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        return self.message


class DeclarationError(Error, TypeError):
    """A declaration cannot be understood. `line` and `column` say where, counted from 1 (0: not in a text)."""

    line: int = 0
    column: int = 0


class MarshalDirectiveError(DeclarationError):
    """A type and its attributes do not go together (R19)."""


class TypeLoadError(DeclarationError):
    """A struct, union or enum cannot be laid out (R7)."""


class MarshalError(Error):
    """A value cannot be converted. Native code was not entered."""

    library: str = ""
    function: str = ""
    argument: int = 0
    """Position, counted from 1; 0 for the result."""
    path: str = ""
    """The place inside the argument, e.g. `'rows'[3].name`."""


class InvalidCastError(MarshalError, TypeError):
    """A value of the wrong type."""


class OutOfRange(MarshalError, OverflowError):
    """A number that the C type cannot hold (R2.5, R19.30)."""


class ArgumentError(MarshalError, ValueError):
    """A value of the right type that is not allowed here."""


class UnmappableCharError(ArgumentError):
    """A character that the encoding or the width of its C type has no form for (R4.2, R5.5)."""


class BufferOverrunError(MarshalError, BufferError):
    """Native code wrote past the end of memory that it was given; its results are dropped (R5.14)."""


class NullReferenceError(MarshalError, ValueError):
    """None where a pointer must not be NULL (R1.21)."""


class InvalidOleVariantTypeError(MarshalError, TypeError):
    """A value or a VARTYPE that has no place in a VARIANT (R13.14, R19.25)."""


class SafeArrayTypeMismatchError(MarshalError, TypeError):
    """Native code gave a SAFEARRAY of other elements than declared (R19.21)."""


class SafeArrayRankMismatchError(MarshalError, TypeError):
    """A SAFEARRAY with other dimensions, or another lower bound, than declared (R19.22)."""


class OwnershipError(MarshalError):
    """Native code handed out memory that cannot be freed as its declaration says; it was left alone (R8.6)."""


class DoubleOwnershipError(OwnershipError):
    """Native code gave back a block that the call owns already; it was freed once (R8.4)."""


class NotSupportedError(Error, NotImplementedError):
    """Something that callgate does not do and never will, or that native code must not do (R10.5)."""


class RankError(Error, TypeError):
    """An array with a wrong number of dimensions."""


class SerializationError(Error, ValueError):
    """An object that cannot be serialised."""


class ComError(Error):
    """Native code returned a failing HRESULT (R11.7). It may also be of the builtin class that R11.9 names."""

    source: str = ""
    description: str = ""
    help_link: str = ""
    interface: str = ""
    """The GUID of the interface that defined the error; "" when nobody said (R11.10)."""
    method: str = ""
    """The function that failed."""

    @property
    def name(self) -> str:
        """The name of its code, such as `RPC_E_DISCONNECTED` (R17.25); empty for one without."""
        from .failures import name_of  # noqa: PLC0415 - see _Code

        return name_of(int(self.hresult))


class RpcError(ComError):
    """An HRESULT of the transport (R11.14). What was called may give one too: `from_transport` says whose it is."""


class DllNotFoundError(Error, OSError):
    """The library cannot be loaded; the message holds the loader's own words."""


class EntryPointNotFoundError(Error, AttributeError, LookupError):
    """The library has no such function, or no prototype was given for it."""


class DeadlineExceeded(Error, TimeoutError):
    """The deadline passed before the call came back."""

    from_transport = True
    where: str = ""
    """What the native thread was doing: spinning, waiting for a lock, sleeping."""
    began: bool | None = None
    host_stopped: bool = False
    function: str = ""


class HostLost(Error, ConnectionError):
    """The host is gone and its handles are dead. Go on: the next call starts a new host by itself."""

    from_transport = True
    function: str = ""
    began: bool | None = None
    """Whether native code had been entered; None when nobody can know."""
    process: int = 0
    output: str = ""
    """The end of what the library wrote to its standard output and standard error."""


class HostCrashed(HostLost):
    """A signal killed the host."""

    signal: signals.Signals | int = 0


class HostExited(HostLost):
    """The library called `exit()`."""

    status: int = 0


class HostOutOfMemory(HostLost, MemoryError):
    """The host ran into its memory limit."""


class HostQuarantined(Error):
    """The library's host died too often; the call was refused. `last` is the last death."""

    last: HostLost | None = None


class ObjectGone(Error, ReferenceError, ValueError):
    """A handle, pointer or proxy of an earlier host, or one that was released or closed."""


class CallbackOnCollectedDelegateError(ObjectGone):
    """Native code called a function that was given for an earlier call only, or was closed (R9.6)."""


class OutcomeUnknown(Error, ConnectionError):
    """Nobody can know whether the call ran, or what came of it: the network broke while it was under way."""

    from_transport = True
    function: str = ""
    began: bool | None = None


class NotExecuted(Error, ConnectionError):
    """The call certainly did not run, and never will: it can be made again."""

    from_transport = True
    function: str = ""


class AccessDenied(Error, PermissionError):
    """The broker or host does not let this user in."""


class Overloaded(Error):
    """A limit was reached; try again later."""


class PerformanceWarning(UserWarning):
    """The program works, and could do with less: what it says costs time at every call (R15.13)."""


class ProtocolError(Error):
    """The other side said something that the protocol does not allow."""

    from_transport = True


class BrokerLost(Error, ConnectionError):
    """The broker cannot be reached, or ended."""

    from_transport = True
