"""Every call ends, whoever is killed: the host, the broker, all of them; and what can go on does."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import callgate
from callgate import Lib
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig


def test_hosts_that_are_killed_under_their_calls(device: Lib, tmp_path: Path) -> None:
    """Four threads, five deaths: each call has a result, or an exception that tells whether it had begun."""
    outcomes: list[tuple[str, bool | None, int]] = []
    stop = time.monotonic() + 30

    def calls(thread: int) -> None:
        number = 0
        while len(outcomes) < 400 and time.monotonic() < stop:
            path = tmp_path / f"{thread}.{number}"
            number += 1
            try:
                device.fire(str(path), 1)
                outcomes.append(("result", True, path.exists()))
            except callgate.HostLost as lost:
                outcomes.append(("lost", lost.began, path.exists()))
            except (callgate.NotExecuted, callgate.OutcomeUnknown) as error:
                outcomes.append((type(error).__name__, getattr(error, "began", False), path.exists()))

    with ThreadPoolExecutor(4) as pool:
        threads = [pool.submit(calls, thread) for thread in range(4)]
        for death in range(5):
            assert wait_until(lambda death=death: len(outcomes) > 60 * death + 30, 20)  # type: ignore[misc]
            process = callgate.info(device).process
            if process:
                os.kill(process, signal.SIGKILL)
        for thread in threads:
            thread.result(60)
    assert len(outcomes) >= 400
    assert any(kind == "lost" for kind, *_ in outcomes)
    assert all(exists for kind, _, exists in outcomes if kind == "result")
    assert not any(exists for _, began, exists in outcomes if began is False)
    assert device.add(1, 1) == 2


def test_a_broker_that_is_started_again(compiled: Callable[[str], str], tmp_path: Path) -> None:
    """Its hosts end with it, calls end, and when it is there again the same library goes on in a new host."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    rig = Rig(listen=f"tcp://127.0.0.1:{port}")
    key = rig.admit("laptop")
    with rig, rig.connect(key, retry=2) as connection, connection.load(compiled("machines"), DEVICE) as lib:
        process = callgate.info(lib).process
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(lib.fire, str(tmp_path / "shots"), 30_000)
            assert wait_until((tmp_path / "shots").exists)
            assert rig.process is not None
            assert rig.process.stdout is not None
            rig.process.kill()
            rig.process.wait()
            rig.process.stdout.close()
            with pytest.raises(ConnectionError):
                call.result(20)
        assert wait_until(lambda: not os.path.exists(f"/proc/{process}"))
        with pytest.raises(ConnectionError):
            lib.add(1, 1)
        rig.start()

        def well() -> bool:
            try:
                return bool(lib.add(1, 1) == 2)
            except ConnectionError:
                return False

        assert wait_until(well, 20)
        assert callgate.info(lib).process != process


def test_a_forked_child_has_to_connect_again(device: Lib) -> None:
    """What belongs to the parent is refused in it, and the parent does not notice."""
    device.add(1, 1)
    child = os.fork()
    if child == 0:
        try:
            device.add(1, 1)
        except callgate.ObjectGone:
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert device.add(1, 1) == 2
