"""R6.17 to R6.23, R19.21 to R19.24: SAFEARRAYs in every direction."""

from __future__ import annotations

from array import array
from functools import partial
from typing import Any

import pytest

import callgate
from callgate.variant import NdArr

from .conftest import Loader
from .heap import NOISE, leaks

PROTOTYPES = """
    struct item { int32_t id; BSTR name; };
    struct box { int32_t tag; SAFEARRAY(int32_t) *content; };
    long heap(void);
    int describe([bounds] SAFEARRAY(int32_t) *a, [out, size_is(n)] int *fields, int n);
    int raw_ints([bounds] SAFEARRAY(int32_t) *a, [out, size_is(n)] int *values, int n);
    int64_t sum_longs(SAFEARRAY(long) *a);
    double sum_doubles(SAFEARRAY(double) *a);
    int text_bytes(SAFEARRAY(BSTR) *a);
    int truths(SAFEARRAY(VARIANT_BOOL) *a);
    SAFEARRAY(int32_t) *give(int which);
    SAFEARRAY(int32_t) *give_static(void);
    SAFEARRAY(BSTR) *give_texts(int length);
    int get(int which, [out] SAFEARRAY(int32_t) **out);
    int change(int how, [in, out] SAFEARRAY(int32_t) **a);
    [throws] HRESULT set_and_fail([out] SAFEARRAY(BSTR) **a);
    SAFEARRAY(int32_t) *same(SAFEARRAY(int32_t) *a);
    BSTR first_text(SAFEARRAY(BSTR) *a);
    int weigh(SAFEARRAY(struct item) *a);
    SAFEARRAY(struct item) *give_items(void);
    int open_box(const struct box *b);
    int call_twice(SAFEARRAY(int32_t) *(*f)(SAFEARRAY(int32_t) *a));
    int call_grow(void (*f)([in, out] SAFEARRAY(int32_t) **a), int locked);
"""
HAVE_VARTYPE = 0x80
LARGE = 5_000
"""Characters of one text: a hundred calls that lose two of them lose two million bytes."""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return load_both("safearray", PROTOTYPES)


@pytest.fixture(scope="module")
def nd(load_both: Loader) -> Any:
    """The same library, whose arrays have any bounds."""
    return load_both(
        "safearray",
        "[bounds] SAFEARRAY(int32_t) *give(int which); int get(int which, [out, bounds] SAFEARRAY(int32_t) **out);",
    )


def described(lib: Any, value: Any, count: int = 9) -> list[int]:
    fields = [0] * count
    assert lib.describe(value, fields, count) == 16 * 100 + 24
    return fields


def test_r06_17_descriptor(lib: Any) -> None:
    """Dimensions, features, element size, locks, VARTYPE, and the bounds from the right to the left."""
    assert described(lib, [1, 2, 3], 7) == [1, HAVE_VARTYPE, 4, 0, 3, 3, 0]
    assert described(lib, NdArr([[1, 2, 3], [4, 5, 6]])) == [2, HAVE_VARTYPE, 4, 0, 3, 3, 0, 2, 0]
    assert described(lib, NdArr([1, 2], lbounds=[-5]), 7) == [1, HAVE_VARTYPE, 4, 0, 3, 2, -5]


def test_r06_17_data_is_column_major(lib: Any) -> None:
    """The leftmost index changes fastest; three dimensions too; a buffer of two is turned the same way."""
    room = [0] * 6
    lib.raw_ints(NdArr([[1, 2, 3], [4, 5, 6]]), room, 6)
    assert room == [1, 4, 2, 5, 3, 6]
    rows = memoryview(array("i", [1, 2, 3, 4, 5, 6])).cast("B").cast("i", (2, 3))
    lib.raw_ints(rows, room, 6)
    assert room == [1, 4, 2, 5, 3, 6]
    cube = NdArr(list(range(8)), dims=[2, 2, 2])
    eight = [0] * 8
    lib.raw_ints(cube, eight, 8)
    assert eight == [0, 4, 2, 6, 1, 5, 3, 7]


def test_r06_18_the_type_follows_the_element(lib: Any, load_both: Loader) -> None:
    """Each declared element has its VARTYPE; an empty list has the declared one."""
    assert described(lib, [], 7)[4:] == [3, 0, 0]
    for element, vartype, size, value in (
        ("signed char", 16, 1, -1),
        ("uint8_t", 17, 1, 255),
        ("short", 2, 2, 1),
        ("unsigned short", 18, 2, 1),
        ("unsigned", 19, 4, 1),
        ("int64_t", 20, 8, 1),
        ("uint64_t", 21, 8, 1),
        ("float", 4, 4, 0.5),
        ("double", 5, 8, 0.5),
        ("VARIANT_BOOL", 11, 2, True),
        ("BSTR", 8, 8, "a"),
        ("CURRENCY", 6, 8, 1),
        ("DECIMAL", 14, 16, 1),
        ("HRESULT", 10, 4, 0),
    ):
        other = load_both("safearray", f"int describe(SAFEARRAY({element}) *a, [out, size_is(n)] int *fields, int n);")
        fields = described(other, [value], 5)
        assert (fields[2], fields[4]) == (size, vartype), element


def test_r06_18_values(lib: Any) -> None:
    """What C sums up of each element type."""
    assert lib.sum_longs([1, -2, 1 << 40]) == 1 - 4 + 3 * (1 << 40)
    assert lib.sum_doubles(array("d", [0.5, 0.25])) == 1.0
    assert lib.text_bytes(["a", None, "", "bc"]) == 2904
    assert lib.truths([True, False]) == 1
    assert lib.give(11) == list(range(11))
    assert lib.get(11) == (11, list(range(11)))
    assert lib.give_texts(3) == ["aaa", "bbb", None]


def test_r06_18_null(lib: Any) -> None:
    """None is NULL, both ways."""
    assert lib.describe(None, [0], 1) == -1
    assert lib.give(0) is None
    assert lib.get(0) == (0, None)


@pytest.mark.rule("R19.21")
def test_r06_19_other_types_are_refused(lib: Any) -> None:
    """VT_I2 and a wrong element size are no VT_I4; VT_INT is one; without HAVEVARTYPE the hidden word says nothing."""
    for which in (2, 8):
        with pytest.raises(callgate.SafeArrayTypeMismatchError, match=r"give.*R6\.19") as caught:
            lib.give(which)
        assert caught.value.hresult == 0x80131533
    assert lib.give(5) == [5]
    assert lib.give(7) == [7]


@pytest.mark.rule("R19.22")
def test_r06_19_other_shapes_are_refused(lib: Any, nd: Any) -> None:
    """Two dimensions, or a lower bound of 1, for a vector: refused both ways; with [bounds] they come as they are."""
    for which in (3, 4):
        with pytest.raises(callgate.SafeArrayRankMismatchError, match=r"give.*\[bounds\]") as caught:
            lib.give(which)
        assert caught.value.hresult == 0x80131538
    for value in (NdArr([[1]]), NdArr([1], lbounds=[1])):
        with pytest.raises(callgate.SafeArrayRankMismatchError, match=r"argument 1 'a' of same"):
            lib.same(value)
    assert nd.give(3) == NdArr([[1, 3, 5], [2, 4, 6]])
    assert nd.give(4) == NdArr([10, 20], lbounds=[1])
    assert nd.give(4)[2] == 20
    assert nd.get(11)[1].tolist() == list(range(11))


@pytest.mark.rule("R8.10")
def test_r06_20_everything_is_freed_once(lib: Any) -> None:
    """Elements, data and descriptor: as an argument, a result, an out, and in place."""
    text = "x" * LARGE
    numbers = array("i", bytes(4 * LARGE))
    assert leaks(lib, lambda: lib.text_bytes([text, text])) < NOISE
    assert leaks(lib, lambda: lib.give_texts(LARGE)) < NOISE
    assert leaks(lib, lambda: lib.get(LARGE)) < NOISE
    for how in range(3):
        assert leaks(lib, partial(lib.change, how, numbers)) < NOISE
    assert leaks(lib, lambda: lib.weigh([(1, text), (2, text)])) < NOISE
    assert leaks(lib, lib.give_items, 2000) < NOISE


def test_r06_20_in_and_out(lib: Any) -> None:
    """Kept, redimensioned, taken away; None goes in as NULL."""
    assert lib.change(0, [1]) == (1, [1])
    assert lib.change(1, [1]) == (1, [1, 9])
    assert lib.change(2, [1]) == (1, None)
    assert lib.change(0, None) == (-1, None)
    box = callgate.Box([1])
    lib.change(1, box)
    assert box.value == [1, 9]


def test_r06_20_static_data_is_not_freed(lib: Any) -> None:
    """Only the descriptor is."""
    for _ in range(3):
        assert lib.give_static() == [11, 22]


@pytest.mark.rule("R19.23")
def test_r06_20_locked_arrays(lib: Any) -> None:
    """A locked array that comes back, and a fixed one that a callback would replace: DISP_E_ARRAYISLOCKED."""
    for call in (partial(lib.give, 6), partial(lib.change, 3, [1])):
        with pytest.raises(callgate.ComError) as caught:
            call()
        assert caught.value.hresult == 0x8002000D
    assert lib.call_grow(lambda values: [*values, 1], 0) == 13
    with pytest.raises(callgate.ComError) as caught:
        lib.call_grow(lambda values: [*values, 1], 1)
    assert caught.value.hresult == 0x8002000D


@pytest.mark.rule("R1.15", "R8.7")
def test_r06_20_outs_of_a_failure_are_freed(lib: Any) -> None:
    """The array and its texts, although nobody gets them."""

    def call() -> None:
        with pytest.raises(callgate.ComError):
            lib.set_and_fail()

    assert leaks(lib, call) < NOISE


@pytest.mark.rule("R8.4")
def test_r06_20_one_block_with_two_owners(lib: Any) -> None:
    """The array itself, or one of its texts, comes back as the result: freed once, and said so."""
    for _ in range(20):
        with pytest.raises(callgate.DoubleOwnershipError):
            lib.same([1, 2])
        with pytest.raises(callgate.DoubleOwnershipError):
            lib.first_text(["x" * LARGE])


@pytest.mark.rule("R6.1")
def test_r06_18_refused_values(lib: Any) -> None:
    """What is no sequence, an element of another type, rows of different length."""
    for value in (5, "text", {1: 2}):
        with pytest.raises(TypeError, match="argument 1 'a' of same"):
            lib.same(value)
    with pytest.raises(TypeError, match=r"'a'\[1\]"):
        lib.text_bytes(["a", 5])
    with pytest.raises(OverflowError, match=r"'a'\[0\]"):
        lib.same([1 << 31])
    with pytest.raises(ValueError, match="same length"):
        NdArr([[1, 2], [3]])
    with pytest.raises(IndexError):
        NdArr([1], lbounds=[1])[0]


def test_r06_22_records(lib: Any) -> None:
    """Structs whose text is a BSTR are elements of VT_RECORD."""
    assert lib.weigh([{"id": 3, "name": "ab"}, {"id": 5}]) == 12
    items = lib.give_items()
    assert [(item.id, item.name) for item in items] == [(1, "one"), (2, None)]


@pytest.mark.rule("R19.24")
def test_r06_22_other_text_in_records_is_refused(load_both: Loader) -> None:
    """A `char *` in a record of a SAFEARRAY, also nested; the same struct stays legal in a C array."""
    structs = "struct in { char *s; }; struct item { int id; struct in inner; };"
    lib = load_both("safearray", f"{structs} int weigh(SAFEARRAY(struct item) *a); int open_box(const struct item *b);")
    with pytest.raises(callgate.MarshalDirectiveError, match=r"member 's' of in is char \*.*R19\.24"):
        lib.weigh([])
    lib = load_both("safearray", f"{structs} int describe([size_is(1)] struct item *a, int *b, int n);")
    with pytest.raises(TypeError):
        lib.describe(1, 2, 3)


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        ("SAFEARRAY(bool) *a", "write VARIANT_BOOL"),
        ("SAFEARRAY(char *) *a", "text is written BSTR"),
        ("SAFEARRAY(GUID) *a", "GUID has no VARTYPE"),
        ("SAFEARRAY(int) a", "handled through a pointer"),
        ("[out] SAFEARRAY(int) *a", r"one star more \(R6\.20\)"),
        ("[size_is(3)] SAFEARRAY(int) *a", "knows its own length"),
        ("[bounds] int *a", r"\[bounds\] belongs to SAFEARRAY"),
        ("SAFEARRAY(SAFEARRAY(int)) *a", r"R6\.11"),
    ],
)
def test_r06_18_refused_declarations(load_both: Loader, parameter: str, problem: str) -> None:
    """Elements without a VARTYPE, and words that do not belong there."""
    lib = load_both("safearray", f"int same({parameter});")
    with pytest.raises(callgate.MarshalDirectiveError, match=problem):
        lib.same([])


def test_r06_23_size_is_is_kept(lib: Any) -> None:
    """A C array in a prototype keeps its size_is: it is no one-element reference."""
    fields = [0] * 3
    lib.describe([1], fields, 3)
    assert fields == [1, HAVE_VARTYPE, 4]


def test_r06_20_callbacks(lib: Any) -> None:
    """What a callback gets stays native code's, what it gives becomes native code's."""
    assert lib.call_twice(lambda values: [2 * value for value in values]) == 1
    assert leaks(lib, lambda: lib.call_twice(lambda values: [2 * value for value in values] * 50)) < NOISE


def test_r06_20_members(lib: Any) -> None:
    """An array behind a member of a struct."""
    assert lib.open_box({"tag": 2, "content": [1, 2, 3]}) == 6
    assert lib.open_box({"tag": 2}) == -2
    assert leaks(lib, lambda: lib.open_box({"tag": 2, "content": array("i", bytes(4 * LARGE))})) < NOISE


@pytest.mark.rule("R13.1")
def test_r06_21_an_untyped_array_holds_variants(load_both: Loader) -> None:
    """`SAFEARRAY *` is SAFEARRAY(VARIANT): each element has the type of its value, and 24 bytes."""
    for spelling in ("SAFEARRAY *a", "SAFEARRAY(VARIANT) *a"):
        lib = load_both("safearray", f"int describe({spelling}, [out, size_is(n)] int *fields, int n);")
        assert described(lib, [1, "a", None], 7) == [1, HAVE_VARTYPE | 0x800, 24, 0, 12, 3, 0]
        with pytest.raises(callgate.InvalidOleVariantTypeError, match=r"'a'\[1\]"):
            described(lib, [1, {}])


@pytest.mark.parametrize("name", ["HSTRING", "IInspectable *"])
def test_r19_19_the_windows_runtime(load_both: Loader, name: str) -> None:
    """Its types are refused when they are declared; a library that means its own by the name declares it."""
    with pytest.raises(callgate.NotSupportedError, match=r"R19\.19") as caught:
        load_both("safearray", f"int same({name} a);")
    assert caught.value.hresult == 0x80131515
    own = name.partition(" ")[0]
    load_both("safearray", f"typedef struct own {own}; long heap(void); int same({own} *a);")
