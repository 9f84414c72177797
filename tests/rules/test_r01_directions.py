"""R1: which way values travel, what comes back in which order, and whose memory it is (`tests/native/directions.c`)."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any

import pytest

import callgate
from callgate import Box, Lib

from .conftest import Loader, untouched

DIRECTIONS = """
    typedef int (*unary)(int value);
    struct point { int x; int y; };
    struct labelled { const char *name; int n; };
    int times_called(void);
    int inc([in, out] int *p);
    void swap([in, out] int *a, [in, out] int *b);
    int same_place([size_is(1)] const int *a, [size_is(1)] const int *b);
    int same_address(const void *a, const void *b);
    void move_up([in, out, size_is(n)] int *from, [in, out, size_is(n)] int *to, int n);
    int is_null([unique] const int *p);
    int text_levels([in, out, free(free)] char **p);
    int move_point(struct point p);
    int push_point([in, out] struct point *p);
    int rename_labelled([in, out] struct labelled *l);
    void keep(const void *p);
    int kept_byte(void);
    int kept_is(const void *p);
    int many_outs([out] int *a, [out] double *b, [out, free(free)] char **c, [out] struct point *d);
    int call_back(unary callback, int value);
    int everything(signed char small, unsigned long large, double number, bool truth, const char *text,
                   const char16_t *wide, [size_is(n)] const int *array, int n, [size_is(texts_n)] const char **texts,
                   int texts_n, struct labelled record, const struct labelled *pointer, unary callback,
                   [context] void *context, [out, size_is(filled_n)] unsigned char *filled, int filled_n,
                   [in, out, free(free)] char **replaced, [in, out, size_is(*resized_n), free(free)] int **resized,
                   [in, out] int *resized_n, [character] char last);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    """The library of directions."""
    return load_both("directions", DIRECTIONS)


def declared(load_both: Loader, prototype: str) -> Lib:
    return load_both("directions", f"struct point {{ int x; int y; }}; {prototype}")


def test_r01_02_native_code_calls_back_through_delegates_only(lib: Lib) -> None:
    """The way back is a function pointer that was made of a callable; a mere number is refused as one."""
    assert lib.call_back(lambda value: value * 2, 4) == 9
    with untouched(lib), pytest.raises(TypeError, match="argument 1 'callback' of call_back"):
        lib.call_back(0x1234, 4)


def test_r01_05_changes_are_seen_after_the_call(lib: Lib) -> None:
    """Each side has its own copy; while native code runs, the caller's is unchanged."""
    values = [1, 2]
    seen: list[list[int]] = []
    lib.move_up(values, [0, 0], 2)
    sort = "void qsort([in, out, size_is(n)] int *v, size_t n, size_t w, int (*compare)(const int *a, const int *b));"

    def compare(a: int, b: int) -> int:
        seen.append(list(values))
        return b - a

    with callgate.load("libc.so.6", sort) as libc:
        libc.qsort(values, 2, 4, compare)
    assert seen == [[-1, 2]]
    assert values == [2, -1]


def test_r01_07_values_by_value_are_copies(lib: Lib) -> None:
    """Native code changes its copy of a struct; the instance is as it was."""
    point = callgate.types(lib).point(1, 2)
    assert lib.move_point(point) == 1003
    assert point == callgate.types(lib).point(1, 2)


@pytest.mark.parametrize(
    ("words", "given", "result"),
    [("[in, out]", (4,), (4, 5)), ("[out]", (), (0, 1)), ("[in]", (4,), 4), ("", (4,), 4)],
)
def test_r01_08_in_out_and_both(load_both: Loader, words: str, given: tuple[int, ...], result: Any) -> None:
    """Both: 4 goes in and 5 comes out. Out: C finds zero. In, said or not: what C writes is dropped."""
    assert declared(load_both, f"int inc({words} int *p);").inc(*given) == result


def test_r01_08_a_box_is_a_variable(lib: Lib) -> None:
    box = Box(4)
    assert lib.inc(box) == 4
    assert box.value == 5


def test_r01_09_levels_of_pointers(lib: Lib) -> None:
    """None by value is NULL; None for a pointer to a pointer is a pointer to NULL; an empty text is neither."""
    assert [lib.is_null(None), lib.is_null(0)] == [1, 0]
    assert [lib.text_levels(None)[0], lib.text_levels("")[0]] == [1, 2]


@pytest.mark.parametrize(
    ("words", "given", "result"),
    [
        ("[in, out]", ({"name": "abc", "n": 5},), (35, ("A", 2))),
        ("[in]", ({"name": "abc", "n": 5},), 35),
        ("[out]", (), (-10, ("A", 2))),
    ],
)
@pytest.mark.rule("R1.12")
def test_r01_11_a_struct_is_converted_as_declared(
    load_both: Loader, words: str, given: tuple[Any, ...], result: Any
) -> None:
    """In: changes are dropped. Out: C finds NULL and zero. Both: both."""
    lib = load_both(
        "directions",
        f"struct labelled {{ const char *name; int n; }}; int rename_labelled({words} struct labelled *l);",
    )
    got = lib.rename_labelled(*given)
    seen = (got[0], (got[1].name, got[1].n)) if isinstance(got, tuple) else got
    assert seen == result


def test_r01_12_out_only_is_not_converted_on_the_way_in(load_both: Loader) -> None:
    """A list that is only filled may hold anything; one that goes in may not."""
    lib = declared(
        load_both,
        "void move_up([out, size_is(n)] int *from, [in, out, size_is(n)] int *to, int n);",
    )
    values: list[Any] = ["no", "numbers"]
    lib.move_up(values, [1, 2], 2)
    assert values == [-1, 0]
    with pytest.raises(TypeError, match=r"argument 2 'to'\[0\]"):
        lib.move_up([1, 2], ["no", "numbers"], 2)


def test_r01_15_the_result_then_the_outs_in_order(lib: Lib) -> None:
    assert lib.many_outs() == (6, 1, 2.5, "three", callgate.types(lib).point(4, 5))


def test_r01_16_one_object_given_twice_is_two_blocks(lib: Lib) -> None:
    """Two slots for one value, two blocks for one list; of what comes back into it, the later wins."""
    values = [1, 2, 3]
    assert lib.same_place(values, values) == 0
    lib.move_up(values, values, 3)
    assert values == [1, 1, 2]
    box = Box(5)
    lib.swap(box, box)
    assert box.value == 105


def test_r01_16_memory_of_the_host_is_one_block(lib: Lib) -> None:
    """Who needs equal pointers gives memory of the host twice."""
    with callgate.buffer(lib, 16) as memory:
        assert lib.same_address(memory, memory) == 1
        assert lib.same_place(memory, memory) == 1


def test_r01_17_what_was_given_for_a_call_ends_with_it(lib: Lib) -> None:
    """Memory of the host stays at its address until it is freed; a copy of bytes is another one each time."""
    with callgate.buffer(lib, b"hi\0") as memory:
        lib.keep(memory)
        assert [lib.kept_byte(), lib.kept_is(memory)] == [ord("h"), 1]
        memory[0:1] = b"H"
        assert lib.kept_byte() == ord("H")
        lib.keep(b"gone")
        assert lib.kept_is(memory) == 0


@pytest.mark.parametrize("value", [b"1234" * 2, (1, 2), "12", range(2), memoryview(bytes(8)), 5])
def test_r01_18_immutable_values_are_not_filled(lib: Lib, value: Any) -> None:
    """What cannot be changed is refused, never written through."""
    with (
        untouched(lib),
        pytest.raises(TypeError, match=r"argument 1 'from' of move_up: expected something that can be"),
    ):
        lib.move_up(value, [1, 2], 2)


@pytest.mark.parametrize("make", [list, lambda v: array.array("i", v), lambda v: bytearray(array.array("i", v))])
def test_r01_18_mutable_values_are_filled_in_place(lib: Lib, make: Callable[[list[int]], Any]) -> None:
    values, other = make([1, 2]), make([3, 4])
    before = id(values)
    lib.move_up(values, other, 2)
    assert id(values) == before
    numbers = values if isinstance(values, list) else list(memoryview(values).cast("B").cast("i"))
    assert numbers == [-1, 2]


def test_r01_19_in_is_the_default_and_out_needs_a_pointer(load_both: Loader) -> None:
    lib = declared(load_both, "int inc([out] int p);")
    with pytest.raises(callgate.MarshalDirectiveError, match=r"parameter 1 'p' of inc: \[out\] needs a pointer"):
        lib.inc()
    assert declared(load_both, "int inc(int *p);").inc(3) == 3


def test_r01_21_null_only_where_it_is_allowed(load_both: Loader) -> None:
    """A pointer is never NULL by default, as with [ref]; [unique] allows None."""
    lib = declared(load_both, "int is_null(const int *p);")
    with pytest.raises(callgate.NullReferenceError, match=r"argument 1 'p' of is_null: .*\[unique\]"):
        lib.is_null(None)
    assert declared(load_both, "int is_null([ref] const int *p);").is_null(1) == 0
    with pytest.raises(callgate.NullReferenceError):
        declared(load_both, "int is_null([ref] const int *p);").is_null(None)


def test_r01_21_full_pointers_keep_their_aliases(load_both: Loader) -> None:
    """One object given for two [ptr] parameters is one block; [ptr] allows None."""
    lib = declared(
        load_both,
        "int same_place([ptr, size_is(1)] const int *a, [ptr, size_is(1)] const int *b);"
        "void move_up([ptr, in, out, size_is(n)] int *from, [ptr, in, out, size_is(n)] int *to, int n);",
    )
    values = [1, 2, 3]
    assert [lib.same_place(values, values), lib.same_place(values, [1, 2, 3]), lib.same_place(None, None)] == [1, 0, 1]
    lib.move_up(values, values, 3)
    assert values == [-1, 1, 2]


GOOD: dict[str, Any] = {
    "small": 1,
    "large": 2,
    "number": 3.0,
    "truth": True,
    "text": "text",
    "wide": "w",
    "array": [1, 2, 3],
    "n": 3,
    "texts": ["a", "bc"],
    "texts_n": 2,
    "record": {"name": "r", "n": 1},
    "pointer": {"name": "p", "n": 2},
    "callback": abs,
    "context": object(),
    "filled": bytearray(4),
    "filled_n": 4,
    "replaced": "old",
    "resized": [1, 2],
    "resized_n": 2,
    "last": "z",
}
BAD: list[tuple[str, Any, str]] = [
    ("small", 128, "OutOfRange"),
    ("small", "1", "InvalidCastError"),
    ("large", -1, "OutOfRange"),
    ("large", 1.0, "InvalidCastError"),
    ("number", "3", "InvalidCastError"),
    ("number", 10**400, "OutOfRange"),
    ("large", 10**5000, "OutOfRange"),
    ("truth", 1, "InvalidCastError"),
    ("truth", None, "InvalidCastError"),
    ("text", "a\0b", "ArgumentError"),
    ("text", "\ud800", "UnmappableCharError"),
    ("text", 5, "InvalidCastError"),
    ("wide", "\0", "ArgumentError"),
    ("wide", b"w", "InvalidCastError"),
    ("array", [1, 2, 1 << 31], "OutOfRange"),
    ("array", [1, [2], 3], "InvalidCastError"),
    ("array", {1, 2, 3}, "InvalidCastError"),
    ("array", {1: 2}, "InvalidCastError"),
    ("array", (value for value in (1, 2, 3)), "InvalidCastError"),
    ("array", [1, 2], "ArgumentError"),
    ("array", array.array("d", [1, 2, 3]), "InvalidCastError"),
    ("array", None, "NullReferenceError"),
    ("n", 4, "ArgumentError"),
    ("n", -1, "ArgumentError"),
    ("texts", ["a", 5], "InvalidCastError"),
    ("texts", ["a", "b\0"], "ArgumentError"),
    ("texts_n", 3, "ArgumentError"),
    ("record", {"name": "r", "n": "1"}, "InvalidCastError"),
    ("record", {"nome": "r"}, "InvalidCastError"),
    ("record", None, "InvalidCastError"),
    ("pointer", {"name": "\0", "n": 1}, "ArgumentError"),
    ("pointer", (1, 2, 3), "InvalidCastError"),
    ("callback", 5, "InvalidCastError"),
    ("filled", b"1234", "InvalidCastError"),
    ("filled", bytearray(3), "ArgumentError"),
    ("filled_n", 5, "ArgumentError"),
    ("replaced", 5, "InvalidCastError"),
    ("replaced", "o\0ld", "ArgumentError"),
    ("resized", [1, "2"], "InvalidCastError"),
    ("resized", 7, "InvalidCastError"),
    ("resized_n", 3, "ArgumentError"),
    ("resized_n", 1.5, "InvalidCastError"),
    ("last", "ab", "ArgumentError"),
    ("last", "\xe9", "UnmappableCharError"),
    ("last", 65, "InvalidCastError"),
]


@pytest.mark.parametrize(("name", "value", "error"), BAD, ids=[f"{name}-{at}" for at, (name, *_) in enumerate(BAD)])
@pytest.mark.rule("R19.30", "R19.43")
def test_r01_14_any_bad_argument_leaves_nothing_behind(lib: Lib, name: str, value: Any, error: str) -> None:
    """Every other argument is good and already converted: nothing stays allocated, native code is not entered.

    The message names the argument and its number, and never more than a short part of what was given.
    """
    blamed = _ARRAY_OF.get(name, name) if error == "ArgumentError" else name
    message = f"argument {list(GOOD).index(blamed) + 1} '{blamed}'"
    with untouched(lib), pytest.raises(getattr(callgate, error), match=message) as refused:
        lib.everything(**(GOOD | {name: value}))
    assert len(str(refused.value)) < 300
    assert "everything" in str(refused.value)


_ARRAY_OF = {"n": "array", "texts_n": "texts", "filled_n": "filled", "resized_n": "resized"}
"""A count that does not go with its array is a fault of the array."""


@pytest.mark.rule("R19.43")
def test_r01_14_the_good_call_is_made(lib: Lib) -> None:
    """With nothing wrong, C sees every argument."""
    filled = bytearray(4)
    result = lib.everything(**(GOOD | {"filled": filled}))
    expected = 1 + 2 + 3 + 1 + 4 + ord("w") + 3 + 2 + 1 + 2 + 3 + 1 + 3 + 2 + ord("z")
    assert result == (expected, "old", [1, 2], 2)
    assert filled == b"\0\1\2\3"
