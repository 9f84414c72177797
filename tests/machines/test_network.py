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
from tests.machines.rig import NOTICED, Rig, again, in_background, network_to, rig_of_known_ports
from tests.network.relay import Network


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker whose hosts have ports that the relay knows."""
    with rig_of_known_ports() as rig:
        yield rig


@pytest.fixture
def network(rig: Rig) -> Iterator[Network]:
    """The way to it."""
    with network_to(rig) as network:
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
    """It had begun: its host has the answer, and gives it when the network is back. It has run once."""
    path = tmp_path / "shots"
    scope = device.scope_open(9)
    process = callgate.info(device).process
    outcome = in_background(lambda: device.fire(str(path), 300))
    assert wait_until(lambda: shots(path) == 1)
    network.drop()
    assert outcome.get(timeout=10) == 1
    assert device.scope_range(scope) == 9
    assert callgate.info(device).process == process
    assert shots(path) == 1


def test_r17_27_an_answer_that_was_ready_while_the_network_was_away(
    device: Lib, network: Network, tmp_path: Path
) -> None:
    """It waits in the host, and comes within two seconds after the network is back."""
    path = tmp_path / "shots"
    outcome = in_background(lambda: device.fire(str(path), 100))
    assert wait_until(lambda: shots(path) == 1)
    network.cut()
    time.sleep(1)  # the outage itself
    network.repair()
    began = time.monotonic()
    assert outcome.get(timeout=10) == 1
    assert time.monotonic() - began < 2.0
    assert shots(path) == 1


def test_r17_27_the_deadline_of_an_interrupted_call_holds(device: Lib, network: Network, tmp_path: Path) -> None:
    """The call goes on over another connection, and is over when its time is."""
    began = time.monotonic()

    def late() -> int:
        with callgate.deadline(1.5):
            return int(device.fire(str(tmp_path / "shots"), 10_000))

    outcome = in_background(late)
    assert wait_until(lambda: shots(tmp_path / "shots") == 1)
    network.drop()
    error = outcome.get(timeout=10)
    assert isinstance(error, callgate.DeadlineExceeded), error
    assert (error.began, error.host_stopped) == (True, True)
    assert 1.4 < time.monotonic() - began < 5


def test_r17_27_a_network_that_stays_away(device: Lib, network: Network, tmp_path: Path) -> None:
    """Nobody can be asked: what came of the call is not known, and it is not sent again when somebody can be."""
    path = tmp_path / "shots"

    def fire() -> int:
        with callgate.deadline(1.5):
            return int(device.fire(str(path), 300))

    outcome = in_background(fire)
    assert wait_until(lambda: shots(path) == 1)
    network.cut()
    error = outcome.get(timeout=10)
    assert isinstance(error, callgate.OutcomeUnknown), error
    assert (error.function, error.began) == ("fire", None)
    network.repair()
    assert again(lambda: device.add(1, 1)) == 2
    assert shots(path) == 1


@pytest.mark.rule("R11.14")
def test_r17_27_a_connection_that_is_cut_under_a_method(
    connection: Connection, network: Network, component: str
) -> None:
    """The same for an object, where it is an error of the transport as well; the object lives on."""
    lib: Any = connection.load(component, IDL)
    worker = callgate.query(lib.component_create(CLSID["Free"], IID["IWorker"]), "IWorker")
    number = lib.component_last()
    outcome = in_background(lambda: worker.Work(300))
    assert wait_until(lambda: worker.Overlap() == 1)
    network.drop()
    assert outcome.get(timeout=10) > 0

    def work() -> Any:
        with callgate.deadline(1):
            return worker.Work(300)

    outcome = in_background(work)
    assert wait_until(lambda: lib.component_count(number, "Work") == 2)
    network.cut()
    error = outcome.get(timeout=10)
    assert isinstance(error, callgate.OutcomeUnknown), error
    assert isinstance(error, callgate.RpcError)
    assert (error.from_transport, int(error.hresult) & 0xFFFFFFFF) == (True, 0x80010007)
    network.repair()
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
    """Nobody tells that nothing is carried; it is noticed, and the call runs once, whichever way it arrived."""
    path = tmp_path / "shots"
    assert device.fire(str(tmp_path / "first"), 0) == 1
    network.silence()
    began = time.monotonic()
    outcome = in_background(lambda: device.fire(str(path), 0))
    time.sleep(NOTICED)  # the outage itself: how long it lasts is what this is about
    network.repair()
    assert outcome.get(timeout=10) == 1
    assert time.monotonic() - began < 8
    assert device.add(1, 1) == 2
    assert shots(path) == 1


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
    """Each of them has run once, and its result comes; so do those that are submitted meanwhile."""
    paths = [tmp_path / f"shot{number}" for number in range(40)]
    running = [device.fire.submit(str(path), 10) for path in paths]
    assert wait_until(lambda: shots(paths[5]) == 1)
    network.drop()
    paths += [tmp_path / f"more{number}" for number in range(10)]
    running += [device.fire.submit(str(path), 1) for path in paths[40:]]
    assert [future.result(20) for future in running] == [1] * 50
    assert [shots(path) for path in paths] == [1] * 50


def test_r17_27_no_call_runs_twice_however_often_the_network_breaks(
    device: Lib, network: Network, tmp_path: Path
) -> None:
    """Four threads call while every connection is dropped ten times: each call runs once, and its result comes."""
    results: dict[Path, int] = {}
    stop = threading.Event()

    def calls(thread: int) -> None:
        number = 0
        while not stop.is_set():
            path = tmp_path / f"shot{thread}.{number}"
            number += 1
            results[path] = device.fire(str(path), 2)

    with ThreadPoolExecutor(4) as pool:
        threads = [pool.submit(calls, thread) for thread in range(4)]
        for _ in range(10):
            reached = len(results) + 20
            assert wait_until(lambda goal=reached: len(results) >= goal, 15)  # type: ignore[misc]
            network.drop()
        stop.set()
        for thread in threads:
            thread.result(20)
    assert set(results.values()) == {1}
    assert {shots(path) for path in results} == {1}


def test_a_cut_under_a_callback(device: Lib, network: Network, tmp_path: Path) -> None:
    """Native code gets the answer of the callback, and the caller that of the call."""
    path = tmp_path / "shots"

    def answer(value: int) -> int:
        network.drop()
        return value + 1

    assert device.fire_through(str(path), answer, 1) == 2
    assert shots(path) == 1


def test_r17_27_calls_that_wait_behind_a_callback_have_been_heard(
    device: Lib, network: Network, tmp_path: Path
) -> None:
    """Submitted calls that the host has while it waits for a callback run once, though the connection breaks."""
    paths = [tmp_path / f"shot{number}" for number in range(5)]
    waiting: list[Any] = []

    def answer(value: int) -> int:
        waiting.extend(device.fire.submit(str(path), 0) for path in paths)
        for _ in range(3):  # by then the host has them
            device.add(1, 1)
        network.drop()
        return value + 1

    assert device.fire_through.submit(str(tmp_path / "first"), answer, 1).result(20) == 2
    assert [future.result(20) for future in waiting] == [1] * 5
    assert [shots(path) for path in paths] == [1] * 5


def test_a_cut_under_a_nested_call(device: Lib, network: Network, tmp_path: Path) -> None:
    """The call inside runs, and the one around it goes on, on the channel that both use."""
    path, inner = tmp_path / "shots", tmp_path / "inner"

    def answer(value: int) -> int:
        network.drop()
        return value + int(device.fire(str(inner), 0))

    assert device.fire_through(str(path), answer, 1) == 2
    assert (shots(path), shots(inner)) == (1, 1)


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
