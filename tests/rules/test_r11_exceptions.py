"""R11.12: exceptions stay on their side of the border, in both directions (`tests/native/throws.cpp`)."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import callgate
from tests.conftest import NATIVE

THROWS = """
    typedef int (*Step)(int number);
    int throw_out(void);
    int catch_it(void);
    int walk(Step step, int steps, [in, out] int *left);
"""


@pytest.fixture(scope="module")
def throws(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The library, compiled as C++."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no C++ compiler (g++) on this machine")
    target = tmp_path_factory.mktemp("native") / "libthrows.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(target), str(NATIVE / "throws.cpp")], check=True)
    return str(target)


def test_r11_12_an_exception_that_leaves_native_code_costs_its_host(throws: str) -> None:
    """Nothing is unwound into callgate: the process ends, the caller hears of it, the next call has a new host."""
    with callgate.load(throws, THROWS) as lib:
        with pytest.raises(callgate.HostCrashed) as crash:
            lib.throw_out()
        assert crash.value.began
        assert "not for C" in callgate.info(lib).stderr or "not for C" in str(crash.value)
        assert lib.catch_it() == -2


def test_r11_12_a_callback_does_not_unwind_native_frames(throws: str) -> None:
    """The callback fails at its third step; native code goes on to its end, and then the call raises."""

    def step(number: int) -> int:
        if number == 2:
            raise LookupError("third")
        return number

    left = callgate.Box(0)
    with callgate.load(throws, THROWS) as lib:
        with pytest.raises(LookupError, match="third"):
            lib.walk(step, 5, left)
        assert lib.walk(lambda number: number, 5, left) == 10
        assert left.value == 5
