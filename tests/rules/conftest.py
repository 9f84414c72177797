"""What the tests of the rules share: libraries loaded in both ways, and the proof that a refusal did nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import callgate
from callgate import Lib
from tests.conftest import NATIVE

from .refusals import untouched
from .ways import WAYS, Loader, Way

__all__ = ["Loader", "Way", "untouched"]


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How this module's libraries are called: "host", in a process of their own, or "here", in that of the tests."""
    chosen: Way = request.param
    return chosen


@pytest.fixture(scope="module")
def load_both(way: Way, compiled: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    """Load a library once for the module, in each way in turn (R1.13): every test that uses it runs once per way.

    The first argument is the name of a source in `tests/native` (compiled first), or a library's own file name::

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
) -> Iterator[Callable[[str, Any], Any]]:
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
            file = compiled(name) if (NATIVE / f"{name}.c").exists() else name
            loaded[key] = callgate.load(file, prototypes, **WAYS[way], **options)
        return loaded[key]

    yield load
    for lib in loaded.values():
        callgate.close(lib)
