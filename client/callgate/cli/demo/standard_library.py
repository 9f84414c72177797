"""libc: a Python comparator, an end pointer, a struct by value, text that is filled in, a variadic function."""

from __future__ import annotations

import random
import time
from typing import Any

import callgate
from callgate import Lib

from .stage import Stage

__all__ = ["standard_library"]

_PROTOTYPES = """
    typedef struct { int quot; int rem; } div_t;
    struct tm { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
                long tm_gmtoff; const char *tm_zone; };
    void qsort([in, out, size_is(n)] int *base, size_t n, size_t width, int (*compare)(const int *a, const int *b));
    long strtol(const char *text, [out, offset(text)] char **end, int base);
    div_t div(int numerator, int denominator);
    void *gmtime_r(const time_t *moment, [out] struct tm *result);
    int snprintf([out, size_is(n)] char *s, size_t n, const char *format, ...);
"""


def standard_library(stage: Stage) -> None:
    """What C does with pointers, as Python sees it."""
    numbers = random.sample(range(1000), 12)
    moment = int(time.time())
    with stage.load("libc, the C library", "libc.so.6", _PROTOTYPES) as libc:
        stage.say(f"numbers = {numbers}")
        stage.step("libc.qsort(…, lambda a, b: a - b)", lambda: _sorted(libc, numbers), sorted(numbers))
        stage.step('libc.strtol("42 apples", 10)', lambda: libc.strtol("42 apples", 10), (42, 2))
        quotient = stage.step("libc.div(17, 5)", lambda: _members(libc.div(17, 5)), divmod(17, 5))
        stage.step('libc.snprintf(text, 40, "%d rest %d", …)', lambda: _formatted(libc, *quotient), "3 rest 2")
        today = time.gmtime(moment)
        stage.step("libc.gmtime_r(now)", lambda: _date(libc, moment), (today.tm_year, today.tm_mon, today.tm_mday))


def _sorted(libc: Lib, numbers: list[int]) -> list[int]:
    numbers = numbers.copy()
    libc.qsort(numbers, len(numbers), 4, lambda a, b: a - b)
    return numbers


def _members(result: Any) -> tuple[int, int]:
    return result.quot, result.rem


def _formatted(libc: Lib, quotient: int, rest: int) -> str:
    text = callgate.StrBuf(39)
    libc.snprintf(text, 40, "%d rest %d", quotient, rest)
    return str(text)


def _date(libc: Lib, moment: int) -> tuple[int, int, int]:
    _, tm = libc.gmtime_r(moment)
    return tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday
