"""The proof that a refused call did nothing: native code was not entered, and nothing is left in the host (R1.14)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from callgate import Lib
from callgate.lib import binding_of
from callgate_protocol.system import HostFunction
from tests.conftest import wait_until

__all__ = ["census", "untouched"]

_COUNTED: Final = ("objects", "allocations", "delegates")


def census(lib: Lib) -> Mapping[str, int]:
    """What lives in the library's host at the moment, after everything that was let go of here was given back."""
    gc.collect()
    counts: Mapping[str, int] = binding_of(lib).ready().system(HostFunction.INFO)
    return {name: counts[name] for name in _COUNTED}


@contextmanager
def untouched(lib: Lib, counter: Callable[[], int] | None = None) -> Iterator[None]:
    """The calls inside are refused and leave nothing behind, neither in the host nor in this process.

    `counter` is a function of the library that says how often its others were entered; when the library declares
    `times_called`, that is asked by itself::

        with untouched(lib), pytest.raises(callgate.MarshalError, match="R5.6"):
            lib.text_length("a\\0b")
    """
    if counter is None and "times_called" in dir(lib):
        counter = lib.times_called
    holdings = binding_of(lib).ready().holdings
    entered = counter() if counter is not None else 0
    before, lent = census(lib), (len(holdings.delegates), len(holdings.contexts))
    yield
    wait_until(lambda: census(lib) == before)  # what is given back travels beside the calls
    assert census(lib) == before, "a refused call left something in the host"
    assert (len(holdings.delegates), len(holdings.contexts)) == lent, "a refused call left a callable or object here"
    if counter is not None:
        assert counter() == entered, "native code was entered although the call was refused"
