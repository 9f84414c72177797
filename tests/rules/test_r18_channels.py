"""R18.1 to R18.3: the same library over each channel, through one port, on connections that the client has opened."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import callgate
from callgate import Connection, Lib
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig, again, free_ports
from tests.network.relay import Network

CHANNELS = ["private", "unix", "tcp", "one port"]
LEASE = 1.5


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker for clients here and elsewhere."""
    rig = Rig("--lease", str(LEASE))
    rig.admit("laptop")
    with rig:
        yield rig


@pytest.fixture(params=CHANNELS)
def device(request: pytest.FixtureRequest, rig: Rig, compiled: Callable[[str], str]) -> Iterator[Lib]:
    """The library over each channel in turn; only how it was loaded differs."""
    file = compiled("machines")
    if request.param == "private":
        with callgate.load(file, DEVICE) as lib:
            yield lib
        return
    key = rig.admit("laptop")
    ways: dict[str, Callable[[], Connection]] = {
        "unix": lambda: callgate.connect(rig.local),
        "tcp": lambda: rig.connect(key),
        "one port": lambda: rig.connect(key, relay=True),
    }
    with ways[request.param]() as connection, connection.load(file, DEVICE) as lib:
        yield lib


@pytest.fixture
def behind_a_firewall(rig: Rig, compiled: Callable[[str], str]) -> Iterator[tuple[Lib, Network]]:
    """The library on a machine of which one port alone can be reached."""
    with Network([rig.port]) as network:
        address = f"tcp://{network.near}:{rig.port}"
        connection = rig.connect(rig.admit("laptop"), address=address, relay=True)
        with connection, connection.load(compiled("machines"), DEVICE) as lib:
            yield lib, network


def test_r18_01_the_same_corpus_over_every_channel(device: Lib, tmp_path: Path) -> None:
    """Calls, structs, arrays, callbacks, handles, events, crashes: results are those of the private host."""
    assert device.add(20, 22) == 42
    measured = device.measure((1, 2.5))
    assert (measured.channel, measured.value) == (2, 5.0)
    assert device.total([1.5, 2.5], 2) == 4.0
    device.fill(filled := bytearray(6 << 20), len(filled))
    assert filled[:256] == filled[-256:] == bytes(range(256))
    assert device.fire_through(str(tmp_path / "shots"), lambda value: device.add(value, 1), 1) == 2
    with device.scope_open(7) as scope:
        assert device.scope_same(scope) is scope
        assert device.scope_range(scope) == 7
    assert wait_until(lambda: device.scope_count() == 0)
    assert device.add.submit(1, 2).result(10) == 3
    with pytest.raises(callgate.OutOfRange):
        device.add(1 << 40, 0)
    with pytest.raises(callgate.HostCrashed):
        device.crash()
    assert device.add(1, 1) == 2


def test_r18_01_a_channel_that_reconnects_keeps_its_state(behind_a_firewall: tuple[Lib, Network]) -> None:
    """Handles, callbacks and the host are those of before."""
    lib, network = behind_a_firewall
    scope = lib.scope_open(3)
    process = callgate.info(lib).process
    network.drop()
    assert again(lambda: lib.scope_range(scope)) == 3
    assert callgate.info(lib).process == process


def test_r18_02_one_port_is_enough(behind_a_firewall: tuple[Lib, Network], tmp_path: Path) -> None:
    """Activation, calls, callbacks, events, deadlines, deaths and signs of life, with everything else closed."""
    lib, network = behind_a_firewall
    process = callgate.info(lib).process
    events: queue.Queue[int] = queue.Queue()

    def note(value: int) -> int:
        events.put(value)
        return 0

    lib.event(note, 5, 0)
    assert events.get(timeout=10) == 5
    assert lib.fire_through(str(tmp_path / "shots"), lambda value: value + 1, 1) == 2
    time.sleep(1.5 * LEASE)
    assert callgate.info(lib).process == process
    with callgate.deadline(0.3), pytest.raises(callgate.DeadlineExceeded):
        lib.fire(str(tmp_path / "shots"), 20_000)
    with pytest.raises(callgate.HostCrashed):
        lib.crash()
    assert lib.add(1, 1) == 2
    assert len(set(network.accepted)) == 1


def test_r18_02_the_broker_can_insist(compiled: Callable[[str], str]) -> None:
    """With `--relay` its hosts listen on loopback only, and clients are told."""
    rig = Rig("--relay", listen="tcp://0.0.0.0:0")
    key = rig.admit("laptop")
    with rig:
        address = f"tcp://127.0.0.3:{rig.port}"
        with rig.connect(key, address=address) as connection, connection.load(compiled("machines"), DEVICE) as lib:
            assert lib.add(1, 2) == 3
            process = callgate.info(lib).process
            assert {host for host, _ in listening(process)} == {"127.0.0.1"}


def test_r18_02_what_is_advertised_need_not_be_what_is_bound(compiled: Callable[[str], str]) -> None:
    """Behind an address translation hosts are reached at the address that the broker was told."""
    first, last = free_ports()
    rig = Rig("--host-ports", f"{first}-{last}", "--advertise", "127.0.0.2")
    key = rig.admit("laptop")
    with (
        rig,
        Network(range(first, last + 1)) as network,
        rig.connect(key) as connection,
        connection.load(compiled("machines"), DEVICE) as lib,
    ):
        assert lib.add(1, 2) == 3
        assert network.accepted
        assert set(network.accepted) <= set(range(first, last + 1))


def test_r18_03_nobody_connects_to_a_client(device: Lib, tmp_path: Path) -> None:
    """Callbacks, events and nested calls come on the connections that the client has opened: it never listens."""
    called = threading.Event()

    def note(_value: int) -> int:
        called.set()
        return 0

    before = listening(os.getpid())
    device.event(note, 1, 0)
    assert called.wait(10)
    assert device.fire_through(str(tmp_path / "shots"), lambda value: device.add(value, 1), 1) == 2
    assert listening(os.getpid()) == before


def test_r18_03_large_arguments_do_not_hold_up_events(behind_a_firewall: tuple[Lib, Network]) -> None:
    """Bulk data travels in pieces under credit, beside everything else."""
    lib, network = behind_a_firewall
    network.delay(0.005)
    arrived: queue.Queue[int] = queue.Queue()

    def note(value: int) -> int:
        arrived.put(value)
        return 0

    values = [1.0] * (4 << 20)
    total = lib.total.submit(values, len(values))
    lib.event(note, 1, 0)
    arrived.get(timeout=20)
    assert not total.done()
    assert total.result(60) == float(len(values))


def listening(process: int) -> set[tuple[str, int]]:
    """The addresses and ports on which a process listens."""
    inodes = set()
    for entry in os.listdir(f"/proc/{process}/fd"):
        try:
            target = os.readlink(f"/proc/{process}/fd/{entry}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and words[9] in inodes:
            host, port = words[1].split(":")
            found.add((".".join(str(part) for part in reversed(bytes.fromhex(host))), int(port, 16)))
    return found
