"""R1.14: a call that is refused was never made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import callgate
from callgate import Lib

from . import refusals
from .conftest import Loader, untouched

PROTOTYPES = """
    typedef int (*Unary)(int value);
    int times_called(void);
    int touch(int a, int b);
    long text_length(const char *s);
    int apply(Unary f, int value);
    int sum([size_is(n)] const int *v, int n);
    int shout(const char *s);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("gallery", PROTOTYPES)


CASES: dict[str, Callable[[Lib], Any]] = {
    "the last argument": lambda lib: lib.touch(1, "two"),
    "the first argument": lambda lib: lib.touch(1 << 40, 2),
    "text": lambda lib: lib.text_length("a\0b"),
    "an element": lambda lib: lib.sum([1, 2, None], 3),
    "a count": lambda lib: lib.sum([1, 2], 3),
    "after a callback": lambda lib: lib.apply(lambda value: value, 1.5),
}


@pytest.mark.parametrize("call", CASES.values(), ids=CASES.keys())
def test_r01_14_native_code_is_not_entered_and_nothing_stays(lib: Lib, call: Callable[[Lib], Any]) -> None:
    with untouched(lib), pytest.raises(callgate.MarshalError):
        call(lib)


def test_r01_14_a_call_that_is_made_is_noticed(lib: Lib) -> None:
    """The proof itself can fail."""
    with pytest.raises(AssertionError, match="native code was entered"), untouched(lib):
        lib.touch(1, 2)


def _refuse(argument: int, _side_effect: object = None) -> None:
    text = f"argument {argument} 'a' of touch: not as claimed"
    raise callgate.InvalidCastError(text, argument=argument, function="touch")


def test_r19_48_a_refusal_says_where() -> None:
    """Every refused argument of the tests of rules is named with its number and function."""
    with pytest.raises(AssertionError, match=r"R19\.48"), pytest.raises(TypeError):
        raise callgate.InvalidCastError("argument 2 is wrong", argument=2, function="touch")


def test_r01_14_an_error_that_claims_to_be_a_refusal_is_one(lib: Lib, monkeypatch: pytest.MonkeyPatch) -> None:
    """So can that of every `pytest.raises` here; an error about what came back makes no such claim."""
    with pytest.raises(AssertionError, match="native code was entered"), pytest.raises(TypeError):
        _refuse(1, lib.touch(1, 2))
    with pytest.raises(TypeError):
        _refuse(0, lib.touch(1, 2))
    monkeypatch.setattr(refusals, "GIVEN_BACK_SECONDS", 0.05)
    with pytest.raises(AssertionError, match="left something in the host"), pytest.raises(TypeError):
        _refuse(1, kept := callgate.buffer(lib, 8))
    del kept
