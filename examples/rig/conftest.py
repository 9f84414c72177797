"""Tests of devices that are plugged into other machines. `pytest -n 4 examples/rig` runs four at a time.

Every worker of pytest-xdist is a process of its own, so it has connections, hosts and libraries of its own: a driver
that crashes fails the one test that was using it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from examples.rig.machines import ADDRESSES, DRIVER, Lab

import callgate
from callgate import Connection, Lib

_LAB = pytest.StashKey[Lab]()


def pytest_configure(config: pytest.Config) -> None:
    """The first process of the run starts the lab; workers find it in their environment."""
    if "LAB_KEY" not in os.environ:
        config.stash[_LAB] = Lab().__enter__()


def pytest_unconfigure(config: pytest.Config) -> None:
    """And ends it."""
    lab = config.stash.get(_LAB, None)
    if lab is not None:
        lab.__exit__(None, None, None)


@pytest.fixture(scope="session", params=sorted(ADDRESSES))
def machine(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """Each machine of the lab in turn, connected once per worker."""
    address = os.environ[f"LAB_{request.param.upper()}"]
    with callgate.connect(address, key=os.environ["LAB_KEY"], retry=30) as connection:
        yield connection


@pytest.fixture(scope="session")
def driver(machine: Connection) -> Iterator[Lib]:
    """The driver, loaded there, in a host of this worker's own."""
    with machine.load(os.environ["LAB_DRIVER"], DRIVER, deadline=20) as lib:
        yield lib


@pytest.fixture
def scope(driver: Lib) -> Iterator[Any]:
    """A device, opened for one test."""
    device = driver.scope_open(3)
    yield device
    if callgate.info(driver).process:  # a host that has died has taken its devices along
        callgate.release(device)
