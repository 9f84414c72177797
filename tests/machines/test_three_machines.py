"""One client and two rigs, each on a machine of its own: what happens to one rig is nothing to the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
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
    assert {outcome for *_, outcome in cut_off} == {"1"}
    assert told["same"] == [True, True]


GIVER = """
import sys, callgate
from tests.component.declared import CLSID, IDL, IID
from tests.rules.component_faces import IShape
address, key, server, component = sys.argv[1:]
rig = callgate.connect(address, key=key, server_key=server)
widget = rig.load(component, IDL).component_create(CLSID["Widget"], IID["IShape"])
print(callgate.marshal(widget, IShape).hex(), flush=True)
sys.stdin.read()
"""
TAKER = """
import sys, callgate
from tests.rules.component_faces import IShape
widget = callgate.unmarshal(bytes.fromhex(sys.stdin.readline()), IShape)
print(widget.Area(), flush=True)
sys.stdin.readline()
widget.Scale(2.0)
print(widget.Area(), flush=True)
"""


@pytest.mark.rule("R17.1", "R17.6", "R17.12")
def test_r17_11_a_reference_goes_from_machine_to_machine(component: str, tmp_path: Path) -> None:
    """An object of the rig, made by a laptop and used from a bench, with keys of their own for one client.

    The laptop is cut off in between, and killed: the bench has a connection of its own.
    """
    with Laboratory(3) as laboratory:
        laptop, rig_machine, bench = laboratory.machines
        rig = Rig(listen=f"tcp://{rig_machine.address}:5570", prefix=rig_machine.prefix())
        key, other = rig.admit("laptop"), rig.make_key("bench")
        listed = rig.base / "clients.toml"
        both = [rig.keys[name].public.hex() for name in ("laptop", "bench")]
        listed.write_text(listed.read_text().replace(f'"{both[0]}"', str(both)))
        own = tmp_path / "config" / "callgate"
        own.mkdir(parents=True)
        Path(other).rename(own / "default.key")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        abroad = environment | {"XDG_CONFIG_HOME": str(tmp_path / "config")}
        words = [*laptop.prefix(), sys.executable, "-c", GIVER]
        with (
            rig,
            subprocess.Popen(
                [*words, rig.address, key, rig.public, component], stdin=PIPE, stdout=PIPE, text=True, env=environment
            ) as giver,
            subprocess.Popen(
                [*bench.prefix(), sys.executable, "-c", TAKER], stdin=PIPE, stdout=PIPE, text=True, env=abroad
            ) as taker,
        ):
            assert giver.stdout is not None
            assert taker.stdin is not None
            assert taker.stdout is not None
            reference = giver.stdout.readline()
            Path(key).unlink()  # the bench has not that file: it uses its own
            taker.stdin.write(reference)
            taker.stdin.flush()
            assert taker.stdout.readline() == "4.0\n"
            laboratory.cut(laptop)
            giver.kill()
            taker.stdin.write("\n")
            taker.stdin.flush()
            assert taker.stdout.readline() == "16.0\n"
