"""The lab of `examples/rig`: two brokers on two addresses, and tests that use both, four at a time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler for the driver")


def run(**environment: str) -> tuple[str, dict[str, int]]:
    """Run the example as its page says; the output, and how many tests came out how."""
    command = [sys.executable, "-m", "pytest", "-n", "4", "-p", "no:cacheprovider", "examples/rig"]
    paths = os.pathsep.join([str(ROOT), *sys.path])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LAB_"))}
    finished = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=kept | {"PYTHONPATH": paths} | environment,
    )
    counts = re.findall(r"(\d+) (passed|failed|error)", finished.stdout.splitlines()[-1])
    return finished.stdout, {word: int(number) for number, word in counts}


def test_everything_passes() -> None:
    """Ten tests on each of two machines."""
    output, counts = run()
    assert counts == {"passed": 20}, output


def test_a_killed_host_fails_one_test() -> None:
    """The test that was using it; those after it, in the same worker and in others, have a host that lives."""
    output, counts = run(LAB_KILLS="1")
    assert counts == {"passed": 19, "failed": 1}, output
    assert "test_self_test[a-2]" in output
    assert "HostCrashed" in output
