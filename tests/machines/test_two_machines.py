"""Two machines with networks of their own, and a wire between them that fails as wires do: silently."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.machines.rig import NOTICED, Rig
from tests.network.namespaces import Laboratory

pytestmark = pytest.mark.usefixtures("namespaces")

_EXECUTIONS = {"1": {1}, "NotExecuted": {0}, "OutcomeUnknown": {0, 1}}


def shoot(
    laboratory: Laboratory, library: str, directory: Path, seconds: float, weather: Callable[[], float]
) -> tuple[list[Any], float]:
    """A broker there, a client here, and the weather between them; what came of the calls, and when it was fair."""
    rig = Rig(listen=f"tcp://{laboratory.far.address}:5570", prefix=laboratory.far.prefix())
    key = rig.admit("laptop")
    with rig:
        script = str(Path(__file__).parent / "shooter.py")
        words = [rig.address, key, rig.public, library, str(directory), str(seconds)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [*laboratory.near.prefix(), sys.executable, script, *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
            healed = weather()
            told = json.loads(client.stdout.readline())
    shots: list[Any] = told["shots"]
    check_shots(shots)
    return shots, healed


def check_shots(shots: list[Any]) -> None:
    """Nothing ran twice, and every caller was told what is true; those without a file are not counted."""
    for path, _, _, outcome in shots:
        executed = os.path.getsize(path) if os.path.exists(path) else 0
        assert not path or executed in _EXECUTIONS[outcome], (path, outcome, executed)


def first_answer_after(shots: list[Any], moment: float) -> float:
    """Seconds from then to the end of the first call that was answered."""
    return float(min(end for _, _, end, outcome in shots if outcome == "1" and end > moment)) - moment


@pytest.mark.parametrize("one_way", [False, True], ids=["both ways", "one way"])
def test_r17_27_a_silent_partition(compiled: Callable[[str], str], tmp_path: Path, one_way: bool) -> None:
    """It is noticed without anybody saying so, nothing runs twice, and two seconds after it all is well."""
    with Laboratory() as laboratory:

        def weather() -> float:
            laboratory.cut(one_way=one_way)
            time.sleep(NOTICED)  # the outage itself
            laboratory.heal()
            return time.monotonic()

        shots, healed = shoot(laboratory, compiled("machines"), tmp_path, 8, weather)
    assert first_answer_after(shots, healed) < 2.0
    assert len(shots) > 20
    assert {outcome for *_, outcome in shots} == {"1"}


def test_a_lossy_wire(compiled: Callable[[str], str], tmp_path: Path) -> None:
    """Two packets of a hundred are lost: every call is answered all the same."""
    with Laboratory() as laboratory:

        def weather() -> float:
            laboratory.loss = 0.02
            return time.monotonic()

        shots, _ = shoot(laboratory, compiled("machines"), tmp_path, 3, weather)
    assert {outcome for *_, outcome in shots} == {"1"}
