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
from typing import Any

import pytest

import callgate
from callgate.lib import binding_of
from callgate_protocol.lease import PINGS_PER_LEASE
from callgate_protocol.messages import Ping, Pong
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig, again, network_to, rig_of_known_ports
from tests.network.zmtp import HEARTBEATS, wire_size

LEASE = 1.2


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker with short leases."""
    with rig_of_known_ports("--lease", str(LEASE)) as rig:
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
def client(rig: Rig, library: str, notes: Path | None, number: int = 1, isolation: str = "library") -> Iterator[Client]:
    """Start one that holds so many handles, or without notes objects."""
    words = [rig.address, rig.admit("laptop"), rig.public, library, isolation, str(notes or ""), str(number)]
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


@pytest.mark.rule("R17.23")
def test_r17_20_a_killed_clients_references_go_with_its_lease(rig: Rig, component: str) -> None:
    """All of them, once, and not before; in a host that two clients share, the other keeps what it holds."""
    with rig.connect(rig.admit("laptop")) as connection:
        lib = connection.load(component, IDL, isolation="shared:leases")
        kept = lib.component_create(CLSID["Widget"], IID["IShape"])
        with client(rig, component, None, 50, "shared:leases") as holder:
            assert holder.host == callgate.info(lib).process
            assert (lib.component_live(), lib.component_references(0)) == (51, references := 51 * per_object(lib))
            holder.process.kill()
            killed = time.monotonic()
            time.sleep(LEASE / 2)
            assert lib.component_live() == 51
            assert wait_until(lambda: lib.component_live() == 1)
            assert time.monotonic() - killed < LEASE + 1.5
            assert lib.component_references(0) == references // 51
        assert kept.Area() > 0
        callgate.close(lib)


def per_object(lib: Any) -> int:
    """References that a host holds of one object."""
    return int(lib.component_references(1))


def test_r17_20_a_host_that_nobody_uses_ends_with_the_lease(
    rig: Rig, compiled: Callable[[str], str], tmp_path: Path
) -> None:
    """Handles of a killed client are closed, once, and the record of the host says why it ended."""
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
    notes = tmp_path / "notes"
    with network_to(rig) as network:
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


class Traffic:
    """Writes down what is carried: when, on which port, in which direction, and how long it was."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, int, bool, int]] = []
        self.heartbeats = 0

    def __call__(self, port: int, outward: bool, frame: bytes) -> bool:
        if len(frame) in HEARTBEATS:
            self.heartbeats += 1
        else:
            self.frames.append((time.monotonic(), port, outward, len(frame)))
        return True

    def sent(self, *, outward: bool) -> list[tuple[float, int]]:
        """Of one direction: when, and how long."""
        return [(when, size) for when, _, direction, size in list(self.frames) if direction is outward]


@pytest.mark.rule("R17.21")
@pytest.mark.parametrize(("relay", "most"), [(False, 10_000), (True, 500)], ids=["direct", "one port"])
def test_r17_20_ten_thousand_references_are_one_small_message_per_ping_period(
    rig: Rig, component: str, relay: bool, most: int
) -> None:
    """The client says that it is there, the host that it has heard: nothing else, however much is held."""
    periods, period = 2 * PINGS_PER_LEASE, LEASE / PINGS_PER_LEASE
    spans = []
    with network_to(rig) as network:
        network.sieve(traffic := Traffic())
        address = f"tcp://{network.near}:{rig.port}"
        with rig.connect(rig.admit("laptop"), address=address, relay=relay) as connection:
            lib = connection.load(component, IDL)
            kept: list[Any] = []
            for number in (1, most):
                while len(kept) < number:
                    kept.append(lib.component_create(CLSID["Widget"], IID["IShape"]))
                network.sieve(traffic := Traffic())
                assert wait_until(lambda: len(traffic.sent(outward=True)) >= periods)
                assert wait_until(lambda: len(traffic.sent(outward=False)) >= periods)
                network.sieve(lambda _port, _outward, _frame: True)
                spans.append(traffic)
            assert lib.component_live() == most
            callgate.close(lib)
    for traffic in spans:
        out, back = traffic.sent(outward=True)[:periods], traffic.sent(outward=False)[:periods]
        assert {size for _, size in out} <= {wire_size(Ping(1, 1)), wire_size(Ping(200, 1))}
        assert {size for _, size in back} <= {wire_size(Pong(1)), wire_size(Pong(200))}
        assert len({port for _, port, _, _ in traffic.frames}) == 1
        assert period * (periods - 1.5) < out[-1][0] - out[0][0] < period * (periods + 1)
    few, many = spans
    assert many.heartbeats <= 2 * few.heartbeats  # they are counted by connections, of which making many may open one


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
