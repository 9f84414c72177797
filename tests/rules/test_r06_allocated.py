"""R6.5 to R6.9, R8.10: arrays that native code allocates, replaces and returns (`tests/native/arrays.c`)."""

from __future__ import annotations

from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched

ARRAYS = """
    int times_called(void);
    int blocks_alive(void);
    size_t heap_in_use(void);
    void take_back(void *block);
    int resize([in, out, size_is(*n), free(free)] int **v, [in, out] int *n, int mode);
    int is_null_inside([in, out, size_is(*n), free(free)] int **v, [in, out] int *n);
    int make_ints([out, size_is(*n), free(take_back)] int **v, [out] int *n);
    int count_after([out] int *n, [out, size_is(*n), free(take_back)] int **v);
    int make_nothing([out, size_is(*n), free(take_back)] int **v, [out] int *n);
    int make_negative([out, size_is(*n), free(take_back)] int **v, [out] int *n);
    int make_bytes([out, size_is(*size), free(take_back)] unsigned char **data, [out] size_t *size);
    int make_data([out, size_is(, *size), free(take_back)] void **data, [out] size_t *size);
    int make_raw_text([out, size_is(, *size), free(take_back)] char **data, [out] size_t *size);
    int make_texts([out, size_is(*n), free(take_back)] char ***list, [out] int *n);
    struct person { [free(take_back)] char *name; uint32_t age; [free(take_back)] char *city; };
    int make_people([out] int *n, [out, size_is(*n), free(take_back)] struct person **list);
    int make_person([out, free(take_back)] struct person **one);
    int make_big([out, size_is(, *size), free(free)] char **data, [out] size_t *size);
    [size_is(3), free(take_back)] int *three_ints(void);
    [size_is(n + 2), free(take_back)] int *some_ints(int n);
    [size_is(3)] const int *static_ints(void);
    [size_is(3), free(take_back)] int *no_ints(void);
    [size_is(*n), free(take_back)] unsigned char *owned_bytes([out] size_t *n);
    [size_is(*n), free(take_back), borrowed] char **in_one_block([out] int *n);
    [size_is(*n), free(take_back)] char **split(const char *s, [out] int *n);
"""
TEN = list(range(1, 11))
CHECKSUM = sum(value * place for place, value in enumerate(TEN, 1))


@pytest.fixture(scope="module")
def arrays(load_both: Loader) -> Lib:
    """The library of arrays."""
    return load_both("arrays", ARRAYS)


@pytest.mark.parametrize(
    ("mode", "values", "count"),
    [
        (0, [-value for value in TEN], 10),
        (1, [100, 101, 102, 103, 104], 5),
        (2, None, 10),
        (3, [1], 1),
    ],
    ids=["kept", "replaced", "taken away", "shortened"],
)
def test_r06_07_the_final_block_and_the_final_size_count(arrays: Lib, mode: int, values: Any, count: int) -> None:
    """C reads what was given, then keeps, replaces or takes away the block; the list has the final length."""
    assert arrays.resize(TEN, 10, mode) == (CHECKSUM, values, count)


def test_r06_07_nothing_is_leaked_and_nothing_freed_twice(load_both: Loader) -> None:
    """A megabyte per call, two hundred times in each mode: the heap does not grow."""
    lib = load_both("arrays", ARRAYS)
    many = list(range(100_000))
    for mode in (0, 1, 2, 3):
        lib.resize(many, len(many), mode)
    before = lib.heap_in_use()
    for _ in range(25):
        for mode in (0, 1, 2, 3):
            lib.resize(many, len(many), mode)
    assert lib.heap_in_use() - before < 8_000_000


def test_r06_07_none_is_null_behind_the_pointer(arrays: Lib) -> None:
    """The pointer itself is never NULL; what native code puts there comes back."""
    assert arrays.is_null_inside(None, 0) == (1, [7, 8], 2)


def test_r06_07_a_box_gets_the_new_array(arrays: Lib) -> None:
    """A Box is updated and the value is not repeated in the result."""
    values: callgate.Box[Any] = callgate.Box([1, 2, 3, 4])
    assert arrays.resize(values, 4, 1) == (30, 2)
    assert values.value == [100, 101]


@pytest.mark.rule("R6.3", "R1.14")
def test_r06_07_a_count_beyond_the_array_is_refused(arrays: Lib) -> None:
    """The copy that native code would have owned is taken back."""
    with untouched(arrays), pytest.raises(callgate.ArgumentError, match="argument 1 'v' of resize: it has 2 elements"):
        arrays.resize([1, 2], 3, 0)


def test_r06_07_a_bad_element_is_named(arrays: Lib) -> None:
    with untouched(arrays), pytest.raises(callgate.OutOfRange, match=r"argument 1 'v'\[1\] of resize"):
        arrays.resize([1, 1 << 40], 2, 0)


def test_r06_08_numbers_are_copied_and_freed(arrays: Lib) -> None:
    """The array and its count come back; the block goes back to its allocator once."""
    assert arrays.make_ints() == (4, [0, 1, 4, 9], 4)
    assert arrays.make_nothing() == (0, None, 5)
    assert arrays.blocks_alive() == 0


def test_r06_08_a_count_that_precedes_the_array(arrays: Lib) -> None:
    """All outs are there before the first array is read."""
    assert arrays.count_after() == (0, 3, [10, 9, 8])


def test_r06_08_bytes(arrays: Lib) -> None:
    """Memory of bytes, of `void **` and of `char **` with an inner count is bytes, NULs and all."""
    assert arrays.make_bytes() == (0, b"a\0b", 3)
    assert arrays.make_data() == (0, b"\1\2\3\4", 4)
    assert arrays.make_raw_text() == (0, b"xy", 2)
    assert arrays.blocks_alive() == 0


@pytest.mark.rule("R8.10")
def test_r06_08_texts_are_freed_one_by_one_then_the_block(arrays: Lib) -> None:
    """An array of texts: every text and the array itself go back."""
    assert arrays.make_texts() == (0, ["one", None, "thr\xe9e"], 3)
    assert arrays.blocks_alive() == 0


@pytest.mark.rule("R8.10")
def test_r06_08_structs_with_texts(arrays: Lib) -> None:
    """Three structs with two texts each: seven blocks, seven times freed."""
    person = callgate.types(arrays).person
    people = [person(f"p{number}", 30 + number, "here") for number in range(3)]
    assert arrays.make_people() == (0, 3, people)
    assert arrays.blocks_alive() == 0


@pytest.mark.rule("R8.1")
def test_r06_08_freed_also_when_it_cannot_be_read(arrays: Lib) -> None:
    """A count that is none is refused with its name; the block is not lost."""
    with pytest.raises(callgate.ArgumentError, match=r"'v' as it came out of make_negative: the count '\*n' is -1"):
        arrays.make_negative()
    assert arrays.blocks_alive() == 0


def test_r06_08_large_blocks_do_not_pile_up(arrays: Lib) -> None:
    arrays.make_big()
    before = arrays.heap_in_use()
    for _ in range(100):
        assert arrays.make_big()[2] == 200_000
    assert arrays.heap_in_use() - before < 4_000_000


@pytest.mark.rule("R6.5")
def test_r06_08_one_value_without_a_count(arrays: Lib) -> None:
    """Without a count there is one element: the struct itself."""
    assert arrays.make_person() == (0, callgate.types(arrays).person("solo", 1, None))
    assert arrays.blocks_alive() == 0


def test_r06_09_a_returned_array_is_copied_and_freed(arrays: Lib) -> None:
    """A constant count, and NULL."""
    assert arrays.three_ints() == [1, 2, 3]
    assert arrays.no_ints() is None
    assert arrays.blocks_alive() == 0


def test_r06_09_static_memory_is_not_freed(arrays: Lib) -> None:
    """Without [free] the memory stays native code's own, and is there the next time."""
    assert arrays.static_ints() == arrays.static_ints() == [4, 5, 6]


def test_r06_09_bytes_and_texts(arrays: Lib) -> None:
    """The count is an out of the same call; of texts, each and their array are freed."""
    assert arrays.owned_bytes() == (b"\0\1\2", 3)
    assert arrays.split("left,right") == (["left", "right"], 2)
    assert arrays.blocks_alive() == 0


@pytest.mark.rule("R8.5")
def test_r06_09_texts_inside_the_block_are_borrowed(arrays: Lib) -> None:
    """One block with everything in it: it is freed, the texts inside are not freed one by one."""
    assert arrays.in_one_block() == (["first", "second"], 2)
    assert arrays.blocks_alive() == 0


def test_r06_09_without_a_count_one_element(load_both: Loader) -> None:
    """R6.5: neither constant nor parameter is one element; .NET gives a list of one, here it is the value."""
    lib = load_both("arrays", "[free(take_back)] int *three_ints(void); int blocks_alive(void);")
    assert lib.three_ints() == 1
    assert lib.blocks_alive() == 0


def test_r06_05_constant_and_parameter_add_up(arrays: Lib) -> None:
    """`size_is(n + 2)`: five elements for 3."""
    assert arrays.some_ints(3) == [0, 1, 2, 3, 4]
    assert arrays.blocks_alive() == 0


def test_r06_07_a_callback_cannot_hand_out_arrays(load_both: Loader) -> None:
    """Who would free them? The declaration is refused."""
    lib = load_both("arrays", "void call_one(int (*make)([out, size_is(*n)] int **v, [out] int *n));")
    with pytest.raises(callgate.MarshalDirectiveError, match="a callback cannot hand out an array"):
        lib.call_one(lambda: ([1], 1))


@pytest.mark.parametrize(
    ("prototype", "message"),
    [
        (
            "int sum([in, size_is(, *n)] int *v, [in] int *n);",
            r"size_is\(, n\) belongs to an array behind \[out\] T \*\*",
        ),
        ("int sum([out, size_is(*x)] int **v, [in] double *x);", "must name an integer"),
        ("int sum([out, size_is(*n), length_is(*n)] int **v, [out] int *n);", "length_is"),
        ("int sum([length_is(n)] int *v, int n);", r"length_is\(…\) says how much of size_is"),
    ],
)
@pytest.mark.rule("R19.29")
def test_r06_06_counts_that_do_not_fit_are_refused(load_both: Loader, prototype: str, message: str) -> None:
    lib = load_both("arrays", prototype)
    with pytest.raises(callgate.MarshalDirectiveError, match=message):
        lib.sum([1], [1])
