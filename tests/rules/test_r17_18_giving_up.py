"""R17.18, R17.19: methods that somebody stops waiting for. What native code does meanwhile, the host knows."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

import callgate
from callgate import Lib
from callgate.lib import binding_of
from callgate_protocol.system import HostFunction
from tests.component.declared import CLSID
from tests.conftest import wait_until

from .test_r15_placement import COUNTS, IWorker, Worker, typed


class Interrupted(Exception):
    """Ctrl-C, as far as a call can tell."""


@contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    """Have an exception arrive in this thread, as Ctrl-C would bring one."""

    def raise_it(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, raise_it)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def lib(component: str) -> Iterator[Lib]:
    with callgate.load(component, COUNTS) as lib:
        yield lib


def worker(lib: Lib, model: str) -> Any:
    return callgate.create(CLSID["Free"], IWorker, library=lib, threading=model)


def counts(lib: Lib) -> dict[str, int]:
    taken: dict[str, int] = binding_of(lib).ready().system(HostFunction.INFO)
    return taken


@pytest.mark.parametrize("model", ["Free", "Apartment"])
def test_r17_18_whoever_is_interrupted_goes_on_at_once(lib: Lib, model: str) -> None:
    """The method runs on to its end, in the MTA and in an STA, and nothing of it is left."""
    made = worker(lib, model)
    process, before = callgate.info(lib).process, counts(lib)
    began = time.monotonic()
    with pytest.raises(Interrupted), interrupted(0.1):
        made.Work(1000)
    took = time.monotonic() - began

    assert took < 0.9
    assert made.Work(0) > 0
    assert callgate.info(lib).process == process
    assert wait_until(lambda: counts(lib)["objects"] == before["objects"])


def test_r17_13_an_object_lives_until_what_was_submitted_to_it_is_over(lib: Lib) -> None:
    """Nobody else holds it, and its release would overtake the call that waits for its turn."""
    first = worker(lib, "Free").Work.submit(300)
    second = worker(lib, "Free").Work.submit(0)
    gc.collect()

    assert first.result(10) > 0
    assert second.result(10) > 0


@pytest.mark.parametrize("model", ["Free", "Apartment"])
def test_r17_19_a_deadline_holds_for_methods(lib: Lib, model: str) -> None:
    """It stops the host, because native code cannot be stopped in any other way."""
    made = worker(lib, model)
    began = time.monotonic()
    with pytest.raises(callgate.DeadlineExceeded) as caught, callgate.deadline(0.3):
        made.Work(20_000)

    assert time.monotonic() - began < 5
    assert (caught.value.began, caught.value.host_stopped) == (True, True)
    assert isinstance(caught.value, callgate.RpcError)
    assert caught.value.name == "RPC_E_TIMEOUT"


def test_r17_19_nested_calls_have_what_is_left(lib: Lib) -> None:
    """A Python object that native code calls, and calls native code again, is under the same deadline."""
    made, native = worker(lib, "Free"), Worker()
    told: list[type[BaseException]] = []

    def call_on(other: Any, depth: int) -> int:
        try:
            other.Work(20_000)
        except BaseException as error:
            told.append(type(error))
            raise
        return depth

    native.PassOn = call_on  # type: ignore[method-assign]
    began = time.monotonic()
    with pytest.raises(callgate.DeadlineExceeded), callgate.deadline(0.4):
        made.PassOn(typed(native), 2)

    assert [issubclass(each, callgate.DeadlineExceeded) for each in told] == [True]
    assert time.monotonic() - began < 5
