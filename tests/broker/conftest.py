"""Every test gets a runtime directory of its own, and must leave neither processes nor files in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.rig import EmbeddedWarden


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory with a path short enough for sockets, which pytest's own are not."""
    path = Path(tempfile.mkdtemp(prefix="cg-", dir="/tmp"))
    monkeypatch.setenv("CALLGATE_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def warden(base: Path) -> Iterator[EmbeddedWarden]:
    """A real warden over a fake template. After the test it ends with all that is below it."""
    running = EmbeddedWarden()
    yield running
    running.close()
    assert [entry.name for entry in base.iterdir()] == [".lock"]
