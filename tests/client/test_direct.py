"""`isolation="none"`: what is special about a library in this process. What is the same is tested in both ways."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import callgate
from callgate import Lib
from callgate.lib import binding_of
from callgate_protocol.system import HostFunction

from .conftest import FAULTS

GALLERY = """
    typedef int (*Unary)(int value);
    unsigned checksum([size_is(n)] const uint8_t *v, size_t n);
    void pattern([out, size_is(n)] uint8_t *v, size_t n);
    int sum([size_is(n)] const int *v, int n);
    int apply(Unary f, int value);
    int call_on_thread(Unary f, int value);
    void start_later([keep] Unary f, int value);
    int finish_later(void);
    int fail_with(int code);
    int times_called(void);
    long total_length([size_is(n)] const char **v, int n);
"""


def copied(file: str, folder: Path) -> str:
    return str(shutil.copy(file, str(folder)))


@pytest.fixture
def here(compiled: Callable[[str], str], tmp_path: Path) -> Iterator[Lib]:
    """The gallery in this process, with static variables of its own."""
    with callgate.load(copied(compiled("gallery"), tmp_path), GALLERY, isolation="none") as lib:
        yield lib


@pytest.fixture
def faults_here(compiled: Callable[[str], str], tmp_path: Path) -> Iterator[Lib]:
    """The library of faults in this process; nobody must call them."""
    with callgate.load(copied(compiled("faults"), tmp_path), FAULTS, isolation="none") as lib:
        yield lib


def test_native_code_runs_on_the_thread_that_calls(here: Lib) -> None:
    """One stack: the caller's, with native code and the callback inside it."""
    seen = []

    def note(value: int) -> int:
        names = [frame.name for frame in traceback.extract_stack()]
        seen.append((os.getpid(), threading.get_ident(), "test_native_code_runs_on_the_thread_that_calls" in names))
        return value + 1

    assert here.apply(note, 4) == 5
    assert seen == [(os.getpid(), threading.get_ident(), True)]
    assert callgate.info(here).process == os.getpid()


def test_nothing_is_started_and_nothing_imported_before_it_is_used() -> None:
    """A program that uses this way only has no warden and no I/O thread; one that does not has no cffi."""
    program = """
import sys, threading, callgate
lib = callgate.load("libm.so.6", "double cos(double x);", isolation=sys.argv[1])
assert lib.cos(0.0) == 1.0
children = open(f"/proc/self/task/{threading.get_native_id()}/children").read().split()
print(len(children), "_cffi_backend" in sys.modules, [each.name for each in threading.enumerate()])
"""

    def run(isolation: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program, isolation], check=True, capture_output=True, text=True
        ).stdout.strip()

    assert run("none") == "0 True ['MainThread']"
    assert run("library").startswith("1 False")


@pytest.mark.parametrize("isolation", ["object", "shared:", "shared:a b", "process", ""])
def test_other_isolations_are_refused(isolation: str) -> None:
    """What is not there is refused with what is."""
    with pytest.raises(ValueError, match=f'"library", "client", "shared:NAME" .* or "none", not {isolation!r}'):
        callgate.load("libm.so.6", "double cos(double x);", isolation=isolation)


def test_a_deadline_is_refused() -> None:
    """Nothing could keep it."""
    with pytest.raises(ValueError, match="nothing can stop native code that runs in this process"):
        callgate.load("libm.so.6", "double cos(double x);", isolation="none", deadline=1.0)


def test_an_ambient_deadline_decides_whether_a_call_begins(here: Lib) -> None:
    """Before the call it holds; a call that has begun comes back whenever it does."""
    with callgate.deadline(60):
        assert here.sum([1, 2], 2) == 3
    with callgate.deadline(1e-6):
        time.sleep(0.001)  # the time given is over before the call
        with pytest.raises(callgate.DeadlineExceeded) as caught:
            here.sum([1, 2], 2)
    assert caught.value.began is False
    assert here.sum([1, 2], 2) == 3


def test_long_values_travel_whole(here: Lib) -> None:
    """Bulk frames beyond a message, both ways: what a socket carries in chunks arrives here as well."""
    expected = bytes(index * 7 & 0xFF for index in range(256)) * (20 << 12)
    got = bytearray(len(expected))
    here.pattern(got, len(got))

    assert got == expected
    assert here.checksum(got, len(got)) == here.checksum(expected, len(expected))
    assert here.checksum(got, len(got)) != here.checksum(got, len(got) - 1)


def test_a_message_that_is_too_long_is_refused_alike(compiled: Callable[[str], str], here: Lib) -> None:
    """The limits of a message are those of the other way, with the same words."""
    texts = []
    with callgate.load(compiled("gallery"), GALLERY) as there:
        for lib in (here, there):
            with pytest.raises(callgate.ArgumentError) as caught:
                lib.total_length(["x" * 1000] * 1100, 1100)
            texts.append(str(caught.value).replace(binding_of(lib).label, "LIB"))
    assert texts[0] == texts[1]
    assert here.sum([1, 2], 2) == 3


def test_submitted_calls_run_in_order_and_call_back_elsewhere(here: Lib) -> None:
    """Futures, callbacks on the executor, nested calls inside them, and what they raise."""
    names = set()

    def note(value: int) -> int:
        names.add(threading.current_thread().name)
        return int(here.sum([value, 1], 2))

    def fail(value: int) -> int:
        raise LookupError(str(value))

    futures = [here.apply.submit(note, number) for number in range(20)]
    failing = here.apply.submit(fail, 3)

    assert [future.result() for future in futures] == list(range(1, 21))
    with pytest.raises(LookupError, match="3"):
        failing.result()
    assert threading.current_thread().name not in names


def test_a_thread_of_the_library_calls_back(here: Lib) -> None:
    """During a call and between calls."""
    later = callgate.callback(here, "Unary", lambda value: value * 3)

    assert here.call_on_thread(lambda value: value + 1, 4) == 5
    here.start_later(later, 7)
    assert here.finish_later() == 21


def test_many_threads(here: Lib) -> None:
    """Threads do not disturb each other's callbacks."""

    def work(number: int, out: list[int]) -> None:
        out.extend(here.apply(lambda value: here.sum([value, number], 2), each) for each in range(50))

    results: list[list[int]] = [[] for _ in range(8)]
    threads = [threading.Thread(target=work, args=each) for each in enumerate(results)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [[each + number for each in range(50)] for number in range(8)]


def test_a_callback_into_another_library_and_back(here: Lib, faults_here: Lib) -> None:
    """Each library has its own objects and lines; one inside the other keeps them apart."""
    assert here.apply(lambda value: faults_here.call_it(lambda inner: here.sum([inner, 1], 2), value), 5) == 6
    foreign = callgate.callback(here, "Unary", lambda value: value)
    with pytest.raises(callgate.MarshalError, match="lives in another host"):
        faults_here.store(foreign)


def test_errno_and_what_a_callback_raises(here: Lib) -> None:
    """As over there."""
    here.fail_with(11)
    assert callgate.get_last_error(here) == 11

    def fail(value: int) -> int:
        raise KeyError(value)

    with pytest.raises(KeyError, match="8"):
        here.apply(fail, 8)
    assert here.sum([1, 2], 2) == 3


def test_closing_lets_go_of_everything(here: Lib) -> None:
    """Objects of a closed library are gone, also when it is closed inside one of its calls."""
    memory = callgate.buffer(here, 100)
    assert callgate.read(memory, 3) == bytes(3)

    def close(value: int) -> int:
        callgate.close(here)
        return value

    with pytest.raises(callgate.ObjectGone):
        here.apply(close, 1)
    with pytest.raises(callgate.ObjectGone):
        callgate.read(memory, 3)
    with pytest.raises(callgate.ObjectGone):
        here.sum([1], 1)


def test_close_wakes_a_library_thread_that_waits_for_a_callback(here: Lib) -> None:
    """A callback that is under way when the library is closed gets zero; nobody waits for ever."""
    entered, leave = threading.Event(), threading.Event()

    def slow(value: int) -> int:
        entered.set()
        leave.wait(10)
        return value

    here.start_later(callgate.callback(here, "Unary", slow), 7)
    assert entered.wait(10)
    callgate.close(here)
    leave.set()


def test_a_library_that_nobody_uses_is_let_go_of(compiled: Callable[[str], str]) -> None:
    """The host of a collected library holds no objects; the native library stays loaded."""
    lib = callgate.load(compiled("gallery"), GALLERY, isolation="none")
    session = binding_of(lib).ready().session
    callgate.buffer(lib, 10)
    del lib
    gc.collect()

    assert session.dead


def test_references_are_given_back(here: Lib) -> None:
    """Proxies that were collected are released with the next call."""
    host = binding_of(here).ready()
    before = host.system(HostFunction.INFO)["objects"]
    kept = [callgate.buffer(here, 10) for _ in range(5)]
    assert host.system(HostFunction.INFO)["objects"] == before + 5
    kept.clear()
    gc.collect()

    assert host.system(HostFunction.INFO)["objects"] == before


def test_a_forked_child_must_load_again(here: Lib) -> None:
    """As over there: the child of a fork has the library's memory, and none of its callbacks' threads."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            here.sum([1], 1)
        except callgate.ObjectGone:
            with callgate.load("libm.so.6", "double cos(double x);", isolation="none") as again:
                code = 0 if again.cos(0.0) == 1.0 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert here.sum([1, 2], 2) == 3


def test_a_crash_is_this_process_s_crash(compiled: Callable[[str], str]) -> None:
    """The docstring says so."""
    program = """
import sys, callgate
callgate.load(sys.argv[1], "int write_to_null(void);", isolation="none").write_to_null()
"""
    ended = subprocess.run([sys.executable, "-c", program, compiled("faults")], check=False)

    assert ended.returncode == -11
