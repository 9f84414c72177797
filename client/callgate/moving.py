"""Calls that are moved to the apartment of the object that they are for (R15.1, R15.9)."""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Callable
from typing import Any, Final, TypeVar

from callgate_protocol.admission import Arriving, Waiting, may_call_out
from callgate_protocol.apartments import MANY_CROSSINGS, Kind, advice
from callgate_protocol.crossings import Pledges, Registrations
from callgate_protocol.errors import Fault
from callgate_protocol.messagefilter import Outgoing
from callgate_protocol.rpccodes import Code

from . import apartments
from .cancelling import Cancelling, Served, serving
from .errors import PerformanceWarning
from .failures import transport_failure
from .inbox import Inbox, Job
from .threads import causality, here

__all__ = [
    "Agile",
    "GlobalInterfaceTable",
    "agile",
    "get_and_release_stream",
    "global_interface_table",
    "move",
    "post",
    "to_stream",
]

T = TypeVar("T")
_WHY: Final = {
    Code.RPC_E_DISCONNECTED: "the thread that its object lived on has ended (R15.19)",
    Code.RPC_E_SERVER_DIED_DNE: "the thread that its object lived on ended before the call had its turn (R15.19)",
    Code.RPC_E_CALL_REJECTED: "the apartment of its object refused the call (R15.15)",
}


def move(target: Inbox, work: Callable[[], T]) -> T:
    """Have something done on the thread of an STA, and wait for it; an STA that waits serves meanwhile (R15.14).

    Raises what the work raises; RpcError when the STA has ended, or when its message filter refuses.
    """
    mine = here.inbox
    if mine is target:
        return work()
    apartments.use()
    own = causality()
    assert own is not None
    if mine is not None and mine.asking:
        _refuse_inside_filter()
    outgoing = Outgoing(filtered=mine is not None and mine.filter is not None)
    waiting = Waiting(Kind.STA, own)
    while True:
        job = _perform(target, mine, work, own, waiting, outgoing)
        if job.code is Code.S_OK:
            if job.error is not None:
                raise job.error
            result: T = job.result
            return result
        _again(job.code, mine, waiting, outgoing)


def _refuse_inside_filter() -> None:
    code = may_call_out((), in_filter=True)
    raise transport_failure(code, "a message filter cannot call out while it decides (R15.15)")


def _perform(
    target: Inbox, mine: Inbox | None, work: Callable[[], Any], own: bytes, waiting: Waiting, outgoing: Outgoing
) -> Job:
    cancelling = here.cancelling
    if cancelling is not None:
        return _perform_unless_cancelled(target, mine, work, own, waiting, outgoing, cancelling)
    event = threading.Event() if mine is None else None
    bell = event.set if event is not None else mine.ring  # type: ignore[union-attr]
    job = Job(lambda: _served(work, own), Arriving(own), bell)
    target.put(job)
    if event is not None:
        event.wait()
    else:
        assert mine is not None
        mine.wait_for(job, waiting, outgoing)
    return job


def _perform_unless_cancelled(
    target: Inbox,
    mine: Inbox | None,
    work: Callable[[], Any],
    own: bytes,
    waiting: Waiting,
    outgoing: Outgoing,
    cancelling: Cancelling,
) -> Job:
    """R17.18: the same for a thread whose calls may be cancelled. Raises RpcError (RPC_E_CALL_CANCELED)."""
    begun: list[Served] = []

    def perform() -> Any:
        served = Served()
        begun.append(served)
        if job.unwanted:
            served.cancel()
        return _served(work, own, served)

    def tell() -> None:
        job.unwanted = True
        for served in begun:
            served.cancel()
        cancelling.ring()

    job = Job(perform, Arriving(own), cancelling.ring if mine is None else mine.ring)
    with cancelling.following(job, tell) as look:
        target.put(job)
        if mine is None:
            cancelling.sleep(job, look)
        else:
            mine.wait_for(job, waiting, outgoing, look)
    return job


def _served(work: Callable[[], Any], callers: bytes, served: Served | None = None) -> Any:
    outer, here.served = here.served, callers
    served = served or Served()
    token = serving.set(served)
    try:
        return work()
    finally:
        serving.reset(token)
        served.over = True
        here.served = outer


def _again(code: Code, mine: Inbox | None, waiting: Waiting, outgoing: Outgoing) -> None:
    """The callee refused: wait as the filter of this thread says, or raise."""
    if code not in (Code.RPC_E_SERVERCALL_REJECTED, Code.RPC_E_SERVERCALL_RETRYLATER):
        raise transport_failure(code, _WHY.get(code, ""))
    step = outgoing.refused(code)
    if step is None:
        assert mine is not None
        step = outgoing.retry(mine.retry(outgoing.refusals, code))
    if step.code is not Code.S_OK:
        raise transport_failure(step.code, _WHY[Code.RPC_E_CALL_REJECTED])
    if step.pause and mine is not None:
        mine.rest(step.pause, waiting)
    outgoing.again()


def post(target: Inbox, work: Callable[[], None]) -> None:
    """Have something done on the thread of an STA without waiting. Raises RpcError when it has ended."""
    job = Job(work, Arriving(), lambda: None)
    target.put(job)
    if job.code is not Code.S_OK:
        raise transport_failure(job.code, _WHY[Code.RPC_E_DISCONNECTED])


class Agile:
    """A Python object that lives in one STA, as all threads may use it (R15.9): its methods run there."""

    __slots__ = ("_crossed", "_home", "_value")

    def __init__(self, value: Any, home: Inbox) -> None:
        object.__setattr__(self, "_crossed", itertools.count(1))
        object.__setattr__(self, "_value", value)
        object.__setattr__(self, "_home", home)

    def __getattr__(self, name: str) -> Any:
        value, home = self._value, self._home
        if name.startswith("_") or not callable(getattr(type(value), name, None)):
            raise AttributeError(f"{type(value).__name__} has no method {name!r} that another apartment may call")

        def call(*arguments: Any, **named: Any) -> Any:
            if here.inbox is not home and next(self._crossed) == MANY_CROSSINGS:
                warnings.warn(advice(repr(self)), PerformanceWarning, stacklevel=2)
            return move(home, lambda: getattr(value, name)(*arguments, **named))

        return call

    def __repr__(self) -> str:
        return f"<{type(self._value).__name__} in {self._home.apartment}>"


def agile(value: Any) -> Any:
    """What other threads may be given of a Python object of this STA: calls of its methods run here (R15.9).

    In the MTA, whose objects are called by every thread, it is the object itself.
    """
    home = apartments.use().inbox
    return value if home is None or isinstance(value, Agile) else Agile(value, home)


class GlobalInterfaceTable:
    """R15.11: objects by cookies that every thread of this process can exchange for something to call. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: Registrations[Any] = Registrations()

    def register(self, value: Any) -> int:
        """A cookie for an object of this apartment; the table holds the object until `revoke`."""
        home = apartments.current_apartment()
        with self._lock:
            return self._entries.register(agile(value), "", home)

    def get(self, cookie: int) -> Any:
        """The object, as this thread may use it: itself in its own apartment. Raises ComError (E_INVALIDARG)."""
        try:
            with self._lock:
                held = self._entries.get(cookie)
        except Fault as fault:
            raise _unknown(fault) from None
        return _at_home(held.item)

    def revoke(self, cookie: int) -> None:
        """The table holds the object no more. From any apartment. Raises ComError (E_INVALIDARG)."""
        try:
            with self._lock:
                self._entries.revoke(cookie)
        except Fault as fault:
            raise _unknown(fault) from None


def _unknown(fault: Fault) -> BaseException:
    return transport_failure(Code.E_INVALIDARG, fault.message)


_streams: Pledges[Any] = Pledges()
_streams_lock = threading.Lock()


def to_stream(value: Any) -> int:
    """R15.9: put an object of this apartment on the way to another thread, which gets it once."""
    home = apartments.current_apartment()
    with _streams_lock:
        return _streams.marshal(agile(value), "", home)


def get_and_release_stream(stream: int) -> Any:
    """R15.9: the object of a stream, as this thread may use it. Raises ComError the second time."""
    try:
        with _streams_lock:
            held = _streams.get_and_release(stream)
    except Fault as fault:
        raise transport_failure(Code.CO_E_OBJNOTCONNECTED, fault.message) from None
    return _at_home(held.item)


def _at_home(item: Any) -> Any:
    """What a thread gets of a table or stream: in its own apartment the object itself."""
    if isinstance(item, Agile) and item._home is here.inbox:  # noqa: SLF001
        return item._value  # noqa: SLF001
    return item


global_interface_table: Final = GlobalInterfaceTable()
"""The table of this process."""
