"""What the tests of the rules share; the fixtures `load_both` and `load_host` stand in `tests/conftest.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from callgate import Lib

from .refusals import untouched
from .ways import Loader, Way

__all__ = ["Loader", "Way", "untouched"]


@pytest.fixture(autouse=True)
def refusals_do_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test whose name says `refused` leaves nothing in the hosts of the libraries that it takes, and nothing here."""
    with ExitStack() as stack:
        if "refused" in request.node.name.partition("[")[0]:
            for name in request.fixturenames:
                value = request.getfixturevalue(name) if name != "refusals_do_nothing" else None
                if isinstance(value, Lib):
                    stack.enter_context(untouched(value))
        yield
