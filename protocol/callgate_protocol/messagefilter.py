"""What the answers of message filters mean, for the callee and for the caller (R15.15, R17.17). Others ask them."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Final, NamedTuple

from .admission import Arriving, Category
from .rpccodes import Code

__all__ = ["Attempt", "Outgoing", "Pending", "Step", "Verdict", "settle"]


class Verdict(IntEnum):
    """What `HandleInComingCall` answers."""

    HANDLED = 0
    REJECTED = 1
    RETRY_LATER = 2


class Pending(IntEnum):
    """What `MessagePending` answers."""

    CANCEL_CALL = 0
    WAIT_NO_PROCESS = 1
    """Nobody uses it; the call goes on, as with the next one."""
    WAIT_DEFAULT_PROCESS = 2


_REFUSED: Final = {
    Verdict.REJECTED: Code.RPC_E_SERVERCALL_REJECTED,
    Verdict.RETRY_LATER: Code.RPC_E_SERVERCALL_RETRYLATER,
}


def settle(call: Arriving, verdict: int) -> Code:
    """The callee's end: S_OK when the call is served, else the code that goes back to the caller's runtime.

    Notifications and input-synchronised calls are served whatever the filter says. An answer that is none is a refusal.
    """
    if call.category is not Category.SYNCHRONOUS or verdict == Verdict.HANDLED:
        return Code.S_OK
    return _REFUSED[Verdict.RETRY_LATER if verdict == Verdict.RETRY_LATER else Verdict.REJECTED]


class Attempt(Enum):
    """Where a caller's call is."""

    SENT = "sent"
    REFUSED = "refused"
    """The caller's filter has to be asked (`RetryRejectedCall`)."""
    RESTING = "resting"
    """To be sent again when its pause is over."""
    OVER = "over"


class Step(NamedTuple):
    """What the caller does next: send again after a pause in milliseconds, or fail with a code."""

    code: Code
    pause: int = 0


_IMMEDIATE: Final = 100
"""Answers below this mean at once; from it on they are milliseconds."""


class Outgoing:
    """The caller's end of one call, with the filter of its thread. Remote machines are not asked about again."""

    def __init__(self, *, filtered: bool, remote: bool = False) -> None:
        self.state = Attempt.SENT
        self.refusals = 0
        """How often the callee has refused it."""
        self._asks = filtered and not remote

    def refused(self, code: Code) -> Step | None:
        """The callee refused. None when the filter is to be asked; else what to do: without one, calls fail at once."""
        self._expect(Attempt.SENT)
        self.refusals += 1
        if self._asks and code in _REFUSED.values():
            self.state = Attempt.REFUSED
            return None
        return self._over(Code.RPC_E_CALL_REJECTED)

    def retry(self, answer: int) -> Step:
        """What `RetryRejectedCall` answered: -1 gives up, 0 to 99 tries at once, more is a pause in milliseconds."""
        self._expect(Attempt.REFUSED)
        if answer < 0:
            return self._over(Code.RPC_E_CALL_REJECTED)
        self.state = Attempt.RESTING
        return Step(Code.S_OK, answer if answer >= _IMMEDIATE else 0)

    def again(self) -> None:
        """The pause is over and the call is sent once more."""
        self._expect(Attempt.RESTING)
        self.state = Attempt.SENT

    def pending(self, answer: int) -> Code:
        """What `MessagePending` answered while the thread waited: S_OK to go on, else the code of the call."""
        if self.state is Attempt.OVER or answer != Pending.CANCEL_CALL:
            return Code.S_OK
        return self._over(Code.RPC_E_CALL_CANCELED).code

    def answered(self) -> None:
        """The callee has served it."""
        self._expect(Attempt.SENT)
        self.state = Attempt.OVER

    def _over(self, code: Code) -> Step:
        self.state = Attempt.OVER
        return Step(code)

    def _expect(self, state: Attempt) -> None:
        if self.state is not state:
            raise ValueError(f"a call that is {self.state.value} cannot be taken for one that is {state.value}")
