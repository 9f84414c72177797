"""wchar_t and char16_t text (R4.6, R5.4): C sums the units, so that an echo alone proves nothing."""

from __future__ import annotations

import pytest

import callgate
from callgate import Lib
from tests.rules.ways import Loader

WIDE = """
    unsigned long sum_wide(const wchar_t *text);
    unsigned long sum_16(const char16_t *text);
    const wchar_t *fixed_wide(void);
    const char16_t *fixed_16(void);
    [free(free)] wchar_t *copied_wide(const wchar_t *text);
    int given_wide([out, free(free)] wchar_t **out);
    const wchar_t *at_the_end_of_a_page(void);
    int call_wide(int (*callback)(const wchar_t *text));
"""


@pytest.fixture
def wide(load_both: Loader) -> Lib:
    """The library of wide texts."""
    return load_both("wide", WIDE)


def units(text: str, codec: str, width: int) -> int:
    """What C's sum must be."""
    data = text.encode(codec, "surrogatepass")
    numbers = [int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]
    return sum(place * number for place, number in enumerate(numbers, 1))


@pytest.mark.parametrize("text", ["", "a", "naïve", "\U0001f600 smile", "\ud800 alone", "x" * 5000])
def test_text_reaches_c(wide: Lib, text: str) -> None:
    """r04_06, r05_04: units of four and of two bytes arrive as they are, surrogates included."""
    assert wide.sum_wide(text) == units(text, "utf-32-le", 4)
    assert wide.sum_16(text) == units(text, "utf-16-le", 2)


def test_text_comes_back(wide: Lib) -> None:
    """What the library gives is a str; a lone surrogate passes through."""
    assert wide.fixed_wide() == "naïve \U0001f600"
    assert wide.fixed_16() == "a\U0001f600\ud800"
    assert wide.copied_wide("né") == "né"
    assert wide.given_wide() == (3, "out")


def test_null(wide: Lib) -> None:
    """R5.3: None is NULL."""
    assert (wide.sum_wide(None), wide.sum_16(None)) == (999, 999)


def test_text_at_the_end_of_a_page(wide: Lib) -> None:
    """Reading a text touches no page behind its terminator."""
    assert wide.at_the_end_of_a_page() == "end"


def test_text_for_a_callback(wide: Lib) -> None:
    """A callback gets a str."""
    seen = []

    def note(text: str) -> int:
        seen.append(text)
        return len(text)

    assert wide.call_wide(note) == 2
    assert seen == ["hé"]


@pytest.mark.parametrize(("value", "error"), [("a\0b", callgate.ArgumentError), (b"ab", callgate.InvalidCastError)])
def test_refused(wide: Lib, value: object, error: type[Exception]) -> None:
    """R5.6: a NUL inside is refused, and so are bytes, which have no units."""
    with pytest.raises(error, match="argument 1 'text' of sum_wide"):
        wide.sum_wide(value)
