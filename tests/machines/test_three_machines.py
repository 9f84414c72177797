"""One client and two rigs, each on a machine of its own: what happens to one rig is nothing to the other."""

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
from tests.machines.test_two_machines import check_shots, first_answer_after
from tests.network.namespaces import Laboratory

pytestmark = pytest.mark.usefixtures("namespaces")


def use_both(
    laboratory: Laboratory, library: str, component: str, directory: Path, seconds: float, weather: Callable[[], Any]
) -> dict[str, Any]:
    """A rig on each machine but the first, where the client is; see `twofold`."""
    first, second = (
        Rig(listen=f"tcp://{machine.address}:5570", prefix=machine.prefix()) for machine in laboratory.machines[1:]
    )
    key = first.admit("laptop")
    second.keys["laptop"] = first.keys["laptop"]
    second.admit("laptop")
    with first, second:
        words = [key, library, component, str(directory), str(seconds)]
        words += [word for rig in (first, second) for word in (rig.address, rig.public)]
        command = [*laboratory.near.prefix(), sys.executable, str(Path(__file__).parent / "twofold.py"), *words]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
            weather()
            told: dict[str, Any] = json.loads(client.stdout.readline())
    return told


@pytest.mark.rule("R17.27", "R18.1")
def test_r17_26_one_rig_of_two_is_cut_off(compiled: Callable[[str], str], component: str, tmp_path: Path) -> None:
    """Only its calls wait, it is there again two seconds after the wire is, with the objects of before."""
    cut: list[float] = []
    with Laboratory(3) as laboratory:

        def weather() -> None:
            time.sleep(1)  # fair weather first
            cut.append(time.monotonic())
            laboratory.cut(laboratory.machines[2])
            time.sleep(NOTICED)  # the outage itself
            laboratory.heal()
            cut.append(time.monotonic())

        told = use_both(laboratory, compiled("machines"), component, tmp_path, 9, weather)
    undisturbed, cut_off = told["shots"]
    check_shots(undisturbed)
    check_shots(cut_off)
    assert {outcome for *_, outcome in undisturbed} == {"1"}
    assert max(end - began for _, began, end, _ in undisturbed) < 2.0
    during = [end for _, began, end, _ in cut_off if began < cut[1] - 0.5 and end > cut[0] + 0.5]
    assert during
    assert min(during) > cut[1]
    assert first_answer_after(cut_off, cut[1]) < 2.0
    assert {outcome for _, began, _, outcome in cut_off if began > cut[1] + 2.0} == {"1"}
    assert told["same"] == [True, True]
