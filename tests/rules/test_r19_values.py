"""R19.30, R19.43: values that have no form, at every place where a value can stand (`tests/native/directions.c`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched

PLACES = """
    struct point { int x; int y; };
    int times_called(void);
    int inc([in, out] int *p);
    int is_null([unique] const int *p);
    int same_place([size_is(1)] const int *a, [size_is(1)] const int *b);
    int same_address(const void *a, const void *b);
    int text_levels([in, out, free(free)] char **p);
    int move_point(struct point p);
    int call_back(int (*callback)(int value), int value);
"""
VALUES: dict[str, Callable[[], Any]] = {
    "timedelta": lambda: timedelta(1),
    "complex": lambda: 1j,
    "set": lambda: {1},
    "dict": lambda: {"a": 1},
    "generator": lambda: (value for value in (1,)),
    "object": object,
    "type": lambda: int,
}
CALLS: dict[str, Callable[[Lib, Any], Any]] = {
    "pointer": lambda lib, value: lib.inc(value),
    "nullable": lambda lib, value: lib.is_null(value),
    "array": lambda lib, value: lib.same_place(value, [1]),
    "element": lambda lib, value: lib.same_place([value], [1]),
    "address": lambda lib, value: lib.same_address(value, None),
    "text": lambda lib, value: lib.text_levels(value),
    "struct": lambda lib, value: lib.move_point(value),
    "member": lambda lib, value: lib.move_point((1, value)),
    "callback": lambda lib, value: lib.call_back(value, 1),
    "number": lambda lib, value: lib.call_back(abs, value),
}
NUMBERS = {"2^31": 1 << 31, "-2^31-1": -(1 << 31) - 1, "2^64": 1 << 64, "2^100000": 1 << 100_000}
ALLOWED = {("callback", "type")}
"""A class is callable."""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    """The library of directions."""
    return load_both("directions", PLACES)


@pytest.mark.parametrize("place", CALLS)
@pytest.mark.parametrize("value", VALUES)
def test_r19_43_values_without_a_form_are_refused(lib: Lib, place: str, value: str) -> None:
    """Each is a TypeError that names the argument; native code is not entered."""
    if (place, value) in ALLOWED:
        return
    with untouched(lib), pytest.raises(TypeError, match=r"argument [12] '\w+'") as refused:
        CALLS[place](lib, VALUES[value]())
    assert isinstance(refused.value, callgate.MarshalError)


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("place", ["pointer", "element", "member", "number"])
def test_r19_30_numbers_out_of_range_are_refused(lib: Lib, place: str, number: int) -> None:
    """At every place, with a message that stays short however long the number is."""
    with untouched(lib), pytest.raises(OverflowError, match="does not fit into int, which holds") as refused:
        CALLS[place](lib, number)
    assert len(str(refused.value)) < 200
