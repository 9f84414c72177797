"""libm: the smallest real library, and what a library object looks like from Python."""

from __future__ import annotations

import gc
import inspect
import math
import os

import pytest

import callgate
from callgate import Lib
from tests.conftest import wait_until


def test_result(libm: Lib) -> None:
    """A call gives what the same function gives in this process."""
    assert libm.cos(0.5) == math.cos(0.5)


def test_runs_in_another_process(libm: Lib) -> None:
    """The library is loaded in a process that is not this one."""
    assert callgate.info(libm).process not in (0, os.getpid())


def test_keyword_arguments(libm: Lib) -> None:
    """Arguments may be given by the names of the prototype."""
    assert libm.pow(2, y=10) == 1024.0
    assert libm.pow(y=3, x=2) == 8.0


def test_signature(libm: Lib) -> None:
    """inspect sees the parameters and C types of the prototype."""
    signature = inspect.signature(libm.pow)

    assert list(signature.parameters) == ["x", "y"]
    assert signature.parameters["x"].annotation == "double"
    assert signature.return_annotation == "double"


def test_documentation(libm: Lib) -> None:
    """The docstring starts with the C prototype."""
    assert (libm.cos.__doc__ or "").startswith("double cos(double x);")
    assert "double cos(double x)" in repr(libm.cos)


def test_dir_holds_the_functions_only(libm: Lib) -> None:
    """dir() lists the library's own names and nothing else."""
    assert dir(libm) == ["cos", "pow"]


def test_undeclared_function(libm: Lib) -> None:
    """A name without a prototype is an AttributeError that suggests the nearest one."""
    with pytest.raises(callgate.EntryPointNotFoundError, match="did you mean 'cos'"):
        _ = libm.coss
    assert not hasattr(libm, "sin")


def test_missing_function() -> None:
    """A declared function that the library does not have is refused by name, before any call."""
    with (
        callgate.load("libm.so.6", "double cos(double); double not_in_libm(double);") as lib,
        pytest.raises(callgate.EntryPointNotFoundError, match=r"libm\.so\.6.*'not_in_libm'"),
    ):
        _ = lib.not_in_libm


def test_missing_library() -> None:
    """A library that cannot be loaded is an OSError that names it and says what the loader said."""
    with pytest.raises(callgate.DllNotFoundError, match=r"libnowhere\.so\.9") as caught:
        callgate.load("libnowhere.so.9", "int f(void);")
    assert isinstance(caught.value, OSError)


def test_unparsable_prototype() -> None:
    """A prototype that is not C is a TypeError with its line and column."""
    with pytest.raises(callgate.DeclarationError) as caught:
        callgate.load("libm.so.6", "double cos(double);\ndouble sin(dooble);")
    assert caught.value.line == 2
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("x",), callgate.InvalidCastError, "argument 1 'x' of cos: expected a number"),
        ((None,), callgate.InvalidCastError, "argument 1 'x' of cos"),
        ((1 << 2000,), callgate.OutOfRange, "too large for double"),
        ((), TypeError, "cos.*takes x"),
        ((1, 2), TypeError, "too many"),
    ],
)
def test_wrong_argument(libm: Lib, arguments: tuple[object, ...], error: type[Exception], text: str) -> None:
    """A wrong argument is refused with function, position and name, before native code is entered."""
    with pytest.raises(error, match=text):
        libm.cos(*arguments)


@pytest.mark.parametrize("value", [-0.0, math.inf, -math.inf, 5e-324, 1.7976931348623157e308])
def test_floats_keep_their_bits(value: float) -> None:
    """R2.2: a double crosses both ways without a change."""
    with callgate.load("libm.so.6", "double fabs(double x); double copysign(double x, double y);") as lib:
        assert math.copysign(1.0, lib.copysign(1.0, value)) == math.copysign(1.0, value)
        assert lib.fabs(value) == abs(value)


def test_close() -> None:
    """A closed library refuses calls and its host ends."""
    lib = callgate.load("libm.so.6", "double cos(double);")
    callgate.close(lib)

    with pytest.raises(callgate.ObjectGone, match="closed"):
        lib.cos(0.0)


def test_errcheck(compiled: object) -> None:
    """errcheck decides what the caller gets from (result, function, arguments)."""
    with callgate.load("libm.so.6", "double sqrt(double x);") as lib:
        lib.sqrt.errcheck = lambda result, function, arguments: (function.__name__, arguments, result)

        assert lib.sqrt(4.0) == ("sqrt", (4.0,), 2.0)


def test_submit(libm: Lib) -> None:
    """submit() gives futures that hold the same results, in any number."""
    futures = [libm.cos.submit(number / 100) for number in range(3000)]

    assert [future.result(30) for future in futures] == [math.cos(number / 100) for number in range(3000)]


def test_library_that_nobody_uses() -> None:
    """A library that was not closed and is not used any more gives its host up; a handle keeps it."""
    lib = callgate.load("libm.so.6", "double cos(double);")
    host = callgate.info(lib).process
    memory = callgate.buffer(lib, b"kept")
    del lib
    gc.collect()
    assert bytes(memory) == b"kept"

    del memory
    gc.collect()

    assert wait_until(lambda: not os.path.exists(f"/proc/{host}"))
