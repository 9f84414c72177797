"""R4: one character as a `str` of length 1; C looks at the units (`tests/native/units.c`)."""

from __future__ import annotations

from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched

UNITS = """
    int times_called(void);
    [character] char up([character] char c);
    uint32_t unit_8([character] uint8_t c);
    uint32_t unit_16([character] char16_t c);
    uint32_t unit_wide([character] wchar_t c);
    [character] char char_of(int code);
    [character] char16_t char16_of(int code);
    void next_char([in, out, character] char16_t *c);
    int get_text([out, character, size_is(n)] char16_t *buffer, int n);
    uint32_t sum_chars([character, size_is(n)] const char16_t *v, int n);
    void shout_chars([in, out, character, size_is(n)] char16_t *v, int n);
    struct letters { [character] char narrow; [character] char16_t wide; [character] char16_t more[3]; };
    int check_letters(const struct letters *l);
    struct letters make_letters(void);
"""


@pytest.fixture(scope="module")
def units(load_both: Loader) -> Lib:
    """The library of characters."""
    return load_both("units", UNITS)


@pytest.mark.parametrize(("text", "unit"), [("A", 0x41), ("\u20ac", 0x20AC), ("\ud83d", 0xD83D), ("\uffff", 0xFFFF)])
def test_r04_01_a_character_is_one_unit(units: Lib, text: str, unit: int) -> None:
    """ASCII, the euro sign and a lone surrogate are one unit of UTF-16 each, and come back as they were."""
    assert units.unit_16(text) == unit
    assert units.char16_of(unit) == text


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("\U0001f600", OverflowError),
        ("", ValueError),
        ("ab", ValueError),
        (65, TypeError),
        (b"A", TypeError),
        (None, TypeError),
    ],
)
def test_r04_01_what_is_no_single_unit_is_refused(units: Lib, value: Any, error: type[Exception]) -> None:
    """Two units, no character, two characters, numbers: refused, and native code is not entered."""
    with untouched(units), pytest.raises(error, match="argument 1 'c' of unit_16"):
        units.unit_16(value)


def test_r04_02_eight_bits_hold_ascii(units: Lib) -> None:
    """A char takes and gives ASCII."""
    assert units.up("a") == "A"
    assert units.unit_8("z") == 0x7A


def test_r04_02_other_characters_are_refused(units: Lib) -> None:
    """The first byte of a longer UTF-8 form is no character."""
    refused = pytest.raises(callgate.UnmappableCharError, match=r"argument 1 'c' of up: U\+00E9 is not ASCII")
    with untouched(units), refused:
        units.up("\xe9")
    assert issubclass(callgate.UnmappableCharError, ValueError)


def test_r04_02_best_fit_sends_the_first_byte(load_both: Loader) -> None:
    """With [best_fit], C sees what .NET would send: 0xC3 of e-acute."""
    lib = load_both("units", "uint32_t unit_8([character, best_fit] uint8_t c);")
    assert (lib.unit_8("\xe9"), lib.unit_8("e")) == (0xC3, 0x65)


@pytest.mark.parametrize("code", [0x80, 0xC3, 0xFF])
def test_r04_02_a_byte_beyond_ascii_is_not_read_as_a_character(units: Lib, code: int) -> None:
    """It is neither Latin-1 nor a replacement character."""
    with pytest.raises(callgate.UnmappableCharError, match=rf"what came back from char_of: unit 0x{code:x} is no char"):
        units.char_of(code)
    assert units.char_of(0x7F) == "\x7f"


def test_r04_03_eight_and_sixteen_bit_integers_hold_characters(units: Lib, load_both: Loader) -> None:
    """A character may be declared on uint8_t and uint16_t: the width is that of the integer."""
    lib = load_both("units", "uint32_t unit_16([character] uint16_t c);")
    assert lib.unit_16("\u20ac") == 0x20AC
    with pytest.raises(callgate.UnmappableCharError):
        units.unit_8("\u20ac")


@pytest.mark.parametrize("ctype", ["int", "double", "uint64_t", "bool", "BOOL"])
@pytest.mark.rule("R19.20")
def test_r04_03_other_types_hold_none(load_both: Loader, ctype: str) -> None:
    """[character] on a type that is no character is refused by name."""
    lib = load_both("units", f"int unit_8([character] {ctype} c);")
    with pytest.raises(callgate.MarshalDirectiveError, match=r"parameter 1 'c' of unit_8: \[character\] goes with"):
        lib.unit_8("a")


def test_r04_04_in_out_and_arrays(units: Lib) -> None:
    """A pointer to a character is in and out as declared; an array is a list of units, unused ones stay NUL."""
    assert units.next_char("A") == "B"
    buffer = ["?"] * 5
    assert units.get_text(buffer, 5) == 3
    assert buffer == ["h", "\xe9", "\ud83d", "\0", "\0"]


def test_r04_04_an_array_is_only_in_unless_it_says_so(units: Lib) -> None:
    """A plain array is unchanged, an [in, out] one is updated in place; a str is a sequence of its characters."""
    plain = ["a", "b"]
    assert units.sum_chars(plain, 2) == units.sum_chars("ab", 2) == 97 * 7 + 98
    assert plain == ["a", "b"]
    units.shout_chars(plain, 2)
    assert plain == ["A", "B"]


def test_r04_04_a_unit_of_an_array_is_named(units: Lib) -> None:
    """An element that is no unit is refused with its index."""
    with pytest.raises(OverflowError, match=r"argument 1 'v'\[1\] of sum_chars"):
        units.sum_chars(["a", "\U0001f600"], 2)


def test_r04_04_members(units: Lib) -> None:
    """Characters in a struct, alone and side by side."""
    letters = callgate.types(units).letters
    assert units.check_letters(letters(narrow="n", wide="\u20ac", more=["a", "b", "\0"])) == 1
    assert units.make_letters() == letters("x", "\ud83d", ["p", "q", "r"])


@pytest.mark.rule("R4.6")
def test_r04_01_wide_characters_hold_every_code_point(units: Lib) -> None:
    """wchar_t has four bytes: an astral character is one unit."""
    assert units.unit_wide("\U0001f600") == 0x1F600
