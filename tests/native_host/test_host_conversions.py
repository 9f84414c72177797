"""What each form does on its way to C and back, seen by C itself (`tests/native/gallery.c`)."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from callgate_native_host.backend import Backend
from callgate_native_host.measure import measure_abi
from callgate_protocol.model import FLOATS, INTEGERS

from .bench import Bench

Corpus: TypeAlias = Callable[..., Any]


def ints(*values: int) -> bytes:
    return struct.pack(f"{len(values)}i", *values)


@pytest.mark.parametrize("scalar", INTEGERS)
def test_integers_cross_at_both_ends_of_their_range(corpus: Corpus, scalar: str) -> None:
    """R2.1: the smallest and largest value of every integer type come back unchanged."""
    low, high = measure_abi(Backend()).integer_range(scalar)

    assert [low, high, 0] == [corpus(f"echo_{scalar}", value) for value in (low, high, 0)]


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, -1e300, math.inf, 5e-324])
def test_doubles_cross_bit_by_bit(corpus: Corpus, value: float) -> None:
    """R2.2: doubles come back with the same bits."""
    assert struct.pack("d", value) == struct.pack("d", corpus("echo_double", value))


def test_nan_crosses(corpus: Corpus) -> None:
    """R2.2: a NaN stays one in every floating type."""
    assert all(math.isnan(corpus(f"echo_{scalar}", math.nan)) for scalar in FLOATS)


def test_floats_are_rounded_to_single(corpus: Corpus) -> None:
    """R2.2: `float` takes the nearest single, `long double` carries every double."""
    assert corpus("echo_float", 0.1) == struct.unpack("f", struct.pack("f", 0.1))[0]
    assert corpus("echo_ldouble", 0.1) == 0.1
    assert corpus("echo_double", 3) == 3.0


def test_booleans_are_one_byte_of_zero_or_one(corpus: Corpus) -> None:
    """R3: true is 1, false is 0, and any other bit pattern that C gives is true."""
    assert [corpus("bool_bits", True), corpus("bool_bits", False)] == [1, 0]
    assert [corpus("echo_bool", True), corpus("echo_bool", False), corpus("dirty_bool")] == [True, False, True]


def test_enums_are_their_numbers(corpus: Corpus) -> None:
    """An enum crosses as the number of its base type."""
    assert [corpus("echo_color", value) for value in (5, -1, 77)] == [5, -1, 77]


CALLS: list[tuple[str, tuple[Any, ...], Any]] = [
    ("nothing", (), None),
    ("sum", ([1, 2, 3], 3), 6),
    ("sum", (ints(1, 2, 3), 3), 6),
    ("sum", ([1, 2, 3], 2), 3),
    ("sum", ([], 0), 0),
    ("sum_doubles", (struct.pack("2d", 1.5, 2), 2), 3.5),
    ("sum_doubles", (None, 0), 0.0),
    ("sum_long", ([1.5, 2], 2), 3.5),
    ("count_true", (bytes([1, 0, 2]), 3), 2),
    ("count_true", ([True, False, True], 3), 2),
    ("set_bools", (4, 4), (None, [bytes([0, 1, 0, 1])])),
    ("squares", (4, 4), (0, [ints(0, 1, 4, 9)])),
    ("squares", (0, 0), (0, [b""])),
    ("fill_some", (8, 8, 3), (3, [ints(7, 7, 7, 0, 0, 0, 0, 0)])),
    ("negate", ([1, -2], 2), (None, [ints(-1, 2)])),
    ("negate", (ints(1, -2), 1), (None, [ints(-1, -2)])),
    ("increment", ([4],), (4, [[5]])),
    ("increment", (ints(4),), (4, [[5]])),
    ("is_null", (None,), 1),
    ("is_null", ([0],), 0),
    ("sum_to_zero", ([3, 4, 0, 9],), 7),
    ("pointer_value", (None,), 0),
    ("pointer_value", ({"constant": -1},), -1),
    ("checksum", (b"\1\2", 2), (31 + 1) * 31 + 2),
    ("pattern", (4, 4), (None, [bytes([0, 7, 14, 21])])),
    ("shrink", ([1, 2, 3], [3]), (0, [ints(100, 101, 3), [2]])),
    ("make_numbers", (), (ints(3, 1, 4, 1, 5), [[5]])),
    ("three_numbers", (), ints(7, 8, 9)),
    ("some_bytes", (), (b"ab\0cd", [[5]])),
    ("no_numbers", (), (None, [[3]])),
    ("text_length", (b"",), 0),
    ("text_length", (None,), -1),
    ("text_length", ("h\u00e9".encode(),), 3),
    ("static_text", (), b"borrowed"),
    ("no_text", (), None),
    ("new_text", (b"copy",), b"copy"),
    ("get_text", (), (5, [[b"fetched"]])),
    ("get_no_text", (), (1, [[None]])),
    ("rename_text", ([b"old"], 0), (0, [[b"old"]])),
    ("rename_text", ([b"old"], 1), (1, [[b"replaced"]])),
    ("rename_text", ([b"old"], 2), (2, [[None]])),
    ("replace_own", ([b"old"], 0), (0, [[b"old"]])),
    ("replace_own", ([b"old"], 1), (1, [[b"mine"]])),
    ("total_length", ([b"ab", None, b""], 3), 1002),
    ("parse", (b"42abc",), (42, [2])),
    ("point_sum", ([3, 4],), 7),
    ("point_make", (3, -4), [3, -4]),
    ("point_swap", ([[3, 4]],), (None, [[[4, 3]]])),
    ("point_weight", ([[1, 2]],), 13),
    ("points_center", ([[0, 2], [4, 6]], 2), [2, 4]),
    ("points_shift", ([[0, 2], [4, 6]], 2, 10), (None, [[[10, 12], [14, 16]]])),
    ("small_twice", ([1.5, 2],), [3.0, 4.0]),
    ("float_int_twice", ([1.5, 2],), [3.0, 4]),
    ("double_long_twice", ([1.5, 1 << 40],), [3.0, 1 << 41]),
    ("three_twice", ([1, -2, 1 << 50],), [2, -4, 1 << 51]),
    ("four_twice", ([1.5, 2.0, 3.0, 4.0],), [3.0, 4.0, 6.0, 8.0]),
    ("bits_next", ([[6, 30, -512, True]],), (None, [[[7, 31, 511, False]]])),
    ("number_read", ([[0, struct.pack("i", -9)]],), -9.0),
    ("number_read", ([[1, struct.pack("d", 2.5)]],), 2.5),
    ("number_write", (), (None, [[[1, struct.pack("d", 6.25)]]])),
    ("packed_check", ([[ord("p"), 77777, -5]],), 1),
    ("flexible_sum", ([[0, None]],), 0),
    ("sum_all", (3, ["int", 1], ["int", 2], ["int", -4]), -1),
    ("thing_none", (), None),
    ("is_null", ({"constant": 0},), 1),
]


@pytest.mark.parametrize(("name", "wires", "expected"), CALLS, ids=[f"{call[0]}-{n}" for n, call in enumerate(CALLS)])
def test_calls(corpus: Corpus, name: str, wires: tuple[Any, ...], expected: Any) -> None:
    """Each form reaches C as declared and comes back as the table in `forms` says; nothing stays allocated."""
    assert expected == corpus(name, *wires)
    assert corpus("count_alive_texts") == 0
    assert not isinstance(corpus, Bench) or not corpus.backend.alive


MIXED = [-3, 2.5, 300, b"seven77", [1, -2, 3], [[0, 0], [12, 13]], b"text", True, 5, b"\0\0\0\x09"]


@pytest.mark.parametrize("name", ["mixed_check", "mixed_by_value"])
def test_structs_carry_every_kind_of_member(corpus: Corpus, name: str) -> None:
    """R7: text, arrays, nested structs, booleans and enums stand where C expects them, by pointer and by value."""
    wire = [MIXED] if name == "mixed_check" else MIXED

    assert corpus(name, wire) == 1


def test_structs_come_back_whole(corpus: Corpus) -> None:
    """R5.17: text that fills its array has no terminator; arrays of numbers come back packed."""
    expected = [4, -0.5, -7, b"12345678", ints(0, 0, 11), [[21, 0], [0, 0]], b"native", True, -1, b"\xff\0\0\0"]

    assert corpus("mixed_fill") == (None, [[expected]])


def test_a_copy_of_text_is_private(corpus: Corpus) -> None:
    """R5.2: native code that writes into its text changes neither the given bytes nor the next call's."""
    given = b"quiet"

    corpus("shout", given)

    assert given == b"quiet"
    assert corpus("text_length", given) == 5


def test_bulk_frames_stand_for_binary(bench: Bench) -> None:
    """Binary travels in a bulk frame as well as inside the message, both ways."""
    data = bytes(range(256)) * 40

    assert bench("checksum", {"payload": 0}, len(data), payloads=[data]) == bench("checksum", data, len(data))
    assert bench("pattern", 5000, 5000) == (None, [{"payload": 0}])
    assert bench.bulk == [bytes(i * 7 % 256 for i in range(5000))]


def test_variadic_arguments_have_their_own_types(corpus: Corpus) -> None:
    """After `...` the tag says the type: integers, doubles, text and pointers reach `printf` as it expects them."""
    layout = b"%d %ld %.2f %s %p"
    extras = ["int", -5], ["long", 1 << 40], ["double", 2.5], ["text", b"word"], ["address", {"constant": 255}]
    expected = b"-5 1099511627776 2.50 word 0xff"

    written, (buffer,) = corpus("format", 64, 64, layout, *extras)

    assert (written, buffer[: len(expected) + 1]) == (len(expected), expected + b"\0")


def test_handles_are_the_same_object_while_they_live(bench: Bench) -> None:
    """R14: a pointer that comes back is the object it was, also as `void *`; NULL is nil."""
    opened = bench("thing_open", 7)["ref"]
    at = {"at": [opened.object, 0]}

    again, untyped = bench("thing_self", at)["ref"], bench("thing_untyped", at)["ref"]

    assert (opened.interface, opened.object) == ("Thing", again.object)
    assert untyped.object == opened.object
    assert bench("thing_self", None) is None
    assert bench("things_total", [at, None, at], 3) == 13
    assert bench("thing_make", 3)[1][0][0]["ref"].object != opened.object
    assert bench("thing_make", -3) == (1, [[None]])


def test_another_handle_type_is_another_object(bench: Bench) -> None:
    """The type belongs to the identity: pointers of different opaque types never meet."""
    assert bench("other_open")["ref"].interface == "Other"


def test_a_union_travels_by_value(corpus: Corpus) -> None:
    """R2.12, R7.9: libffi does not know unions; a struct that travels alike stands in for it."""
    assert corpus("union_by_value", struct.pack("d", 2.5)) == 2.5
