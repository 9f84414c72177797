"""What becomes of calls when the network breaks: none runs twice, nothing is guessed, and all is soon well (R17.27)."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate import Connection, Lib
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import NOTICED, Rig, again, free_ports
from tests.network.relay import Network


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker whose hosts have ports that the relay knows."""
    first, last = free_ports()
    rig = Rig("--host-ports", f"{first}-{last}")
    rig.admit("laptop")
    with rig:
        yield rig


@pytest.fixture
def network(rig: Rig) -> Iterator[Network]:
    """The way to it."""
    first, last = rig.host_ports
    with Network([rig.port, *range(first, last + 1)]) as network:
        yield network


@pytest.fixture
def connection(rig: Rig, network: Network) -> Iterator[Connection]:
    """A connection over that network."""
    address = f"tcp://{network.near}:{rig.port}"
    with rig.connect(rig.admit("laptop"), address=address, retry=5) as connection:
        yield connection


def shots(path: Path) -> int:
    """How often the device was fired."""
    return path.stat().st_size if path.exists() else 0


def in_background(work: Callable[[], Any]) -> queue.Queue[Any]:
    """Run on a thread; the result, or the exception, will be in the queue."""
    outcome: queue.Queue[Any] = queue.Queue()

    def run() -> None:
        try:
            outcome.put(work())
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome


def test_a_slow_network_is_only_slow(rig: Rig, network: Network, compiled: Callable[[str], str]) -> None:
    """With 50 ms each way everything works: connecting, loading, calls, callbacks, deadlines."""
    network.delay(0.05)
    with rig.connect(rig.admit("laptop"), address=f"tcp://{network.near}:{rig.port}") as connection:
        lib = connection.load(compiled("machines"), DEVICE)
        began = time.monotonic()
        assert lib.add(1, 2) == 3
        assert 0.1 <= time.monotonic() - began < 0.3
        with callgate.deadline(0.5), pytest.raises(callgate.DeadlineExceeded):
            lib.fire("/dev/null", 5000)
        assert lib.add(1, 2) == 3
        callgate.close(lib)


def test_r17_27_a_connection_that_is_cut_under_a_call(device: Lib, network: Network, tmp_path: Path) -> None:
    """It had begun: nobody can know what came of it. The host, its handles and the session live on."""
    path = tmp_path / "shots"
    scope = device.scope_open(9)
    process = callgate.info(device).process
    outcome = in_background(lambda: device.fire(str(path), 300))
    assert wait_until(lambda: shots(path) == 1)
    network.drop()
    error = outcome.get(timeout=10)
    assert isinstance(error, callgate.OutcomeUnknown), error
    assert (error.function, error.began) == ("fire", True)
    assert again(lambda: device.scope_range(scope)) == 9
    assert callgate.info(device).process == process
    assert shots(path) == 1


@pytest.mark.rule("R11.14")
def test_r17_27_a_connection_that_is_cut_under_a_method(
    connection: Connection, network: Network, component: str
) -> None:
    """The same for an object, where it is an error of the transport as well; the object lives on."""
    lib: Any = connection.load(component, IDL)
    worker = callgate.query(lib.component_create(CLSID["Free"], IID["IWorker"]), "IWorker")
    outcome = in_background(lambda: worker.Work(300))
    assert wait_until(lambda: worker.Overlap() == 1)
    network.drop()
    error = outcome.get(timeout=10)
    assert isinstance(error, callgate.OutcomeUnknown), error
    assert isinstance(error, callgate.RpcError)
    assert (error.from_transport, int(error.hresult) & 0xFFFFFFFF) == (True, 0x80010007)
    assert again(lambda: worker.Work(0)) > 0


def test_r17_27_calls_without_a_network_do_not_run_later(
    device: Lib, network: Network, connection: Connection, tmp_path: Path
) -> None:
    """A call that finds no network waits for it as long as its deadline allows, and then has certainly not run."""
    path = tmp_path / "shots"
    assert device.add(1, 1) == 2
    network.cut()
    for number in range(3):
        with callgate.deadline(0.3), pytest.raises((callgate.NotExecuted, callgate.OutcomeUnknown)) as caught:
            device.fire(str(path), 0)
        assert number == 0 or caught.type is callgate.NotExecuted  # the first may be sent before the cut is noticed
    network.repair()
    assert again(lambda: device.add(1, 1)) == 2
    assert shots(path) == 0


def test_r17_27_a_call_sent_into_silence(device: Lib, network: Network, tmp_path: Path) -> None:
    """Nobody tells that nothing is carried; it is noticed, and what arrives too late is decided once and for all."""
    path = tmp_path / "shots"
    assert device.fire(str(tmp_path / "first"), 0) == 1
    network.silence()
    began = time.monotonic()
    outcome = in_background(lambda: device.fire(str(path), 0))
    time.sleep(NOTICED)  # the outage itself: how long it lasts is what this is about
    network.repair()
    error = outcome.get(timeout=10)
    assert time.monotonic() - began < 8
    expected: dict[type, int] = {callgate.NotExecuted: 0, callgate.OutcomeUnknown: 1}
    assert type(error) in expected, error
    assert device.add(1, 1) == 2
    assert shots(path) == expected[type(error)]


def test_a_deadline_is_kept_without_a_network(device: Lib, network: Network, tmp_path: Path) -> None:
    """What cannot be asked is not claimed; that the host is to be stopped is heard when the network carries again."""
    network.silence()
    began = time.monotonic()
    with callgate.deadline(0.5), pytest.raises(callgate.DeadlineExceeded) as caught:
        device.fire(str(tmp_path / "shots"), 0)
    assert time.monotonic() - began < 3.5
    assert not caught.value.host_stopped
    assert caught.value.began is None
    network.repair()

    def well() -> bool:
        try:
            return bool(device.add(1, 1) == 2)
        except ConnectionError:
            return False

    assert wait_until(well)


def test_recovery_within_two_seconds(device: Lib, network: Network) -> None:
    """After the network is back, the next call is answered within two seconds, whatever the outage was like."""
    assert device.add(0, 0) == 0
    for outage, seconds in ((network.cut, 1.0), (network.silence, NOTICED), (network.drop, 0.0)):
        outage()
        time.sleep(seconds)
        network.repair()
        began = time.monotonic()
        assert again(lambda: device.add(1, 1)) == 2, outage
        assert time.monotonic() - began < 2.0, outage


def test_submitted_calls_over_a_network_that_breaks(device: Lib, network: Network, tmp_path: Path) -> None:
    """Each of them has run once, or not at all, or nobody knows; none has run twice."""
    futures = [(tmp_path / f"shot{number}", None) for number in range(40)]
    running = [(path, device.fire.submit(str(path), 10)) for path, _ in futures]
    assert wait_until(lambda: shots(running[5][0]) == 1)
    network.drop()
    results = {path: _outcome(future) for path, future in running}
    assert again(lambda: device.fire.submit("/dev/null", 0).result(10)) == 1
    assert wait_until(lambda: callgate.info(device).process > 0)
    _check(results)
    assert set(results.values()) >= {1}
    assert {callgate.NotExecuted, callgate.OutcomeUnknown} & set(results.values())


def _outcome(future: Any) -> Any:
    try:
        return future.result(20)
    except (callgate.NotExecuted, callgate.OutcomeUnknown) as error:
        return type(error)


def _check(results: dict[Path, Any]) -> None:
    for path, result in results.items():
        allowed = {1: {1}, callgate.NotExecuted: {0}, callgate.OutcomeUnknown: {0, 1}}[result]
        assert shots(path) in allowed, (path, result, shots(path))


def test_r17_27_no_call_runs_twice_however_often_the_network_breaks(
    device: Lib, network: Network, tmp_path: Path
) -> None:
    """Four threads call while every connection is dropped ten times: at most once each, and never a wrong word."""
    results: dict[Path, Any] = {}
    stop = threading.Event()

    def calls(thread: int) -> None:
        number = 0
        while not stop.is_set():
            path = tmp_path / f"shot{thread}.{number}"
            number += 1
            try:
                results[path] = device.fire(str(path), 2)
            except (callgate.NotExecuted, callgate.OutcomeUnknown) as error:
                results[path] = type(error)

    with ThreadPoolExecutor(4) as pool:
        threads = [pool.submit(calls, thread) for thread in range(4)]
        for _ in range(10):
            reached = len(results) + 20
            assert wait_until(lambda goal=reached: len(results) >= goal, 15)  # type: ignore[misc]
            network.drop()
        stop.set()
        for thread in threads:
            thread.result(20)
    _check(results)
    assert sum(result == 1 for result in results.values()) > len(results) // 2
    assert again(lambda: device.add(1, 1)) == 2


def test_a_cut_under_a_callback(device: Lib, network: Network, tmp_path: Path) -> None:
    """Python has run, native code is told that it failed, the caller that nobody knows; the next one is well."""
    path = tmp_path / "shots"

    def answer(_value: int) -> int:
        network.drop()
        return 1

    with pytest.raises(callgate.OutcomeUnknown):
        device.fire_through(str(path), answer, 1)
    assert shots(path) == 1
    assert again(lambda: device.fire_through("/dev/null", lambda value: value + 1, 1)) == 2


def test_a_cut_under_a_nested_call(device: Lib, network: Network, tmp_path: Path) -> None:
    """The call inside is lost, and so is the one around it, whose channel it used."""
    path, inner = tmp_path / "shots", tmp_path / "inner"
    seen: list[type[BaseException]] = []

    def answer(_value: int) -> int:
        network.drop()
        try:
            return int(device.fire(str(inner), 0))
        except callgate.Error as error:
            seen.append(type(error))
            raise

    with pytest.raises((callgate.OutcomeUnknown, callgate.NotExecuted)):
        device.fire_through(str(path), answer, 1)
    assert seen[0] in (callgate.OutcomeUnknown, callgate.NotExecuted)
    assert shots(inner) <= 1
    assert again(lambda: device.add(1, 1)) == 2


def test_events_come_again_after_a_cut(device: Lib, network: Network) -> None:
    """The session and its callbacks are the same as before."""
    events: queue.Queue[int] = queue.Queue()

    def note(value: int) -> int:
        events.put(value)
        return 0

    device.event(note, 1, 0)
    assert events.get(timeout=10) == 1
    network.drop()
    assert again(lambda: device.add(1, 1)) == 2
    again(lambda: device.event(note, 2, 0))
    assert events.get(timeout=10) == 2


def test_a_thread_of_the_library_does_not_sleep_for_ever(device: Lib, network: Network) -> None:
    """It asked over a connection that broke before the answer: it gets its `on_error`."""
    asked, released = threading.Event(), threading.Event()

    def think(_value: int) -> int:
        asked.set()
        released.wait(20)
        return 1

    device.question(think, 1, 0)
    assert asked.wait(10)
    network.drop()
    assert wait_until(lambda: again(device.answer) == -5)
    released.set()


def test_what_died_meanwhile_is_told(device: Lib, network: Network, rig: Rig) -> None:
    """A host that crashes while the network is down is reported by the broker as soon as that can be reached."""
    process = callgate.info(device).process
    network.cut()
    os.kill(process, 11)
    assert wait_until(lambda: not os.path.exists(f"/proc/{process}"))
    network.repair()
    with pytest.raises(callgate.HostCrashed):
        device.add(1, 1)
    assert device.add(1, 1) == 2
