"""The C library and libm as a corpus: functions that others wrote, in both ways, against what Python knows."""

from __future__ import annotations

import ctypes
import math
import os
import struct
import time
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader

LIBC = """
    typedef struct { int quot, rem; } div_t;
    typedef struct { long quot, rem; } ldiv_t;
    typedef struct { long long quot, rem; } lldiv_t;
    div_t div(int n, int d);
    ldiv_t ldiv(long n, long d);
    lldiv_t lldiv(long long n, long long d);

    void qsort([in, out, size_is(n)] double *v, size_t n, size_t size, int (*cmp)(const double *a, const double *b));
    void qsort_r([in, out, size_is(n)] int *v, size_t n, size_t size,
                 int (*cmp)(const int *a, const int *b, [context] void *data), [context] void *data);

    long strtol(const char *s, [out, offset(s)] char **end, int base);
    unsigned long long strtoull(const char *s, [out, offset(s)] char **end, int base);
    double strtod(const char *s, [out, offset(s)] char **end);
    long double strtold(const char *s, [out, offset(s)] char **end);

    struct tm { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
                long tm_gmtoff; const char *tm_zone; };
    struct tm *gmtime_r(const time_t *when, [out] struct tm *result);
    time_t timegm([in, out] struct tm *when);
    size_t strftime([out, size_is(max)] char *s, size_t max, const char *format, const struct tm *when);
    struct timespec { time_t tv_sec; long tv_nsec; };
    int clock_getres(int clock, [out] struct timespec *res);

    typedef struct { char inner[64]; } regex_t;
    typedef struct { int rm_so, rm_eo; } regmatch_t;
    int regcomp(regex_t *preg, const char *pattern, int flags);
    int regexec(const regex_t *preg, const char *s, size_t n, [out, size_is(n)] regmatch_t *matches, int flags);
    size_t regerror(int code, [unique] const regex_t *preg, [out, size_is(n)] char *text, size_t n);
    void regfree(regex_t *preg);

    typedef struct _IO_FILE FILE;
    FILE *fopen(const char *path, const char *mode);
    ssize_t getline([in, out, unique, free(free)] char **line, [in, out] size_t *n, FILE *file);
    int fclose([closes] FILE *file);
    void free(void *memory);
    int asprintf([out, free(free)] char **text, const char *format, ...);
    int snprintf([out, size_is(n)] char *s, size_t n, const char *format, ...);
    [free(free)] char *realpath(const char *path, [unique] char *resolved);
    [free(free)] char *strndup(const char *s, size_t n);

    struct FTW { int base, level; };
    typedef int (*visit)(const char *path, const void *stat, int kind, struct FTW *where);
    int nftw(const char *path, visit f, int descriptors, int flags);

    size_t wcslen(const wchar_t *s);
    int memcmp([size_is(n)] const void *a, [size_is(n)] const void *b, size_t n);
    void *memcpy([out, size_is(n)] void *to, [size_is(n)] const void *from, size_t n);
    int inet_pton(int family, const char *text, [out, size_is(16)] unsigned char *address);
    int pipe([out, size_is(2)] int *ends);
    int close(int descriptor);
    ssize_t write(int descriptor, [size_is(n)] const void *data, size_t n);
    ssize_t read(int descriptor, [out, size_is(n)] void *data, size_t n);
"""

LIBM = """
    double frexp(double x, [out] int *exponent);
    double modf(double x, [out] double *whole);
    float modff(float x, [out] float *whole);
    long double modfl(long double x, [out] long double *whole);
    void sincos(double x, [out] double *sine, [out] double *cosine);
    double remquo(double x, double y, [out] int *quotient);
    double nextafter(double x, double y);
    double nexttoward(double x, long double y);
    long double sqrtl(long double x);
    float ldexpf(float x, int n);
    long lround(double x);
    long long llroundf(float x);
    double fma(double x, double y, double z);
    int ilogb(double x);
    double lgamma_r(double x, [out] int *sign);
    double jn(int n, double x);
"""


@pytest.fixture(scope="module")
def libc(load_both: Loader) -> Lib:
    return load_both("libc.so.6", LIBC)


@pytest.fixture(scope="module")
def libm(load_both: Loader) -> Lib:
    return load_both("libm.so.6", LIBM)


@pytest.mark.parametrize(("name", "n", "d"), [("div", 17, -5), ("ldiv", -(1 << 40), 7), ("lldiv", 1 << 62, 1000003)])
def test_r07_09_structs_of_every_size_come_back(libc: Lib, name: str, n: int, d: int) -> None:
    """8 and 16 bytes in registers: C truncates towards zero."""
    result = getattr(libc, name)(n, d)

    assert (result.quot, result.rem) == (int(math.copysign(abs(n) // abs(d), n * d)), int(math.fmod(n, d)))


def test_r09_08_comparators_with_and_without_a_context(libc: Lib) -> None:
    numbers = [3.5, -1.0, math.inf, 0.0, -math.inf]
    libc.qsort(numbers, 5, 8, lambda a, b: (a > b) - (a < b))
    weights, places = {5: 1, 7: 0, 9: 2}, [5, 7, 9]
    libc.qsort_r(places, 3, 4, lambda a, b, order: order[a] - order[b], weights)

    assert numbers == [-math.inf, -1.0, 0.0, 3.5, math.inf]
    assert places == [7, 5, 9]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("strtol", ("-0x1fz", 16), (-31, 5)),
        ("strtoull", ("18446744073709551615!", 10), ((1 << 64) - 1, 20)),
        ("strtod", ("2.5e3kg",), (2500.0, 5)),
        ("strtod", ("nothing",), (0.0, 0)),
        ("strtold", ("0x1p-3 ",), (0.125, 6)),
    ],
)
def test_r05_end_pointers(libc: Lib, name: str, arguments: tuple[object, ...], expected: tuple[object, int]) -> None:
    assert getattr(libc, name)(*arguments) == expected


@pytest.mark.parametrize("when", [0, 86_399, -1, 951_782_400, 4_102_444_800])
def test_r07_times(libc: Lib, when: int) -> None:
    """A struct with a text in it comes out, goes in, and is formatted."""
    _, moment = libc.gmtime_r(when)
    text = callgate.StrBuf(100)
    expected = time.strftime("%Y-%m-%d %H:%M:%S %j", time.gmtime(when))

    assert libc.strftime(text, 100, "%Y-%m-%d %H:%M:%S %j", moment) == len(expected)
    assert str(text) == expected
    assert libc.timegm(moment)[0] == when
    assert moment.tm_zone == "GMT"


def test_r07_clock(libc: Lib) -> None:
    code, resolution = libc.clock_getres(1)

    assert (code, resolution.tv_sec) == (0, 0)
    assert resolution.tv_nsec == round(time.clock_getres(time.CLOCK_MONOTONIC) * 1e9)


def test_r08_12_a_regular_expression(libc: Lib) -> None:
    """A struct that the library keeps pointers in stays at one address; matches are an array of structs."""
    with callgate.new(libc, "regex_t") as pattern:
        assert libc.regcomp(pattern, "([a-z]+)=([0-9]+)", 1) == 0
        matches: list[Any] = [{}, {}, {}]
        assert libc.regexec(pattern, "  key=42;", 3, matches, 0) == 0
        assert [(each.rm_so, each.rm_eo) for each in matches] == [(2, 8), (2, 5), (6, 8)]
        assert libc.regexec(pattern, "nothing", 3, matches, 0) == 1
        libc.regfree(pattern)
    text = callgate.StrBuf(100)
    libc.regerror(1, None, text, 100)
    assert str(text) == "No match"


def test_r08_lines_that_the_library_allocates(libc: Lib, tmp_path: Path) -> None:
    """An in-out `char **` that the library replaces, as often as it likes."""
    path = tmp_path / "lines"
    path.write_text("first\n" + "x" * 5000 + "\nß漢😀")
    file = libc.fopen(str(path), "r")
    lines: list[Any] = []
    line = callgate.Box(None)  # a pointer to NULL; None itself would be a NULL pointer
    while libc.getline(line, 0, file)[0] >= 0:
        lines.append(line.value)
    libc.fclose(file)

    assert lines == ["first\n", "x" * 5000 + "\n", "ß漢😀"]


def test_r08_02_text_that_the_caller_frees(libc: Lib, tmp_path: Path) -> None:
    expected = f"a-002.2-{1 << 50}"
    assert libc.asprintf("%s-%05.1f-%lld", "a", 2.25, callgate.arg(1 << 50, "long long")) == (len(expected), expected)
    assert libc.realpath(f"{tmp_path}/../{tmp_path.name}", None) == os.path.realpath(tmp_path)
    assert libc.strndup("green", 3) == "gre"


def test_r02_variadic_arguments_beyond_the_registers(libc: Lib) -> None:
    """Integers and doubles take turns until both kinds of registers are full, and go on on the stack."""
    numbers = [value for index in range(12) for value in (index, index + 0.5)]
    layout = "%d %.1f " * 12
    expected = layout % tuple(numbers)
    text = callgate.StrBuf(200)

    assert libc.snprintf(text, 200, layout, *numbers) == len(expected)
    assert str(text) == expected


def test_r09_08_a_walk(libc: Lib, tmp_path: Path) -> None:
    """Callbacks get text, a pointer and a struct, and end the walk."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "file").write_text("x")
    seen = {}

    def visit(path: str, _stat: object, kind: int, where: object) -> int:
        seen[os.path.relpath(path, tmp_path)] = (kind, where.level, path[where.base :])  # type: ignore[attr-defined]
        return 0

    assert libc.nftw(str(tmp_path), visit, 10, 1) == 0
    assert seen == {
        ".": (1, 0, tmp_path.name),
        "a": (1, 1, "a"),
        "a/b": (1, 2, "b"),
        "a/file": (0, 2, "file"),
    }
    assert libc.nftw(str(tmp_path), lambda *_: 7, 10, 1) == 7


def test_r04_06_wide_text(libc: Lib) -> None:
    assert libc.wcslen("ß漢😀") == 3


def test_r06_bytes_through_the_kernel(libc: Lib) -> None:
    """Out arrays of a constant length, and bytes in and out."""
    ends = [0, 0]
    assert libc.pipe(ends) == 0
    data = bytes(range(256))
    got = bytearray(300)

    assert libc.write(ends[1], data, 256) == 256
    assert libc.read(ends[0], got, 300) == 256
    assert got[:256] == data
    assert [libc.close(end) for end in ends] == [0, 0]
    address = bytearray(16)
    assert libc.inet_pton(10, "::1", address) == 1
    assert address == bytes(15) + b"\1"


def test_r06_untyped_memory(libc: Lib) -> None:
    target = bytearray(5)
    libc.memcpy(target, b"hello", 5)

    assert target == b"hello"
    assert libc.memcmp(b"abd", b"abc", 3) > 0
    assert libc.memcmp(b"abd", b"abc", 2) == 0


@pytest.mark.parametrize("x", [0.0, -0.0, 1.5, -123.456, 1e300, 5e-324])
def test_r02_02_libm_agrees_with_python(libm: Lib, x: float) -> None:
    """Doubles bit by bit, with outs."""
    assert libm.frexp(x) == math.frexp(x)
    assert [struct.pack("d", each) for each in libm.modf(x)] == [struct.pack("d", each) for each in math.modf(x)]
    assert libm.nextafter(x, 10.0) == math.nextafter(x, 10.0)


def test_r02_02_more_of_libm(libm: Lib) -> None:
    """Several outs, floats, and `long double` among them."""
    sine, cosine = libm.sincos(0.5)
    assert (sine, cosine) == (math.sin(0.5), math.cos(0.5))
    assert libm.remquo(17.5, 5.0) == (-2.5, 4)
    assert libm.modff(2.25) == (0.25, 2.0)
    assert libm.modfl(-2.25) == (-0.25, -2.0)
    assert libm.sqrtl(2.25) == 1.5
    assert libm.nexttoward(1.0, 2.0) == math.nextafter(1.0, 2.0)
    assert libm.ldexpf(0.75, 4) == 12.0
    assert (libm.lround(2.5), libm.llroundf(-2.5)) == (3, -3)
    assert libm.ilogb(1024.0) == 10
    value, sign = libm.lgamma_r(-0.5)
    assert math.isclose(value, math.lgamma(-0.5))
    assert sign == -1
    assert libm.jn(0, 0.0) == 1.0


def test_r07_09_complex_numbers(load_both: Loader) -> None:
    lib = load_both("libm.so.6", "double _Complex csqrt(double _Complex z); float _Complex conjf(float _Complex z);")

    assert lib.csqrt(-4 + 0j) == 2j
    assert lib.conjf(1.5 + 2.5j) == 1.5 - 2.5j


def test_sizes_are_those_of_this_machine(libc: Lib) -> None:
    """What the host measures is what ctypes knows."""
    assert callgate.sizeof(libc, "div_t") == 2 * ctypes.sizeof(ctypes.c_int)
    assert callgate.sizeof(libc, "ldiv_t") == 2 * ctypes.sizeof(ctypes.c_long)
