"""R9.4, R9.7: functions that native code hands out, and tables of functions in both directions."""

from __future__ import annotations

from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched

TYPES = """
    typedef union { float v[3]; struct { float x, y, z; } s; } Floats;
    typedef struct Table Table;
    typedef int (*Adder)(int a, int b);
    struct Table {
        int version;
        Adder add;
        const char *(*name)(void);
        int (*each)(Table *self, int (*f)(int value), int n);
        int (*split)(double x, [out] int *whole);
        Floats (*turn)(Floats v);
        int (*absent)(void);
        void (*crash)(void);
        int (*wait)(int ms);
        Table *next;
    };
    int get_table([out] Table **table);
    Adder get_adder(int which);
    int is_adder(Adder f);
    int call_adder(Adder f, int a, int b);
    int use_table(const Table *t, int a);
    void *adder_address(void);
    int table_version(const Table *t);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("layout", TYPES)


@pytest.fixture(scope="module")
def table(lib: Lib) -> Any:
    return lib.get_table()[1]


def test_r09_07_a_function_that_native_code_hands_out_is_called(lib: Lib) -> None:
    """By position and by name, with the range checks of any other call, and errno is kept."""
    add = lib.get_adder(0)

    assert add(2, 3) == 5
    assert callgate.get_last_error(lib) == 7
    assert add(2, b=40) == 42
    assert lib.get_adder(1)(6, 7) == 42
    assert lib.get_adder(2) is None
    with untouched(lib), pytest.raises(callgate.OutOfRange, match="argument 2 'b' of Adder"):
        add(1, 1 << 31)
    with untouched(lib), pytest.raises(TypeError, match=r"Adder\(\) .* takes a, b; it was given 1 values"):
        add(1)
    with untouched(lib), pytest.raises(TypeError, match="c"):
        add(1, c=2)


def test_r09_07_such_calls_are_submitted(lib: Lib, table: Any) -> None:
    """In order, with callbacks; a bad argument is refused at once."""
    add = lib.get_adder(0)
    with untouched(lib), pytest.raises(callgate.OutOfRange, match="argument 1 'a' of Adder"):
        add.submit(1 << 31, 1)
    futures = [add.submit(each, b=1) for each in range(5)]
    assert [future.result(10) for future in futures] == [1, 2, 3, 4, 5]
    assert table.each.submit(table, lambda value: value, 3).result(10) == 1 + 6


@pytest.mark.rule("R9.4")
def test_r09_07_the_same_pointer_is_equal_and_goes_back(lib: Lib) -> None:
    """It may be compared, stored, passed on and called from C."""
    add, again, multiply = lib.get_adder(0), lib.get_adder(0), lib.get_adder(1)

    assert add == again
    assert add != multiply
    assert hash(add) == hash(again)
    assert (lib.is_adder(add), lib.is_adder(multiply), lib.is_adder(lambda a, b: a)) == (1, 0, 0)
    assert lib.call_adder(multiply, 6, 7) == 42
    assert "Adder at" in repr(add)


def test_r09_07_an_untyped_pointer_is_cast_to_a_function(lib: Lib) -> None:
    """What `dlsym` and its like return; memory and handles are no functions."""
    add = callgate.cast(lib, lib.adder_address(), "Adder")

    assert add(20, 22) == 42
    with callgate.buffer(lib, 64) as memory, pytest.raises(callgate.InvalidCastError, match="expected a function"):
        callgate.cast(lib, memory, "Adder")(1, 2)
    with pytest.raises(callgate.InvalidCastError, match=r"expected a function pointer Table\.split, got a code:Adder"):
        callgate.cast(lib, lib.get_adder(0), "Table.split")(1.5)


def test_r09_07_a_table_of_functions_is_called_like_a_library(lib: Lib, table: Any) -> None:
    """`rc, p11 = C_GetFunctionList(); p11.C_Initialize(None)`: members of the pointed struct are called."""
    assert lib.get_table()[0] == 5
    assert (table.version, table.add(2, 3), table.name()) == (1, 5, "first")
    assert (table.next.version, table.next.add(2, 3), table.next.name()) == (2, 6, "second")
    assert table.next.next is None
    assert table.absent is None
    assert table.split(2.75) == (75, 2)
    assert list(table.turn({"v": [1, 2, 3]}).v) == [3.0, 2.0, 1.0]
    assert "split" in dir(table)
    with pytest.raises(AttributeError, match="no member 'other'"):
        _ = table.other


def test_r09_07_callbacks_run_inside_such_a_call(table: Any) -> None:
    """And what they raise comes out of it."""
    seen = []

    def take(value: int) -> int:
        seen.append(value)
        return value

    assert table.each(table, take, 3) == 1 + 6
    assert seen == [3, 2, 1]
    with pytest.raises(ZeroDivisionError):
        table.each(table, lambda value: value // 0, 1)


def test_r09_07_members_of_a_pointed_struct_are_written(lib: Lib, table: Any) -> None:
    table.next.version = 8
    assert lib.table_version(table.next) == 8
    table.next.version = 2
    assert callgate.cast(lib, table.next, "Table").version == 2


@pytest.mark.rule("R7.18", "R9.5")
def test_r07_18_python_fills_a_table_of_functions(lib: Lib) -> None:
    """A struct of callables, given for a call or living in the host, is called by native code."""
    calls = []

    def add(a: int, b: int) -> int:
        calls.append((a, b))
        return a - b

    assert lib.use_table({"version": 3, "add": add, "name": lambda: "abc"}, 9) == 3 + 80 + 3000 + 10000
    with callgate.new(lib, "Table") as mine:
        mine.version, mine.add = 4, add
        assert lib.use_table(mine, 5) == 4 + 40 + 10000
        mine.add = lib.get_adder(1)
        assert lib.use_table(mine, 5) == 4 + 50 + 10000
        assert mine.add == lib.get_adder(1)
        assert mine.add(3, 4) == 12
    assert calls == [(9, 1), (5, 1)]


def test_r09_07_such_a_call_ends_as_any_other(load_host: Loader) -> None:
    """A crash and a deadline end the host, and say where; the pointer is gone with it."""
    lib = load_host("layout", TYPES)
    table = lib.get_table()[1]
    crash = table.crash
    with pytest.raises(callgate.HostCrashed, match=r"Table\.crash") as caught:
        crash()
    assert caught.value.signal == 11
    with pytest.raises(callgate.ObjectGone):
        crash()
    table = lib.get_table()[1]
    with callgate.deadline(0.2), pytest.raises(callgate.DeadlineExceeded, match=r"Table\.wait"):
        table.wait(20_000)
    with pytest.raises(callgate.ObjectGone):
        table.add(1, 2)
    assert lib.get_adder(0)(1, 2) == 3
