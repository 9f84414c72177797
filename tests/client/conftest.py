"""Libraries that the client's tests call."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import callgate
from callgate import Lib

FAULTS = """
    typedef int (*number_cb)(int value);
    int add(int a, int b);
    int write_to_null(void);
    int call_abort(void);
    int divide(int a, int b);
    int call_exit(int status);
    int call__exit(int status);
    int kill_itself(int number);
    int bus_error(void);
    int sleep_ms(int ms);
    int spin(void);
    int lock_itself(void);
    int set_errno(int value);
    int say(const char *text);
    int call_it(number_cb callback, int value);
    int crash_after(number_cb callback, int value);
    void store(number_cb callback);
    int call_stored(int value);
    int call_from_thread(number_cb callback, int value);
"""


@pytest.fixture
def faults(compiled: Callable[[str], str]) -> Iterator[Lib]:
    """The library that ends its process in every way."""
    with callgate.load(compiled("faults"), FAULTS) as lib:
        yield lib


@pytest.fixture(scope="module")
def libm() -> Iterator[Lib]:
    """The mathematics library."""
    with callgate.load("libm.so.6", "double cos(double x); double pow(double x, double y);") as lib:
        yield lib
