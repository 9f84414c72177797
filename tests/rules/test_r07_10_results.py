"""R7.10: structs that functions return by value."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

import callgate
from callgate import Bool, f4, i4, i8, library, struct


@struct
class WithBool:
    ok: Bool
    value: i4


@struct
class Inside:
    inner: WithBool


@struct
class Wide:
    a: i8
    b: i8
    c: i8
    d: f4


def _library(result: Any) -> Any:
    def make(self: Any) -> Any: ...

    make.__annotations__ = {"return": result}
    return library("libc.so.6")(type("Face", (Protocol,), {"make": make}))


@pytest.mark.rule("R19.16")
@pytest.mark.parametrize("result", [WithBool, Inside])
def test_r07_10_results_that_are_not_blittable_are_refused(result: Any) -> None:
    """When it is declared, as .NET's declarations are; with what to write instead."""
    with pytest.raises(
        callgate.MarshalDirectiveError, match=r"result of make.*not P/Invoke compatible .*R7\.10, R19\.16"
    ):
        callgate.load(_library(result))


def test_r07_10_blittable_results_of_any_size_are_not() -> None:
    with callgate.load(_library(Wide)) as lib, pytest.raises(callgate.EntryPointNotFoundError):
        lib.make()
