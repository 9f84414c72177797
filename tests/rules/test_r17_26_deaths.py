"""R17.26: the codes of what can happen to a host, by when it happened."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate import Lib
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig

SERVER_DIED, SERVER_DIED_DNE, SERVERFAULT = 0x80010007, 0x80010012, 0x80010105
DISCONNECTED, UNAVAILABLE = 0x80010108, 0x800706BA


@pytest.fixture(params=["here", "over tcp"])
def device(request: pytest.FixtureRequest, compiled: Callable[[str], str]) -> Iterator[Lib]:
    """The same library in a host below this program, and in one that is reached over tcp."""
    if request.param == "here":
        with callgate.load(compiled("machines"), DEVICE) as lib:
            yield lib
        return
    rig = Rig()
    key = rig.admit("laptop")
    with rig, rig.connect(key) as connection, connection.load(compiled("machines"), DEVICE) as lib:
        yield lib


def code(error: callgate.Error) -> int:
    """The code of an exception, unsigned."""
    return int(error.hresult) & 0xFFFFFFFF


def test_r17_26_gone_before_the_request_was_read(device: Lib, tmp_path: Path) -> None:
    """The host stood still when the call was sent and died without looking: it certainly did not run."""
    device.add(1, 1)
    process = callgate.info(device).process
    os.kill(process, signal.SIGSTOP)
    threads = [each / "stat" for each in Path(f"/proc/{process}/task").iterdir()]
    assert wait_until(lambda: all(each.read_text().rpartition(") ")[2][0] == "T" for each in threads))
    with ThreadPoolExecutor(1) as pool:
        call: Any = pool.submit(device.fire, str(tmp_path / "shots"), 0)
        assert wait_until(call.running)
        time.sleep(0.2)  # the message lies in the host's socket now; nothing there could tell of it
        os.kill(process, signal.SIGKILL)
        with pytest.raises(callgate.HostLost) as caught:
            call.result(20)
    assert caught.value.began is False
    assert code(caught.value) == SERVER_DIED_DNE
    assert not (tmp_path / "shots").exists()


def test_r17_26_killed_during_the_call(device: Lib, tmp_path: Path) -> None:
    """It had begun, and nothing was wrong with the native code."""
    process = callgate.info(device).process
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(device.fire, str(tmp_path / "shots"), 20_000)
        assert wait_until((tmp_path / "shots").exists)
        os.kill(process, signal.SIGKILL)
        with pytest.raises(callgate.HostLost) as caught:
            call.result(20)
    assert caught.value.began
    assert code(caught.value) == SERVER_DIED


def test_r17_26_a_native_fault(device: Lib) -> None:
    """SIGABRT, as the warden of its machine has seen it."""
    with pytest.raises(callgate.HostCrashed) as caught:
        device.crash()
    assert caught.value.signal == signal.SIGABRT
    assert code(caught.value) == SERVERFAULT


def test_r17_26_references_of_before_are_disconnected(device: Lib) -> None:
    """The host has been started again, and does not know the objects of the one before."""
    scope = device.scope_open(1)
    with pytest.raises(callgate.HostCrashed):
        device.crash()
    assert device.add(1, 1) == 2
    with pytest.raises(callgate.ObjectGone) as caught:
        device.scope_range(scope)
    assert code(caught.value) == DISCONNECTED


def test_r17_26_a_connection_that_is_refused(tmp_path: Path) -> None:
    """Nobody listens: the server is unavailable."""
    rig = Rig()
    key = rig.admit("laptop")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(callgate.BrokerLost) as caught:
        rig.connect(key, address=f"tcp://127.0.0.1:{port}", retry=0)
    assert code(caught.value) == UNAVAILABLE
    rig.close()
