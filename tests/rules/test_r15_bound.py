"""R15: libraries bound to a thread of their host. Native code says on which thread it ran."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import callgate
from callgate import Lib
from callgate.lib import binding_of
from tests.conftest import wait_until

from .conftest import Loader

PROTOTYPES = """
    typedef [release(ticket_close)] struct ticket ticket;
    int where_loaded(void);
    int where(void);
    int where_released(void);
    int stay(int milliseconds);
    int most_inside(void);
    void forget_inside(void);
    int visit(int depth, int (*f)(int depth));
    void hang(void);
    ticket *ticket_open(int value);
    void ticket_close([closes] ticket *t);
    int ticket_value(ticket *t);
"""
FREE = PROTOTYPES + "int most_inside_of_all(void);"
"""Another declaration of the same file: that it lacks a function is said when it is called."""


@pytest.fixture(scope="module")
def bound(load_both: Loader) -> Lib:
    return load_both("bound", PROTOTYPES, apartment="sta")


@pytest.fixture(scope="module")
def free(compiled: Callable[[str], str]) -> Lib:
    """The same library as everybody loads it, in a host of its own."""
    return callgate.load(compiled("bound"), FREE)


def from_threads(work: Callable[[], int], threads: int, times: int) -> list[int]:
    with ThreadPoolExecutor(threads) as pool:
        return [each.result() for each in [pool.submit(work) for _ in range(times)]]


@pytest.mark.rule("R15.7")
def test_r15_02_all_calls_run_on_one_thread(bound: Lib) -> None:
    """And the library's constructors did."""
    threads = set(from_threads(bound.where, 8, 40))

    assert threads == {bound.where_loaded()}


def test_r15_02_calls_of_an_sta_never_overlap(bound: Lib) -> None:
    bound.forget_inside()

    from_threads(lambda: bound.stay(1), 10, 100)

    assert bound.most_inside() == 1


def test_r15_02_calls_of_the_mta_overlap(free: Lib) -> None:
    free.forget_inside()

    threads = from_threads(lambda: free.stay(20), 10, 20)

    assert free.most_inside() > 1
    assert len(set(threads)) > 1


@pytest.mark.rule("R17.16")
def test_r15_14_nested_calls_are_served_by_the_thread_that_waits(bound: Lib) -> None:
    """Callbacks find the thread of this program that made the call."""
    seen = []

    def descend(depth: int) -> int:
        seen.append((threading.get_ident(), bound.where()))
        return bound.visit(depth - 1, descend) + 1 if depth else 0

    assert bound.visit(20, descend) == 20
    assert set(seen) == {(threading.get_ident(), bound.where())}


@pytest.mark.rule("R15.20")
def test_r15_14_callbacks_find_their_own_caller(bound: Lib) -> None:
    """Many threads are in callbacks at once; each callback runs on the thread whose call it belongs to."""

    def work() -> int:
        mine = threading.get_ident()
        wrong = 0

        def answer(depth: int) -> int:
            nonlocal wrong
            wrong += threading.get_ident() != mine
            return bound.visit(depth - 1, answer) if depth else 5

        assert bound.visit(3, answer) == 5
        return wrong

    assert set(from_threads(work, 6, 60)) == {0}


def test_r15_14_strangers_wait_until_platform_invoke_is_over(bound: Lib) -> None:
    """A call of an exported function is not re-entered by another thread's call."""
    bound.forget_inside()
    started, order = threading.Event(), []

    def stranger() -> None:
        started.wait()
        bound.where()
        order.append("stranger")

    thread = threading.Thread(target=stranger)
    thread.start()

    def callback(_depth: int) -> int:
        started.set()
        for _ in range(50):
            bound.where()
        order.append("callback")
        return 1

    bound.visit(0, callback)
    thread.join()

    assert order == ["callback", "stranger"]
    assert bound.most_inside() == 1


@pytest.mark.rule("R9.9")
def test_r15_14_a_callback_that_raises_in_an_sta(bound: Lib) -> None:
    def fail(depth: int) -> int:
        raise LookupError(f"at {depth}")

    with pytest.raises(LookupError, match="at 3"):
        bound.visit(3, fail)
    assert bound.where() == bound.where_loaded()


@pytest.mark.rule("R10.8")
def test_r15_02_objects_end_in_their_apartment(bound: Lib) -> None:
    """Closed by a call, by `callgate.release`, and by the garbage collector."""
    for end in (
        bound.ticket_close,
        callgate.release,
    ):
        ticket = bound.ticket_open(7)
        assert bound.ticket_value(ticket) == 7
        end(ticket)
        assert bound.where_released() == bound.where()

    before = binding_of(bound).ready().holdings
    ticket = bound.ticket_open(8)
    del ticket
    gc.collect()
    assert wait_until(lambda: bool(bound.where()) and not before.has_collected)
    assert bound.where_released() == bound.where()


def test_r15_02_a_deadline_stops_a_call_that_hangs_on_the_thread(compiled: Callable[[str], str]) -> None:
    with callgate.load(compiled("bound"), PROTOTYPES, apartment="sta") as bound:
        process = callgate.info(bound).process
        with pytest.raises(callgate.DeadlineExceeded) as caught, callgate.deadline(0.3):
            bound.hang()
        assert caught.value.began
        assert caught.value.host_stopped
        assert "pause" in caught.value.where or "sleep" in caught.value.where
        assert bound.where() == bound.where_loaded()
        assert callgate.info(bound).process != process


def test_r15_02_a_call_that_waits_for_the_thread_is_not_begun(compiled: Callable[[str], str]) -> None:
    """Its deadline passes in the queue: nothing was executed, and the host lives."""
    with callgate.load(compiled("bound"), PROTOTYPES, apartment="sta") as bound:
        process = callgate.info(bound).process
        busy = threading.Thread(target=bound.stay, args=(700,))
        bound.where()
        busy.start()
        assert wait_until(lambda: bool(_inside(bound)))
        with pytest.raises(callgate.DeadlineExceeded) as caught, callgate.deadline(0.2):
            bound.where()
        busy.join()
        assert caught.value.began is False
        assert bound.where() > 0
        assert callgate.info(bound).process == process


def _inside(bound: Lib) -> bool:
    """Whether a call runs: what the kernel says of the thread, because asking the library would wait."""
    host = binding_of(bound).ready()
    tasks = f"/proc/{host.session.process}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/wchan", encoding="ascii") as file:
            if "nanosleep" in file.read():
                return True
    return False


@pytest.mark.rule("R15.3")
def test_r15_02_bound_and_not_bound_in_one_host_is_refused(compiled: Callable[[str], str]) -> None:
    with callgate.load(compiled("bound"), PROTOTYPES, isolation="shared:bound", apartment="sta") as bound:
        with pytest.raises(callgate.RpcError, match="RPC_E_CHANGED_MODE") as caught:
            callgate.load(compiled("bound"), FREE, isolation="shared:bound")
        assert caught.value.hresult == 0x80010106
        assert bound.where() == bound.where_loaded()


def test_r15_04_an_apartment_that_there_is_not_is_refused(compiled: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match='an apartment is "sta" or "mta", not \'neutral\''):
        callgate.load(compiled("bound"), PROTOTYPES, apartment="neutral")
