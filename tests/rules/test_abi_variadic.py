"""Functions with `...`: what follows the named arguments arrives as C promotes it, in registers and on the stack."""

from __future__ import annotations

from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader

PROTOTYPES = """
    int wrong_in_mix(int n, ...);
    int wrong_in_promoted(int n, ...);
    double sum_after(double first, int second, const char *third, int n, ...);
"""


@pytest.fixture(scope="module")
def variadic(load_both: Loader) -> Lib:
    return load_both("variadic", PROTOTYPES)


@pytest.mark.parametrize("rounds", [0, 1, 2, 5, 40])
def test_r02_08_arguments_of_every_class_take_turns(variadic: Lib, rounds: int) -> None:
    """Integers, doubles, `long double` in memory and pointers, far beyond the registers."""
    arguments: list[Any] = []
    for number in range(rounds):
        arguments += [
            -number,
            number + 0.5,
            callgate.arg((number << 40) - 1, "long long"),
            callgate.arg(number * 0.25, "long double"),
            f"round {number}",
        ]

    assert variadic.wrong_in_mix(rounds, *arguments) == 0
    if rounds:
        assert variadic.wrong_in_mix(rounds, *[callgate.arg(-1, "int"), *arguments[1:]]) == 1


def test_r02_08_small_types_are_promoted(variadic: Lib) -> None:
    small = [
        callgate.arg(-128, "signed char"),
        callgate.arg(65535, "unsigned short"),
        callgate.arg(0.5, "float"),
        True,
        callgate.arg(0xFEDCBA9876543210, "unsigned long"),
        None,
    ]

    assert variadic.wrong_in_promoted(6, *small) == 0


def test_r02_08_named_arguments_keep_their_types(variadic: Lib) -> None:
    assert variadic.sum_after(1, 2, "four", 3, 0.5, 0.25, 0.25) == 8.0
    assert variadic.sum_after(1.5, 2, "", 20, *[0.5] * 20) == 13.5


def test_r02_08_what_has_no_type_is_refused(variadic: Lib) -> None:
    with pytest.raises(callgate.MarshalError, match=r"argument 2 '\.\.\.'"):
        variadic.wrong_in_mix(1, object())
