"""R5.7, R13.2: BSTRs of `wchar_t` and PROPVARIANTs of 16 bytes, as some libraries on Linux have them (`prop.c`)."""

from __future__ import annotations

import gc
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import callgate
from callgate.variant import U4, U8, BStrBytes

from .conftest import Loader

PROTOTYPES = """
    long heap(void);
    int sizes(void);
    int block_of([wide] BSTR text, [out, size_is(n)] uint8_t *bytes, int n);
    [wide] BSTR give(int which);
    int change([in, out, wide] BSTR *text);
    int see([wide] const PROPVARIANT *value, [out, size_is(n)] uint8_t *bytes, int n);
    int64_t sum([size_is(n), wide] const PROPVARIANT *values, int n);
    int get(int which, [out, wide] PROPVARIANT *value);
    int swap([in, out, wide] PROPVARIANT *value);
    typedef int (*Fill)(int which, [out, wide] PROPVARIANT *value);
    int64_t ask(Fill fill, int which);
    int names([size_is(n)] const wchar_t *const *names, int n);
"""
SEVEN_ZIP = uuid.UUID("23170F69-40C1-278A-1000-000110070000")


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return load_both("prop", PROTOTYPES)


def test_r05_07_wide_layout(lib: Any) -> None:
    """The block starts with its length, which counts bytes; four bytes a character, and four that end it."""
    room = bytearray(20)
    assert lib.block_of("AB", room, 20) == 16
    assert room == bytes.fromhex("08000000 41000000 42000000 00000000 00000000")
    assert lib.block_of("\U0001f600", room, 20) == 16
    assert room[4:12] == bytes.fromhex("3dd80000 00de0000")  # as a pair, as Windows has it
    assert lib.block_of(None, room, 20) == -1


def test_r05_07_wide_results(lib: Any) -> None:
    """Text is text; what no characters have is bytes: numbers that are too large, and lengths that are no multiple."""
    assert lib.give(0) is None
    assert lib.give(1) == "7zé\U0001f600"
    assert lib.give(4) == ""
    guid = lib.give(2)
    assert isinstance(guid, BStrBytes)
    assert bytes(guid)[:8] == SEVEN_ZIP.bytes_le[:8]
    assert bytes(lib.give(3)) == b"7z\xbc\xaf\x27\x1c"
    assert lib.block_of(BStrBytes(b"abc"), bytearray(20), 20) == 11


def test_r05_07_wide_replaced(lib: Any) -> None:
    """R5.8: the callee frees the text that it replaces; whatever is there in the end is freed once."""
    assert lib.change("four") == (16, "new")
    assert lib.change("") == (0, None)
    assert lib.change(None) == (0, None)


@pytest.mark.rule("R13.2")
def test_r05_07_propvariant_layout(lib: Any) -> None:
    """The type, three words, and 8 bytes of value: one behind the other in an array."""
    room = bytearray(16)
    assert lib.sizes() == 1608
    assert lib.see(5, room, 16) == 3
    assert room == bytes.fromhex("0300 0000 0000 0000 0500000000000000")
    assert lib.sum([U8(2), 3, "ab", True], 4) == 2_003_009_000 - 1_000 + 65_535
    assert lib.names(["x", "mt", "ß"], 3) == 121


@pytest.mark.rule("R13.3")
def test_r05_07_propvariant_values(lib: Any) -> None:
    """A datetime that says its zone is the time of a file, one without a DATE."""
    room = bytearray(16)
    assert lib.see(datetime(2000, 1, 1), room, 16) == 7
    assert lib.see(datetime(1970, 1, 1, tzinfo=UTC), room, 16) == 64
    assert int.from_bytes(room[8:], "little") == 116444736000000000
    assert lib.see(U4(7), room, 16) == 19
    assert lib.see(None, room, 16) == 0


def test_r05_07_refused_decimal(lib: Any) -> None:
    """A DECIMAL needs the whole of a VARIANT."""
    with pytest.raises(callgate.InvalidOleVariantTypeError, match="8 bytes"):
        lib.see(Decimal("1.5"), bytearray(16), 16)


@pytest.mark.rule("R13.4")
def test_r05_07_propvariant_results(lib: Any) -> None:
    """Types of a PROPVARIANT; the class of an archive is 16 bytes in a BSTR, which are no characters."""
    assert lib.get(0) == (0, None)
    assert lib.get(1) == (8, "name")
    assert lib.get(2) == (11, True)
    assert lib.get(3) == (21, 1 << 40)
    assert lib.get(4) == (64, datetime(1970, 1, 1, tzinfo=UTC))
    assert bytes(lib.get(5)[1])[:4] == SEVEN_ZIP.bytes_le[:4]
    with pytest.raises(callgate.InvalidOleVariantTypeError):
        lib.get(6)


@pytest.mark.rule("R13.7")
def test_r05_07_propvariant_changed(lib: Any) -> None:
    """By reference: the old content is native code's to clear, the new one comes back."""
    assert lib.swap("old") == (8, "\0" * 10000)
    assert lib.swap(5) == (3, "\0" * 10000)


@pytest.mark.rule("R9.8")
def test_r05_07_propvariant_from_a_callback(lib: Any) -> None:
    """A callback fills one: its text belongs to native code then, and stands in a block that native code can free."""
    answers = {1: "héé", 2: None, 3: U8(9)}
    assert [lib.ask(lambda which: (which, answers[which]), which) for which in (1, 2, 3)] == [
        1_008_012,
        2_000_000,
        3_021_009,
    ]


def test_r05_07_wide_no_block_is_lost(lib: Any) -> None:
    """Many of each, both ways: the heap stays as large as it was."""

    def round_of_calls() -> None:
        for _ in range(100):
            lib.give(1)
            lib.change("x" * 1000)
            lib.swap("y" * 1000)
            lib.sum(["z" * 1000, 1], 2)
            lib.ask(lambda _which: (1, "w" * 1000), 1)

    round_of_calls()
    gc.collect()
    before = lib.heap()
    for _ in range(3):
        round_of_calls()
    gc.collect()
    assert lib.heap() - before < 200_000


@pytest.mark.rule("R19.20")
def test_r05_07_refused_words(load_both: Loader) -> None:
    """[wide] belongs to texts and values that hold them."""
    for prototype, problem in (
        ("int abs([wide] DATE day);", "BSTR or VARIANT"),
        ("int abs([wide, ansi] BSTR text);", "not both"),
    ):
        with pytest.raises(callgate.MarshalDirectiveError, match=problem):
            load_both("libc.so.6", prototype).abs(1)
