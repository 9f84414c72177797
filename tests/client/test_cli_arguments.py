"""Words of a command line to values, and amounts to words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from callgate.cli.amounts import duration, size
from callgate.cli.arguments import BadArgument, convert
from callgate.declare import parse
from callgate.values import Constant, StrBuf
from callgate_protocol.marshal import resolve

SNPRINTF = "int snprintf([out, size_is(n)] char *s, size_t n, const char *format, ...)"


class TestArguments:
    """Words to Python values."""

    @pytest.mark.parametrize(
        ("prototype", "words", "values"),
        [
            ("void f(long a, long b, long c)", ["42", "-0x2a", "0b101"], [42, -42, 5]),
            ("void f(double a, float b)", ["1e-3", "0x1p-1"], [0.001, 0.5]),
            ("void f(bool a, _Bool b)", ["true", "0"], [True, False]),
            ("void f(const char *a, const char *b, const char *c)", ["x", "null", '"null"'], ["x", None, "null"]),
            ("void f(char a, char b)", ["x", "65"], ["x", 65]),
            ("void f([size_is(n)] const int *v, int n)", ["[1, 2]", "2"], [[1, 2], 2]),
            ("void f([size_is(n)] const void *v, int n)", ["ab", "2"], [b"ab", 2]),
            ("void f([size_is(n)] const void *v, int n)", ["[1, 255]", "2"], [b"\1\xff", 2]),
            ("void f([out, size_is(n)] void *v, int n)", ["3", "3"], [bytearray(3), 3]),
            ("void f([in, out, size_is(n)] void *v, int n)", ["abc", "3"], [bytearray(b"abc"), 3]),
            ("void f([out, size_is(n)] double *v, int n)", ["3", "3"], [[0, 0, 0], 3]),
            ("void f([in, out] int *v)", ["0x10"], [16]),
            ("struct p { int x; }; void f(struct p a, const struct p *b)", ['{"x": 1}', "[2]"], [{"x": 1}, [2]]),
            ("enum e { A }; void f(enum e a, enum e b)", ["A", "0"], ["A", 0]),
            ("void f(void *a, void *b, void *c)", ["null", "-1", "ab"], [None, Constant(-1), b"ab\0"]),
            ("void f(void (*a)(void), void (*b)(void))", ["null", "1"], [None, Constant(1)]),
            ("void f([out] int *a, int b)", ["7"], [7]),
            ("void f(int a, ...)", ["1", "2", "2.5", "x", "null"], [1, 2, 2.5, "x", None]),
        ],
    )
    def test_values(self, prototype: str, words: list[str], values: list[Any]) -> None:
        """Each word is read as its declared type asks; outs are not given."""
        library = parse(prototype + ";")

        assert convert(resolve(library, library.functions[0]), words) == values

    def test_text_to_be_filled(self) -> None:
        """The size that is given for text to be filled includes its end."""
        library = parse(SNPRINTF + ";")

        target, size, _ = convert(resolve(library, library.functions[0]), ["64", "64", "x"])

        assert isinstance(target, StrBuf)
        assert (target.capacity, size) == (63, 64)

    @pytest.mark.parametrize(
        ("prototype", "word", "said"),
        [
            ("void f(int a)", "1.5", "no integer"),
            ("void f(bool a)", "maybe", "neither true nor false"),
            ("void f([size_is(2)] int *a)", "1 2", "no JSON"),
            ("void f([size_is(2)] const void *a)", "[1, 256]", "no list of bytes"),
            ("void f([out, size_is(2)] void *a)", "-2", "no size"),
            ("void f(void (*a)(void))", "print", "a callback cannot be typed"),
        ],
    )
    def test_unfit_words(self, prototype: str, word: str, said: str) -> None:
        """A word that does not fit is refused, and the argument named."""
        library = parse(prototype + ";")

        with pytest.raises(BadArgument, match=f"argument 1 'a': .*{said}"):
            convert(resolve(library, library.functions[0]), [word])


class TestAmounts:
    """Seconds and bytes with fitting units."""

    def test_amounts(self) -> None:
        """Seconds and bytes are shown with fitting units."""
        seconds = [0.000071, 0.0012, 0.0123, 3.4, 200, 7200, 200_000]
        assert [duration(each) for each in seconds] == ["71 µs", "1.2 ms", "12 ms", "3.4 s", "3 min", "2 h", "2 d"]
        assert [size(each) for each in (0, 512, 3_400_000, 5 * 10**12)] == ["0 B", "512 B", "3.4 MB", "5000 GB"]


@pytest.mark.parametrize(
    ("prototype", "word", "value"),
    [
        ("int f(BSTR text);", "hello", "hello"),
        ("int f(BSTR text);", "null", None),
        ("int f([in, out] BSTR *text);", "hello", "hello"),
        ("int f(DATE when);", "2000-01-31T12:00", datetime(2000, 1, 31, 12)),
        ("int f(FILETIME when);", "2000-01-31T12:00+00:00", datetime(2000, 1, 31, 12, tzinfo=UTC)),
        ("int f(DECIMAL price);", "1.50", Decimal("1.50")),
        ("int f(CURRENCY price);", "-3", Decimal(-3)),
        ("int f(GUID id);", "00020400-0000-0000-C000-000000000046", "00020400-0000-0000-C000-000000000046"),
        ("int f(HRESULT code);", "0x80004005", 0x80004005),
        ("int f(OLE_COLOR color);", "0x80ff", 0x80FF),
        ("int f(SAFEARRAY(int) *values);", "[1, 2]", [1, 2]),
        ("int f(VARIANT value);", "5", 5),
        ("int f(VARIANT value);", '"5"', "5"),
        ("int f(VARIANT value);", "five", "five"),
        ("int f(VARIANT value);", "null", None),
    ],
)
def test_words_for_system_types(prototype: str, word: str, value: Any) -> None:
    """Dates as ISO 8601 has them, decimals, texts, JSON for arrays and variants."""
    library = parse(prototype)
    assert convert(resolve(library, library.functions[0]), [word]) == [value]


@pytest.mark.parametrize("prototype", ["int f(DATE when);", "int f(DECIMAL price);", "int f(HRESULT code);"])
def test_words_that_are_no_system_value(prototype: str) -> None:
    """The message says which argument it is and what to write."""
    library = parse(prototype)
    with pytest.raises(BadArgument, match=r"argument 1 .*write e\.g\."):
        convert(resolve(library, library.functions[0]), ["nonsense"])
