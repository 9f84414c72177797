"""What every test shares: a runtime directory, compiled C fixtures, and the check that nothing stays behind."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate import Lib
from tests.rules.ways import WAYS, Loader, TypedLoader, Way

NATIVE = Path(__file__).parent / "native"
COMPONENT = NATIVE / "component"
C_FLAGS = ("-O1", "-g", "-pthread")
CXX_FLAGS = ("-std=c++17", "-Wall", "-Wextra", "-g1", "-pthread")
SHARED = ("-shared", "-fPIC")
_MARK = "CALLGATE_RUNTIME_DIR"


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay to the end: `gc.collect`, which many of them call, need not visit them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def earlier_modules_are_not_visited() -> None:
    """Nor need it visit what the modules before have left alive: caches, reports, imported modules."""
    gc.collect()
    gc.freeze()


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
    """Compile `tests/native/<name>.c` into a shared library and give its path; skips without a compiler.

    The name "component" is that of the COM component, the C++ of a folder.
    """
    made: dict[str, str] = {}
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # what takes long is compiled once for all workers

    def compile_one(name: str) -> str:
        if name not in made:
            made[name] = _component(shared) if name == COMPONENT.name else _one_source(name)
        return made[name]

    def _one_source(name: str) -> str:
        target = tmp_path_factory.mktemp("native") / f"lib{name}.so"
        source = NATIVE / f"{name}.c"
        subprocess.run([_compiler_of(source), *C_FLAGS, *SHARED, "-o", str(target), str(source)], check=True)
        return str(target)

    return compile_one


@pytest.fixture(scope="session")
def component(compiled: Callable[[str], str]) -> str:
    """The path of the COM component of `tests/native/component`."""
    return compiled("component")


def _component(folder: Path) -> str:
    target = folder / "libcomponent.so"
    sources = [path for path in sorted(COMPONENT.glob("*.cpp")) if path.name != "selftest.cpp"]
    with (folder / "libcomponent.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            made = target.with_suffix(".new")
            command = [_compiler_of(sources[0]), *CXX_FLAGS, *SHARED, "-o", str(made)]
            subprocess.run([*command, *map(str, sources)], check=True)
            made.rename(target)
    return str(target)


def _compiler_of(source: Path) -> str:
    language, names = ("C++", ["g++"]) if source.suffix == ".cpp" else ("C", ["gcc", "cc"])
    compiler = next((path for path in map(shutil.which, names) if path), None)
    if compiler is None:
        pytest.skip(f"no {language} compiler ({names[0]}) on this machine")
    return compiler


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How this module's libraries are called: "host", in a process of their own, or "here", in that of the tests."""
    chosen: Way = request.param
    return chosen


@pytest.fixture(scope="module")
def load_both(way: Way, compiled: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    """Load a library once for the module, in each way in turn (R1.13): every test that uses it runs once per way.

    The first argument is the name of a source in `tests/native` (compiled first) or "component", or a library's own
    file name::

        @pytest.fixture(scope="module")
        def lib(load_both: Loader) -> Lib:
            return load_both("text", PROTOTYPES)  # tests/native/text.c


        def test_r05_02_a_nul_follows(lib: Lib) -> None: ...

    Options are those of `callgate.load`. The same arguments give the same library again. Tests that end the library's
    process, or need a deadline, take `load_host`: native code that runs here cannot be stopped and takes us along.
    Each module has fresh copies of the sources' static variables in both ways.
    """
    yield from _loader(way, compiled if way == "host" else lambda name: _copied(compiled(name), tmp_path_factory))


@pytest.fixture(scope="module")
def load_typed(
    way: Way, compiled: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TypedLoader]:
    """As `load_both`, for classes with `@library`: `load_typed("geometry", Geometry)`."""
    loaded: list[Any] = []

    def load(name: str, declared: Any) -> Any:
        file = compiled(name) if way == "host" else _copied(compiled(name), tmp_path_factory)
        loaded.append(callgate.load(declared, path=file, **WAYS[way]))
        return loaded[-1]

    yield load
    for lib in loaded:
        callgate.close(lib)


@pytest.fixture(scope="module")
def load_host(compiled: Callable[[str], str]) -> Iterator[Loader]:
    """As `load_both`, in a process of the library's own only: for crashes, deadlines, output and restarts."""
    yield from _loader("host", compiled)


def _copied(file: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same library under another name: this process has loaded the other one for good."""
    return str(shutil.copy(file, str(tmp_path_factory.mktemp("here"))))


def _loader(way: Way, compiled: Callable[[str], str]) -> Iterator[Loader]:
    loaded: dict[tuple[Any, ...], Lib] = {}

    def load(name: str, prototypes: str, **options: Any) -> Lib:
        key = (name, prototypes, *options.items())
        if key not in loaded:
            file = compiled(name) if name == COMPONENT.name or (NATIVE / f"{name}.c").exists() else name
            loaded[key] = callgate.load(file, prototypes, **WAYS[way], **options)
        return loaded[key]

    yield load
    for lib in loaded.values():
        callgate.close(lib)
