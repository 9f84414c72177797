"""A host that dies takes nothing with it but its own objects."""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable

import pytest

import callgate
from callgate import Lib
from tests.conftest import wait_until

from .conftest import FAULTS

CRASHES = [
    ("write_to_null", (), signal.SIGSEGV),
    ("call_abort", (), signal.SIGABRT),
    ("divide", (1, 0), signal.SIGFPE),
    ("bus_error", (), signal.SIGBUS),
    ("kill_itself", (int(signal.SIGKILL),), signal.SIGKILL),
]


@pytest.mark.parametrize(("function", "arguments", "expected"), CRASHES, ids=[row[0] for row in CRASHES])
def test_signal_in_a_call(faults: Lib, function: str, arguments: tuple[int, ...], expected: signal.Signals) -> None:
    """A signal raises HostCrashed with signal and function, and that the call had begun; the next call works."""
    with pytest.raises(callgate.HostCrashed) as caught:
        getattr(faults, function)(*arguments)

    assert caught.value.signal == expected
    assert caught.value.function == function
    assert caught.value.began is True
    assert faults.add(1, 2) == 3


@pytest.mark.parametrize("function", ["call_exit", "call__exit"])
def test_exit_in_a_call(faults: Lib, function: str) -> None:
    """exit() in a call raises HostExited with its status, never a result."""
    with pytest.raises(callgate.HostExited) as caught:
        getattr(faults, function)(7)

    assert caught.value.status == 7
    assert caught.value.began is True
    assert faults.add(1, 2) == 3


def test_crash_shows_what_the_library_printed(faults: Lib) -> None:
    """The exception holds the end of the library's standard error."""
    with pytest.raises(callgate.HostCrashed, match="about to abort"):
        faults.call_abort()


def test_crash_pickles(faults: Lib) -> None:
    """A crash survives pickling with its fields, as pytest-xdist and process pools need."""
    with pytest.raises(callgate.HostCrashed) as caught:
        faults.write_to_null()

    copy = pickle.loads(pickle.dumps(caught.value))

    assert (str(copy), copy.signal, copy.function) == (str(caught.value), signal.SIGSEGV, "write_to_null")
    assert isinstance(copy, ConnectionError)


def test_crash_in_a_nested_callback(faults: Lib) -> None:
    """When native code crashes around a callback, both the nested and the outer call end."""
    seen = []

    def crash(value: int) -> int:
        seen.append(value)
        result: int = faults.write_to_null()
        return result

    with pytest.raises(callgate.HostCrashed):
        faults.call_it(crash, 5)

    assert seen == [5]
    assert faults.add(2, 2) == 4


def test_other_libraries_notice_nothing(faults: Lib, libm: Lib) -> None:
    """A crash of one library's host leaves another library's host as it was."""
    before = callgate.info(libm).process

    with pytest.raises(callgate.HostCrashed):
        faults.write_to_null()

    assert libm.cos(0.0) == 1.0
    assert callgate.info(libm).process == before


def test_old_handles_are_gone(compiled: Callable[[str], str]) -> None:
    """A handle of a host that died raises ObjectGone and never reaches an object of the new host."""
    with callgate.load(compiled("faults"), FAULTS + "typedef struct box box; int use(box *b);") as lib:
        memory = callgate.buffer(lib, 16)
        with pytest.raises(callgate.HostCrashed):
            lib.write_to_null()
        assert lib.add(1, 1) == 2

        with pytest.raises(callgate.ObjectGone):
            bytes(memory)


def test_restarts_are_counted(faults: Lib) -> None:
    """info() says how many hosts a library has used up."""
    for _ in range(2):
        with pytest.raises(callgate.HostCrashed):
            faults.write_to_null()
        faults.add(1, 1)

    assert callgate.info(faults).restarts == 2


def test_crash_while_idle(faults: Lib) -> None:
    """A host that dies between two calls is replaced without an error."""
    import os

    os.kill(callgate.info(faults).process, signal.SIGKILL)

    assert wait_until(lambda: callgate.info(faults).process == 0)
    assert faults.add(1, 2) == 3


def test_crash_while_loading(compiled: Callable[[str], str]) -> None:
    """A library whose constructor crashes raises HostCrashed from load."""
    with pytest.raises(callgate.HostCrashed):
        callgate.load(compiled("constructor_crash"), "int nothing(void);")
