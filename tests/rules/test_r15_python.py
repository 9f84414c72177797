"""R15: threads of this program as apartments. What runs where is said by the threads themselves."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self

import pytest

import callgate
from callgate import apartments
from tests.conftest import wait_until

CHANGED_MODE, NOT_INITIALIZED = 0x80010106, 0x800401F0


class Thread:
    """An STA, or a thread of the MTA, that does what it is given and pumps meanwhile."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._work: list[tuple[Callable[[], Any], Future[Any]]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        callgate.set_apartment(self.kind)
        while not self._stop.is_set():
            while self._work:
                work, future = self._work.pop(0)
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)
            if self.kind == "sta":
                callgate.pump(0.002)
            else:
                self._stop.wait(0.002)

    def start(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._work.append((work, future))
        return future

    def do(self, work: Callable[[], Any]) -> Any:
        return self.start(work).result(30)

    @property
    def ident(self) -> int:
        assert self._thread.ident is not None
        return self._thread.ident

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class Place:
    """An object that says on which thread it is called, and calls others."""

    def where(self) -> int:
        return threading.get_ident()

    def call(self, other: Any) -> Any:
        return other.where()

    def back(self, other: Any, mine: Any, depth: int) -> int:
        return other.back(mine, other, depth - 1) + 1 if depth else 0

    def fail(self) -> None:
        raise LookupError("no such place")


def made_in(thread: Thread, kind: type[Any] = Place) -> Any:
    return thread.do(lambda: callgate.agile(kind()))


def code_of(action: Callable[[], Any]) -> int:
    with pytest.raises(callgate.RpcError) as caught:
        action()
    return int(caught.value.hresult) & 0xFFFFFFFF


# -- R15.3, R15.4 -----------------------------------------------------------------------------------------------------


def in_new_thread(work: Callable[[], Any]) -> Any:
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run).start()
    return future.result(30)


def test_r15_04_threads_are_in_the_mta_by_default() -> None:
    assert in_new_thread(callgate.apartment) == "mta"


def test_r15_04_reading_does_not_decide() -> None:
    def work() -> list[str]:
        before = callgate.apartment()
        callgate.set_apartment("sta")
        return [before, callgate.apartment()]

    assert in_new_thread(work) == ["mta", "sta"]


@pytest.mark.rule("R15.3", "R19.40")
@pytest.mark.parametrize(("first", "second"), [("sta", "mta"), ("mta", "sta")])
def test_r15_04_a_late_change_is_refused(first: str, second: str) -> None:
    def work() -> str:
        for _ in range(2):
            callgate.set_apartment(first)
        assert code_of(lambda: callgate.set_apartment(second)) == 0x80010106
        return callgate.apartment()

    assert in_new_thread(work) == first


@pytest.mark.rule("R19.40")
def test_r15_03_the_codes_of_entering() -> None:
    """MTA, MTA, STA; each success is balanced, then the thread may be an STA."""

    def work() -> list[int]:
        codes = [int(callgate.co_initialize("mta")) for _ in range(2)]
        assert code_of(lambda: callgate.co_initialize("sta")) == CHANGED_MODE
        callgate.co_uninitialize()
        assert code_of(lambda: callgate.co_initialize("sta")) == CHANGED_MODE
        callgate.co_uninitialize()
        codes.append(int(callgate.co_initialize("sta")))
        assert callgate.apartment() == "sta"
        callgate.co_uninitialize()
        with pytest.raises(callgate.ComError) as caught:
            callgate.co_uninitialize()
        return [*codes, int(caught.value.hresult) & 0xFFFFFFFF]

    assert in_new_thread(work) == [0, 1, 0, NOT_INITIALIZED]


@pytest.mark.rule("R15.3")
def test_r15_19_who_leaves_takes_its_objects_along() -> None:
    """The thread goes on, and what others hold of its apartment is disconnected; another apartment is another one."""
    with Thread("sta") as thread:
        place = made_in(thread)
        assert place.where() == thread.ident
        thread.kind = "mta"  # it does not pump any more
        thread.do(callgate.co_uninitialize)

        assert code_of(place.where) == 0x80010108
        assert thread.do(callgate.apartment) == "mta"
        assert thread.do(lambda: int(callgate.co_initialize("sta"))) == 0
        again = made_in(thread)
        asked: Future[int] = Future()
        threading.Thread(target=lambda: asked.set_result(again.where())).start()
        assert wait_until(lambda: thread.do(callgate.pump) == 1)
        assert asked.result(10) == thread.ident


def test_r15_03_nobody_leaves_in_the_middle() -> None:
    """A call that is served needs the queue that it came by."""

    class Leaving(Place):
        def where(self) -> int:
            return code_of(callgate.co_uninitialize)

    with Thread("sta") as thread:
        assert made_in(thread, Leaving).where() == 0x80010005
        assert thread.do(callgate.apartment) == "sta"


def test_r15_04_the_first_use_decides() -> None:
    """Who hands an object to others without a word is in the MTA."""

    def work() -> int:
        callgate.agile(Place())
        return code_of(lambda: callgate.set_apartment("sta"))

    assert in_new_thread(work) == 0x80010106


def test_r15_04_decorators() -> None:
    @callgate.sta_thread
    def main(value: int) -> tuple[str, int]:
        """What it does."""
        return callgate.apartment(), value

    assert in_new_thread(lambda: main(3)) == ("sta", 3)
    assert main.__doc__ == "What it does."
    assert in_new_thread(callgate.mta_thread(callgate.apartment)) == "mta"


def test_r15_02_only_an_sta_pumps() -> None:
    assert in_new_thread(lambda: code_of(callgate.pump)) == 0x8001010F
    assert in_new_thread(lambda: code_of(lambda: callgate.register_message_filter(None))) == 0x8001010F


# -- R15.2, R15.9, R15.11: objects and their threads ------------------------------------------------------------------


def test_r15_02_calls_run_on_the_thread_of_the_object() -> None:
    with Thread("sta") as a, Thread("sta") as b, Thread("mta") as m:
        place = made_in(a)

        assert [thread.do(place.where) for thread in (a, b, m)] == [a.ident] * 3


def test_r15_02_calls_of_an_sta_never_overlap_in_python_either() -> None:
    class Counter:
        inside = most = 0

        def enter(self) -> None:
            self.inside += 1
            self.most = max(self.most, self.inside)
            threading.Event().wait(0.001)
            self.inside -= 1

        def seen(self) -> int:
            return self.most

    with Thread("sta") as a:
        counter = made_in(a, Counter)
        threads = [threading.Thread(target=counter.enter) for _ in range(100)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert counter.seen() == 1


def test_r15_09_objects_of_the_mta_need_no_proxy() -> None:
    with Thread("mta") as m:
        place = m.do(lambda: [value := Place(), callgate.agile(value)])
        assert place[0] is place[1]


def test_r15_09_what_is_raised_there_is_raised_here() -> None:
    with Thread("sta") as a, pytest.raises(LookupError, match="no such place"):
        made_in(a).fail()


def test_r15_09_only_methods_cross() -> None:
    with Thread("sta") as a, pytest.raises(AttributeError, match="Place has no method 'colour'"):
        _ = made_in(a).colour


def test_r15_11_the_global_interface_table() -> None:
    """Registered in an STA, got twice in two threads of the MTA and at home, revoked from elsewhere."""
    table = callgate.global_interface_table
    with Thread("sta") as a, Thread("mta") as m, Thread("mta") as n:
        place = a.do(Place)
        cookie = a.do(lambda: table.register(place))
        assert cookie != 0

        assert [thread.do(lambda: table.get(cookie).where()) for thread in (m, n, m)] == [a.ident] * 3
        assert a.do(lambda: table.get(cookie)) is place

        m.do(lambda: table.revoke(cookie))
        for late in (table.get, table.revoke):
            with pytest.raises(callgate.ComError) as caught:
                late(cookie)
            assert caught.value.hresult == 0x80070057


def test_r15_09_a_stream_takes_an_object_to_one_other_thread() -> None:
    with Thread("sta") as a, Thread("mta") as m:
        place = a.do(Place)
        stream, own = a.do(lambda: [callgate.to_stream(place), callgate.to_stream(place)])

        assert m.do(lambda: callgate.get_and_release_stream(stream).where()) == a.ident
        assert a.do(lambda: callgate.get_and_release_stream(own)) is place
        with pytest.raises(callgate.ComError) as caught:
            callgate.get_and_release_stream(stream)
        assert caught.value.hresult == 0x800401FD


# -- R15.14, R15.20: waiting and serving ------------------------------------------------------------------------------


@pytest.mark.rule("R17.16")
def test_r15_14_a_calls_b_and_b_calls_back() -> None:
    with Thread("sta") as a, Thread("sta") as b:
        at_a, at_b = made_in(a), made_in(b)

        assert a.do(lambda: at_b.call(at_a)) == a.ident
        assert a.do(lambda: at_b.back(at_a, at_b, 50)) == 50


def test_r15_14_a_stranger_is_served_during_the_wait() -> None:
    """C calls A while A waits for B, which waits for C's call to be over."""
    with Thread("sta") as a, Thread("sta") as b, Thread("mta") as c:
        entered, passed = threading.Event(), threading.Event()

        class Gate:
            def wait(self) -> bool:
                entered.set()
                return passed.wait(10)

        gate, at_a = made_in(b, Gate), made_in(a)
        waiting = a.start(lambda: gate.wait())  # noqa: PLW0108 - the attribute is asked for there
        assert entered.wait(10)
        assert c.do(at_a.where) == a.ident
        assert not waiting.done()
        passed.set()
        assert waiting.result(10)


def test_r15_20_two_stas_call_each_other_ten_thousand_times() -> None:
    with Thread("sta") as a, Thread("sta") as b:
        at_a, at_b = made_in(a), made_in(b)

        def calls(other: Any, times: int) -> int:
            for _ in range(times):
                other.where()
            return times

        both = [a.start(lambda: calls(at_b, 5000)), b.start(lambda: calls(at_a, 5000))]
        assert [each.result(60) for each in both] == [5000, 5000]


@pytest.mark.rule("R15.4")
def test_r15_14_an_event_loop_serves() -> None:
    """Its thread is an STA that never blocks: the loop looks when something waits."""
    loops: list[asyncio.AbstractEventLoop] = []
    handed: Future[Any] = Future()

    async def main() -> int:
        loop = asyncio.get_running_loop()
        loops.append(loop)
        loop.add_reader(callgate.bell(), callgate.pump)
        over = asyncio.Event()

        class Last(Place):
            def end(self) -> None:
                over.set()

        handed.set_result(callgate.agile(Last()))
        await over.wait()
        loop.remove_reader(callgate.bell())
        return threading.get_ident()

    thread: Future[int] = Future()
    run = callgate.sta_thread(lambda: thread.set_result(asyncio.run(main())))
    threading.Thread(target=run).start()
    place = handed.result(10)
    ran = place.where()
    place.end()
    assert ran == thread.result(10)


# -- R15.15: message filters ------------------------------------------------------------------------------------------


class Filter(callgate.MessageFilter):
    def __init__(self, *verdicts: int, retry: int = -1, pending: int = 2) -> None:
        self.verdicts = list(verdicts)
        self.retry, self.pending = retry, pending
        self.types: list[int] = []
        self.retries: list[tuple[int, int]] = []

    def handle_incoming_call(self, call_type: int, waited: float) -> int:
        assert waited >= 0
        self.types.append(call_type)
        return self.verdicts.pop(0) if self.verdicts else 0

    def retry_rejected_call(self, refusals: int, code: int) -> int:
        self.retries.append((refusals, code))
        return self.retry

    def message_pending(self) -> int:
        return self.pending


@pytest.mark.parametrize("retry", [0, 120])
def test_r15_15_retry_later_twice_and_then_handled(retry: int) -> None:
    with Thread("sta") as a, Thread("sta") as b:
        callee, caller = Filter(2, 2), Filter(retry=retry)
        place = made_in(b)
        b.do(lambda: callgate.register_message_filter(callee))
        assert a.do(lambda: callgate.register_message_filter(caller)) is None

        assert a.do(place.where) == b.ident
        assert caller.retries == [(1, 0x8001010A), (2, 0x8001010A)]
        assert callee.types == [1, 1, 1]
        assert a.do(lambda: callgate.register_message_filter(None)) is caller


def test_r15_15_refused_calls() -> None:
    """By a caller that gives up, and by one without a filter; served again when the filter lets them in."""
    with Thread("sta") as a, Thread("sta") as b, Thread("mta") as m:
        place = made_in(b)
        b.do(lambda: callgate.register_message_filter(Filter(1, 2, 1)))
        a.do(lambda: callgate.register_message_filter(Filter()))
        for thread in (a, a, m):
            assert thread.do(lambda: code_of(place.where)) == 0x80010001
        assert m.do(place.where) == b.ident


def test_r15_15_a_stranger_is_refused_during_the_wait() -> None:
    with Thread("sta") as a, Thread("sta") as b, Thread("mta") as c:
        entered, passed = threading.Event(), threading.Event()

        class Gate:
            def wait(self, home: Any) -> Any:
                entered.set()
                passed.wait(10)
                return home.where()

        gate, at_a, seen = made_in(b, Gate), made_in(a), Filter(0, 1, 0)
        a.do(lambda: callgate.register_message_filter(seen))
        assert c.do(at_a.where) == a.ident
        waiting = a.start(lambda: gate.wait(at_a))
        assert entered.wait(10)
        assert c.do(lambda: code_of(at_a.where)) == 0x80010001
        passed.set()
        assert waiting.result(10) == a.ident
        assert seen.types == [1, 4, 2]


def test_r15_15_a_filter_cancels_the_call_under_way() -> None:
    with Thread("sta") as a, Thread("sta") as b, Thread("mta") as c:
        entered, passed = threading.Event(), threading.Event()

        class Gate:
            def wait(self) -> bool:
                entered.set()
                return passed.wait(10)

        gate, at_a = made_in(b, Gate), made_in(a)
        a.do(lambda: callgate.register_message_filter(Filter(pending=0)))
        waiting = a.start(lambda: code_of(lambda: gate.wait()))  # noqa: PLW0108 - as above
        assert entered.wait(10)
        assert c.do(at_a.where) == a.ident
        assert waiting.result(10) == 0x80010002
        passed.set()


def test_r15_15_a_filter_cannot_call_out() -> None:
    with Thread("sta") as a, Thread("sta") as b, Thread("mta") as c:
        at_a, at_b = made_in(a), made_in(b)
        seen: list[int] = []

        class Calling(callgate.MessageFilter):
            def handle_incoming_call(self, call_type: int, waited: float) -> int:
                seen.append(code_of(at_b.where))
                return super().handle_incoming_call(call_type, waited)

        a.do(lambda: callgate.register_message_filter(Calling()))
        assert c.do(at_a.where) == a.ident
        assert seen == [0x80010005]


# -- R15.19: the end of an STA ----------------------------------------------------------------------------------------


def test_r15_19_the_object_of_a_thread_that_ended() -> None:
    a = Thread("sta")
    place = made_in(a)
    a.end()
    gc.collect()

    assert wait_until(lambda: code_of(place.where) == 0x80010108)


def test_r15_19_a_call_that_waits_when_the_thread_ends_is_not_executed() -> None:
    started, leave, ran = threading.Event(), threading.Event(), []

    class Late:
        def run(self) -> None:
            ran.append(1)

    handed: list[Any] = []

    def main() -> None:
        callgate.set_apartment("sta")
        handed.append(callgate.agile(Late()))
        started.set()
        leave.wait(10)

    thread = threading.Thread(target=main)
    thread.start()
    started.wait(10)
    with Thread("mta") as m:
        late = m.start(lambda: code_of(handed[0].run))
        assert wait_until(lambda: bool(handed[0]._home._jobs))
        leave.set()
        thread.join()
        assert late.result(10) == 0x80010012
    assert not ran


def test_r15_19_what_ended_leaves_nothing_behind() -> None:
    """Neither descriptors nor entries, after a hundred STAs."""
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        in_new_thread(lambda: callgate.set_apartment("sta"))
    assert wait_until(lambda: gc.collect() >= 0 and len(os.listdir("/proc/self/fd")) <= before)
    assert wait_until(lambda: len(apartments._state.apartments.alive) <= 2)


def test_r15_03_a_forked_child_starts_in_the_mta() -> None:
    def work() -> int:
        callgate.set_apartment("sta")
        child = os.fork()
        if not child:
            os._exit(0 if callgate.apartment() == "mta" else 1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert in_new_thread(work) == 0


@pytest.mark.rule("R17.17")
def test_r15_14_a_lock_that_is_held_across_a_call() -> None:
    """One that its thread may take again does no harm, because calls come back on the thread that waits."""
    with Thread("sta") as a, Thread("sta") as b:
        lock = threading.RLock()

        class Locked:
            def take(self) -> bool:
                with lock:
                    return True

        class Caller:
            def call(self, other: Any) -> Any:
                return other.take()

        mine, other = made_in(a, Locked), made_in(b, Caller)

        def hold() -> Any:
            with lock:
                return other.call(mine)

        assert a.do(hold)


@pytest.mark.rule("R17.17")
def test_r15_15_a_filter_keeps_calls_out_while_a_lock_is_held() -> None:
    """Another one would wait for ever; the filter has whoever calls try again later."""
    with Thread("sta") as a, Thread("sta") as b:
        lock = threading.Lock()

        class Locked:
            def take(self) -> bool:
                with lock:
                    return True

        class Busy(callgate.MessageFilter):
            def handle_incoming_call(self, call_type: int, waited: float) -> int:
                return 2 if lock.locked() else 0

        class Caller:
            def call(self, other: Any) -> int:
                return code_of(other.take)

        mine, other = made_in(a, Locked), made_in(b, Caller)
        a.do(lambda: callgate.register_message_filter(Busy()))

        def hold() -> Any:
            with lock:
                return other.call(mine)

        assert a.do(hold) == 0x80010001
        assert b.do(mine.take)
