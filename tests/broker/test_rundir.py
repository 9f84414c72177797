from __future__ import annotations

import multiprocessing
import os
import socket
import stat
import time
from pathlib import Path

import pytest

from callgate_transport import rundir


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def forget(directory: rundir.RunDirectory) -> None:
    """What the kernel does with the lock when its holder is killed."""
    os.close(directory.lock)


def test_directories_are_private(base: Path) -> None:
    """Base and broker directories are 0700 even under a permissive umask."""
    base.rmdir()
    before = os.umask(0)
    try:
        directory = rundir.create_broker_directory()
    finally:
        os.umask(before)
    assert mode(base) == mode(directory.path) == 0o700
    directory.remove()
    assert not Path(directory.path).exists()


@pytest.mark.parametrize("bits", [0o750, 0o707, 0o701])
def test_a_base_that_others_can_enter_is_refused(base: Path, bits: int) -> None:
    """Group or world bits on the base directory are an error that names the mode."""
    base.chmod(bits)
    with pytest.raises(rundir.UnsafeDirectory, match=f"{bits:04o}"):
        rundir.create_broker_directory()
    base.chmod(0o700)


def test_a_foreign_base_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base directory of another uid is an error that names the uid."""
    owner = base.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(rundir.UnsafeDirectory, match=f"belongs to uid {owner}"):
        rundir.base_directory()


def test_a_symlink_as_base_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link is not followed, wherever it points."""
    (base / "real").mkdir(mode=0o700)
    (base / "link").symlink_to(base / "real")
    monkeypatch.setenv("CALLGATE_RUNTIME_DIR", str(base / "link"))
    with pytest.raises(rundir.UnsafeDirectory, match="not a directory"):
        rundir.base_directory()


@pytest.mark.parametrize("value", ["relative/path", "/tmp/" + "x" * 80])
def test_unusable_overrides_are_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path and one too long for sockets are errors that name the variable."""
    monkeypatch.setenv("CALLGATE_RUNTIME_DIR", value)
    with pytest.raises(rundir.UnsafeDirectory, match="CALLGATE_RUNTIME_DIR"):
        rundir.base_directory()


def test_the_longest_allowed_base_still_fits_every_socket(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the longest base directory that is accepted, the longest socket path can be bound."""
    allowed = next(length for length in range(107, 0, -1) if rundir._fits("/" * length))
    long_base = base / ("b" * (allowed - len(str(base)) - 1))
    monkeypatch.setenv("CALLGATE_RUNTIME_DIR", str(long_base))
    directory = rundir.create_broker_directory("twelve-chars")
    host = Path(directory.path) / "h1234567"
    host.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(host / "control"))
    directory.remove()


@pytest.mark.parametrize(
    ("runtime", "expected"),
    [("{base}", "{base}/callgate"), ("{base}/missing", None), ("not/absolute", None), ("", None), ("/proc", None)],
)
def test_xdg_runtime_dir_is_used_if_it_is_ours(
    base: Path, monkeypatch: pytest.MonkeyPatch, runtime: str, expected: str | None
) -> None:
    """$XDG_RUNTIME_DIR/callgate, but a missing, relative or foreign directory means the one in /tmp."""
    monkeypatch.delenv("CALLGATE_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime.format(base=base))
    if runtime == "/proc":
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert rundir._below_xdg() == (expected and expected.format(base=base))


def test_leftovers_are_swept_and_the_living_are_not(base: Path) -> None:
    """A directory whose lock is free is removed with its contents; one whose lock is held is not touched."""
    dead, alive = rundir.create_broker_directory(), rundir.create_broker_directory()
    (Path(dead.path) / "h1").mkdir()
    (Path(dead.path) / "h1" / "control").touch()
    forget(dead)
    assert rundir.sweep() == [dead.path]
    assert not Path(dead.path).exists()
    assert rundir.list_brokers() == [Path(alive.path)]
    alive.remove()


def test_a_directory_without_a_lock_is_a_leftover(base: Path) -> None:
    """A broker killed between making its directory and locking it leaves nothing for ever."""
    (base / "unborn").mkdir()
    assert rundir.sweep() == [str(base / "unborn")]


def test_every_start_sweeps(base: Path) -> None:
    """Making a directory removes what a killed broker has left."""
    dead = rundir.create_broker_directory("old")
    forget(dead)
    new = rundir.create_broker_directory("new")
    assert not Path(dead.path).exists()
    new.remove()


def test_a_name_is_taken_once(base: Path) -> None:
    """A second broker of the same name is refused with the holder's pid, and the first keeps its files."""
    first = rundir.create_broker_directory("default")
    with pytest.raises(rundir.BrokerRunning, match=rf"default \(pid {os.getpid()}\)"):
        rundir.create_broker_directory("default")
    assert rundir.list_brokers() == [Path(first.path)]
    forget(first)
    again = rundir.create_broker_directory("default")
    assert again.path == first.path
    again.remove()


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "x" * 13, "-x", "a b"])
def test_names_that_are_no_file_names_are_refused(base: Path, name: str) -> None:
    """A broker's name cannot leave the base directory or outgrow the socket path."""
    with pytest.raises(ValueError, match="not a broker name"):
        rundir.create_broker_directory(name)


def _churn(seconds: float) -> int:
    """Create and remove directories as fast as possible; fails if a sweep of somebody else takes one away."""
    rounds = 0
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        directory = rundir.create_broker_directory()
        (Path(directory.path) / "broker").touch()
        directory.remove()
        rounds += 1
    return rounds


def test_concurrent_starts_do_not_sweep_each_other(base: Path) -> None:
    """Many brokers starting and ending at once each keep their directory, and nothing is left."""
    with multiprocessing.get_context("fork").Pool(4) as pool:
        rounds = pool.map(_churn, [0.3] * 4)
    assert min(rounds) > 0
    assert rundir.list_brokers() == []
