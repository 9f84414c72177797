"""Deadlines stop the native call, not only the waiting."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

import callgate
from callgate import Lib

from .conftest import FAULTS


@pytest.mark.parametrize(
    ("function", "arguments", "where"),
    [("sleep_ms", (60_000,), "sleep"), ("spin", (), "spin"), ("lock_itself", (), "lock")],
)
def test_deadline_stops_the_host(faults: Lib, function: str, arguments: tuple[int, ...], where: str) -> None:
    """A call past its deadline raises DeadlineExceeded that says what the thread was doing, and the next call works."""
    host = callgate.info(faults).process

    with pytest.raises(callgate.DeadlineExceeded) as caught, callgate.deadline(0.2):
        getattr(faults, function)(*arguments)

    assert where in caught.value.where
    assert caught.value.began is True
    assert caught.value.host_stopped
    assert isinstance(caught.value, TimeoutError)
    assert faults.add(1, 2) == 3
    assert callgate.info(faults).process != host


def test_deadline_of_a_library(compiled: Callable[[str], str]) -> None:
    """load(deadline=…) holds for every call of the library."""
    with callgate.load(compiled("faults"), FAULTS, deadline=0.2) as lib:
        assert lib.add(1, 2) == 3
        with pytest.raises(callgate.DeadlineExceeded):
            lib.sleep_ms(60_000)


def test_inner_deadline_cannot_widen(faults: Lib) -> None:
    """A wider deadline inside a narrower one changes nothing."""
    started = time.monotonic()

    with pytest.raises(callgate.DeadlineExceeded), callgate.deadline(0.2), callgate.deadline(60):
        faults.sleep_ms(60_000)

    assert time.monotonic() - started < 5


def test_deadline_in_a_nested_call(faults: Lib) -> None:
    """A call made inside a callback inherits the deadline of the call around it."""
    with pytest.raises(callgate.DeadlineExceeded), callgate.deadline(0.3):
        faults.call_it(lambda _value: faults.sleep_ms(60_000), 1)

    assert faults.add(1, 2) == 3


def test_deadline_already_passed(faults: Lib) -> None:
    """A call that starts after its deadline is refused and does not begin."""
    with callgate.deadline(0.01), pytest.raises(callgate.DeadlineExceeded) as caught:
        _call_for_ever(faults)

    assert caught.value.began is not True or caught.value.host_stopped
    assert faults.add(1, 2) == 3


def _call_for_ever(faults: Lib) -> None:
    while True:
        faults.add(1, 2)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_deadline_must_be_positive(seconds: float) -> None:
    """A deadline that is no positive time is refused."""
    with pytest.raises(ValueError, match="deadline"), callgate.deadline(seconds):
        pass


def test_deadline_of_a_submitted_call(faults: Lib) -> None:
    """A submitted call past its deadline fails as DeadlineExceeded, and so does one that waits behind it."""
    with callgate.deadline(0.3):
        running, waiting = faults.sleep_ms.submit(60_000), faults.add.submit(1, 2)

    late = running.exception(10)
    assert isinstance(late, callgate.DeadlineExceeded)
    assert late.host_stopped
    assert isinstance(waiting.exception(10), callgate.DeadlineExceeded | callgate.HostLost)
    assert faults.add.submit(1, 2).result(10) == 3
