"""Asynchronous calls through call objects (R15.18): what may be asked of one, and when."""

from __future__ import annotations

from enum import Enum
from typing import Any

from .rpccodes import Code, refusal

__all__ = ["CallObject", "Stage", "check_asynchronous"]


class Stage(Enum):
    """Where a call object is."""

    IDLE = "idle"
    PENDING = "pending"
    READY = "ready"
    """The call is over, and nobody has fetched what came of it."""
    ABANDONED = "abandoned"


class CallObject:
    """One call at a time: Begin, then Finish. Faults carry the codes of the rule."""

    def __init__(self, method: str) -> None:
        self._method = method
        self._outcome: Any = None
        self.stage = Stage.IDLE
        self.cancelled = False
        """Whether somebody has asked for the end of it; what came of it has to be fetched all the same."""

    def begin(self) -> None:
        """Begin_: a second one while the first is under way is refused."""
        if self.stage is not Stage.IDLE:
            raise refusal(Code.RPC_S_CALLPENDING, f"{self._method} was begun already; finish that call first")
        self.stage, self.cancelled = Stage.PENDING, False

    def cancel(self) -> None:
        """Ask for the end of the call."""
        if self.stage is not Stage.PENDING:
            raise refusal(Code.RPC_E_CALL_COMPLETE, f"{self._method} is not under way")
        self.cancelled = True

    def completed(self, outcome: Any) -> bool:
        """The answer came; whether anybody can still fetch it."""
        if self.stage is not Stage.PENDING:
            return False
        self.stage, self._outcome = Stage.READY, outcome
        return True

    def timed_out(self) -> None:
        """Wait came to the end of its time: raise, unless the call is over."""
        if self.stage is Stage.PENDING:
            raise refusal(Code.RPC_E_TIMEOUT, f"{self._method} is still under way")

    def finish(self) -> Any:
        """Finish_: the outcome, once. Whoever drives this waits first; a call that is not over is a timeout."""
        if self.stage in (Stage.IDLE, Stage.ABANDONED):
            raise refusal(Code.RPC_E_CALL_COMPLETE, f"{self._method} was not begun, or was finished already")
        self.timed_out()
        outcome, self._outcome = self._outcome, None
        self.stage = Stage.IDLE
        if self.cancelled:
            raise refusal(Code.RPC_E_CALL_CANCELED, f"{self._method} was cancelled")
        return outcome

    def release(self) -> None:
        """The last reference to the call object is gone: nobody fetches what comes."""
        self.stage, self._outcome = Stage.ABANDONED, None


def check_asynchronous(interface: str, *, dispatch: bool) -> None:
    """Interfaces that derive from IDispatch have no asynchronous calls. Raises Fault."""
    if dispatch:
        raise refusal(
            Code.E_NOINTERFACE, f"{interface} derives from IDispatch, which has no asynchronous calls (R15.18)"
        )
