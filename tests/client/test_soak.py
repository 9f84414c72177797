"""Crash and recover, again and again: nothing grows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import callgate
from callgate import Lib
from tests.conftest import wait_until

CYCLES = int(os.environ.get("CALLGATE_SOAK_CYCLES", "100"))
"""The issue's figure is 1,000; continuous integration makes 100."""


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_crash_and_recover(faults: Lib, runtime_directory: str) -> None:
    """After many crashes this process and the warden have no more descriptors, processes and files than before."""
    from callgate.process import current

    warden = current().embedded_broker().process
    _cycle(faults)
    before = _resources(warden, runtime_directory)

    for _ in range(CYCLES):
        _cycle(faults)

    assert wait_until(lambda: not _grown(before, _resources(warden, runtime_directory))), _grown(
        before, _resources(warden, runtime_directory)
    )


def _grown(before: dict[str, int], now: dict[str, int]) -> dict[str, tuple[int, int]]:
    """What there is more of now; less is what earlier tests' hosts leave when they have gone."""
    return {name: (before[name], now[name]) for name in before if now[name] > before[name]}


def _cycle(faults: Lib) -> None:
    with pytest.raises(callgate.HostCrashed):
        faults.write_to_null()
    assert faults.add(1, 2) == 3


def _resources(warden: int, runtime: str) -> dict[str, int]:
    children = Path(f"/proc/{warden}/task/{warden}/children").read_text().split()
    return {
        "our descriptors": len(os.listdir("/proc/self/fd")),
        "warden's descriptors": len(os.listdir(f"/proc/{warden}/fd")),
        "warden's children": len(children),
        "files": sum(len(files) for _, _, files in os.walk(runtime)),
        "shared memory": len(os.listdir("/dev/shm")),
    }
