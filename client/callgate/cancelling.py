"""Calls that another thread may cancel, and how whoever serves a call hears of it (R17.18)."""

from __future__ import annotations

import os
import select
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from callgate_protocol.channel import Received
from callgate_protocol.messages import Callback, Raise
from callgate_protocol.rpccodes import Code
from callgate_transport.callchannel import HungUp

from .errors import ArgumentError
from .failures import transport_failure
from .hresults import HResult
from .threads import here

if TYPE_CHECKING:
    from .host import Host
    from .inbox import Inbox, Job
    from .lines import Line

__all__ = [
    "Cancelling",
    "Served",
    "cancel_call",
    "disable_call_cancellation",
    "enable_call_cancellation",
    "serving",
    "test_cancel",
]


class _Pending:
    """One call of a thread, until its answer is there or it is given up."""

    __slots__ = ("asked", "given_up", "key", "over", "tell")

    def __init__(self, key: object, tell: Callable[[], object]) -> None:
        self.key = key
        self.tell = tell
        """Has whoever performs it know that it is not wanted."""
        self.asked = False
        """Whether somebody wants it to end."""
        self.given_up = False
        """Whether nobody waits for it any more."""
        self.over = threading.Event()

    def check(self) -> None:
        """On the thread that waits. Raises RpcError (RPC_E_CALL_CANCELED)."""
        if self.given_up:
            text = "another thread has cancelled the call; what it has done until then may stand (R17.18)"
            raise transport_failure(Code.RPC_E_CALL_CANCELED, text)


class Cancelling:
    """A thread whose calls may be cancelled. `attend` and `forget` are for it, `cancel` is for all others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[_Pending] = []
        """Those inside each other, the innermost last."""
        self._inbox: Inbox | None = None
        """By which the thread waits for other apartments while it is an STA."""
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._bell).atexit = False

    @property
    def depth(self) -> int:
        """How many calls of this thread are inside each other."""
        return len(self._calls)

    def asked(self, depth: int) -> bool:
        """Whether somebody has cancelled one of those that are deeper."""
        return any(pending.asked for pending in self._calls[depth:])

    def ring(self) -> None:
        """Have the thread look."""
        os.eventfd_write(self._bell, 1)
        if self._inbox is not None:
            self._inbox.ring()

    def attend(self, host: Host, line: Line, number: int, expires: float | None) -> Received:
        """What comes next for a call: see `threads.Attend`. Raises RpcError (RPC_E_CALL_CANCELED) besides."""
        pending = self._pending((line, number), lambda: host.session.cancel(line.number, number))
        inbox = here.inbox
        if inbox is None:
            received = self._wait(pending, line, expires)
        else:
            received = inbox.attend(host, line, number, expires, (self._bell,), lambda: self._look(pending))
        if not isinstance(received.message, Callback) and self._is_cancelled(pending, received):
            host.discard(received)
            pending.check()
        return received

    @contextmanager
    def following(self, job: Job, tell: Callable[[], object]) -> Iterator[Callable[[], None]]:
        """A call that another thread of this program performs: what is to be asked while it is waited for."""
        pending = self._pending(job, tell)
        try:
            yield lambda: self._look(pending)
        finally:
            pending.given_up = pending.given_up or job.code is Code.RPC_E_CALL_CANCELED
            self.forget(job)
        pending.check()

    def sleep(self, job: Job, look: Callable[[], None]) -> None:
        """Wait for one that rings when it is over."""
        while not job.done:
            look()
            if not job.done:
                select.select([self._bell], [], [])

    def forget(self, key: object) -> None:
        """A call is not waited for any more, nor are those inside of it."""
        with self._lock:
            places = [index for index, each in enumerate(self._calls) if each.key == key]
            gone = self._calls[places[0] :] if places else []
            del self._calls[len(self._calls) - len(gone) :]
            for pending in gone:  # under the lock: who comes later is told that it was too late
                pending.over.set()

    def cancel(self, seconds: float) -> None:
        """See `cancel_call`."""
        with self._lock:
            pending = self._calls[-1] if self._calls else None
            if pending is None:
                raise transport_failure(Code.E_NOINTERFACE, "the thread makes no call that could be cancelled (R17.18)")
            if pending.asked:
                raise transport_failure(Code.RPC_E_CALL_CANCELED, "the call was cancelled before (R17.18)")
            pending.asked = True
            pending.given_up = not seconds
        with suppress(HungUp):  # whoever serves it may see that; one that has not begun never will
            pending.tell()
        pending.over.wait(seconds)
        with self._lock:
            if pending.over.is_set() and not pending.given_up:
                raise transport_failure(Code.RPC_E_CALL_COMPLETE, "the call came back in time (R17.18)")
            pending.given_up = True
        self.ring()

    def _pending(self, key: object, tell: Callable[[], object]) -> _Pending:
        """The innermost call: it goes on after a callback, or begins now."""
        self._inbox = here.inbox
        with self._lock:
            if self._calls and self._calls[-1].key == key:
                return self._calls[-1]
            pending = _Pending(key, tell)
            self._calls.append(pending)
            return pending

    def _wait(self, pending: _Pending, line: Line, expires: float | None) -> Received:
        while True:
            self._look(pending)
            received = line.receive_or((self._bell,), expires)
            if received is not None:
                return received

    def _look(self, pending: _Pending) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        pending.check()

    def _is_cancelled(self, pending: _Pending, received: Received) -> bool:
        """The answer is there, unless it was cancelled first; whoever prevented its beginning has cancelled it."""
        message = received.message
        with self._lock:
            self._calls.remove(pending)
            if pending.asked and isinstance(message, Raise) and message.name == "NotExecuted":
                pending.given_up = True
            pending.over.set()
            return pending.given_up


_threads: Final[weakref.WeakValueDictionary[int, Cancelling]] = weakref.WeakValueDictionary()
"""Threads that allow it, by their identity. Each holds its own, so that it goes with the thread."""


class Served:
    """One call that this process serves, as the code that serves it can ask about it."""

    __slots__ = ("cancelled", "depth", "over", "thread")

    def __init__(self) -> None:
        self.cancelled = False
        self.over = False
        self.thread = threading.get_ident()
        self.depth = 0 if here.cancelling is None else here.cancelling.depth
        """Calls of the thread that are not made for this one."""

    def is_wanted(self) -> bool:
        """Whether neither it nor a call that was made for it was cancelled."""
        mine = here.cancelling if self.thread == threading.get_ident() else None
        return not self.cancelled and (mine is None or not mine.asked(self.depth))

    def cancel(self) -> None:
        """Whoever made it does not want it any more."""
        self.cancelled = True


serving: Final[ContextVar[Served | None]] = ContextVar("serving", default=None)
"""The call that is being served. Threads and tasks that are given the context know it as well."""


def enable_call_cancellation() -> None:
    """Allow other threads to cancel the calls of this one (`CoEnableCallCancellation`); by default they cannot."""
    if here.cancelling is None:
        here.cancelling = _threads[threading.get_ident()] = Cancelling()
        here.attend = here.cancelling.attend


def disable_call_cancellation() -> None:
    """Allow it no more. Raises RpcError (CO_E_CANCEL_DISABLED) where it was not allowed."""
    if here.cancelling is None:
        raise _disabled("this thread")
    _threads.pop(threading.get_ident(), None)
    here.cancelling = None
    here.attend = None if here.inbox is None else here.inbox.attend


def cancel_call(thread: threading.Thread | int = 0, seconds: float = 0) -> None:
    """Have a call end that another thread waits for: it raises RpcError (RPC_E_CALL_CANCELED) there, at once.

    With `seconds`, whoever serves the call has so much time to come back by itself, having asked `test_cancel`; then
    this raises RPC_E_CALL_COMPLETE, and the call gives what it gives. Otherwise the late answer is dropped, and what it
    carries is given back. The thread is a `threading.Thread` or its `ident`; 0 is this one.

    Raises RpcError: CO_E_CANCEL_DISABLED if the thread does not allow it, RPC_E_CALL_CANCELED if somebody was faster;
    InvalidCastError with E_NOINTERFACE if it makes no call.
    """
    known = thread.ident if isinstance(thread, threading.Thread) else thread
    if type(known) is not int:
        raise TypeError(f"argument 1 'thread' of cancel_call: expected a threading.Thread or its ident, got {thread!r}")
    if not 0 <= seconds <= threading.TIMEOUT_MAX:
        text = f"argument 2 'seconds' of cancel_call: expected a time from 0, got {seconds!r} (R17.18)"
        raise ArgumentError(text, function="cancel_call", argument=2, path="'seconds'")
    cancelling = _threads.get(known or threading.get_ident())
    if cancelling is None:
        raise _disabled(f"thread {known or threading.get_ident()}")
    cancelling.cancel(seconds)


def _disabled(which: str) -> BaseException:
    text = (
        f"{which} does not allow that its calls are cancelled; call callgate.enable_call_cancellation() on it (R17.18)"
    )
    return transport_failure(Code.CO_E_CANCEL_DISABLED, text)


def test_cancel() -> HResult:
    """What has become of the call that this code serves: a method of an object, or a callback.

    0x80010115 (RPC_S_CALLPENDING) is to go on, 0x80010002 (RPC_E_CALL_CANCELED) to stop, because nobody waits any more;
    0x80010117 (RPC_E_CALL_COMPLETE) says that it has come back already, to what it has started.
    """
    served = serving.get()
    if served is None:
        wanted = here.cancelling is None or not here.cancelling.asked(0)
    elif served.over:
        return HResult(Code.RPC_E_CALL_COMPLETE)
    else:
        wanted = served.is_wanted()
    return HResult(Code.RPC_S_CALLPENDING if wanted else Code.RPC_E_CALL_CANCELED)
