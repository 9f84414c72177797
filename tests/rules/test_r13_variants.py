"""R13: VARIANT by value and by reference, both tables, references and ownership."""

from __future__ import annotations

import struct
import uuid
from array import array
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag
from functools import partial
from typing import Any

import pytest

import callgate
from callgate import variant as kinds
from callgate.variant import (
    I1,
    I2,
    I4,
    I8,
    R4,
    R8,
    U1,
    U2,
    U4,
    U8,
    BStrWrapper,
    Char16,
    CurrencyWrapper,
    DBNull,
    DispatchWrapper,
    ErrorWrapper,
    Missing,
    NdArr,
    Ptr,
    UnknownWrapper,
    UPtr,
    VariantWrapper,
)

from .conftest import Loader
from .heap import NOISE, leaks

PROTOTYPES = """
    struct pair { int32_t id; VARIANT value; };
    long heap(void);
    int layout(void);
    int see(int a, VARIANT v, double b, [out, size_is(n)] uint8_t *bytes, int n);
    int see_at(const VARIANT *v, [out, size_is(n)] uint8_t *bytes, int n);
    int text_length(VARIANT v);
    int64_t array_of(VARIANT v);
    int overwrite(VARIANT v);
    int write_through(VARIANT v);
    void put([size_is(n)] const uint8_t *bytes, int n);
    VARIANT give(void);
    int get([out] VARIANT *out);
    VARIANT give_text(int length);
    VARIANT give_array(int n);
    VARIANT give_matrix(void);
    int change(int how, [in, out] VARIANT *v);
    [throws] HRESULT set_and_fail([out] VARIANT *v);
    VARIANT same(VARIANT v);
    VARIANT give_reference(int which);
    int target(void);
    int kept_length(void);
    VARIANT give_object(int null);
    int is_object(VARIANT v);
    int object_references(void);
    int call_by_value(void (*f)(VARIANT v));
    int call_by_reference(void (*f)([in, out] VARIANT *v), int which, [out, size_is(n)] uint8_t *bytes, int n);
    int call_make(VARIANT (*f)(int which));
    int weigh(const struct pair *p);
    void fill_pair([out] struct pair *p);
    int types([size_is(n)] const VARIANT *v, int n);
"""
LARGE = 10_000


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return load_both("variant", PROTOTYPES)


@pytest.fixture(scope="module")
def typed(load_both: Loader) -> Any:
    """The same library, whose VARIANTs come back with their types."""
    text = PROTOTYPES.replace("VARIANT give(void)", "[keep_types] VARIANT give(void)")
    return load_both("variant", text.replace("get([out]", "get([out, keep_types]"))


def sent(lib: Any, value: Any) -> tuple[int, bytes]:
    """The type, and the 16 bytes from offset 8 on, that native code got by value; by reference they are the same."""
    room, other = bytearray(24), bytearray(24)
    vartype: int = lib.see(1, value, 0.5, room, 24)
    if not isinstance(value, str | bytes | list | VariantWrapper | NdArr | array | BStrWrapper):
        assert lib.see_at(value, other, 24) == vartype
        assert room == other
    return vartype, bytes(room[8:])


def given(lib: Any, vartype: int, payload: bytes) -> Any:
    """What a VARIANT of that type and content comes back as; its reserved words are not zero (R13.4)."""
    image = struct.pack("<HHHH", vartype, 1, 2, 3) + payload.ljust(16, b"\0")
    lib.put(image, 24)
    result = lib.give()
    assert lib.get() == (1, result) or isinstance(result, NdArr)
    return result


class Color(IntEnum):
    RED = 5


class Flags(IntFlag):
    A = 1
    B = 1 << 40


class Name(Enum):
    A = "a"


class Converts:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __variant__(self) -> Any:
        return self.value


def packed(code: str, value: Any) -> bytes:
    return struct.pack("<" + code, value).ljust(16, b"\0")


def test_r13_02_layout(lib: Any) -> None:
    """24 bytes with the value at 8; in a struct and in an array too."""
    assert lib.layout() == 2400 + 8
    assert callgate.sizeof(lib, "pair") == 32


def test_r13_02_decimal_lies_over_all_of_it(lib: Any) -> None:
    """The type stands where a DECIMAL has its reserved word; both ways."""
    room = bytearray(24)
    assert lib.see(1, Decimal("-1.5"), 0.5, room, 24) == 14
    assert room == bytes.fromhex("0e00 01 80 00000000 0f00000000000000 0000000000000000")
    lib.put(bytes(room), 24)
    assert str(lib.give()) == "-1.5"
    assert str(lib.get()[1]) == "-1.5"


ROWS = [
    (None, 0, bytes(16)),
    (DBNull, 1, bytes(16)),
    (Missing, 10, packed("I", 0x80020004)),
    (ErrorWrapper(0x80004005), 10, packed("I", 0x80004005)),
    (CurrencyWrapper(Decimal("5.25")), 6, packed("q", 52500)),
    (UnknownWrapper(None), 13, bytes(16)),
    (DispatchWrapper(None), 9, bytes(16)),
    (BStrWrapper(None), 8, bytes(16)),
    (I1(-1), 16, packed("b", -1)),
    (U1(255), 17, packed("B", 255)),
    (I2(-2), 2, packed("h", -2)),
    (U2(2), 18, packed("H", 2)),
    (I4(-3), 3, packed("i", -3)),
    (U4(3), 19, packed("I", 3)),
    (I8(-4), 20, packed("q", -4)),
    (U8(4), 21, packed("Q", 4)),
    (R4(0.5), 4, packed("f", 0.5)),
    (R8(0.5), 5, packed("d", 0.5)),
    (Char16("A"), 18, packed("H", 65)),
    (Ptr(-5), 22, packed("i", -5)),
    (UPtr(5), 23, packed("I", 5)),
    (Color.RED, 3, packed("i", 5)),
    (Flags.B, 20, packed("q", 1 << 40)),
    (True, 11, packed("h", -1)),
    (False, 11, bytes(16)),
    (5, 3, packed("i", 5)),
    (-(2**31), 3, packed("i", -(2**31))),
    (2**31, 20, packed("q", 2**31)),
    (2**63, 21, packed("Q", 2**63)),
    (0.25, 5, packed("d", 0.25)),
    (datetime(2000, 1, 1, 12), 7, packed("d", 36526.5)),
    (date(1900, 1, 1), 7, packed("d", 2.0)),
    (time(6), 7, packed("d", 0.25)),
    (Converts(7), 3, packed("i", 7)),
    (Converts(Converts(None)), 0, bytes(16)),
]


@pytest.mark.rule("R4.5")
@pytest.mark.parametrize(("value", "vartype", "payload"), ROWS, ids=lambda value: repr(value)[:30])
def test_r13_03_from_python(lib: Any, value: Any, vartype: int, payload: bytes) -> None:
    """One value per row of the table: its type and its bytes."""
    assert sent(lib, value) == (vartype, payload)


@pytest.mark.rule("R13.13")
def test_r13_03_text(lib: Any) -> None:
    """A str is a BSTR, and so are a subclass of it and the text of a number: nothing is coerced."""
    assert lib.text_length("ab") == lib.text_length(type("Name", (str,), {})("ab")) == 4
    assert lib.text_length("5") == 2
    assert lib.text_length(BStrWrapper("abc")) == 6
    assert lib.text_length(BStrWrapper(None)) == -1
    assert lib.text_length(None) == -2


def test_r13_03_arrays(lib: Any) -> None:
    """bytes, typed arrays and lists: their VARTYPE, their length, the types of their elements."""
    assert lib.array_of(b"abc") == lib.array_of(bytearray(b"abc")) == 17_030_000
    assert lib.array_of(array("h", [1, 2])) == 2_020_000
    assert lib.array_of(array("d", [1])) == 5_010_000
    assert lib.array_of([1, "a"]) == lib.array_of((1, "a")) == 12_020_308
    assert lib.array_of([None, [1]]) == 12_020_000 + 0x200C
    assert lib.array_of(5) == -1


def test_r13_03_numpy(lib: Any) -> None:
    """NumPy's scalars and arrays by their dtype."""
    numpy = pytest.importorskip("numpy")
    assert sent(lib, numpy.int16(-2)) == (2, packed("h", -2))
    assert sent(lib, numpy.float32(0.5)) == (4, packed("f", 0.5))
    assert sent(lib, numpy.bool_(True)) == (11, packed("h", -1))
    assert lib.array_of(numpy.zeros(3, "u4")) == 19_030_000
    assert lib.array_of(numpy.zeros(2, "?")) == 11_020_000
    with pytest.raises(callgate.InvalidOleVariantTypeError):
        lib.see(1, numpy.complex64(1), 0.5, bytearray(1), 1)


@pytest.mark.rule("R12.12")
@pytest.mark.parametrize(
    ("vartype", "payload", "value"),
    [
        (0, bytes(16), None),
        (1, bytes(16), DBNull),
        (2, packed("h", -2), -2),
        (3, packed("i", -3), -3),
        (4, packed("f", 0.5), 0.5),
        (5, packed("d", 0.25), 0.25),
        (6, packed("q", 52500), Decimal("5.2500")),
        (7, packed("d", 25569.0), datetime(1970, 1, 1)),
        (8, bytes(16), None),
        (9, bytes(16), None),
        (13, bytes(16), None),
        (10, packed("I", 0x80004005), callgate.hresult(0x80004005)),
        (10, packed("I", 0x80020004), Missing),
        (11, packed("h", -1), True),
        (11, bytes(16), False),
        (16, packed("b", -1), -1),
        (17, packed("B", 255), 255),
        (18, packed("H", 65), 65),
        (19, packed("I", 2**32 - 1), 2**32 - 1),
        (20, packed("q", -4), -4),
        (21, packed("Q", 2**64 - 1), 2**64 - 1),
        (22, packed("i", -5), -5),
        (23, packed("I", 5), 5),
    ],
)
def test_r13_04_to_python(lib: Any, vartype: int, payload: bytes, value: Any) -> None:
    """One VARIANT per row of the table."""
    result = given(lib, vartype, payload)
    assert result == value
    assert type(result) is type(value)


def test_r13_04_texts_and_arrays(lib: Any) -> None:
    """What owns memory: a text, an array of VARIANTs, one with bounds of its own."""
    assert lib.give_text(3) == "xxx"
    assert lib.give_array(2) == ["xx", 2]
    assert lib.give_matrix() == NdArr([[1, 2]], lbounds=[5, 0])


@pytest.mark.rule("R19.25")
@pytest.mark.parametrize("vartype", [12, 15, 24, 36, 0x4FF, 0x1003, 0x2000, 0x200F, 0xFFFF])
def test_r13_04_unknown_types_are_refused(lib: Any, vartype: int) -> None:
    """A bare VT_VARIANT, a record, and what is no type at all: refused, and the host lives on."""
    lib.put(struct.pack("<HHHHQQ", vartype, 0, 0, 0, 0, 0), 24)
    for call in (lib.give, lib.get):
        with pytest.raises(callgate.InvalidOleVariantTypeError, match=r"R19\.25") as caught:
            call()
    assert caught.value.hresult == 0x80131531
    assert lib.layout() == 2408


@pytest.mark.parametrize(("value", "vartype", "payload"), ROWS[4:5] + ROWS[8:18] + ROWS[19:21], ids=repr)
def test_r13_04_keep_types(typed: Any, value: Any, vartype: int, payload: bytes) -> None:
    """With [keep_types] a value says its width, and is sent again with the same type."""
    result = given(typed, vartype, payload)
    assert result == value
    assert type(result) is type(value)
    assert sent(typed, result) == (vartype, payload)


def test_r13_05_types_may_change(lib: Any) -> None:
    """The documented pairs: CY comes back and goes out as DECIMAL, a character as I4."""
    assert sent(lib, given(lib, 6, packed("q", 52500)))[0] == 14
    assert sent(lib, given(lib, 18, packed("H", 65)))[0] == 3
    assert sent(lib, given(lib, 20, packed("q", 1)))[0] == 3


def test_r13_06_by_value_nothing_comes_back(lib: Any) -> None:
    """The callee writes over its copy, or through a reference in it: the caller has what it had, and nothing leaks."""
    value, wrapped = 5, VariantWrapper("text")
    assert lib.overwrite(value) == 5
    assert lib.write_through(wrapped) == 8
    assert (value, wrapped.value) == (5, "text")
    assert lib.write_through(VariantWrapper(3)) == 3
    assert leaks(lib, lambda: lib.write_through(VariantWrapper("x" * LARGE))) < NOISE


def test_r13_07_by_reference_the_type_may_change(lib: Any) -> None:
    """5 becomes "x", a text becomes EMPTY, a number another number; a Box holds the new value."""
    assert lib.change(0, 5) == (3, 5)
    assert lib.change(1, 5) == (3, "x")
    assert lib.change(2, "gone") == (8, None)
    assert lib.change(3, "gone") == (8, 0.25)
    assert lib.change(3, [1, 2]) == (0x200C, 0.25)
    assert lib.change(0, None) == (0, None)
    assert lib.change(0, ["a", [1, None]]) == (0x200C, ["a", [1, None]])
    box: callgate.Box[Any] = callgate.Box("gone")
    assert lib.change(3, box) == 8
    assert box.value == 0.25


@pytest.mark.rule("R8.1", "R13.7")
def test_r13_09_everything_is_cleared_once(lib: Any) -> None:
    """Texts and arrays, by value, out, in place, and after a failure."""
    text = "x" * LARGE
    calls: list[Callable[[], Any]] = [
        partial(lib.text_length, text),
        partial(lib.array_of, [text, text]),
        partial(lib.give_text, LARGE),
        partial(lib.give_array, LARGE),
        *(partial(lib.change, how, text) for how in range(5)),
        partial(lib.change, 0, [text, [text]]),
        partial(lib.weigh, {"id": 1, "value": text}),
        partial(lib.types, [text, text], 2),
    ]
    for call in calls:
        assert leaks(lib, call) < NOISE, call

    def fail() -> None:
        with pytest.raises(callgate.ComError):
            lib.set_and_fail()

    assert leaks(lib, fail) < NOISE


@pytest.mark.rule("R8.4")
def test_r13_09_one_block_with_two_owners(lib: Any) -> None:
    """The VARIANT that was given comes back, and with it its text or array: freed once, and said so."""
    for value in ("x" * LARGE, [1, "a"], b"bytes"):
        for _ in range(20):
            with pytest.raises(callgate.DoubleOwnershipError):
                lib.same(value)
    assert lib.same(5) == 5


def test_r13_08_references_are_followed_and_not_freed(lib: Any) -> None:
    """BYREF of a number, a text, a VARIANT: the value; native code's text is still there afterwards."""
    for _ in range(5):
        assert lib.give_reference(3) == 5
        assert lib.give_reference(8) == "kept"
        assert lib.give_reference(12) == 2.5
    assert lib.kept_length() == 8
    with pytest.raises(callgate.InvalidOleVariantTypeError):
        lib.give_reference(13)
    with pytest.raises(callgate.ArgumentError, match="NULL"):
        lib.give_reference(0)


def test_r13_08_by_value_is_never_propagated(lib: Any) -> None:
    """A callback that gets a reference by value sees the value, and cannot change it."""
    seen: list[Any] = []
    assert lib.call_by_value(seen.append) == 5
    assert seen == [5]


def by_reference(lib: Any, which: int, result: Any) -> tuple[int, int, list[Any]]:
    """What native code's number, the type of its VARIANT, and the callback's argument are afterwards."""
    seen: list[Any] = []

    def callback(value: Any) -> Any:
        seen.append(value)
        return result

    room = bytearray(24)
    told = lib.call_by_reference(callback, which, room, 24)
    return told, int.from_bytes(room[:2], "little"), seen


def test_r13_08_by_reference_is_always_propagated(lib: Any) -> None:
    """A VARIANT of native code: the callback's value, whatever its type, and what was there is cleared."""
    assert by_reference(lib, 0, 6)[1:] == (3, [5])
    assert by_reference(lib, 0, "text")[1:] == (8, [5])
    assert by_reference(lib, 4, None)[1] == 0
    assert leaks(lib, partial(by_reference, lib, 4, "y" * LARGE)) < NOISE


def test_r13_08_through_a_reference_if_the_type_stays(lib: Any) -> None:
    """The target changes and the VARIANT stays a reference."""
    assert by_reference(lib, 1, 6) == (6, 0x4003, [5])
    assert by_reference(lib, 2, "newer")[1:] == (0x4008, ["old"])
    assert lib.kept_length() == 10
    by_reference(lib, 2, None)
    assert lib.kept_length() == -1
    assert by_reference(lib, 3, False)[:2] == (0, 0x400B)
    assert by_reference(lib, 5, 2.5)[1] == 0x4005


@pytest.mark.rule("R19.26")
@pytest.mark.parametrize(("which", "result"), [(1, "x"), (1, True), (2, 5), (3, 1), (5, 1), (1, None)])
def test_r13_08_another_type_is_refused(lib: Any, which: int, result: Any) -> None:
    """BYREF|I4 does not take a text, BYREF|BOOL no int: InvalidCastError, and the target is as it was."""
    with pytest.raises(callgate.InvalidCastError, match=r"R13\.8"):
        by_reference(lib, which, result)


def test_r13_08_a_number_that_does_not_fit(lib: Any) -> None:
    """Of the right family, and too large."""
    with pytest.raises(OverflowError):
        by_reference(lib, 1, 2**31)


@pytest.mark.rule("R13.3", "R13.4", "R14.6")
def test_r13_09_interfaces_are_released(lib: Any) -> None:
    """A VT_UNKNOWN is the one proxy of its object, goes back as the same pointer, and is released; NULL is None."""
    assert lib.give_object(1) is None
    thing = lib.give_object(0)
    assert lib.give_object(0) is thing
    assert lib.is_object(thing) == 1
    assert lib.is_object(UnknownWrapper(thing)) == 1
    callgate.final_release(thing)
    assert lib.object_references() == 0
    with pytest.raises(callgate.ObjectGone):
        lib.is_object(thing)


def test_r13_07_callbacks_give_variants(lib: Any) -> None:
    """The result of a callback belongs to native code."""
    assert lib.call_make(lambda which: "x" * which) == 1
    assert leaks(lib, lambda: lib.call_make(lambda _which: "x" * LARGE)) < NOISE


@pytest.mark.rule("R12.12")
def test_r13_02_members_and_arrays(lib: Any) -> None:
    """As a member of a struct, and side by side."""
    assert lib.weigh({"id": 3, "value": "a"}) == 24
    assert lib.weigh({"id": 3}) == 0
    made = lib.fill_pair()
    assert (made.id, made.value) == (3, "xxxx")
    assert lib.types([1, None, "a"], 3) == 30008
    with pytest.raises(callgate.InvalidOleVariantTypeError, match=r"'v'\[1\]"):
        lib.types([1, {}], 2)


@pytest.mark.rule("R19.43")
@pytest.mark.parametrize(
    "value",
    [{}, set(), uuid.UUID(int=0), 1j, iter(()), len, object(), Name.A, Converts({})],
    ids=lambda value: type(value).__name__,
)
def test_r13_14_no_form(lib: Any, value: Any) -> None:
    """Refused with the type's name, before native code is entered."""
    with pytest.raises(callgate.InvalidOleVariantTypeError, match=r"argument 1 'v' of overwrite.*R13\.14"):
        lib.overwrite(value)


@pytest.mark.parametrize(
    "value", [CurrencyWrapper(1), Ptr(1), [1], b"a", VariantWrapper(1)], ids=lambda value: type(value).__name__
)
def test_r13_03_hooks_cannot_make_everything(lib: Any, value: Any) -> None:
    """CY, INT, arrays and references do not come from a conversion."""
    with pytest.raises(callgate.InvalidOleVariantTypeError, match=r"__variant__.*R13\.3"):
        lib.overwrite(Converts(value))


def test_r13_03_too_wide(lib: Any) -> None:
    """An int beyond 64 bits, a typed scalar beyond its own, a character of two units."""
    for value in (2**64, -(2**63) - 1):
        with pytest.raises(OverflowError, match="overwrite"):
            lib.overwrite(value)
    with pytest.raises(OverflowError):
        I2(1 << 15)
    with pytest.raises(ValueError, match="single unit"):
        Char16("\U0001f600")


def test_r13_12_records_need_record_info(lib: Any) -> None:
    """A struct has no GUID, so it has no VARIANT form."""
    with pytest.raises(callgate.ArgumentError, match=r"R13\.12"):
        lib.overwrite(callgate.types(lib).pair())


def test_r13_03_singletons_stay_themselves() -> None:
    """They pickle and copy as themselves."""
    import copy
    import pickle

    for value in (DBNull, Missing):
        assert pickle.loads(pickle.dumps(value)) is value
        assert copy.deepcopy([value])[0] is value
    assert repr(kinds.I4(5)) == "I4(5)"
