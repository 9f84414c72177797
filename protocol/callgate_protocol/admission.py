"""Which calls a thread serves, and which it may make: the one place where that is decided (R15.14, R15.16, R17.16).

Protocol, host and client ask `admits` with the state of a thread and a call that has arrived for it; none of them
decides by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import Final

from .apartments import Kind
from .rpccodes import Code
from .value import Value

__all__ = [
    "Admission",
    "Arriving",
    "CallType",
    "Category",
    "Waiting",
    "admits",
    "call_type",
    "may_call_out",
]


class Category(Enum):
    """What the caller of a call does meanwhile (R15.16)."""

    SYNCHRONOUS = "synchronous"
    """It waits, and serves what comes back to it."""
    NOTIFICATION = "asynchronous notification"
    """It does not wait for an answer."""
    INPUT_SYNCHRONISED = "input-synchronised"
    """It waits, and the call has to finish without waiting for anything itself."""


class Waiting(Value):
    """The state of a thread: where it is, and what it waits for."""

    apartment: Kind
    causality: bytes | None = None
    """Of the call that it has made and waits for; None when it waits for none, but for work."""
    com: bool = True
    """Whether that call is one of COM; calls of exported functions leave a thread closed to strangers."""
    filtered: bool = False
    """Whether a message filter is registered, which only an STA has (R15.15)."""

    @property
    def calling(self) -> bool:
        """Whether the thread is inside a call of its own."""
        return self.causality is not None


class Arriving(Value):
    """A call for an object of the thread's apartment."""

    causality: bytes | None = None
    com: bool = True
    category: Category = Category.SYNCHRONOUS


class Admission(Enum):
    """What becomes of a call that has arrived."""

    SERVE = "serve"
    ASK = "ask the message filter"
    PARK = "park"
    """Until the thread waits for nothing any more."""


class CallType(IntEnum):
    """How a message filter is told of a call (R15.15)."""

    TOPLEVEL = 1
    NESTED = 2
    ASYNC = 3
    TOPLEVEL_CALLPENDING = 4
    ASYNC_CALLPENDING = 5


def admits(state: Waiting, call: Arriving) -> Admission:
    """Whether a thread serves a call now.

    Whoever waits serves what belongs to the call that it waits for, or both would wait for ever (R17.16). Of other
    calls, those of COM re-enter an STA, as its message filter likes (R15.14); in platform invoke and the MTA they wait
    for a thread that is free.
    """
    sta = state.apartment is Kind.STA and call.com
    if not state.calling or _nested(state, call) or (sta and state.com):
        return Admission.ASK if sta and state.filtered else Admission.SERVE
    return Admission.PARK


def _nested(state: Waiting, call: Arriving) -> bool:
    return state.causality is not None and state.causality == call.causality


def call_type(state: Waiting, call: Arriving) -> CallType:
    """What a message filter is asked about (R15.15)."""
    if call.category is Category.NOTIFICATION:
        return CallType.ASYNC_CALLPENDING if state.calling else CallType.ASYNC
    if _nested(state, call):
        return CallType.NESTED
    return CallType.TOPLEVEL_CALLPENDING if state.calling else CallType.TOPLEVEL


_CLOSED: Final = {
    Category.NOTIFICATION: Code.RPC_E_CANTCALLOUT_INASYNCCALL,
    Category.INPUT_SYNCHRONISED: Code.RPC_E_CANTCALLOUT_ININPUTSYNCCALL,
}
"""Why nothing synchronous can be called from inside a call (R15.16)."""


def may_call_out(
    serving: Sequence[Category], *, in_filter: bool = False, category: Category = Category.SYNCHRONOUS
) -> Code:
    """S_OK when a thread may make a call while it serves these, the innermost last; else why not (R15.15, R15.16)."""
    if in_filter:
        return Code.RPC_E_CANTCALLOUT_INEXTERNALCALL
    if not serving or category is Category.NOTIFICATION:
        return Code.S_OK
    return _CLOSED.get(serving[-1], Code.S_OK)
