"""Apartments of this process's threads (R15.2 to R15.4): whose objects are called where, and who serves while it waits.

A thread is in the MTA unless it says otherwise before its first use. A thread that is an STA has a queue: what other
threads call of the objects that it has handed out waits there until it makes a call itself, or pumps (R15.14).
"""

from __future__ import annotations

import functools
import itertools
import os
import threading
import uuid
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from callgate_protocol.apartments import MTA, Apartment, Apartments, Kind, kind_of
from callgate_protocol.rpccodes import Code

from .failures import transport_failure
from .hresults import HResult
from .inbox import Inbox, MessageFilter
from .threads import here

if TYPE_CHECKING:
    from .host import Host

__all__ = [
    "apartment",
    "bell",
    "co_initialize",
    "co_uninitialize",
    "current_apartment",
    "mta_thread",
    "number_in",
    "pump",
    "register_message_filter",
    "set_apartment",
    "sta_thread",
    "use",
]

P = ParamSpec("P")
R = TypeVar("R")


class _Member:
    """One thread that was initialised. It goes with the thread."""

    def __init__(self, number: int, apartment: Apartment) -> None:
        self.number = number
        self.apartment = apartment
        self.inbox = Inbox(apartment) if apartment.kind is Kind.STA else None
        self.hosts: weakref.WeakSet[Host] = weakref.WeakSet()
        """Hosts that have an apartment for this one."""
        self.leave: Callable[[], object] = lambda: None
        """What happens when it goes; at once when it is called before."""


class _Local(threading.local):
    """What is different for each thread."""

    member: _Member | None = None


class _State:
    """The apartments of this process. A forked child starts with none."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.apartments = Apartments()
        self.numbers = itertools.count(1)
        self.local = _Local()


_state = _State()


def _start_again() -> None:
    global _state  # noqa: PLW0603 - the threads of the parent are not here
    _state = _State()


os.register_at_fork(after_in_child=_start_again)


def _enter(kind: Kind) -> Code:
    """R15.3, R19.40: put this thread into an apartment, or count that it is in one of that kind. Raises RpcError."""
    state = _state
    member = state.local.member
    if member is not None:
        with state.lock:
            code = state.apartments.initialise(member.number, kind)
        if code is Code.RPC_E_CHANGED_MODE:
            text = f"this thread is in an apartment of the kind {member.apartment.kind.value} already, and stays there"
            raise transport_failure(code, text)
        return code
    number = next(state.numbers)
    with state.lock:
        state.apartments.initialise(number, kind)
        joined = state.apartments.of(number)
    member = _Member(number, joined)
    state.local.member = member
    here.inbox, here.number, here.own = member.inbox, joined.number, uuid.uuid4().bytes
    if member.inbox is not None and here.cancelling is None:
        here.attend = member.inbox.attend
    member.leave = leave = weakref.finalize(member, _left, state, number, member.inbox, member.hosts)
    leave.atexit = False
    return Code.S_OK


def _left(state: _State, number: int, inbox: Inbox | None, hosts: weakref.WeakSet[Host]) -> None:
    """R15.19: a thread has ended; what it has handed out is disconnected, and what waited for it fails."""
    with state.lock:
        gone = state.apartments.leave(number)
    if inbox is None or gone is None:
        return
    inbox.end()
    for host in list(hosts):
        host.apartment_ended(gone.number)


def set_apartment(kind: str) -> None:
    """Make this thread an STA or part of the MTA, before it uses an object (R15.4).

    Raises RpcError with RPC_E_CHANGED_MODE when it is in the other kind already.
    """
    _enter(kind_of(kind))


def co_initialize(kind: str) -> HResult:
    """`CoInitializeEx`: as `set_apartment`, but S_OK or S_FALSE, which says that the thread was in one of that kind.

    Each of them is to be balanced by `co_uninitialize`. Raises RpcError with RPC_E_CHANGED_MODE.
    """
    return HResult(_enter(kind_of(kind)))


def co_uninitialize() -> None:
    """`CoUninitialize`: take one entry back (R15.3). With the last one the thread leaves, and may enter any apartment.

    What it has handed out of an STA is disconnected then (R15.19). Raises RpcError: CO_E_NOTINITIALIZED for a thread
    that is in none, RPC_E_CANTCALLOUT_INEXTERNALCALL for one that serves a call or waits for one.
    """
    state = _state
    member = state.local.member
    if member is None:
        raise transport_failure(Code.CO_E_NOTINITIALIZED, "this thread is in no apartment that it could leave (R15.3)")
    if member.inbox is not None and member.inbox.busy:
        text = "a thread cannot leave its apartment while it serves a call or waits for one (R15.19)"
        raise transport_failure(Code.RPC_E_CANTCALLOUT_INEXTERNALCALL, text)
    with state.lock:
        is_last = state.apartments.uninitialise(member.number)
    if is_last:
        state.local.member = None
        here.inbox, here.number, here.own = None, 0, None
        here.attend = None if here.cancelling is None else here.cancelling.attend
        member.leave()


def apartment() -> str:
    """In which kind of apartment this thread is: "sta" or "mta", which is what threads are that say nothing (R15.4)."""
    member = _state.local.member
    return (MTA if member is None else member.apartment).kind.value


def use() -> _Member:
    """Note that this thread uses an object now: one that has said nothing is in the MTA from now on (R15.4)."""
    member = _state.local.member
    if member is None:
        _enter(Kind.MTA)
        member = _state.local.member
        assert member is not None
    return member


def current_apartment() -> Apartment:
    """Where this thread is."""
    return use().apartment


def number_in(host: Host) -> int:
    """The number of the STA that this thread is, which has an apartment in the host from now on; 0 in the MTA."""
    member = use()
    if member.inbox is None:
        return 0
    member.hosts.add(host)
    return member.apartment.number


def pump(seconds: float = 0.0) -> int:
    """Serve what others call of this STA's objects: what waits now, and what comes within the time. How many (R15.2).

    Raises RpcError (RPC_E_THREAD_NOT_INIT) on a thread that is no STA.
    """
    return _own("nothing can be called on it").pump(seconds)


def bell() -> int:
    """A descriptor that is readable when something waits for this STA: `loop.add_reader(bell(), pump)`."""
    return _own("nothing can wait for it").bell


def register_message_filter(handler: MessageFilter | None) -> MessageFilter | None:
    """Have an object decide what this STA serves and what it repeats (R15.15); the one that did so before."""
    inbox = _own("message filters are for STAs")
    before, inbox.filter = inbox.filter, handler
    return before


def _own(why: str) -> Inbox:
    inbox = here.inbox
    if inbox is None:
        raise transport_failure(
            Code.RPC_E_THREAD_NOT_INIT, f"this thread is no STA: {why}; callgate.set_apartment('sta') first"
        )
    return inbox


def _thread_in(kind: Kind) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*arguments: P.args, **named: P.kwargs) -> R:
            _enter(kind)
            return function(*arguments, **named)

        return run

    return decorate


def sta_thread(function: Callable[P, R]) -> Callable[P, R]:
    """The thread that runs this function is an STA (R15.4): `Thread(target=sta_thread(main))`, or above `def main`."""
    return _thread_in(Kind.STA)(function)


def mta_thread(function: Callable[P, R]) -> Callable[P, R]:
    """The thread that runs this function is in the MTA (R15.4)."""
    return _thread_in(Kind.MTA)(function)
