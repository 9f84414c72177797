"""Calls the functions of a library and tells what differed, in C or in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import callgate
from callgate import Lib

from .cases import Case
from .slots import Wanted
from .source import Source

__all__ = ["differences_of"]


def differences_of(lib: Lib, case: Case, source: Source) -> list[str]:
    """Perform one call and compare everything; empty when nothing differed."""
    given = [slot.arguments() for slot in case.slots]
    entered = lib.times_called()
    try:
        got = getattr(lib, case.name)(*[each for arguments in given for each in arguments])
    except callgate.HostLost as error:
        return [f"{type(error).__name__}: {error}"]
    except Exception as error:  # whatever is raised is a difference
        found = [f"{type(error).__name__}: {error}"]
    else:
        found = [*_results(case, got), *_in_place(case, given)]
    noted = [int(number) for number in lib.report().split()]
    found += [f"C saw another {source.paths[case.name][number]}" for number in noted]
    if lib.times_called() != entered + 1:
        found.append(f"the function was entered {lib.times_called() - entered} times")
    for callback in case.callbacks:
        found += callback.seen
        if callback.called != 1:
            found.append(f"{callback.name} was called {callback.called} times")
    return found


def _results(case: Case, got: Any) -> Iterator[str]:
    wanted = [] if case.result is None else [Wanted(case.result, case.answer, "result")]
    wanted += [each for slot in case.slots for each in slot.outs()]
    values: Sequence[Any] = got if len(wanted) > 1 else (got,)
    if not wanted:
        if got is not None:
            yield f"result: expected None, got {got!r}"
    elif len(values) != len(wanted) or (len(wanted) > 1 and not isinstance(got, tuple)):
        yield f"result: expected {len(wanted)} values, got {got!r}"
    else:
        for (kind, value, path), each in zip(wanted, values, strict=True):
            yield from kind.differences(value, each, path)


def _in_place(case: Case, given: list[list[Any]]) -> Iterator[str]:
    for slot, arguments in zip(case.slots, given, strict=True):
        for (kind, value, path), each in slot.in_place(arguments):
            yield from kind.differences(value, each, path)
