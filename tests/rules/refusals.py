"""The proof that a refused call did nothing: native code was not entered, and nothing is left in the host (R1.14)."""

from __future__ import annotations

import gc
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

import pytest

import callgate
from callgate import Lib, errors
from callgate.host import Host
from callgate.lib import binding_of
from callgate.process import current
from callgate_native_host.direct import DirectChannel
from callgate_native_host.system import System
from callgate_protocol.system import HostFunction
from tests.conftest import wait_until

__all__ = ["Proven", "census", "noting_entries", "untouched"]

_COUNTED: Final = ("objects", "allocations", "delegates")
_REFUSALS: Final = (callgate.MarshalError, callgate.DeclarationError, callgate.EntryPointNotFoundError)
_TOO_LATE: Final = (callgate.OwnershipError, callgate.BufferOverrunError)
"""Errors that only native code that ran can cause."""
_raises: Final = pytest.raises

GIVEN_BACK_SECONDS = 10.0
"""How long what is given back may be on its way."""


def census(lib: Lib) -> Mapping[str, int]:
    """What lives in the library's host at the moment, after everything that was let go of here was given back."""
    gc.collect()
    return _census(binding_of(lib).ready())


def _census(host: Host) -> Mapping[str, int]:
    counts: Mapping[str, int] = host.system(HostFunction.INFO)
    return {name: counts[name] for name in _COUNTED}


class _Standing:
    """What a host held at a moment, and what of this process was lent to it."""

    def __init__(self, host: Host) -> None:
        """What nobody holds any more is to be collected before."""
        self._host = host
        self._census = _census(host)  # which gives back what was collected
        while (again := _census(host)) != self._census:
            self._census = again
        self._lent = self._lendings()

    def check(self) -> None:
        """Nothing has been added since. What is given back travels beside the calls, so it may take a moment."""
        if self._host.dead:
            return
        added_nothing = wait_until(self._added_nothing, GIVEN_BACK_SECONDS)
        assert added_nothing, f"a refused call left something in the host: {self._census} → {_census(self._host)}"
        assert self._lendings() == self._lent, "a refused call left a callable or object here"

    def _added_nothing(self) -> bool:
        if self._is_covered():
            return True
        gc.collect()
        return self._is_covered()

    def _is_covered(self) -> bool:
        """Less is no leak: what was given back before may have arrived since."""
        return all(count <= self._census[name] for name, count in _census(self._host).items())

    def _lendings(self) -> tuple[int, int]:
        return len(self._host.holdings.delegates), len(self._host.holdings.contexts)


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
    entered = counter() if counter is not None else 0
    gc.collect()
    before = _Standing(binding_of(lib).ready())
    yield
    before.check()
    if counter is not None:
        assert counter() == entered, "native code was entered although the call was refused"


class _Entries:
    """How often native code was entered in this process (`isolation="none"`)."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Count meanwhile; what the host is asked for itself is not counted."""
        run_native: Any = DirectChannel.run_native

        def counting(channel: DirectChannel, function: Any, *arguments: Any) -> Any:
            self.count += not isinstance(getattr(function, "__self__", None), System)
            return run_native(channel, function, *arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DirectChannel, "run_native", counting)
            yield


_ENTRIES: Final = _Entries()
noting_entries = _ENTRIES.noted


class Proven:
    """Stands for `pytest.raises`: when the error says that the call was refused, nothing may have happened.

    An error says so when it names an argument (what native code gave names none), or tells of a declaration.
    """

    def __init__(self, counters: Sequence[Callable[[], int]]) -> None:
        self._counters = counters

    def __call__(self, expected: Any, **options: Any) -> Any:
        raises = _raises(expected, **options)
        return _Proof(raises, self._counters) if _may_be_refusal(expected) else raises


class _Proof:
    def __init__(self, raises: Any, counters: Sequence[Callable[[], int]]) -> None:
        self._raises = raises
        self._counters = counters

    def __enter__(self) -> Any:
        gc.collect()
        self._standings = [_Standing(host) for host in current().hosts if not (host.dead or host.was_closed)]
        self._counts = [counter() for counter in self._counters]
        self._entered = _ENTRIES.count
        return self._raises.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        entered = _ENTRIES.count
        swallowed: bool = self._raises.__exit__(kind, error, trace)
        if swallowed and _is_refusal(error):
            counts = [counter() for counter in self._counters]
            assert _says_where(error), f"R19.48: an argument is refused without its number, name or function: {error}"
            untouched = entered == self._entered and counts == self._counts
            assert untouched, f"native code was entered although the call was refused: {error}"
            traceback.clear_frames(trace)  # they hold what was to be sent
            for standing in self._standings:
                standing.check()
        return swallowed


def _is_refusal(error: BaseException | None) -> bool:
    return isinstance(error, _REFUSALS) and getattr(error, "argument", 1) > 0


def _says_where(error: BaseException | None) -> bool:
    """R19.48: function, number and name of the argument, and the reason."""
    if not isinstance(error, callgate.MarshalError):
        return True
    place = rf"argument {error.argument} '(\w+|\.\.\.)'.* of {re.escape(error.function)}: \S"
    return re.match(place, str(error), re.DOTALL) is not None


def _may_be_refusal(expected: Any) -> bool:
    """Whether what is expected, a class or several, leaves room for one."""
    return any(issubclass(refusal, expected) for refusal in _KINDS)


_KINDS: Final = [
    kind
    for name in errors.__all__
    if issubclass(kind := getattr(errors, name), _REFUSALS) and not issubclass(kind, _TOO_LATE)
]
