"""R5.12 to R5.15, R5.20: memory that native code fills with text, and text that it edits (`strings.c`)."""

from __future__ import annotations

import pytest

import callgate
from callgate import Lib, StrBuf

from .conftest import Loader, untouched

BUFFERS = """
    int times_called(void);
    void shout([in, out, string] char *s);
    void shout16([in, out, string] char16_t *s);
    void shout_wide([in, out, string] wchar_t *s);
    void lengthen([in, out, string] char *s, int more);
    void unterminate([in, out, string] char *s);
    int put([out, size_is(size)] char *buffer, int size, const char *what);
    int put_raw([out, size_is(size)] char *buffer, int size, int count);
    int put16([out, size_is(size)] char16_t *buffer, int size, int count);
    int put16_terminated([out, size_is(size)] char16_t *buffer, int size);
    int append([in, out, size_is(size)] char *buffer, int size);
    int put_wide([out, size_is(size)] wchar_t *buffer, int size);
    int get_name([out, size_is(size)] char *buffer, int size);
    int get_long([out, size_is(size)] char *buffer, int size);
    long call_edit(int (*callback)([in, out, string] char *text));
    int call_fill(int (*callback)([out, size_is(n)] int *v, int n));
    int never_enough([out, size_is(size)] char *buffer, int size);
"""


@pytest.fixture(scope="module")
def buffers(load_both: Loader) -> Lib:
    """The library of texts, with the functions that fill memory."""
    return load_both("strings", BUFFERS)


def test_r05_12_the_capacity_does_not_count_the_terminator(buffers: Lib) -> None:
    """Five characters and a NUL fit into a capacity of five; six bytes are announced."""
    buffer = StrBuf(5)
    assert buffers.put(buffer, 6, "hello") == 5
    assert str(buffer) == "hello"


def test_r05_12_what_stands_in_it_goes_in(buffers: Lib) -> None:
    """A StrBuf goes in and comes out, whether the parameter says so or only [out]."""
    buffer = StrBuf(5, "ab")
    assert buffers.append(buffer, 6) == 3
    assert str(buffer) == "ab+"
    assert buffers.put_raw(buffer, 6, 1) == 1
    assert str(buffer) == "rb+"


def test_r05_12_it_ends_at_the_first_nul(buffers: Lib) -> None:
    buffer = StrBuf(9, "xxxxxxxxx")
    buffers.put(buffer, 10, "ab")
    assert str(buffer) == "ab"


def test_r05_13_a_character_may_have_three_bytes(buffers: Lib) -> None:
    """Two characters of three bytes fit into a capacity of two: seven bytes."""
    buffer = StrBuf(2)
    buffers.put(buffer, 7, "\u20ac\u20ac")
    assert str(buffer) == "\u20ac\u20ac"


def test_r05_13_an_unterminated_fill_is_not_read_over(buffers: Lib) -> None:
    """All room without a NUL: as many characters as the capacity, and no more."""
    wide, narrow = StrBuf(4), StrBuf(4)
    buffers.put16(wide, 5, 5)
    assert str(wide) == "abcd"
    buffers.put_raw(narrow, 13, 13)
    assert str(narrow) == "rrrr"


def test_r05_13_units_of_utf_16_and_wchar(buffers: Lib) -> None:
    wide = StrBuf(4)
    buffers.put16_terminated(wide, 5)
    assert str(wide) == "h\xe9\U0001f600"
    buffers.put_wide(wide, 5)
    assert str(wide) == "w\xefde"


@pytest.mark.parametrize("announced", [14, 100])
def test_r05_13_more_than_there_is_cannot_be_announced(buffers: Lib, announced: int) -> None:
    with untouched(buffers), pytest.raises(ValueError, match="argument 1 'buffer' of put: it has 13 bytes"):
        buffers.put(StrBuf(4), announced, "x")


def test_r05_14_an_overrun_is_reported_and_nothing_delivered(buffers: Lib) -> None:
    """Two units beyond the capacity: an error that names the parameter; the host lives on."""
    buffer = StrBuf(4, "old")
    with pytest.raises(callgate.BufferOverrunError, match="'buffer' as it came out of put16: native code wrote behind"):
        buffers.put16(buffer, 5, 6)
    assert str(buffer) == "old"
    with pytest.raises(callgate.BufferOverrunError, match=r"13 bytes it was given \(R5.14\)"):
        buffers.put(buffer, 13, "x" * 15)
    assert buffers.put(buffer, 5, "fine") == 4
    assert isinstance(callgate.BufferOverrunError("x"), callgate.MarshalError)


def test_r05_15_a_buffer_that_is_large_enough(buffers: Lib) -> None:
    """Pass 5, get 4: it fits, and the function is called once."""
    before = buffers.times_called()
    assert callgate.grow_call(buffers.get_name, 5) == "four"
    assert buffers.times_called() - before == 1


def test_r05_15_a_buffer_that_is_too_small(buffers: Lib) -> None:
    """Pass 4, get 5: once more with 5."""
    before = buffers.times_called()
    assert callgate.grow_call(buffers.get_name, 4) == "four"
    assert callgate.grow_call(buffers.get_long) == "n" * 1000
    assert buffers.times_called() - before == 4


def test_r05_15_a_function_that_always_wants_more(buffers: Lib) -> None:
    with pytest.raises(callgate.ArgumentError, match="wants 95 characters after it was given as many as it wanted"):
        callgate.grow_call(buffers.never_enough, 75)


@pytest.mark.parametrize("name", ["shout", "shout16", "shout_wide"])
def test_r05_20_text_edited_in_place_comes_back(buffers: Lib, name: str) -> None:
    """The parameter is a pointer by value; the edited text stands in the result."""
    call = getattr(buffers, name)
    assert call("ab") == "AB"
    assert call("") == ""
    box = callgate.Box("x\xe9")
    assert call(box) is None
    assert box.value == "X\xe9"


def test_r05_20_growth_is_an_overrun(buffers: Lib) -> None:
    """The memory is as long as the text that was given."""
    assert buffers.lengthen("ab", 0) == "ab"
    with pytest.raises(callgate.BufferOverrunError, match="'s' as it came out of lengthen"):
        buffers.lengthen("ab", 1)
    assert buffers.unterminate("ab") == "abx"


@pytest.mark.rule("R5.12")
def test_r05_20_a_strbuf_is_filled(buffers: Lib) -> None:
    """Given a StrBuf, its whole room is there, and nothing stands in the result."""
    buffer = StrBuf(3, "ab")
    assert buffers.lengthen(buffer, 1) is None
    assert str(buffer) == "ab!"
    with pytest.raises(callgate.BufferOverrunError):
        buffers.lengthen(buffer, 8)
    assert str(buffer) == "ab!"


def test_r05_20_none_and_bad_values(load_both: Loader, buffers: Lib) -> None:
    with untouched(buffers), pytest.raises(ValueError, match="argument 1 's' of shout: embedded NUL"):
        buffers.shout("a\0b")
    with untouched(buffers), pytest.raises(TypeError, match="argument 1 's' of shout"):
        buffers.shout(5)


@pytest.mark.parametrize(("given", "left"), [("HEY", b"HEY"), ("", b""), ("ab\xe9d", "ab\xe9d".encode())])
@pytest.mark.rule("R9.8")
def test_r05_20_a_callback_edits_the_librarys_text(buffers: Lib, given: str, left: bytes) -> None:
    """It gets a str and gives back another, which is written where the old one stood."""
    seen: list[str] = []

    def edit(text: str) -> tuple[int, str]:
        seen.append(text)
        return 7, given

    assert buffers.call_edit(edit) == 100 * sum(place * byte for place, byte in enumerate(left, 1)) + 7
    assert seen == ["hello"]


@pytest.mark.rule("R9.8")
def test_r05_20_a_callback_cannot_lengthen_it(buffers: Lib) -> None:
    """The library's memory ends where its text ended; nothing is written beyond."""
    with pytest.raises(callgate.MarshalError, match="6 bytes were given where 5 have room"):
        buffers.call_edit(lambda text: (7, text + "!"))


@pytest.mark.rule("R9.8", "R6.4")
def test_r05_20_a_callback_fills_the_librarys_array(buffers: Lib) -> None:
    """As many elements as the count says, and never more."""
    assert buffers.call_fill(lambda n: (n, [7, 8, 9])) == 37894
    with pytest.raises(callgate.MarshalError, match="4 elements were given where 3 have room"):
        buffers.call_fill(lambda n: (n, [7, 8, 9, 10]))
