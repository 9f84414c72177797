"""What a lab might test: each of these runs on both machines."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

import callgate
from callgate import Lib


@pytest.mark.parametrize("scale", [1, 2, 5])
def test_capture(driver: Lib, scope: Any, scale: int) -> None:
    """Samples come in the range that was set."""
    assert driver.scope_set_range(scope, scale) == 0
    samples = [0.0] * 1024
    driver.scope_capture(scope, samples, len(samples))
    assert max(samples) == scale * 7 / 8
    assert samples[0] == scale * 3 / 8


def test_a_range_that_is_none(driver: Lib, scope: Any) -> None:
    """The driver says so."""
    assert driver.scope_set_range(scope, 0) == -1


def test_triggers(driver: Lib, scope: Any) -> None:
    """The driver calls back into the test, which tells it when to stop."""
    seen: list[int] = []

    def trigger(index: int) -> int:
        seen.append(index)
        return int(len(seen) < 3)

    assert driver.scope_watch(scope, 0.8, 1000, trigger) == 3
    assert seen == [4, 12, 20]


@pytest.mark.parametrize("number", range(4))
def test_self_test(driver: Lib, scope: Any, number: int) -> None:
    """It takes its time; other workers do not wait for it."""
    if number == 2 and os.environ.get("LAB_KILLS") and callgate.info(driver).restarts == 0 and _first_machine():
        os.kill(callgate.info(driver).process, signal.SIGKILL)  # what a bad driver would do to itself
    assert driver.scope_self_test(scope, 50) == 3


def _first_machine() -> bool:
    return "[a-" in os.environ.get("PYTEST_CURRENT_TEST", "")


def test_a_driver_that_hangs_is_stopped(driver: Lib, scope: Any) -> None:
    """After half a second, and the next test has a new host."""
    with callgate.deadline(0.5), pytest.raises(callgate.DeadlineExceeded):
        driver.scope_self_test(scope, 60_000)
