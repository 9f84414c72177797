"""libc: comparators, end pointers, structs by value and by pointer, variadics, errno."""

from __future__ import annotations

import errno
import random
from typing import Any

import pytest

import callgate
from callgate import Lib
from tests.rules.ways import Loader

LIBC = """
    typedef struct { int quot; int rem; } div_t;
    typedef struct { long quot; long rem; } ldiv_t;
    struct tm { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
                long tm_gmtoff; const char *tm_zone; };
    void qsort([in, out, size_is(n)] int *base, size_t n, size_t width, int (*compare)(const int *a, const int *b));
    long strtol(const char *text, [out, offset(text)] char **end, int base);
    div_t div(int numerator, int denominator);
    ldiv_t ldiv(long numerator, long denominator);
    struct tm *gmtime_r(const time_t *time, [out] struct tm *result);
    time_t timegm([in, out] struct tm *time);
    const char *getenv(const char *name);
    int snprintf([out, size_is(n)] char *s, size_t n, const char *format, ...);
    int abs(int value);
    int open(const char *path, int flags);
    size_t strlen(const char *text);
    void *malloc(size_t size);
    void free(void *memory);
    void *memset(void *memory, int c, size_t n);
    int toupper(int c);
    int setenv(const char *name, const char *value, int overwrite);
    unsigned int usleep(unsigned int microseconds);
"""


@pytest.fixture(scope="module")
def libc(load_both: Loader) -> Lib:
    """The C library in both ways."""
    return load_both("libc.so.6", LIBC)


def test_qsort(libc: Lib) -> None:
    """A Python comparator sorts a list in place."""
    numbers = [random.randrange(-1000, 1000) for _ in range(200)]
    expected = sorted(numbers)

    assert libc.qsort(numbers, len(numbers), 4, lambda a, b: a - b) is None

    assert numbers == expected


def test_comparator_of_the_wrong_type(libc: Lib) -> None:
    """A comparator that does not give an integer raises where it was called."""
    with pytest.raises(callgate.InvalidCastError, match="expected an integer"):
        libc.qsort([2, 1], 2, 4, lambda a, b: "less")


@pytest.mark.parametrize(
    ("text", "base", "value", "end"), [("42 rest", 10, 42, 2), ("ff", 16, 255, 2), ("x", 10, 0, 0)]
)
def test_strtol(libc: Lib, text: str, base: int, value: int, end: int) -> None:
    """An end pointer comes back as a distance."""
    assert libc.strtol(text, base) == (value, end)


def test_struct_by_value(libc: Lib) -> None:
    """A struct returned by value is a small class with the C members."""
    result = libc.div(17, 5)

    assert (result.quot, result.rem) == (3, 2)
    assert result == callgate.types(libc).div_t(3, 2)
    assert repr(result) == "div_t(quot=3, rem=2)"
    assert libc.ldiv(1 << 40, 3).rem == (1 << 40) % 3


def test_struct_by_pointer(libc: Lib) -> None:
    """An out struct stands in the result; an in-out struct comes back changed."""
    _, moment = libc.gmtime_r(86_400 * 365)
    assert (moment.tm_year, moment.tm_mon, moment.tm_mday, moment.tm_zone) == (71, 0, 1, "GMT")

    moment.tm_mday = 32
    seconds, normalised = libc.timegm(moment)

    assert seconds == 86_400 * (365 + 31)
    assert (normalised.tm_mon, normalised.tm_mday) == (1, 1)


def test_struct_from_a_mapping(libc: Lib) -> None:
    """A struct argument may be a mapping; what it leaves out is zero."""
    seconds, _ = libc.timegm({"tm_year": 70, "tm_mday": 2})

    assert seconds == 86_400


def test_struct_member_of_the_wrong_type(libc: Lib) -> None:
    """An error inside a struct names the member."""
    with pytest.raises(callgate.InvalidCastError, match=r"argument 1 'time'\.tm_year of timegm") as caught:
        libc.timegm({"tm_year": "x"})
    assert caught.value.path == "'time'.tm_year"


def test_getenv(libc: Lib) -> None:
    """Text or None; the environment is that of the host."""
    assert libc.getenv("CALLGATE_NOT_SET") is None
    assert libc.setenv("CALLGATE_SET", "yes", 1) == 0
    assert libc.getenv("CALLGATE_SET") == "yes"


def test_snprintf(libc: Lib) -> None:
    """After `...` Python's types choose C's; arg() chooses otherwise."""
    text = callgate.StrBuf(60)

    length = libc.snprintf(text, 61, "%d %.2f %s %ld", 5, 2.5, "né", callgate.arg(1 << 40, "long"))

    assert str(text) == "5 2.50 né 1099511627776"
    assert length == len(str(text).encode())


def test_variadic_integer_out_of_range(libc: Lib) -> None:
    """An int that does not fit asks for a type."""
    with pytest.raises(callgate.OutOfRange, match=r"argument 4 .*snprintf.*callgate\.arg"):
        libc.snprintf(bytearray(8), 8, "%d", 1 << 40)


def test_bytearray_target(libc: Lib) -> None:
    """A bytearray is filled in place."""
    target = bytearray(8)

    libc.snprintf(target, 8, "%s", "abc")

    assert target == b"abc\0\0\0\0\0"


def test_errno(libc: Lib) -> None:
    """R11.1: errno is that of the last call, and 0 when the call did not set it."""
    assert libc.open("/nowhere/at/all", 0) == -1
    assert callgate.get_last_error(libc) == errno.ENOENT

    libc.abs(-1)
    assert callgate.get_last_error(libc) == 0


def test_pointer_round_trip(libc: Lib) -> None:
    """A pointer that the library gave can be filled, read and handed back."""
    memory = libc.malloc(16)
    libc.memset(memory, 65, 15)
    libc.memset(memory + 15, 0, 1)

    assert callgate.string(memory) == "A" * 15
    assert libc.strlen(memory + 5) == 10
    callgate.write(memory, b"BB")
    assert callgate.read(memory, 3) == b"BBA"
    libc.free(memory)


def test_plain_number_is_no_pointer(libc: Lib) -> None:
    """An address from outside is refused, with the way to give a magic value."""
    with pytest.raises(callgate.InvalidCastError, match=r"argument 1 .*free: a plain number is no pointer.*constant"):
        libc.free(0xDEADBEEF)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda c: c.abs(2**31), callgate.OutOfRange, r"argument 1 'value' of abs: 2147483648 does not fit into int"),
        (lambda c: c.abs(1.0), callgate.InvalidCastError, r"expected an integer \(int\), got float 1\.0"),
        (lambda c: c.abs("1"), callgate.InvalidCastError, "expected an integer"),
        (lambda c: c.strlen(5), callgate.InvalidCastError, "argument 1 'text' of strlen"),
        (lambda c: c.strlen("\ud800"), callgate.ArgumentError, "surrogate"),
        (lambda c: c.qsort([1, "x"], 2, 4, None), callgate.InvalidCastError, r"'base'\[1\]"),
        (lambda c: c.qsort([1, 2], 3, 4, None), callgate.ArgumentError, "it has 2 elements, but 'n' says 3"),
        (lambda c: c.qsort((1, 2), 2, 4, None), callgate.InvalidCastError, "filled"),
        (lambda c: c.qsort([1, 2], 2, 4, 7), callgate.InvalidCastError, "argument 4 'compare' of qsort"),
    ],
)
def test_bad_input(libc: Lib, call: Any, error: type[Exception], text: str) -> None:
    """Bad input is refused with function, argument and path, and the library goes on."""
    with pytest.raises(error, match=text):
        call(libc)

    assert libc.abs(-3) == 3


def test_null_target(libc: Lib) -> None:
    """None is NULL for a char * that would be filled: the way to ask snprintf for a length."""
    assert libc.snprintf(None, 0, "%d", 12345) == 5


def test_sizeof(libc: Lib) -> None:
    """The host says how large its structs are."""
    assert (callgate.sizeof(libc, "div_t"), callgate.sizeof(libc, "ldiv_t")) == (8, 16)
    with pytest.raises(callgate.DeclarationError, match="div_t"):
        callgate.sizeof(libc, "nope")


def test_union_by_pointer() -> None:
    """A union travels by pointer as its bytes."""
    prototypes = """
        union number { int i; double d; };
        void *memfrob([in, out] union number *n, size_t size);
    """
    with callgate.load("libc.so.6", prototypes) as lib:
        _, changed = lib.memfrob(bytes(8), 8)
        assert bytes(changed) == bytes([42]) * 8


def test_attribute_of_a_later_version() -> None:
    """An attribute that nothing acts on is refused rather than ignored."""
    with (
        callgate.load("libc.so.6", "void f([in, size_is(n), length_is(n)] int *v, int n);") as lib,
        pytest.raises(callgate.EntryPointNotFoundError),
    ):
        lib.f([1], 1)
    with (
        callgate.load("libc.so.6", "int abs([length_is(x)] int *v, int x);") as lib,
        pytest.raises(callgate.MarshalDirectiveError, match="length_is"),
    ):
        lib.abs([1], 1)


def test_refused_callback_type() -> None:
    """A callback type that cannot be marshalled is refused as a declaration, whatever the library is used for first."""
    prototypes = "struct pair { int a, b; }; typedef void (*deep_cb)(struct pair ***deep);"
    with callgate.load("libc.so.6", prototypes) as lib:
        for use in (lambda: callgate.new(lib, "pair"), lambda: callgate.callback(lib, "deep_cb", print)):
            with pytest.raises(callgate.MarshalDirectiveError, match=r"libc\.so\.6: parameter 1 'deep' of deep_cb"):
                use()
