"""What the tests of the rules share; the fixtures `load_both` and `load_host` stand in `tests/conftest.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from callgate import Lib

from .refusals import Proven, noting_entries, untouched
from .ways import Loader, Way

__all__ = ["Loader", "Way", "untouched"]


@pytest.fixture(autouse=True)
def refusals_do_nothing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `pytest.raises` catches and calls a refusal (`refusals.Proven`) did nothing, in any host that lives.

    A test whose name says `refused` does nothing in the hosts of the libraries that it takes, whatever it catches.
    """
    names = [name for name in request.fixturenames if name != "refusals_do_nothing"]
    libraries = [value for name in names if isinstance(value := request.getfixturevalue(name), Lib)]
    with ExitStack() as stack:
        counters = [lib.times_called for lib in libraries if "times_called" in dir(lib)]
        stack.enter_context(noting_entries())
        monkeypatch.setattr(pytest, "raises", Proven(counters))
        if "refused" in request.node.name.partition("[")[0]:
            for lib in libraries:
                stack.enter_context(untouched(lib))
        yield
