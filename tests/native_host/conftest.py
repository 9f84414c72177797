"""Hosts and conversions for the tests of the native host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .bench import Bench
from .gallery import GALLERY
from .rig import ClientSession, Library, RunningHost, StandInWarden


@pytest.fixture(scope="session")
def gallery_file(compiled: Callable[[str], str]) -> str:
    return compiled("gallery")


@pytest.fixture
def bench(gallery_file: str) -> Bench:
    return Bench(gallery_file, GALLERY)


@pytest.fixture(scope="session")
def warden() -> Iterator[StandInWarden]:
    running = StandInWarden()
    yield running
    assert running.close() == 0


@pytest.fixture
def host(warden: StandInWarden) -> Iterator[RunningHost]:
    started = warden.start_host()
    yield started
    started.end()


@pytest.fixture
def client(host: RunningHost) -> Iterator[ClientSession]:
    with ClientSession(host) as session:
        yield session


@pytest.fixture
def gallery(client: ClientSession, gallery_file: str) -> Library:
    return client.load(gallery_file, GALLERY)


@pytest.fixture(scope="module")
def gallery_for_all(warden: StandInWarden, gallery_file: str) -> Iterator[Library]:
    """The gallery in one host for all tests of a module."""
    started = warden.start_host()
    with ClientSession(started) as session:
        yield session.load(gallery_file, GALLERY)
    started.end()


@pytest.fixture(params=["host", "here"])
def corpus(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """The gallery in both ways (R1.13): in a host process, and its plans on the thread of the test."""
    name = {"host": "gallery_for_all", "here": "bench"}[request.param]
    chosen: Callable[..., Any] = request.getfixturevalue(name)
    return chosen
