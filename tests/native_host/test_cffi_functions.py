"""cffi's own test functions, called at their addresses by our plans: C that others compiled and checked."""

from __future__ import annotations

from typing import Any

import _cffi_backend
import pytest

from callgate_native_host.loading import Library
from callgate_protocol.model import TypeLibrary

from .bench import Bench
from .declared import function, library, record

PLACES = "abcdefghij"

CFFI: TypeLibrary = library(
    record("F7", "a1: uchar", "a2: short"),
    record("F11", "a1: int", "a2: int"),
    record("F12", "a1: double"),
    record("F13", "a1: int", "a2: int", "a3: int"),
    record("F14", "a1: float"),
    record("F15", "a1: float", "a2: int"),
    record("F16", "a1: float", "a2: float"),
    record("F17", "a1: int", "a2: float"),
    record("F21", *(f"{name}: int" for name in PLACES)),
    record("F22", "a: int[10]"),
    function("f0: char", "a: char", "b: char"),
    function("f1: long", "a: int", "b: long"),
    function("f2: llong", "a: llong", "b: llong"),
    function("f3: double", "a: float", "b: double"),
    function("f4: float", "a: float", "b: double"),
    function("f5: void"),
    function("f6: int* [size_is(1)]", "x: int*"),
    function("f7: short", "inlined: struct:F7"),
    function("f9: int", "num: int", variadic=True),
    function("f10: struct:F7", "n: int"),
    *(function(f"f{number}: struct:F{number}", "n: int") for number in range(11, 18)),
    function("f18: int", "ptr: struct:F17*"),
    function("f19: ldouble", "x: ldouble", "count: int"),
    function("f20: short", "ptr: struct:F7*"),
    function("f21: int", "inlined: struct:F21"),
    function("f22: struct:F22", "s1: struct:F22", "s2: struct:F22"),
    function("f23: int", "p: char* [unique]"),
)

INTS = b"".join(number.to_bytes(4, "little", signed=True) for number in range(-5, 5))
TENS = b"".join(number.to_bytes(4, "little", signed=True) for number in range(10, 110, 10))
BETWEEN = b"".join((10 * (index + 1) - (index - 5)).to_bytes(4, "little", signed=True) for index in range(10))

CALLS: list[tuple[int, tuple[Any, ...], Any]] = [
    (0, (40, 2), 42),
    (0, (-100, 30), -70),
    (1, (5, -(1 << 40)), 5 - (1 << 40)),
    (2, (1 << 62, -1), (1 << 62) - 1),
    (3, (1.5, 2.25), 3.75),
    (4, (1.5, 2.25), 3.75),
    (5, (), None),
    (9, (3, ["int", 40], ["int", 0], ["int", 2]), 42 - 66_666_666),
    (19, (0.25, 2), 2.87109375),
    (6, ([4042],), (3042).to_bytes(4, "little")),
    (7, ([200, -300],), -100),
    (10, (42,), [42, 42 * 42]),
    (11, (42,), [42, 42 * 42]),
    (12, (42,), [42.0]),
    (13, (42,), [42, 42 * 42, 42 * 42 * 42]),
    (14, (42,), [42.0]),
    (15, (42,), [42.0, 42 * 42]),
    (16, (42,), [42.0, -42.0]),
    (17, (42,), [42, 42.0 * 42]),
    (18, ([[20, 22.0]],), 42),
    (20, ([[230, -1000]],), -770),
    (21, (list(range(13, 23)),), sum(number << place for place, number in enumerate(range(13, 23)))),
    (22, ([TENS], [INTS]), [BETWEEN]),
    (23, (b"foo",), 102_000),
    (23, (None,), -42),
]


@pytest.fixture
def cffi_functions(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A library whose symbols are the addresses that cffi gives."""

    def symbol(self: Library, name: str, shape: Any) -> Any:
        return self._backend.cast(shape, _cffi_backend._testfunc(int(name[1:])))

    monkeypatch.setattr(Library, "symbol", symbol)
    return Bench("libc.so.6", CFFI)


@pytest.mark.parametrize(("number", "wires", "expected"), CALLS)
def test_functions_of_cffi(cffi_functions: Bench, number: int, wires: tuple[Any, ...], expected: Any) -> None:
    """Scalars, structs of every class in and out, pointers: what cffi's C computes from what we pass."""
    assert cffi_functions(f"f{number}", *wires) == expected
