"""Whoever is killed, at whichever point of a call: nobody is left waiting.

A program makes one call with a callback. At a named point (`callgate_protocol.waypoints`) one of its processes stops
and says so; the test kills host, client, talker or warden, lets the process go on, and the program must end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from callgate_protocol.waypoints import POINTS
from tests.conftest import processes_below, wait_until

from .conftest import FAULTS

ROUNDS = int(os.environ.get("CALLGATE_KILL_ROUNDS", "1"))
"""The issue's figure is 20 rounds; continuous integration makes one of each."""

PROGRAM = """
import sys, os
import callgate
from callgate.lib import binding_of
from callgate.process import current
lib = callgate.load(sys.argv[1], sys.argv[2])
lib.add(1, 1)
broker = current().embedded_broker()
report = callgate.connect(f"ipc://{broker.report()['broker']['directory']}/broker").report()
print(broker.process, binding_of(lib).host.session.process, report["broker"]["talker"]["pid"], flush=True)
sys.stdin.readline()
try:
    outcome = lib.call_it(lambda value: value + 1, 1)
except callgate.Error as error:
    outcome = type(error).__name__
print("outcome", outcome, flush=True)
for _ in range(3):
    try:
        assert lib.add(1, 2) == 3
        break
    except callgate.Error as error:
        last = error
else:
    raise last
print("recovered", flush=True)
"""


@pytest.mark.parametrize("victim", ["host", "client", "talker", "warden"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_at(point: str, victim: str, compiled: Callable[[str], str], tmp_path: Path) -> None:
    """A call ends, whoever dies at this point, and unless the client died the next call works."""
    library = compiled("faults")
    for _ in range(ROUNDS):
        _one_round(point, victim, library, tmp_path)


def _one_round(point: str, victim: str, library: str, tmp_path: Path) -> None:
    runtime = os.environ["CALLGATE_RUNTIME_DIR"]
    report, resume = tmp_path / "report", tmp_path / "resume"
    for fifo in (report, resume):
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
    environment = os.environ | {"CALLGATE_WAYPOINT": f"{point}:{_visit(point)}:{report}:{resume}"}
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, library, FAULTS],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    warden, host, talker = map(int, program.stdout.readline().split())
    victims = {"host": host, "client": program.pid, "talker": talker, "warden": warden}
    program.stdin.write("go\n")
    program.stdin.flush()
    stopped = int(report.read_text())
    os.kill(victims[victim], signal.SIGKILL)
    assert wait_until(lambda: _let_go(resume) or not _is_alive(stopped)), f"process {stopped} never went on"
    output, _ = program.communicate(timeout=30)
    if victim == "client":
        assert program.returncode == -signal.SIGKILL
    else:
        assert program.returncode == 0, output
        assert "recovered" in output
    own = {warden, host, talker}
    assert wait_until(lambda: not own & set(processes_below(runtime))), "processes were left behind"


def _visit(point: str) -> int:
    """The visits that the calls before the one in question make: LOAD (not encoded here), `add`."""
    return {"client.before_encode": 2}.get(point, 1 if "callback" in point else 3)


def _let_go(resume: Path) -> bool:
    """Let the stopped process go on; False while it has not opened its end yet."""
    try:
        descriptor = os.open(resume, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    os.close(descriptor)
    return True


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
