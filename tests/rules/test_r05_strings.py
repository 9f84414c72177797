"""R5: text that goes in and comes back (`tests/native/strings.c`, `wide.c`)."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched
from .noting import Noting

STRINGS = """
    int times_called(void);
    size_t heap_in_use(void);
    long sum_bytes(const char *s);
    long sum_units(const char16_t *s);
    long count_units(const char16_t *s);
    long byte_at(const char *s, int place);
    void shout(char *s);
    const char *broken(void);
    const char *latin(void);
    const char *fixed(void);
    const char *nothing(void);
    const char16_t *lone(void);
    [free(free)] char *copied(const char *s);
    int get([out, free(free)] char **out, int mode);
    long rename8([in, out, free(free)] char **s, int mode);
    long rename16([in, out, free(free)] char16_t **s, int mode);
    long rename_wide([in, out, free(free)] wchar_t **s, int mode);
    long sum_all([size_is(n)] const char **v, int n);
    int replace_first([in, out, size_is(n), free(free)] char **v, int n);
    int point_elsewhere([in, out, size_is(n)] const char **v, int n);
    long sum_all16([size_is(n)] const char16_t **v, int n);
    struct card { char *f1; char f2[256]; };
    long card_offset(void);
    long card_size(void);
    long check_card(const struct card *c);
"""


@pytest.fixture(scope="module")
def strings(load_both: Loader) -> Lib:
    """The library of texts."""
    return load_both("strings", STRINGS)


def weighted(data: bytes, width: int = 1) -> int:
    """C's checksum: every unit times its place."""
    units = [int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]
    return sum(place * unit for place, unit in enumerate(units, 1))


@pytest.mark.parametrize("text", ["h\xe9", "", "a\U0001f600", "x" * 5000])
def test_r05_01_text_is_utf_8(strings: Lib, text: str) -> None:
    """The default for `char *` is UTF-8, byte by byte."""
    assert strings.sum_bytes(text) == weighted(text.encode())
    assert [strings.byte_at("h\xe9", place) for place in range(4)] == [0x68, 0xC3, 0xA9, 0]


def test_r05_02_the_callers_text_cannot_be_changed(strings: Lib) -> None:
    """Native code that writes into its argument changes a private copy: not the str, not the next call's."""
    text = "quiet"
    strings.shout(text)
    assert text == "quiet"
    assert strings.sum_bytes(text) == weighted(b"quiet")


def test_r05_03_none_empty_and_text(strings: Lib) -> None:
    """None is NULL, "" is a terminator, NULL is None."""
    assert [strings.sum_bytes(value) for value in (None, "", "x")] == [-1, 0, ord("x")]
    assert [strings.sum_units(value) for value in (None, "", "x")] == [-1, 0, ord("x")]
    assert (strings.nothing(), strings.copied(None), strings.copied("")) == (None, None, "")


def test_r05_04_utf_16_is_two_bytes_per_unit(strings: Lib) -> None:
    """An astral character is two units, a lone surrogate is one and passes through in both directions."""
    text = "a\U0001f600"
    assert strings.count_units(text) == 3
    assert strings.sum_units(text) == weighted(text.encode("utf-16-le"), 2)
    assert strings.sum_units("\ud800") == 0xD800
    assert strings.lone() == "a\ud800b"


def test_r05_05_what_has_no_utf_8_form_is_refused(strings: Lib) -> None:
    refused = pytest.raises(callgate.UnmappableCharError, match=r"argument 1 's' of sum_bytes: a lone surrogate at pos")
    with untouched(strings), refused:
        strings.sum_bytes("ab\ud800")


def test_r05_05_broken_bytes_are_replaced_and_that_is_logged_once(
    strings: Lib, caplog: pytest.LogCaptureFixture
) -> None:
    """FF 41 00 is U+FFFD and A."""
    with caplog.at_level(logging.WARNING, "callgate"):
        assert [strings.broken(), strings.broken()] == ["\ufffdA", "\ufffdA"]
    assert sum("no UTF-8" in record.message for record in caplog.records) == 1


def test_r05_05_strict_and_escaped(load_both: Loader) -> None:
    """Errors of a declaration: strict raises, surrogateescape keeps the bytes for the way back."""
    strict = load_both("strings", "[errors(strict)] const char *broken(void);")
    with pytest.raises(
        callgate.UnmappableCharError, match="what came back from broken: byte 0 of the text is no UTF-8"
    ):
        strict.broken()
    escaped = load_both(
        "strings",
        "[errors(surrogateescape)] const char *broken(void); long sum_bytes([errors(surrogateescape)] const char *s);",
    )
    assert escaped.broken() == "\udcffA"
    assert escaped.sum_bytes(escaped.broken()) == weighted(b"\xffA")


def test_r05_05_other_encodings(load_both: Loader) -> None:
    """A library of the older kind says its encoding."""
    lib = load_both(
        "strings",
        "[encoding(latin_1)] const char *latin(void); long sum_bytes([encoding(cp1252)] const char *s);",
    )
    assert lib.latin() == "h\xe9"
    assert lib.sum_bytes("\u20ac") == 0x80
    with pytest.raises(callgate.UnmappableCharError, match="the character at position 1 has no form in CP1252"):
        lib.sum_bytes("a\u0416")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("encoding(klingon)", "there is no encoding 'klingon'"),
        ("encoding(utf_16_le)", "zero bytes inside characters"),
        ("errors(ignore)", r"errors\(ignore\) is none of replace, strict, surrogateescape"),
    ],
)
def test_r05_05_what_is_no_encoding_is_refused(load_both: Loader, words: str, message: str) -> None:
    lib = load_both("strings", f"long sum_bytes([{words}] const char *s);")
    with pytest.raises(callgate.MarshalDirectiveError, match=message):
        lib.sum_bytes("a")


@pytest.mark.parametrize(
    "prototype",
    [
        "long sum_bytes([bytes] int *s);",
        "long sum_bytes([encoding(latin_1)] const char16_t *s);",
        "long sum_bytes([errors(strict)] int s);",
        "[bytes] int sum_bytes(int s);",
        "long sum_bytes([allow_nul] double s);",
    ],
)
@pytest.mark.rule("R19.20")
def test_r05_05_words_about_text_go_with_text(load_both: Loader, prototype: str) -> None:
    lib = load_both("strings", prototype)
    with pytest.raises(callgate.MarshalDirectiveError, match=r"goes with (text|char), not with"):
        lib.sum_bytes(1)


def test_r05_05_bytes_instead_of_text(load_both: Loader) -> None:
    """[bytes] gives what stands there up to the NUL, and takes no str."""
    lib = load_both("strings", "[bytes] const char *broken(void); long sum_bytes([bytes] const char *s);")
    assert lib.broken() == b"\xffA"
    assert lib.sum_bytes(b"\xff\xfe") == weighted(b"\xff\xfe")
    with pytest.raises(TypeError, match="argument 1 's' of sum_bytes: expected bytes or None, got str"):
        lib.sum_bytes("text")


@pytest.mark.parametrize("name", ["sum_bytes", "sum_units"])
def test_r05_06_embedded_nul_is_refused(strings: Lib, name: str) -> None:
    with untouched(strings), pytest.raises(ValueError, match=f"argument 1 's' of {name}: embedded NUL at position 1"):
        getattr(strings, name)("a\0b")


def test_r05_06_unless_it_is_allowed(load_both: Loader) -> None:
    """C sees the part before it, and what is behind it."""
    lib = load_both("strings", "long byte_at([allow_nul] const char *s, int place);")
    assert [lib.byte_at("a\0b", place) for place in range(4)] == [0x61, 0, 0x62, 0]


@pytest.mark.parametrize(
    ("name", "old", "seen", "new"),
    [
        ("rename8", "old", weighted(b"old"), "new name"),
        ("rename16", "\xf6ld", weighted("\xf6ld".encode("utf-16-le"), 2), "n\xe9w\U0001f600"),
        ("rename_wide", "\U0001f600", 1, "w\U0001f600"),
    ],
)
def test_r05_08_the_library_replaces_a_text(strings: Lib, name: str, old: str, seen: int, new: str) -> None:
    """C reads the old text, frees it and stores another, or NULL; the final one comes back."""
    call = getattr(strings, name)
    assert call(old, 1) == (seen, new)
    assert call(old, 2) == (seen, None)
    assert call(None, 3) == (-1, None), "None is a NULL behind the pointer (R1.9)"


def test_r05_08_the_library_keeps_a_text(strings: Lib) -> None:
    """What it changed in its copy comes back."""
    assert strings.rename8("old", 0) == (weighted(b"old"), "Kld")
    assert strings.rename16("old", 0)[1] == "Kld"
    box = callgate.Box("old")
    assert strings.rename8(box, 1) == weighted(b"old")
    assert box.value == "new name"


@pytest.mark.parametrize("name", ["rename8", "rename16"])
def test_r05_08_nothing_is_leaked_or_freed_twice(strings: Lib, name: str) -> None:
    """Half a megabyte per call, kept, replaced and taken away: the heap does not grow."""
    call, text = getattr(strings, name), "x" * 250_000
    call(text, 0)
    before = strings.heap_in_use()
    for _ in range(12):
        for mode in (0, 1, 2):
            call(text, mode)
    assert strings.heap_in_use() - before < 4_000_000


def test_r05_09_out_texts(strings: Lib) -> None:
    """The slot starts NULL; what the library allocated is copied and freed."""
    assert (strings.get(1), strings.get(0)) == ((1, "text"), (0, None))


def test_r05_10_borrowed_and_owned_results(strings: Lib) -> None:
    """Without [free] a result is the library's own, and is there again; with it the copy is the caller's."""
    assert [strings.fixed(), strings.fixed()] == ["fixed", "fixed"]
    long = "y" * 250_000
    strings.copied(long)
    before = strings.heap_in_use()
    for _ in range(40):
        assert strings.copied(long) == long
    assert strings.heap_in_use() - before < 4_000_000


@pytest.mark.rule("R19.17")
def test_r05_11_text_that_only_comes_out_is_refused(load_both: Loader) -> None:
    """A str cannot be filled; the message says what can."""
    lib = load_both("strings", "void shout([out, string] char *s);")
    with pytest.raises(callgate.MarshalDirectiveError, match=r"parameter 1 's' of shout: .*R5.11.*StrBuf"):
        lib.shout()


def test_r05_16_members_and_their_places(strings: Lib) -> None:
    """A pointer owns a block per call, an inline text lies in the struct."""
    card = callgate.types(strings).card
    assert (strings.card_offset(), strings.card_size(), callgate.sizeof(strings, "card")) == (8, 264, 264)
    assert strings.check_card(card("one", "tw\xf6")) == weighted(b"one") * 1000 + weighted("tw\xf6".encode())
    assert strings.check_card(card(None, "")) == 5000


TAGS = """
    struct tag { char s[4]; char16_t w[4]; wchar_t l[3]; };
    uint32_t tag_bytes(const struct tag *t);
    uint64_t tag_units(const struct tag *t);
    long tag_wide(const struct tag *t);
    struct tag full_tag(void);
    struct tag short_tag(void);
"""


@pytest.fixture(scope="module")
def tags(load_both: Loader) -> Lib:
    """The library of texts inside structs."""
    return load_both("strings", TAGS)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("abcdef", b"abc\0"),
        ("\xe9\xe9\xe9", b"\xc3\xa9\0\0"),
        ("abc", b"abc\0"),
        ("ab\U0001f600", b"ab\0\0"),
        ("", bytes(4)),
    ],
)
def test_r05_17_what_is_too_long_is_cut_between_characters(tags: Lib, text: str, data: bytes) -> None:
    assert tags.tag_bytes({"s": text}).to_bytes(4, "little") == data


@pytest.mark.parametrize(
    ("text", "fits"),
    [("abcdef", "abc"), ("ab\U0001f600", "ab"), ("a\U0001f600", "a\U0001f600"), ("ab\ud83dx", "ab\ud83d")],
)
def test_r05_17_units_of_two_bytes(tags: Lib, text: str, fits: str) -> None:
    """A surrogate pair is not split; a lone surrogate is a unit like any other."""
    expected = fits.encode("utf-16-le", "surrogatepass").ljust(8, b"\0")
    assert tags.tag_units({"w": text}).to_bytes(8, "little") == expected
    assert tags.tag_wide({"l": "abc"}) == 97 * 100 + 98 * 10


def test_r05_17_strict_refuses_what_is_too_long(load_both: Loader) -> None:
    lib = load_both(
        "strings",
        TAGS.replace("char s[4]", "[errors(strict)] char s[4]").replace("char16_t w", "[errors(strict)] char16_t w"),
    )
    with pytest.raises(ValueError, match=r"argument 1 't'\.s of tag_bytes: 4 units do not fit into 4"):
        lib.tag_bytes({"s": "abcd"})
    with pytest.raises(ValueError, match=r"argument 1 't'\.w of tag_units: 4 units"):
        lib.tag_units({"w": "ab\U0001f600"})


def test_r05_17_reading_ends_at_the_terminator_or_the_end(tags: Lib) -> None:
    tag = callgate.types(tags).tag
    assert tags.full_tag() == tag("full", "wide", "abc")
    assert tags.short_tag() == tag("s", "h\ud83d", "\U0001f600")
    assert tag() == tag("", "", "")


def test_r05_16_inline_texts_in_host_memory(tags: Lib) -> None:
    with callgate.new(tags, "tag") as tag:
        tag.s, tag.w = "abcdef", "h\xe9"
        assert (tag.s, tag.w, tag.l) == ("abc", "h\xe9", "")
        assert callgate.read(tag, 8) == b"abc\0h\0\xe9\0"


def test_r05_16_inline_bytes(load_both: Loader) -> None:
    """[bytes] char s[4] is four bytes, NULs and all."""
    lib = load_both("strings", TAGS.replace("char s[4]", "[bytes] char s[4]"))
    assert lib.full_tag().s == b"full"
    assert lib.short_tag().s == b"s\0\0\0"
    assert lib.tag_bytes({"s": b"\xff\0\1\2"}).to_bytes(4, "little") == b"\xff\0\1\2"


@pytest.mark.rule("R19.17")
def test_r05_18_a_strbuf_is_no_member_and_no_element(strings: Lib, tags: Lib) -> None:
    with untouched(tags), pytest.raises(TypeError, match=r"argument 1 't'\.s of tag_bytes: expected a str"):
        tags.tag_bytes({"s": callgate.StrBuf(3)})
    with untouched(strings), pytest.raises(TypeError, match=r"argument 1 'v'\[0\] of sum_all: expected a str"):
        strings.sum_all([callgate.StrBuf(3)], 1)


def test_r05_19_arrays_of_texts(strings: Lib) -> None:
    """Pointers in order, NULL for None, no sentinel behind them."""
    assert strings.sum_all(["a", None, "bc"], 3) == (97 * 7 + 1) * 7 + weighted(b"bc")
    assert strings.sum_all16(["\xe9", "b"], 2) == 0xE9 * 7 + 98
    with untouched(strings), pytest.raises(ValueError, match=r"argument 1 'v'\[1\] of sum_all: embedded NUL"):
        strings.sum_all(["a", "b\0c"], 2)


def test_r05_19_replaced_elements_come_back(strings: Lib) -> None:
    """C frees an element and stores another; the list stays the same list, each final text is freed once."""
    texts: list[Any] = ["first", None, "third"]
    same = texts
    assert strings.replace_first(texts, 3) == 110
    assert texts == ["z", None, "third"]
    assert texts is same


def test_r05_19_in_is_only_in(load_both: Loader) -> None:
    """Without [out] the caller's list keeps its elements, whatever the library does to its copies."""
    lib = load_both("strings", "int point_elsewhere([size_is(n)] const char **v, int n);")
    texts = ["a", None]
    assert lib.point_elsewhere(texts, 2) == 2
    assert texts == ["a", None]


def test_r05_19_elements_of_the_librarys_own(strings: Lib) -> None:
    """Without [free] what the library stores stays its own."""
    texts: list[Any] = ["a", None]
    strings.point_elsewhere(texts, 2)
    assert texts == ["a", "was null"]


def test_r05_19_no_element_is_leaked(strings: Lib) -> None:
    long = ["x" * 200_000, "y" * 200_000]
    strings.replace_first(list(long), 2)
    before = strings.heap_in_use()
    for _ in range(25):
        strings.replace_first(list(long), 2)
    assert strings.heap_in_use() - before < 4_000_000


def test_r05_22_best_fit_is_accepted_on_text(load_both: Loader) -> None:
    """It means nothing for UTF-8, and lone surrogates still raise."""
    lib = load_both("strings", "long sum_bytes([best_fit] const char *s);")
    assert lib.sum_bytes("\xe9") == weighted(b"\xc3\xa9")
    with pytest.raises(callgate.UnmappableCharError):
        lib.sum_bytes("\ud83d")


def test_r05_03_texts_of_callbacks(load_both: Loader) -> None:
    """A callback gets str and None as declared."""
    lib = load_both("wide", "int call_wide(int (*callback)(const wchar_t *text));")
    note = Noting()
    lib.call_wide(note)
    assert note.seen == ["h\xe9"]


@pytest.mark.rule("R19.41")
def test_r05_02_what_is_longer_than_a_message_is_refused(strings: Lib, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest text is far below 0x7FFFFFF0 bytes: the bound of a message refuses it first, by name."""
    from callgate.convert import encodings

    class Long(str):
        __slots__ = ()

        def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
            return Huge(b"")

    class Huge(bytes):
        def __len__(self) -> int:
            return encodings.LONGEST + 1

    refused = pytest.raises(OverflowError, match=r"argument 1 's' of sum_bytes: the text has 2147483633 bytes.*R19.41")
    with untouched(strings), refused:
        strings.sum_bytes(Long("x"))


def test_r05_05_errors_and_encoding_of_a_whole_library(load_both: Loader) -> None:
    """What a library says holds for every text that does not say its own: results, parameters, members, callbacks."""
    prototypes = """
        const char *broken(void);
        [errors(replace)] const char *latin(void);
        long sum_bytes(const char *s);
        struct card { char *f1; char f2[256]; };
        long check_card(const struct card *c);
        long sum_all([size_is(n)] const char **v, int n);
        int put([out, size_is(size)] char *buffer, int size, const char *what);
    """
    strict = load_both("strings", prototypes, errors="strict")
    assert strict.latin() == "h\ufffd"
    with pytest.raises(callgate.UnmappableCharError):
        strict.broken()
    with pytest.raises(ValueError, match=r"'c'\.f2 of check_card: 300 units do not fit"):
        strict.check_card({"f1": None, "f2": "x" * 300})
    latin = load_both("strings", prototypes, encoding="latin-1")
    assert (latin.latin(), latin.sum_bytes("\xe9"), latin.sum_all(["\xe9"], 1)) == ("h\xe9", 0xE9, 0xE9)
    assert latin.check_card({"f1": "\xe9", "f2": "\xff"}) == 0xE9 * 1000 + 0xFF
    buffer = callgate.StrBuf(4)
    latin.put(buffer, 5, "\xe9\xff")
    assert str(buffer) == "\xe9\xff"


def test_r05_17_a_strict_library_refuses_what_is_too_long(load_both: Loader) -> None:
    lib = load_both("strings", TAGS, strict=True)
    with pytest.raises(ValueError, match=r"argument 1 't'\.w of tag_units: 5 units do not fit into 4"):
        lib.tag_units({"w": "abcde"})


@pytest.mark.parametrize("options", [{"encoding": "klingon"}, {"errors": "ignore"}])
def test_r05_05_a_library_of_no_encoding_is_refused(load_both: Loader, options: dict[str, str]) -> None:
    with pytest.raises(callgate.MarshalDirectiveError, match=r"klingon|errors\(ignore\)"):
        load_both("strings", "long sum_bytes(const char *s);", **options).sum_bytes("a")
