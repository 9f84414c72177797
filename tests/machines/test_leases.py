"""Clients that die, stop or fall silent: what they held is given back within their lease, and not before (R17.20)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import callgate
from callgate.lib import binding_of
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig, again, free_ports
from tests.network.relay import Network

LEASE = 1.2


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker with short leases."""
    first, last = free_ports()
    rig = Rig("--lease", str(LEASE), "--host-ports", f"{first}-{last}")
    rig.admit("laptop")
    with rig:
        yield rig


class Client:
    """A client in a process of its own; see `holder`."""

    def __init__(self, process: subprocess.Popen[str], host: int) -> None:
        self.process = process
        self.host = host

    def call(self) -> str:
        """Have it call once: the result, or the name of the exception."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("call\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def client(rig: Rig, library: str, notes: Path, handles: int = 1, isolation: str = "library") -> Iterator[Client]:
    """Start one that holds so many handles."""
    words = [rig.address, rig.admit("laptop"), rig.public, library, isolation, str(notes), str(handles)]
    script = str(Path(__file__).parent / "holder.py")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, script, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        ready, host = process.stdout.readline().split()
        assert ready == "ready"
        yield Client(process, int(host))
        process.kill()


def closed(notes: Path) -> int:
    """How many noted handles were closed."""
    return notes.stat().st_size if notes.exists() else 0


def alive(process: int) -> bool:
    """Whether it exists."""
    return os.path.exists(f"/proc/{process}")


def test_r17_20_a_killed_clients_references_go_with_its_lease(
    rig: Rig, compiled: Callable[[str], str], tmp_path: Path
) -> None:
    """All of them, once, and the host that nobody uses any more with them; its record says why."""
    notes = tmp_path / "notes"
    with client(rig, compiled("machines"), notes, 50) as holder:
        incarnation = next(host["host"] for host in rig.state()["hosts"] if host["pid"] == holder.host)
        holder.process.kill()
        killed = time.monotonic()
        assert wait_until(lambda: not alive(holder.host))
        assert LEASE * 0.5 < time.monotonic() - killed < LEASE + 1.5
        assert closed(notes) == 50
        deaths = {death["host"]: death for death in rig.state()["deaths"]}
        assert deaths[incarnation]["reason"] == "lapsed"


def test_r17_20_others_keep_what_they_hold(rig: Rig, compiled: Callable[[str], str], tmp_path: Path) -> None:
    """In a host that two clients share, only the dead one's objects end."""
    mine, its = tmp_path / "mine", tmp_path / "its"
    with rig.connect(rig.admit("laptop")) as connection:
        lib = connection.load(compiled("machines"), DEVICE, isolation="shared:leases")
        kept = lib.noted_open(str(mine))
        with client(rig, compiled("machines"), its, 5, "shared:leases") as holder:
            assert holder.host == callgate.info(lib).process
            holder.process.kill()
            assert wait_until(lambda: closed(its) == 5)
        assert closed(mine) == 0
        lib.noted_close(kept)
        assert closed(mine) == 1
        callgate.close(lib)


def test_r17_20_a_client_that_does_nothing_keeps_its_session(
    rig: Rig, compiled: Callable[[str], str], tmp_path: Path
) -> None:
    """Three leases long it says nothing but that it is there."""
    notes = tmp_path / "notes"
    with client(rig, compiled("machines"), notes) as holder:
        time.sleep(3 * LEASE)
        assert closed(notes) == 0
        assert holder.call() == "2"
        assert alive(holder.host)


def test_r17_20_a_client_that_stood_still_too_long(rig: Rig, compiled: Callable[[str], str], tmp_path: Path) -> None:
    """Its session is over, it is told so, and goes on with a new host."""
    notes = tmp_path / "notes"
    with client(rig, compiled("machines"), notes) as holder:
        os.kill(holder.process.pid, signal.SIGSTOP)
        assert wait_until(lambda: not alive(holder.host))
        assert closed(notes) == 1
        os.kill(holder.process.pid, signal.SIGCONT)
        said = [holder.call(), holder.call()]
        assert said[-1] == "2"
        assert said[0] in ("2", "HostLost", "NotExecuted", "OutcomeUnknown")


def test_r17_20_a_network_that_is_away_for_longer_than_the_lease(
    rig: Rig, compiled: Callable[[str], str], tmp_path: Path
) -> None:
    """Both sides take the other for gone; afterwards there is a new host, and old handles are refused."""
    first, last = rig.host_ports
    notes = tmp_path / "notes"
    with Network([rig.port, *range(first, last + 1)]) as network:
        address = f"tcp://{network.near}:{rig.port}"
        with rig.connect(rig.admit("laptop"), address=address, retry=5) as connection:
            lib = connection.load(compiled("machines"), DEVICE)
            noted = lib.noted_open(str(notes))
            process, session = callgate.info(lib).process, binding_of(lib).ready().session
            network.cut()
            assert wait_until(lambda: not alive(process))
            assert closed(notes) == 1
            assert wait_until(lambda: session.dead)
            network.repair()
            assert lib.add(1, 1) == 2
            with pytest.raises(callgate.ObjectGone):
                lib.noted_close(noted)
            callgate.close(lib)


@pytest.mark.rule("R17.21")
def test_r17_20_many_references_cost_no_more_than_few(rig: Rig, compiled: Callable[[str], str]) -> None:
    """What is said to keep a session alive does not grow with what it holds."""
    first, last = rig.host_ports
    with Network([rig.port, *range(first, last + 1)]) as network:
        address = f"tcp://{network.near}:{rig.port}"
        with rig.connect(rig.admit("laptop"), address=address) as connection:
            lib = connection.load(compiled("machines"), DEVICE)
            counts = []
            kept = []
            for number in (1, 10_000):
                kept += [lib.scope_open(each) for each in range(number)]
                before = network.passed()
                time.sleep(2 * LEASE)
                counts.append(network.passed() - before)
            assert lib.scope_count() == len(kept)
            callgate.close(lib)
    few, many = counts
    assert 0 < many <= few * 1.5
    pings = 2 * 3  # in two leases: one may be missed twice
    assert few / pings < 1000  # bytes, heartbeats of ZeroMQ and encryption included


@pytest.mark.parametrize("relay", [False, True], ids=["direct", "one port"])
def test_the_gateway_can_die(rig: Rig, compiled: Callable[[str], str], relay: bool) -> None:
    """Calls that go straight to their host never notice, others meet a break; deaths are told by the next gateway."""
    with rig.connect(rig.admit("laptop"), relay=relay) as connection:
        lib = connection.load(compiled("machines"), DEVICE)
        scope, process = lib.scope_open(4), callgate.info(lib).process
        gateway = rig.state()["broker"]["gateway"]
        for number in range(3):
            os.kill(rig.state()["broker"]["gateway"]["pid"], signal.SIGKILL)
            if relay:
                assert again(lambda: lib.scope_range(scope)) == 4
            else:
                assert lib.scope_range(scope) == 4
            assert connection.report()["broker"]["gateway"]["restarts"] == gateway["restarts"] + number + 1
        assert callgate.info(lib).process == process
        with pytest.raises(callgate.HostCrashed):
            lib.crash()
        assert lib.add(1, 1) == 2
        assert callgate.info(lib).process != process
        callgate.close(lib)
