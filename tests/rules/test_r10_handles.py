"""R10: handles. What native code counted, freed and logged is the judge, not what comes back."""

from __future__ import annotations

import abc
import copy
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

import callgate
from callgate import Lib
from callgate.lib import binding_of
from tests.conftest import wait_until

from .conftest import Loader

PROTOTYPES = """
    typedef [release(thing_free)] struct thing thing;
    typedef [release(unmap), invalid(0, -1)] struct mapping mapping;
    struct holder { int tag; thing *held; };
    int things_made(void);
    int things_freed(void);
    int freed_twice(void);
    int freed_while_busy(void);
    const char *freed_order(void);
    thing *thing_open(int value);
    int thing_make(int value, [out] thing **out);
    int thing_make_two(int value, [out] thing **first, [out, free] char **text);
    int thing_make_and_ask(int value, [out] thing **out, int (*f)(int value));
    int thing_value(thing *t);
    int thing_sum(thing *t, int more);
    uintptr_t thing_address(thing *t);
    [borrowed] thing *thing_same(thing *t);
    int thing_replace([in, out] thing **t, int value);
    int thing_wait(thing *t, int ms);
    int thing_wait_for_file(thing *t, const char *path);
    int thing_close([closes] thing *t);
    int thing_call(thing *t, int (*f)(int value));
    mapping *map_it(int value);
    int mapping_value(mapping *m);
    int mapping_is_minus_one(mapping *m);
    int times_unmapped(void);
    int holder_value(const struct holder *h);
    int holder_change([in, out] struct holder *h, int value);
    void end_given(void);
    int first_of(const void *values);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("handles", PROTOTYPES)


@pytest.fixture(autouse=True)
def no_object_ends_twice_or_in_use(lib: Lib) -> Any:
    """Every test: what was made is ended once, none while a call was inside it, none is left over."""
    yield
    gc.collect()
    assert wait_until(lambda: lib.things_freed() == lib.things_made(), 3)
    assert (lib.freed_twice(), lib.freed_while_busy()) == (0, 0)


def freed(lib: Lib, before: int, count: int) -> bool:
    """Whether so many were ended since; asking is a call, which takes along what was collected."""
    return wait_until(lambda: lib.things_freed() == before + count)


# -- R10.1: what it is ---------------------------------------------------------------------------------------------


def test_r10_01_native_code_sees_the_raw_value_and_nobody_else(lib: Lib) -> None:
    with lib.thing_open(7) as thing:
        address = lib.thing_address(thing)
        assert lib.thing_value(thing) == 7
        assert str(address) not in repr(thing)
        assert f"{address:x}" not in repr(thing)
        for send in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="another process"):
                send(thing)


# -- R10.2: around calls -------------------------------------------------------------------------------------------


def test_r10_02_a_close_meanwhile_lets_the_call_complete(lib: Lib, tmp_path: Path) -> None:
    """Another thread releases the handle of a blocking call: it completes, and the object ends afterwards."""
    thing, before = lib.thing_open(3), lib.things_freed()
    results: list[int] = []
    go_on = tmp_path / "go on"
    caller = threading.Thread(target=lambda: results.append(lib.thing_wait_for_file(thing, str(go_on))))
    caller.start()
    assert wait_until(lambda: lib.things_made() == before + 1)
    wait_until(lambda: False, 0.05)

    callgate.release(thing)
    assert lib.things_freed() == before
    with pytest.raises(callgate.ObjectGone, match="released"):
        lib.thing_value(thing)
    go_on.touch()
    caller.join(20)
    assert results == [3]
    assert freed(lib, before, 1)


def test_r10_02_a_refused_call_drops_its_count(lib: Lib) -> None:
    """A later argument does not fit: the handle can be released at once afterwards."""
    thing, before = lib.thing_open(4), lib.things_freed()
    with pytest.raises(callgate.MarshalError):
        lib.thing_sum(thing, "more")
    with pytest.raises(callgate.MarshalError):
        lib.thing_sum(thing, 1 << 40)
    callgate.release(thing)

    assert lib.things_freed() == before + 1


@pytest.mark.rule("R19.28")
def test_r10_02_none_and_what_is_gone_are_refused(lib: Lib) -> None:
    with pytest.raises(callgate.ArgumentError, match=r"argument 1 't' of thing_value.*R10\.2"):
        lib.thing_value(None)
    thing = lib.thing_open(5)
    callgate.release(thing)
    callgate.release(thing)  # twice does nothing
    with pytest.raises(callgate.ObjectGone, match="released"):
        lib.thing_value(thing)


# -- R10.3, R10.4: results and references --------------------------------------------------------------------------


def test_r10_03_results_and_outs_are_owned(lib: Lib) -> None:
    before = lib.things_freed()
    first = lib.thing_open(1)
    code, second = lib.thing_make(2)

    assert (code, lib.thing_value(first), lib.thing_value(second)) == (0, 1, 2)
    assert lib.thing_make(-1) == (-1, None)
    assert lib.thing_open(-1) is None
    del first, second
    gc.collect()
    assert freed(lib, before, 2)


def test_r10_03_a_handle_comes_beside_other_outs(lib: Lib) -> None:
    before = lib.things_freed()
    code, thing, text = lib.thing_make_two(6)
    assert (code, len(text)) == (0, 1999)
    callgate.release(thing)
    assert lib.things_freed() == before + 1


def test_r10_03_what_nobody_gets_is_ended(lib: Lib) -> None:
    """A callback failed, so the call raises: the handle that came out all the same is not leaked."""

    def fail(value: int) -> int:
        raise LookupError(value)

    before = lib.things_freed()
    with pytest.raises(LookupError):
        lib.thing_make_and_ask(7, fail)
    assert freed(lib, before, 1)


class Plain(callgate.Handle, name="thing", release="thing_free"):
    """A handle of typed declarations."""


class Fussy(callgate.Handle, name="thing", release="thing_free"):
    """One whose constructor may refuse."""

    allowed = True

    def __init__(self) -> None:
        if not self.allowed:
            raise PermissionError("not now")
        self.note = "made by its own constructor"


def test_r10_03_the_declared_class_is_made_before_the_call(lib: Lib, compiled: Callable[[str], str]) -> None:
    """A constructor that fails prevents the call, so that nothing native can be leaked."""

    @callgate.library(compiled("handles"))
    class Things(Protocol):
        def thing_open(self, value: callgate.i4) -> Fussy: ...
        def thing_value(self, t: Fussy) -> callgate.i4: ...
        def things_made(self) -> callgate.i4: ...

    things = callgate.load(Things)
    thing = things.thing_open(9)
    assert type(thing) is Fussy
    assert thing.note == "made by its own constructor"
    assert things.thing_value(thing) == 9
    made = things.things_made()
    Fussy.allowed = False
    try:
        with pytest.raises(PermissionError, match="not now"):
            things.thing_open(10)
    finally:
        Fussy.allowed = True
    assert things.things_made() == made
    callgate.close(things)


@pytest.mark.rule("R19.28")
def test_r10_03_an_abstract_class_is_refused(compiled: Callable[[str], str]) -> None:
    class Abstract(callgate.Handle, abc.ABC, name="thing"):
        @abc.abstractmethod
        def kind(self) -> str: ...

    class Things(Protocol):
        def thing_open(self, value: callgate.i4) -> Abstract: ...

    decorate: Any = callgate.library(compiled("handles"))
    with pytest.raises(callgate.MarshalDirectiveError, match=r"abstract.*R10\.3"):
        decorate(Things)


def test_r10_04_a_reference_keeps_or_replaces(lib: Lib) -> None:
    """Unchanged, it is the same object; changed, there is a new one, and the old one still owns the old value."""
    before = lib.things_freed()
    thing = lib.thing_open(1)

    assert lib.thing_replace(thing, 0) == (0, thing)
    _, other = lib.thing_replace(thing, 2)
    assert other is not thing
    assert (lib.thing_value(thing), lib.thing_value(other)) == (1, 2)
    callgate.release(other)
    assert (lib.thing_value(thing), lib.things_freed()) == (1, before + 1)
    callgate.release(thing)


def test_r10_04_a_borrowed_result_is_the_same_object(lib: Lib) -> None:
    with lib.thing_open(8) as thing:
        assert lib.thing_same(thing) is thing


# -- R10.5, R10.7 --------------------------------------------------------------------------------------------------


def test_r10_05_a_handle_in_a_struct_only_goes_in(lib: Lib) -> None:
    with lib.thing_open(5) as thing:
        assert lib.holder_value({"tag": 2, "held": thing}) == 205
        assert lib.holder_value({"tag": 2, "held": None}) == 200
        _, same = lib.holder_change({"tag": 1, "held": thing}, 0)
        assert (same.tag, same.held) == (2, thing)
        with pytest.raises(callgate.NotSupportedError, match=r"'h'.*R10\.5"):
            lib.holder_change({"tag": 1, "held": thing}, 77)
    # what native code put there is native code's: nobody here may end it
    assert lib.things_freed() == lib.things_made() - 1
    lib.end_given()


@pytest.mark.rule("R19.28")
@pytest.mark.parametrize(
    "declaration",
    ["int f([size_is(n)] thing **v, int n);", "struct s { thing *v[2]; }; int f(struct s *v);"],
)
def test_r10_05_arrays_of_them_are_refused(compiled: Callable[[str], str], declaration: str) -> None:
    prototypes = f"typedef [release(thing_free)] struct thing thing; {declaration} int things_made(void);"

    def use() -> None:
        with callgate.load(compiled("handles"), prototypes) as refused:
            refused.things_made()
            callgate.types(refused)
            refused.f(None, 0)

    with pytest.raises((callgate.MarshalDirectiveError, callgate.EntryPointNotFoundError), match=r"R10\.5|no function"):
        use()


def test_r10_07_an_owner_stays_alive_during_the_call(lib: Lib) -> None:
    """HandleRef keeps any object; an offset into memory is the pointer plus the offset."""

    class Owner:
        pass

    ended: list[int] = []
    owner = Owner()
    weakref.finalize(owner, ended.append, 1)
    numbers = callgate.buffer(lib, b"".join(each.to_bytes(4, "little") for each in (10, 20, 30)))
    reference = callgate.HandleRef(owner, numbers + 8)
    del owner
    gc.collect()

    assert ended == []
    assert lib.first_of(reference) == 30
    assert lib.first_of(numbers + 4) == 20
    del reference
    gc.collect()
    assert ended == [1]
    with pytest.raises(TypeError, match="pointer"):
        callgate.HandleRef(object(), 5)  # type: ignore[arg-type]


# -- R10.8, R10.9: ends --------------------------------------------------------------------------------------------


def test_r10_08_explicit_close_with_and_collection_end_it_once(lib: Lib) -> None:
    before = lib.things_freed()
    callgate.release(lib.thing_open(1))
    assert lib.things_freed() == before + 1, "it has ended when release comes back"
    with lib.thing_open(2) as thing:
        assert lib.thing_value(thing) == 2
    assert lib.things_freed() == before + 2
    assert lib.thing_close(lib.thing_open(3)) == 7, "[closes]: the call ends it, and nothing else does"
    assert lib.things_freed() == before + 3
    thing = lib.thing_open(4)
    del thing
    gc.collect()
    assert freed(lib, before, 4)


def test_r10_08_collected_handles_end_without_another_call(load_host: Loader) -> None:
    """The end of a handle does not wait for the next call: the host's own count falls."""
    lib = load_host("handles", PROTOTYPES)
    thing = lib.thing_open(4)
    holdings = binding_of(lib).ready().holdings
    del thing
    gc.collect()
    assert wait_until(lambda: not holdings.has_collected)
    assert wait_until(lambda: lib.things_freed() == lib.things_made(), 3)


def test_r10_08_ends_are_first_come_first_served(lib: Lib) -> None:
    things = [lib.thing_open(1000 + each) for each in range(5)]
    before = lib.things_freed()
    while things:
        things.pop(0)
    gc.collect()

    assert freed(lib, before, 5)
    assert lib.freed_order().endswith("1000 1001 1002 1003 1004 ")


def test_r10_08_a_handle_in_a_callback_is_not_ended_by_it(lib: Lib) -> None:
    """Released inside a callback of a call that uses it: it ends when that call is over."""
    thing, before = lib.thing_open(6), lib.things_freed()

    def release(value: int) -> int:
        callgate.release(thing)
        ended: int = lib.things_freed() - before
        return value + ended

    assert lib.thing_call(thing, release) == 6
    assert freed(lib, before, 1)


CLIENT = """
import os, signal, sys
import callgate
lib = callgate.load(sys.argv[1], '''
    typedef [release(thing_free)] struct thing thing;
    thing *thing_open(int value);
    void set_log(const char *path);
    int thing_close([closes] thing *t);
''')
lib.set_log(sys.argv[2])
things = [lib.thing_open(value) for value in (1, 2, 3)]
lib.thing_close(lib.thing_open(4))
print("ready", flush=True)
if sys.argv[3] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
elif sys.argv[3] == "close":
    callgate.close(lib)
"""


@pytest.mark.parametrize("how", ["kill", "end", "close"])
def test_r10_08_when_the_client_dies_its_host_ends_them(
    compiled: Callable[[str], str], tmp_path: Path, how: str
) -> None:
    """kill -9, the end of the program, `close`: each object ends once, the last one first."""
    log = tmp_path / "log"
    client = subprocess.run(
        [sys.executable, "-c", CLIENT, compiled("handles"), str(log), how],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert client.stdout == "ready\n", client.stderr
    assert client.returncode == (-signal.SIGKILL if how == "kill" else 0)
    assert wait_until(lambda: log.exists() and len(log.read_text().split()) >= 4)
    assert log.read_text().split() == ["4", "3", "2", "1"]


def test_r10_09_invalid_values_are_wrapped_and_never_ended(lib: Lib) -> None:
    before = lib.times_unmapped()
    good, bad, null = lib.map_it(5), lib.map_it(-1), lib.map_it(0)

    assert (callgate.is_invalid(good), callgate.is_invalid(bad), callgate.is_invalid(null)) == (False, True, True)
    assert null is None
    assert type(bad) is type(good)
    assert "invalid mapping" in repr(bad)
    assert lib.mapping_is_minus_one(bad) == 1
    assert lib.mapping_value(good) == 5
    callgate.release(bad)
    del bad, null
    callgate.release(good)
    gc.collect()
    assert lib.times_unmapped() == before + 1
    with pytest.raises(TypeError, match="handle"):
        callgate.is_invalid("no")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ("typedef [release(f)] struct s { int x; } s; int f(s *v);", "has members"),
        ("typedef [release(f)] double number; int f(number v);", "opaque struct"),
        ("int abs([release(g)] int *v);", "typedef of an opaque struct"),
        ("typedef [invalid()] struct s s; int f(s *v);", "."),
    ],
)
def test_r10_09_what_cannot_be_declared(declaration: str, words: str) -> None:
    def use() -> None:
        with callgate.load("libc.so.6", declaration + " long labs(long);") as libc:
            libc.abs(None)

    with pytest.raises((callgate.DeclarationError, callgate.EntryPointNotFoundError), match=words):
        use()


def test_r10_08_a_release_function_that_does_not_exist(compiled: Callable[[str], str]) -> None:
    prototypes = "typedef [release(no_such_end)] struct thing thing; thing *thing_open(int value);"
    with (
        callgate.load(compiled("handles"), prototypes) as lib,
        pytest.raises(callgate.EntryPointNotFoundError, match="no_such_end"),
    ):
        lib.thing_open(1)


def test_r10_08_sqlite_closes_its_databases(tmp_path: Path) -> None:
    """A library nobody here wrote: the file of a database that was let go of can be removed and made anew."""
    prototypes = """
        typedef [release(sqlite3_close_v2)] struct sqlite3 sqlite3;
        int sqlite3_open(const char *filename, [out] sqlite3 **db);
        int sqlite3_exec(sqlite3 *db, const char *sql, void *callback, void *data, void *error);
        int sqlite3_close_v2([closes] sqlite3 *db);
    """
    path = tmp_path / "data.db"
    with callgate.load("libsqlite3.so.0", prototypes) as sqlite:
        for _ in range(20):
            code, db = sqlite.sqlite3_open(str(path))
            assert code == 0
            assert sqlite.sqlite3_exec(db, "create table if not exists t (x); begin exclusive", None, None, None) == 0
            del db  # an exclusive lock is held until the database is closed
            gc.collect()
            code, other = sqlite.sqlite3_open(str(path))
            assert wait_until(lambda: sqlite.sqlite3_exec(other, "insert into t values (1)", None, None, None) == 0)  # noqa: B023
            callgate.release(other)
    assert os.path.getsize(path) > 0


def test_r10_10_descriptors_are_handles_that_are_numbers(load_both: Loader, tmp_path: Path) -> None:
    """-1 is the invalid one and 0 a good one; each is closed once, and its number is never sent again."""
    libc = load_both(
        "libc.so.6",
        """
        typedef [release(close), invalid(-1)] int fd;
        fd open(const char *path, int flags);
        fd dup(fd file);
        long write(fd file, [size_is(n)] const void *data, size_t n);
        int close([closes] fd file);
        int pipe2([out, size_is(2)] int *ends, int flags);
        int fcntl(int number, int command);
        """,
    )
    path = tmp_path / "file"
    path.touch()
    file = libc.open(str(path), 1)
    assert not callgate.is_invalid(file)
    assert libc.write(file, b"text", 4) == 4
    with libc.dup(file) as other:
        assert other is not file
        assert libc.write(other, b"more", 4) == 4
    with pytest.raises(callgate.ObjectGone):
        libc.write(other, b"late", 4)
    assert libc.close(file) == 0
    with pytest.raises(callgate.ObjectGone):
        libc.write(file, b"late", 4)
    assert path.read_bytes() == b"textmore"
    missing = libc.open(str(tmp_path / "missing"), 0)
    assert callgate.is_invalid(missing)
    assert libc.write(missing, b"x", 1) == -1, "what the library gave for a failure goes back as it is"
    with pytest.raises(callgate.MarshalError):
        libc.write(3, b"x", 1)
