"""Hosts and conversions for the tests of the native host."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
