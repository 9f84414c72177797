"""From a fault that a host raised to the exception of this process."""

from __future__ import annotations

from typing import Final

from callgate_protocol.error_info import read_error_info
from callgate_protocol.messages import Raise

from . import errors
from .refusals import told_of

__all__ = ["exception_of", "with_cause"]

_CLASSES: Final[dict[str, type[errors.Error]]] = {
    name: getattr(errors, name)
    for name in (
        "AccessDenied",
        "ArgumentError",
        "BufferOverrunError",
        "DoubleOwnershipError",
        "CallbackOnCollectedDelegateError",
        "DeclarationError",
        "DllNotFoundError",
        "EntryPointNotFoundError",
        "InvalidCastError",
        "InvalidOleVariantTypeError",
        "MarshalDirectiveError",
        "MarshalError",
        "NotExecuted",
        "NotSupportedError",
        "NullReferenceError",
        "ObjectGone",
        "OutOfRange",
        "Overloaded",
        "OwnershipError",
        "ProtocolError",
        "SafeArrayRankMismatchError",
        "SafeArrayTypeMismatchError",
        "TypeLoadError",
    )
} | {"OutOfMemory": errors.HostOutOfMemory}
"""Fault → class; faults that are not here are the host's own and become plain `Error`."""


def exception_of(fault: Raise, library: str, function: str) -> errors.Error:
    """The exception for a `raise` message."""
    if fault.name == "ComError" and type(code := fault.details.get("hresult")) is int:
        from .failures import exception_for_hr  # noqa: PLC0415 - only functions that throw need the table

        told = read_error_info(fault.details)
        failure = exception_for_hr(code, f"{function} of {library}", told.description)
        if failure is not None:
            failure.source, failure.help_link, failure.interface = told.source, told.help_link, told.interface
            failure.from_transport = fault.details.get("transport") is True
            return failure
    kind = _CLASSES.get(fault.name, errors.Error)
    text = fault.message if library in fault.message else f"{fault.message} ({library})"
    details = {name: value for name, value in fault.details.items() if isinstance(value, str | int | None)}
    made = kind(text, **{"library": library, "function": function} | details)
    return _disconnected(made) if kind is errors.ObjectGone and "hresult" in details else made


def _disconnected(gone: errors.Error) -> errors.Error:
    from .failures import over_rpc  # noqa: PLC0415 - only objects are disconnected (R17.24)

    return over_rpc(gone)


def with_cause(failure: BaseException, fault: Raise, library: str, function: str) -> BaseException:
    """R9.9: what a callback raised; if native code then failed as well, that is its cause, unless it has one.

    A code that native code only passes on is no failure of its own (R11.11).
    """
    if "hresult" in fault.details and failure.__cause__ is None:
        own = exception_of(fault._replace(name="ComError"), library, function)
        if own.hresult != told_of(failure).details["hresult"]:
            failure.__cause__ = own
    return failure
