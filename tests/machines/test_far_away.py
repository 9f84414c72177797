"""A wire on which everything takes its time and some of it is lost: what works nearby works there (R18.1, R17.20)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.machines.rig import Rig
from tests.network.namespaces import Laboratory

pytestmark = pytest.mark.usefixtures("namespaces")

LEASE = 2.0


@contextmanager
def traveller(laboratory: Laboratory, rig: Rig, key: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The client, on the near machine; see `traveller`."""
    script = str(Path(__file__).parent / "traveller.py")
    command = [*laboratory.near.prefix(), sys.executable, script, rig.address, key, rig.public, *words]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    """What it says next."""
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.rule("R18.1", "R17.21", "R17.28")
@pytest.mark.parametrize(
    ("delay", "loss", "way"),
    [(0.03, 0.02, "direct"), (0.06, 0.0, "direct"), (0.03, 0.0, "relay")],
    ids=["30 ms and losses", "60 ms", "30 ms and one port"],
)
def test_r17_20_across_a_delay(
    compiled: Callable[[str], str], component: str, tmp_path: Path, delay: float, loss: float, way: str
) -> None:
    """Calls, callbacks, events, objects and bulk data; the lease is kept by a client that is idle, and ends with it."""
    notes = tmp_path / "notes"
    with Laboratory() as laboratory:
        rig = Rig("--lease", str(LEASE), listen=f"tcp://{laboratory.far.address}:5570", prefix=laboratory.far.prefix())
        key = rig.admit("laptop")
        with rig:
            laboratory.delay, laboratory.loss = delay, loss
            with traveller(laboratory, rig, key, way, compiled("machines"), component, str(notes)) as client:
                told = json.loads(line_of(client))
                assert 2 * delay <= told["shortest"] < 2 * delay + 0.2  # one way there, one way back, nothing more
                assert told["nested"] == 42
                assert told["events"] == list(range(3))
                assert told["answer"] == 42
                assert told["submitted"] == list(range(1, 51))
                assert told["bulk"]
                assert (told["fired"], told["values"]) == ([1, 42], [5, 6])
                assert (told["here"], told["threads"]) == (True, 2)

                time.sleep(1.5 * LEASE)  # the client is there and says nothing
                assert not notes.exists()
                assert client.stdin is not None
                client.stdin.write("call\n")
                client.stdin.flush()
                assert line_of(client) == "21\n"

                client.kill()
                killed = time.monotonic()
                assert wait_until(lambda: not os.path.exists(f"/proc/{told['process']}"), LEASE + 5)
                assert LEASE * 0.5 < time.monotonic() - killed < LEASE + 2.0
                assert notes.stat().st_size == 20
