"""R15.8: objects of other programs. The thread that exported them decides where they are called."""

# mypy: disable-error-code="type-abstract"

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import callgate
from callgate import Connection
from tests.client.remoting.processes import shared_broker

from .apartment_server import IPlace
from .test_r15_python import Thread


@pytest.fixture(scope="module")
def broker() -> Iterator[Connection]:
    """A shared broker, and a connection to it."""
    with shared_broker("places") as address, callgate.connect(address) as connection:
        yield connection


@contextmanager
def server(broker: Connection, kind: str) -> Iterator[int]:
    """A program; the thread that exported its object."""
    command = [sys.executable, "-m", "tests.rules.apartment_server", kind, broker.address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate("\n", timeout=10)


def threads_of(place: IPlace) -> set[int]:
    with ThreadPoolExecutor(6) as pool:
        return {each.result() for each in [pool.submit(place.Where) for _ in range(24)]}


def test_r15_08_an_object_that_an_sta_exported(broker: Connection) -> None:
    """Called on that thread, one by one; the apartment of the caller does not matter."""
    with server(broker, "sta") as thread:
        place = broker.get_object("place-sta", IPlace)

        assert threads_of(place) == {thread}
        assert place.Most() == 1
        with Thread("sta") as a:
            assert a.do(place.Where) == thread


def test_r15_08_an_object_that_the_mta_exported(broker: Connection) -> None:
    """Called on threads of its process's own, several at a time."""
    with server(broker, "mta") as thread:
        place = broker.get_object("place-mta", IPlace)

        assert thread not in threads_of(place)
        assert place.Most() > 1
