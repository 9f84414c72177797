"""A library on another machine is called as one on this is: everything that works here works there."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

import callgate
from callgate import Connection, Lib
from callgate.lib import binding_of
from callgate_protocol.system import HostFunction
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig


def test_calls_structs_and_arrays(device: Lib) -> None:
    """Numbers, structs by value, arrays both ways."""
    assert device.add(2, b=3) == 5
    measured = device.measure((3, 1.5))
    assert (measured.channel, measured.value) == (4, 3.0)
    assert device.total([0.5] * 8, 8) == 4.0
    device.fill(filled := bytearray(4), 4)
    assert filled == b"\0\1\2\3"


def test_bulk_data_in_chunks(device: Lib) -> None:
    """Eight megabytes there and twelve back, under credit."""
    values = [1.0] * (1 << 20)
    assert device.total(values, len(values)) == float(1 << 20)
    device.fill(filled := bytearray(12 << 20), len(filled))
    assert filled[-512:] == bytes(range(256)) * 2


def test_callbacks_run_on_the_calling_thread(device: Lib, tmp_path: Path) -> None:
    """And may call again from inside."""
    threads: list[int] = []

    def answer(value: int) -> int:
        threads.append(threading.get_ident())
        return int(device.add(value, 1))

    assert device.fire_through(str(tmp_path / "shots"), answer, 41) == 42
    assert threads == [threading.get_ident()]


def test_a_failing_callback_is_the_callers_own_exception(device: Lib, tmp_path: Path) -> None:
    """It travels over the network and back."""

    def fail(_value: int) -> int:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        device.fire_through(str(tmp_path / "shots"), fail, 1)


def test_events_of_the_librarys_threads(device: Lib) -> None:
    """They come over the connections that the client has opened."""
    events: queue.Queue[int] = queue.Queue()

    def note(value: int) -> int:
        events.put(value)
        return 0

    assert device.event(note, 7, 10) == 0
    assert events.get(timeout=10) == 7


def test_handles_are_objects(device: Lib) -> None:
    """One object has one proxy, and is closed when it is let go of."""
    scope = device.scope_open(5)
    assert device.scope_same(scope) is scope
    assert (device.scope_range(scope), device.scope_count()) == (5, 1)
    with device.scope_open(6):
        assert device.scope_count() == 2
    del scope
    assert wait_until(lambda: device.scope_count() == 0)


def test_many_threads_and_submitted_calls(device: Lib) -> None:
    """Each thread has a channel of its own; submitted calls share one."""
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: device.add(n, n), range(200))) == [2 * n for n in range(200)]
    futures = [device.add.submit(n, 1) for n in range(500)]
    assert [future.result(10) for future in futures] == list(range(1, 501))


def test_a_deadline_stops_the_host(device: Lib, tmp_path: Path) -> None:
    """The next call has a new one."""
    before = callgate.info(device).process
    began = time.monotonic()
    with callgate.deadline(0.3), pytest.raises(callgate.DeadlineExceeded) as caught:
        device.fire(str(tmp_path / "shots"), 20_000)
    assert time.monotonic() - began < 5
    assert caught.value.host_stopped
    assert device.add(1, 1) == 2
    assert callgate.info(device).process != before


def test_a_crash_is_told_with_what_was_printed(connection: Connection) -> None:
    """The broker of that machine keeps the end of a host's output, because no client there reads it."""
    text = "int puts(const char *s); int fflush([unique] void *file); void abort(void);"
    with connection.load("libc.so.6", text) as libc:
        libc.puts("these were its last words")
        libc.fflush(None)
        assert wait_until(lambda: "last words" in callgate.info(libc).stdout)
        with pytest.raises(callgate.HostCrashed) as caught:
            libc.abort()
        assert caught.value.began
        assert "these were its last words" in caught.value.output
        assert libc.puts("again") >= 0


def test_headers_are_read_here(connection: Connection) -> None:
    """The declarations come from this machine, layout and code from that one."""
    pytest.importorskip("clang")
    with connection.load("libz.so.1", header="zlib.h") as zlib:
        assert zlib.crc32(0, b"machines", 8) == crc32(b"machines")


def test_hosts_that_are_shared_by_the_processes_of_a_client(rig: Rig, compiled: Callable[[str], str]) -> None:
    """`isolation="shared:NAME"` joins connections with one key, and nobody else."""
    laptop, bench = rig.admit("laptop"), rig.admit("bench")
    file = compiled("machines")
    with rig.connect(laptop) as first, rig.connect(laptop) as second, rig.connect(bench) as other:
        libs = [each.load(file, DEVICE, isolation="shared:rig") for each in (first, second, other)]
        processes = [callgate.info(lib).process for lib in libs]
        assert processes[0] == processes[1] != processes[2]
        for lib in libs:
            callgate.close(lib)


def test_clients_see_their_own_hosts(rig: Rig, device: Lib) -> None:
    """Another client's hosts are neither listed, nor told of, nor stopped."""
    device.add(1, 1)
    mine = binding_of(device).ready()
    with rig.connect(rig.admit("stranger")) as other:
        assert other.report()["hosts"] == []
        broker: Any = other._usable()
        assert broker.look(mine.session.incarnation.hex()) is None
        assert broker.stop(mine.session.incarnation.hex(), "stopped") == ""
        with pytest.raises(callgate.Error, match="there is no host"):
            broker.route(mine.session.incarnation.hex())
    assert device.add(1, 1) == 2
    hosts = rig.state()["hosts"]
    assert [host["owner"] for host in hosts if host["pid"] == mine.session.process] == ["laptop"]


def test_the_ports_of_hosts_can_be_chosen(compiled: Callable[[str], str]) -> None:
    """With --host-ports hosts listen there and nowhere else; where none is free, they say so."""
    rig = Rig("--host-ports", "21570-21572")
    key = rig.admit("laptop")
    with rig, rig.connect(key) as connection:
        lib = connection.load(compiled("machines"), DEVICE)
        host = binding_of(lib).ready()
        broker: Any = connection._usable()
        route = broker.route(host.session.incarnation.hex())
        assert 21570 <= int(route.control.rpartition(":")[2]) <= 21572
        with ThreadPoolExecutor(6) as pool:  # two ports are left for six threads, which share them
            assert list(pool.map(lambda n: lib.add(n, 1), range(60))) == list(range(1, 61))
        with pytest.raises(callgate.Error, match="no port from 21570 to 21572 is free"):
            connection.load(compiled("machines"), DEVICE)
        callgate.close(lib)


def test_a_broker_that_is_not_there_yet(compiled: Callable[[str], str]) -> None:
    """`retry` is how long to wait for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    rig = Rig(listen=f"tcp://127.0.0.1:{port}")
    key = rig.admit("laptop")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(rig.connect, key, address=f"tcp://127.0.0.1:{port}", retry=20)
        assert not wait_until(waiting.done, 0.3)
        with rig, waiting.result(20) as connection, connection.load(compiled("machines"), DEVICE) as lib:
            assert lib.add(1, 2) == 3


def test_over_ipv6(compiled: Callable[[str], str]) -> None:
    """Addresses in brackets."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    rig = Rig(listen="tcp://[::1]:0")
    key = rig.admit("laptop")
    with rig:
        for relay in (False, True):
            with rig.connect(key, relay=relay) as connection, connection.load(compiled("machines"), DEVICE) as lib:
                assert lib.add(1, 2) == 3


def test_a_client_changes_its_key(rig: Rig) -> None:
    """For a while both let it in, as one client; then the old one does not."""
    old, new = rig.admit("mover"), rig.make_key("mover2") if "mover2" not in rig.keys else ""
    keys = [rig.keys[name].public.hex() for name in ("mover", "mover2")]
    path = rig.base / "clients.toml"
    whole = path.read_text()
    path.write_text(whole.replace(f'key = "{keys[0]}"', f"key = {keys}"))
    with rig.connect(old) as one, rig.connect(new, retry=5) as two:
        libs = [each.load("libm.so.6", "double cos(double x);", isolation="shared:key") for each in (one, two)]
        assert len({callgate.info(lib).process for lib in libs}) == 1
        path.write_text(whole.replace(keys[0], keys[1]))
        assert wait_until(lambda: _refused(one.report))
        assert libs[1].cos(0.0) == 1.0
        assert two.report()["hosts"]
        for lib in libs:
            callgate.close(lib)
    with pytest.raises(callgate.AccessDenied):
        rig.connect(old, retry=1)


def _refused(work: Callable[[], Any]) -> bool:
    try:
        work()
    except callgate.AccessDenied:
        return True
    return False


def test_raw_functions_are_for_this_machine(device: Lib) -> None:
    """Addresses mean something to a client of the host's own machine only."""
    host = binding_of(device).ready()
    calls: list[tuple[HostFunction, tuple[Any, ...]]] = [
        (HostFunction.RAW_OPEN, (None, 1)),
        (HostFunction.RAW_READ, (4096, 1)),
        (HostFunction.RAW_CALL, (4096, b"", [], None)),
    ]
    for function, arguments in calls:
        with pytest.raises(callgate.AccessDenied, match="raw addresses are not for clients of other machines"):
            host.system(function, *arguments)
    assert device.add(1, 1) == 2
