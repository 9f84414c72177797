"""The two ways a conversation goes wrong, and the names of the faults that cross it."""

from __future__ import annotations

__all__ = ["FAULTS", "Fault", "LocalProtocolError", "ProtocolError", "RemoteProtocolError"]


class ProtocolError(Exception):
    """A frame or a step that the protocol does not allow. Raised as one of its two children."""


class LocalProtocolError(ProtocolError):
    """Something that the protocol does not allow was about to be said by this process: a bug on this side."""


class RemoteProtocolError(ProtocolError):
    """The peer said something malformed or out of turn. Every malformed input ends in this one class."""


FAULTS: frozenset[str] = frozenset(
    {
        "AccessDenied",
        "ArgumentError",
        "BufferOverrunError",
        "CallbackFailed",
        "CallbackOnCollectedDelegateError",
        "ComError",
        "DeclarationError",
        "DllNotFoundError",
        "DoubleOwnershipError",
        "EntryPointNotFoundError",
        "InternalError",
        "InvalidCastError",
        "InvalidOleVariantTypeError",
        "MarshalDirectiveError",
        "MarshalError",
        "NotExecuted",
        "NotSupportedError",
        "NullReferenceError",
        "ObjectGone",
        "OutOfMemory",
        "OwnershipError",
        "OutOfRange",
        "Overloaded",
        "ProtocolError",
        "SafeArrayRankMismatchError",
        "SafeArrayTypeMismatchError",
        "TypeLoadError",
    }
)
"""Names that a `raise` message may carry. An unknown name is read as `InternalError`."""


class Fault(Exception):
    """A failure that crosses the wire as a `raise` message.

    `name` is one of `FAULTS`; `details` holds the fields of the client's exception (plain strings and numbers).
    """

    def __init__(self, name: str, message: str, **details: str | int | None) -> None:
        super().__init__(message)
        if name not in FAULTS:
            raise LocalProtocolError(f"{name!r} is not a fault of the protocol; see callgate_protocol.errors.FAULTS")
        self.name = name
        self.message = message
        self.details = details
