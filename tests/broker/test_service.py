from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callgate_transport import rundir
from tests.broker.rig import HERE, PATIENCE, connect


def service(*arguments: str) -> subprocess.Popen[str]:
    """`python -m callgate_broker` with the fake template."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([HERE, *sys.path])}
    command = [sys.executable, "-m", "callgate_broker", "--template", "fake_template", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.fixture
def running(base: Path) -> Iterator[subprocess.Popen[str]]:
    """A service that has printed its address."""
    with service() as process:
        yield process
        process.kill()


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_service_prints_its_address_and_ends_by_signal(base: Path, number: signal.Signals) -> None:
    """The printed address can be connected; a signal ends the service with status 0 and removes its directory."""
    with service() as process:
        assert address_of(process) == f"ipc://{base}/default/broker"
        assert rundir.list_brokers() == [base / "default"]
        connect(f"{base}/default/broker", socket.SOCK_STREAM).close()
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
    assert [entry.name for entry in base.iterdir()] == [".lock"]


def test_a_second_service_of_the_same_name_refuses(running: subprocess.Popen[str], base: Path) -> None:
    """It says where the first one runs and with which pid, and the first keeps its socket."""
    address = address_of(running)
    with service() as second:
        assert second.wait(PATIENCE) == 1
        assert second.stderr
        assert f"already running in {base}/default (pid {running.pid})" in second.stderr.read()
    connect(address.removeprefix("ipc://"), socket.SOCK_STREAM).close()


def test_services_of_different_names_live_side_by_side(running: subprocess.Popen[str], base: Path) -> None:
    """Names make addresses."""
    first = address_of(running)
    with service("--name", "second") as second:
        assert address_of(second) == f"ipc://{base}/second/broker" != first
        second.terminate()


def test_the_directory_can_be_chosen(base: Path) -> None:
    """`--directory` wins over the environment and is checked the same way."""
    chosen = base / "other"
    with service("--directory", str(chosen)) as process:
        assert address_of(process) == f"ipc://{chosen}/default/broker"
        process.terminate()
    chosen.chmod(0o755)
    with service("--directory", str(chosen)) as process:
        assert process.wait(PATIENCE) == 1
        assert process.stderr
        assert "open to other users (mode 0755)" in process.stderr.read()


def test_an_impossible_name_is_refused(base: Path) -> None:
    """A name that is no file name is an error message, not a traceback."""
    with service("--name", "../escape") as process:
        assert process.wait(PATIENCE) == 1
        assert process.stderr
        assert process.stderr.read().startswith("callgate broker: '../escape' is not a broker name")
