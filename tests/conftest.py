"""What every test shares: a runtime directory, compiled C fixtures, and the check that nothing stays behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NATIVE = Path(__file__).parent / "native"
_MARK = "CALLGATE_RUNTIME_DIR"


def processes_below(runtime: str) -> list[int]:
    """Processes whose environment names the runtime directory, other than this one and its threads."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            environment = Path(f"/proc/{entry}/environ").read_bytes()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if f"{_MARK}={runtime}".encode() in environment.split(b"\0"):
            found.append(int(entry))
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Look every few milliseconds until `condition` holds; False when it does not in time."""
    pause = time.sleep
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        pause(0.005)
    return True


@pytest.fixture(scope="session", autouse=True)
def runtime_directory() -> Iterator[str]:
    """A private runtime directory for the run; at the end no process, socket file or shared memory may be left."""
    directory = tempfile.mkdtemp(prefix="cg-", dir="/tmp")
    before = set(os.listdir("/dev/shm"))
    os.environ[_MARK] = directory
    yield directory
    from callgate.process import current
    from callgate_transport.rundir import sweep

    current().close()
    gone = wait_until(lambda: not processes_below(directory))
    sweep(directory)  # what a killed warden left is swept by the next start, and there may not have been one
    left = sorted(str(path.relative_to(directory)) for path in Path(directory).rglob("*") if path.name != ".lock")
    survivors = {process: _command_of(process) for process in processes_below(directory)}
    shutil.rmtree(directory, ignore_errors=True)
    assert gone, f"processes left behind: {survivors}"
    assert not left, f"files left in the runtime directory: {left}"
    new = {name for name in set(os.listdir("/dev/shm")) - before if "callgate" in name}
    assert not new, f"shared memory left behind: {new}"


def _command_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()[-80:]
    except (FileNotFoundError, ProcessLookupError):
        return "(gone)"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Compile `tests/native/<name>.c` into a shared library and give its path; skips without a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    made: dict[str, str] = {}

    def compile_one(name: str) -> str:
        if compiler is None:
            pytest.skip("no C compiler (gcc) on this machine")
        if name not in made:
            target = tmp_path_factory.mktemp("native") / f"lib{name}.so"
            source = NATIVE / f"{name}.c"
            subprocess.run(
                [compiler, "-shared", "-fPIC", "-O1", "-g", "-pthread", "-o", str(target), str(source)], check=True
            )
            made[name] = str(target)
        return made[name]

    return compile_one
