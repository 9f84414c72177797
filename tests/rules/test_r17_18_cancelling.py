"""R17.18: a thread has the call of another one end, and whoever serves the call can ask about it."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any

import pytest

import callgate
from callgate import Lib
from tests.client.conftest import FAULTS
from tests.client.remoting.processes import Other
from tests.conftest import wait_until

from .com import CLSID
from .test_r15_placement import COUNTS, IWorker
from .test_r15_python import Place, Thread

CANCELLED, PENDING, COMPLETE, DISABLED, NO_CALL = 0x80010002, 0x80010115, 0x80010117, 0x80010140, 0x80004002


@pytest.fixture
def lib(component: str) -> Iterator[Lib]:
    with callgate.load(component, COUNTS) as lib:
        yield lib


@pytest.fixture(params=["mta", "sta"])
def caller(request: pytest.FixtureRequest) -> Iterator[Thread]:
    """A thread whose calls may be cancelled."""
    with Thread(request.param) as thread:
        thread.do(callgate.enable_call_cancellation)
        yield thread


def code_of(action: Callable[[], Any]) -> int:
    with pytest.raises(callgate.ComError) as caught:
        action()
    assert caught.value.from_transport
    return int(caught.value.hresult) & 0xFFFFFFFF


def created(lib: Lib, thread: Thread, model: str) -> Any:
    return thread.do(lambda: callgate.create(CLSID["Free"], IWorker, library=lib, threading=model))


@pytest.mark.parametrize("model", ["Free", "Apartment"])
def test_r17_18_the_caller_is_free_at_once(lib: Lib, caller: Thread, model: str) -> None:
    """The method runs on in the host; the thread, the object and the host are as good as before."""
    made = created(lib, caller, model)
    process, result = callgate.info(lib).process, caller.start(lambda: made.Work(1000))
    assert wait_until(lambda: made.Overlap() == 1 if model == "Free" else not result.done())
    time.sleep(0.1)  # an STA answers nobody while it works
    began = time.monotonic()
    callgate.cancel_call(caller.ident)
    with pytest.raises(callgate.RpcError) as caught:
        result.result(10)

    assert time.monotonic() - began < 0.2
    assert isinstance(caught.value, CancelledError)
    assert (int(caught.value.hresult) & 0xFFFFFFFF, caught.value.from_transport) == (CANCELLED, True)
    assert caller.do(lambda: made.Work(0)) > 0
    assert callgate.info(lib).process == process


def test_r17_18_who_may_cancel_what(lib: Lib, caller: Thread) -> None:
    """By default nothing; and only what is under way, once."""
    made = created(lib, caller, "Free")
    assert code_of(callgate.cancel_call) == DISABLED
    assert code_of(callgate.disable_call_cancellation) == DISABLED
    assert code_of(lambda: callgate.cancel_call(caller.ident)) == NO_CALL

    result = caller.start(lambda: made.Work(400))
    assert wait_until(lambda: made.Overlap() == 1)
    codes: queue.SimpleQueue[int] = queue.SimpleQueue()
    patient = threading.Thread(target=lambda: codes.put(code_of(lambda: callgate.cancel_call(caller.ident, 10))))
    patient.start()
    assert wait_until(lambda: _code(lambda: callgate.cancel_call(caller.ident)) == CANCELLED)
    assert codes.get(timeout=10) == COMPLETE
    assert result.result(10) > 0
    patient.join()

    caller.do(callgate.disable_call_cancellation)
    result = caller.start(lambda: made.Work(100))
    assert code_of(lambda: callgate.cancel_call(caller.ident)) == DISABLED
    assert result.result(10) > 0


def _code(action: Callable[[], Any]) -> int:
    try:
        action()
    except callgate.ComError as error:
        return int(error.hresult) & 0xFFFFFFFF
    return 0


@pytest.mark.parametrize("thread", [None, "main", 1.5])
def test_r17_18_a_thread_is_a_thread(thread: Any) -> None:
    with pytest.raises(TypeError, match=r"argument 1 'thread' of cancel_call"):
        callgate.cancel_call(thread)
    with pytest.raises(callgate.ArgumentError, match=r"argument 2 'seconds' of cancel_call"):
        callgate.cancel_call(0, -1)


def test_r17_18_what_waits_for_its_turn_never_begins(lib: Lib) -> None:
    """The object's apartment is busy with another call."""
    with Thread("mta") as first, Thread("mta") as second:
        made = created(lib, first, "Apartment")
        second.do(callgate.enable_call_cancellation)
        busy = first.start(lambda: made.Work(500))
        time.sleep(0.1)
        waiting = second.start(lambda: made.Work(20_000))
        assert wait_until(lambda: _code(lambda: callgate.cancel_call(second.ident, 10)) == 0)

        assert code_of(lambda: waiting.result(10)) == CANCELLED
        assert busy.result(10) > 0
        assert first.do(lambda: made.Work(0)) > 0


class Busy(Place):
    """An object that works until nobody wants it any more."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.asked = threading.Event()

    def where(self) -> int:
        self.seen.append(int(callgate.test_cancel()) & 0xFFFFFFFF)
        self.asked.set()
        assert wait_until(lambda: callgate.test_cancel() == CANCELLED)
        self.seen.append(int(callgate.test_cancel()) & 0xFFFFFFFF)
        return 7


@pytest.mark.parametrize("seconds", [0, 10])
def test_r17_18_calls_between_apartments(caller: Thread, seconds: float) -> None:
    """An object of another thread of the program: told, and waited for or not."""
    with Thread("sta") as owner:
        busy = Busy()
        agile = owner.do(lambda: callgate.agile(busy))
        result = caller.start(agile.where)
        assert busy.asked.wait(10)
        if seconds:
            assert code_of(lambda: callgate.cancel_call(caller.ident, seconds)) == COMPLETE
            assert result.result(10) == 7
        else:
            callgate.cancel_call(caller.ident)
            assert code_of(lambda: result.result(10)) == CANCELLED
        assert owner.do(lambda: 1) == 1
        assert busy.seen == [PENDING, CANCELLED]
        assert int(callgate.test_cancel()) == PENDING - (1 << 32)


@pytest.mark.parametrize("seconds", [0, 10])
def test_r17_18_what_waits_for_another_apartment_never_begins(caller: Thread, seconds: float) -> None:
    """The other thread does something else; when it looks, there is nothing to do."""
    done, started, gate = [], threading.Event(), threading.Event()

    class Noting(Place):
        def where(self) -> int:
            done.append(1)
            return 0

    def occupy() -> bool:
        started.set()
        return gate.wait(20)

    with Thread("sta") as owner:
        agile = owner.do(lambda: callgate.agile(Noting()))
        occupied = owner.start(occupy)
        assert started.wait(10)
        result = caller.start(agile.where)
        assert wait_until(lambda: len(agile._home._jobs) == 1)
        opening = threading.Timer(0.5 if seconds else 10, gate.set)
        opening.start()
        callgate.cancel_call(caller.ident, seconds)
        assert code_of(lambda: result.result(10)) == CANCELLED
        assert gate.is_set() == bool(seconds)
        opening.cancel()
        gate.set()
        assert occupied.result(10)
        assert owner.do(lambda: callgate.pump(0)) == 0
        assert not done


def test_r17_18_a_callback_is_told(compiled: Callable[[str], str]) -> None:
    """The thread is in Python, inside of native code; the call ends as soon as the callback has come back."""
    with callgate.load(compiled("faults"), FAULTS) as lib, Thread("mta") as caller:
        caller.do(callgate.enable_call_cancellation)
        seen: list[int] = []

        def work(value: int) -> int:
            seen.append(int(callgate.test_cancel()) & 0xFFFFFFFF)
            assert wait_until(lambda: callgate.test_cancel() == CANCELLED)
            return value

        call: Any = lib
        result: Future[int] = caller.start(lambda: call.call_it(work, 1))
        assert wait_until(lambda: len(seen) == 1)
        callgate.cancel_call(caller.ident)

        assert code_of(lambda: result.result(10)) == CANCELLED
        assert seen == [PENDING]
        assert caller.do(lambda: call.add(1, 2)) == 3


SERVER = """
import contextvars, threading, time
import callgate
from tests.client.remoting import server

class Calc(server.Calc):
    seen = []

    def made(self):
        self.memory = 1
        time.sleep(0.6)
        return Plain()

    def add(self, a, b):
        self.seen.append(int(callgate.test_cancel()) & 0xFFFFFFFF)
        self.memory = len(self.seen)
        context = contextvars.copy_context()
        end = time.monotonic() + 10
        while callgate.test_cancel() == 0x80010115 and time.monotonic() < end:
            time.sleep(0.005)
        self.seen.append(int(callgate.test_cancel()) & 0xFFFFFFFF)
        later = threading.Thread(target=context.run, args=(self.after,))
        later.start()
        self.later = later
        return a + b

    def after(self):
        while callgate.test_cancel() != 0x80010117:
            time.sleep(0.005)
        self.seen.append(int(callgate.test_cancel()) & 0xFFFFFFFF)

    def total(self, n, values):
        while not hasattr(self, "later"):
            time.sleep(0.005)
        self.later.join(10)
        return float(self.seen[int(values[0])])

server.Calc, Plain = Calc, server.Calc
server.main()
"""


@contextmanager
def serving() -> Iterator[Other]:
    """A process with an object that takes its time, and looks whether it is still wanted."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        other = Other(process, *process.stdout.readline().split())
        yield other
        other.host.close("the test is over")


def test_r17_18_what_serves_a_call_asks_about_it(caller: Thread) -> None:
    """Go on, stop, and over; it comes back in time, so the call gives what it gives."""
    with serving() as other:
        calc = other.get()
        result = caller.start(lambda: calc.add(2, 3))
        assert wait_until(lambda: calc.memory == 1)
        assert code_of(lambda: callgate.cancel_call(caller.ident, 10)) == COMPLETE

        assert result.result(10) == 5
        assert [int(calc.total(1, [index])) for index in range(3)] == [PENDING, CANCELLED, COMPLETE]


def test_r17_18_a_future_is_cancelled() -> None:
    """Nobody waits for it any more, and whoever performs the call can see that."""
    with serving() as other:
        calc = other.get()
        future = calc.add.submit(2, 3)
        assert wait_until(lambda: calc.memory == 1)
        assert future.cancel()
        with pytest.raises(CancelledError):
            future.result(0)
        assert [int(calc.total(1, [index])) for index in range(3)] == [PENDING, CANCELLED, COMPLETE]
        assert calc.add.submit(0, 0).cancel()


def test_r17_18_what_was_submitted_never_begins(lib: Lib) -> None:
    """It waits behind another one; those behind it have their turn."""
    with Thread("mta") as thread:
        made = created(lib, thread, "Free")
        first, second, third = (made.Work.submit(milliseconds) for milliseconds in (300, 20_000, 0))
        assert wait_until(lambda: made.Overlap() == 1)
        assert second.cancel()
        assert not first.done()
        assert (first.result(10) > 0, third.result(10) > 0) == (True, True)
        assert second.cancelled()
        assert not first.cancel()


def test_r17_18_late_results_are_given_back(caller: Thread) -> None:
    """The object that the late answer carries is not held by anybody."""
    with serving() as other:
        calc = other.get()
        before = other.given_out
        result = caller.start(calc.made)
        assert wait_until(lambda: calc.memory == 1)
        callgate.cancel_call(caller.ident)
        assert code_of(lambda: result.result(10)) == CANCELLED

        time.sleep(0.8)  # the object is made and sent by then
        assert wait_until(lambda: other.given_out == before)


def test_r17_18_nothing_is_cancelled_where_nothing_is_served() -> None:
    assert callgate.test_cancel() == PENDING
