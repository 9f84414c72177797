"""From the warden's record of a death to the exception that says what happened to one call."""

from __future__ import annotations

import signal as signals
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from callgate_protocol.slots import Phase

from .errors import DeadlineExceeded, HostCrashed, HostExited, HostLost
from .hresults import HResult

__all__ = ["CallSite", "death"]


class CallSite(NamedTuple):
    """One call of this process: for people, and as the host's slots know it."""

    library: str
    function: str
    channel: int = 0
    call: int = 0
    expires: float | None = None
    """Monotonic time of its deadline, for a call whose waiting did not end by that."""
    of_object: bool = False
    """Whether an object was called, or asked for something, as COM has it."""

    def __str__(self) -> str:
        return f"{self.function} ({self.library})" if self.function else self.library


def death(record: Mapping[str, Any] | None, site: CallSite, process: int, output: str) -> HostLost | DeadlineExceeded:
    """The exception for the call at `site`. `record` is None when the broker could not say."""
    began = _began(record, site)
    fields: dict[str, Any] = {"function": site.function, "began": began, "process": process, "output": output}
    fields |= _code(record, began)
    if record is None or record.get("state") != "dead":
        return HostLost(f"the host of {site} (process {process}) is gone, and its broker cannot say why", **fields)
    reason, number, status = record.get("reason"), record.get("signal"), record.get("status")
    if reason == "deadline" and site.expires is not None and time.monotonic() >= site.expires:
        where = str(record.get("where") or "")
        text = f"{site} did not come back before its deadline, so its host was stopped; it was {where or 'waiting'}"
        return DeadlineExceeded(text, where=where, host_stopped=True, function=site.function, began=began)
    if reason == "deadline":
        return HostLost(f"the host of {site} was stopped because another call passed its deadline", **fields)
    if reason:
        return HostLost(f"the host of {site} was stopped: {reason}", **fields)
    if number is not None:
        known = _signal(number)
        name = known.name if isinstance(known, signals.Signals) else f"signal {number}"
        return HostCrashed(_told(f"{name} killed the host of {site}", began, output), signal=known, **fields)
    return HostExited(_told(f"{site.library} called exit({status})", began, output), status=status or 0, **fields)


def _code(record: Mapping[str, Any] | None, began: bool | None) -> dict[str, HResult]:
    """R17.26: a native fault has the code of the exception's class; other deaths say whether the call began."""
    if began is False:
        return {"hresult": HResult(_SERVER_DIED_DNE)}
    faulted = record is not None and record.get("signal") in _FAULTS
    return {} if faulted else {"hresult": HResult(_SERVER_DIED)}


_SERVER_DIED: Final = 0x80010007
_SERVER_DIED_DNE: Final = 0x80010012
_FAULTS: Final = frozenset(
    {signals.SIGSEGV, signals.SIGABRT, signals.SIGBUS, signals.SIGFPE, signals.SIGILL, signals.SIGSYS, signals.SIGTRAP}
)

_BEGUN = {
    True: "Native code had been entered.",
    False: "The call had not begun.",
    None: "Nobody can know how far the call was.",
}


def _told(what: str, began: bool | None, output: str) -> str:
    tail = f"\n--- the end of its output ---\n{output[-2000:].rstrip()}" if output.strip() else ""
    return f"{what}. {_BEGUN[began]} Its handles are gone; the next call starts a new host.{tail}"


def _signal(number: int) -> signals.Signals | int:
    try:
        return signals.Signals(number)
    except ValueError:
        return number


def _began(record: Mapping[str, Any] | None, site: CallSite) -> bool | None:
    """Whether native code had been entered, from the slots: a thread that never saw the call has not begun it."""
    if record is None or record.get("state") != "dead" or not site.call:
        return None
    for call in record.get("calls", ()):
        if call.get("channel") == site.channel:
            if call.get("call") == site.call:
                return call.get("phase") not in (Phase.ACCEPTED, Phase.NAMES[Phase.ACCEPTED])
            if call.get("call", 0) > site.call:
                return None
    return False
