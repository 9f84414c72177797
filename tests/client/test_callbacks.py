"""Callbacks: nested, from the library's own threads, kept beyond a call, and stale."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

import callgate
from callgate import Lib
from tests.rules.ways import Loader, Way

from .conftest import FAULTS


@pytest.fixture
def faults(load_both: Loader) -> Lib:
    """The library of faults in both ways; nothing here commits one."""
    return load_both("faults", FAULTS)


def test_nested_to_depth_fifty(faults: Lib, way: Way) -> None:
    """Native and Python call each other 50 deep on one thread; without a process one Python stack holds both sides."""
    depth = {"host": 50, "here": 30}[way]
    threads = set()

    def down(value: int) -> int:
        threads.add(threading.get_ident())
        return 0 if value == 0 else 1 + faults.call_it(down, value - 1)

    assert faults.call_it(down, depth) == depth
    assert threads == {threading.get_ident()}


def test_callback_from_a_thread_of_the_library(faults: Lib) -> None:
    """A callback from a thread that the library made runs on the callback executor, while the caller waits."""
    seen = []

    def note(value: int) -> int:
        seen.append(threading.current_thread().name)
        return value * 2

    with callgate.callback(faults, "number_cb", note) as pointer:
        assert faults.call_from_thread(pointer, 21) == 42
    assert seen != [threading.current_thread().name]


def test_kept_callback(faults: Lib) -> None:
    """A callback made with callgate.callback is called by later calls, until it is closed."""
    pointer = callgate.callback(faults, "number_cb", lambda value: value + 1)
    faults.store(pointer)

    assert [faults.call_stored(number) for number in range(3)] == [1, 2, 3]
    callgate.free(pointer)


def test_stale_callback(faults: Lib) -> None:
    """R9.6: a function given for one call and called by a later one makes that call raise, and crashes nothing."""
    faults.store(lambda value: value + 1)

    with pytest.raises(callgate.CallbackOnCollectedDelegateError, match="earlier call"):
        faults.call_stored(1)
    assert faults.add(1, 2) == 3


def test_exception_passes_through_native_code(faults: Lib) -> None:
    """What a callback raises is raised by the call around it, with its traceback."""

    def fail(_value: int) -> int:
        raise KeyError("here")

    with pytest.raises(KeyError, match="here") as caught:
        faults.call_it(fail, 1)
    assert any(entry.name == "fail" for entry in caught.traceback)


def test_result_of_the_wrong_type(faults: Lib) -> None:
    """R9.4: a callback's result is converted by the declared type or refused."""
    with pytest.raises(callgate.InvalidCastError, match="result"):
        faults.call_it(lambda _value: None, 1)


def test_no_callable(faults: Lib) -> None:
    """Only callables, callback pointers, constants and None are function pointers."""
    with pytest.raises(callgate.InvalidCastError, match="argument 1 'callback' of call_it"):
        faults.call_it(5, 1)


def test_submitted_call_with_a_callback(faults: Lib) -> None:
    """Callbacks of submitted calls run on the callback executor; what they raise is in the future."""

    def fail(_value: int) -> int:
        raise KeyError("here")

    good, bad = faults.call_it.submit(lambda value: value + 1, 1), faults.call_it.submit(fail, 1)

    assert good.result(10) == 2
    with pytest.raises(KeyError):
        bad.result(10)


def test_standard_output_is_captured(load_host: Loader) -> None:
    """What the library prints is kept and does not reach our own standard output."""
    from tests.conftest import wait_until

    lib = load_host("faults", FAULTS)
    lib.say("hello from C")

    assert wait_until(lambda: "hello from C" in callgate.info(lib).stdout)


def test_unknown_callback_type(faults: Lib) -> None:
    """A callback type that was not declared is refused with those that were."""
    with pytest.raises(callgate.DeclarationError, match="number_cb"):
        callgate.callback(faults, "nope", print)


def test_result_too_long_to_be_sent() -> None:
    """A callback whose result cannot travel fails like one that raises, and native code is not left waiting."""
    prototypes = """
        typedef const char *(*text_cb)(int value);
        void qsort([in, out, size_is(n)] int *base, size_t n, size_t width, text_cb compare);
    """
    with callgate.load("libc.so.6", prototypes) as libc:
        with pytest.raises(callgate.ArgumentError, match="surrogate"):
            libc.qsort([2, 1], 2, 4, lambda _: "\ud800")
        values = [1]
        libc.qsort(values, 1, 4, lambda _: "never called")
        assert values == [1]


def test_result_too_long_for_a_thread_of_the_library(compiled: Callable[[str], str]) -> None:
    """A thread of the library whose callback gives back too much goes on with zero and is not left waiting."""
    prototypes = "typedef const char *(*text_cb)(int value); int call_from_thread(text_cb callback, int value);"
    with (
        callgate.load(compiled("faults"), prototypes) as lib,
        callgate.callback(lib, "text_cb", lambda _value: "x" * (5 << 20)) as pointer,
    ):
        assert lib.call_from_thread(pointer, 1) == 0
