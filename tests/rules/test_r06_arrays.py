"""R6: arrays as the caller gives them, and as callbacks get them (`tests/native/arrays.c`)."""

from __future__ import annotations

import array
import ctypes
import struct
from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched
from .noting import Noting

ARRAYS = """
    int times_called(void);
    int sum([size_is(n), unique] const int *v, int n);
    int is_null([size_is(n), unique] const int *v, int n);
    int call_sized(int (*callback)([size_is(n + 2)] const int *v, int n), int n);
    int call_null(int (*callback)([size_is(n)] const int *v, int n));
    int call_one(int (*callback)(const int *v));
    int read_some([out, size_is(n)] int *out, int n);
    double sum_doubles([size_is(n)] const double *v, int n);
    float sum_floats([size_is(n)] const float *v, int n);
    int64_t sum_i8([size_is(n)] const int64_t *v, int n);
    uint32_t sum_u2([size_is(n)] const uint16_t *v, int n);
    void twice([in, out, size_is(n)] int *v, int n);
    void count_up([out, size_is(n)] int *v, int n);
    void fill_bytes([out, size_is(n)] unsigned char *b, size_t n);
    void overrun([out, size_is(n)] int *v, int n, int more);
    void underrun([in, out, size_is(n)] int *v, int n);
    int sum_rows([size_is(rows)] int m[][3], int rows);
    void negate_rows([in, out, size_is(rows)] int m[][3], int rows);
    double trace([size_is(n)] const double cube[][2][2], int n);
    int call_rows(int (*callback)([size_is(rows)] int m[][3], int rows));
    long name_lengths([size_is(n)] const char names[][8], int n);
    struct matrix { int m[2][3]; double d; };
    int check_matrix(const struct matrix *x);
    struct matrix make_matrix(void);
    void pair([out] int fds[2]);
    struct inline_array { uint8_t flag; int32_t vals[3]; };
    int64_t check_inline(const struct inline_array *s);
    struct inline_array make_inline(void);
    struct names { [free(free)] char *first; [free(free)] char *last; };
    int rename_all([in, out, size_is(n)] struct names *people, int n);
    size_t heap_in_use(void);
"""
ROWS = [[1, 2, 3], [4, 5, 6]]
ROWS_SUM = sum(value << (5 - place) for place, value in enumerate([1, 2, 3, 4, 5, 6]))


@pytest.fixture(scope="module")
def arrays(load_both: Loader) -> Lib:
    """The library of arrays."""
    return load_both("arrays", ARRAYS)


INTS: dict[str, Any] = {
    "list": [1, 2, 3],
    "tuple": (1, 2, 3),
    "range": range(1, 4),
    "array": array.array("i", [1, 2, 3]),
    "bytes": struct.pack("3i", 1, 2, 3),
    "bytearray": bytearray(struct.pack("3i", 1, 2, 3)),
    "memoryview": memoryview(array.array("i", [1, 2, 3])),
    "strided memoryview": memoryview(array.array("i", [1, 9, 2, 9, 3, 9]))[::2],
    "ctypes": (ctypes.c_int * 3)(1, 2, 3),
    "big-endian ctypes": (ctypes.c_int.__ctype_be__ * 3)(1, 2, 3),
}


@pytest.mark.parametrize("values", INTS.values(), ids=INTS.keys())
def test_r06_01_sequences_and_buffers_are_the_same_bytes(arrays: Lib, values: Any) -> None:
    """Whatever holds the numbers, however they lie: C computes the same sum."""
    assert arrays.sum(values, 3) == 1 + 4 + 9


def test_r06_01_by_size_not_by_type_code(arrays: Lib) -> None:
    """array('l') has eight bytes here: it fits int64_t, and is refused for int."""
    assert arrays.sum_i8(array.array("l", [1, 2]), 2) == arrays.sum_i8(array.array("q", [1, 2]), 2) == 5
    with untouched(arrays), pytest.raises(TypeError, match="signed integers of 4 bytes is needed"):
        arrays.sum(array.array("l", [1, 2]), 2)


@pytest.mark.parametrize(
    "values", [array.array("I", [1]), array.array("f", [1]), array.array("B", [1, 0, 0, 0]), (ctypes.c_float * 1)(1)]
)
def test_r06_01_other_kinds_are_refused(arrays: Lib, values: Any) -> None:
    """Unsigned, floating and single bytes are not read as ints: no value changes in silence."""
    with untouched(arrays), pytest.raises(TypeError, match="argument 1 'v' of sum: a buffer of signed integers"):
        arrays.sum(values, 1)


def test_r06_02_null_and_empty(arrays: Lib) -> None:
    """None is NULL where the declaration allows it; an empty list is not."""
    assert [arrays.is_null(None, 0), arrays.is_null([], 0), arrays.is_null(b"", 0)] == [1, 0, 0]


@pytest.mark.parametrize("values", [[1, 2, 3], array.array("i", [1, 2, 3]), (1, 2, 3)])
def test_r06_03_a_count_beyond_the_array_is_refused(arrays: Lib, values: Any) -> None:
    with untouched(arrays), pytest.raises(ValueError, match="argument 1 'v' of sum: it has 3 elements, but 'n' says 4"):
        arrays.sum(values, 4)


def test_r06_03_fewer_may_be_said(arrays: Lib) -> None:
    """The whole array goes, the library reads what the count says."""
    assert arrays.sum([1, 2, 3], 2) == 5


def test_r06_04_all_elements_come_back(arrays: Lib) -> None:
    """C fills three of eight; all eight are delivered, the rest zero, whatever stood there."""
    values = [9] * 8
    same = values
    assert arrays.read_some(values, 8) == 3
    assert values == [1, 2, 3, 0, 0, 0, 0, 0]
    assert values is same


@pytest.mark.rule("R1.10")
def test_r06_04_in_is_only_in(arrays: Lib, load_both: Loader) -> None:
    """A plain array is unchanged, an [in, out] one is updated."""
    plain, both = [1, 2], [1, 2]
    load_both("arrays", "void twice([size_is(n)] int *v, int n);").twice(plain, 2)
    arrays.twice(both, 2)
    assert (plain, both) == ([1, 2], [2, 4])


def test_r06_05_counts_of_callbacks_add_up(arrays: Lib) -> None:
    """`size_is(n + 2)` with n = 3: the callback gets five; without a count it gets one value."""
    note = Noting()
    arrays.call_sized(note, 3)
    arrays.call_one(note)
    assert note.seen == [([1, 2, 3, 4, 5], 3), 9]


@pytest.mark.parametrize(("count", "values"), [("3", [1, 2, 3]), ("n", [1, 2]), ("n + 3", [1, 2, 3, 4, 5])])
def test_r06_05_constant_parameter_both(load_both: Loader, count: str, values: list[int]) -> None:
    note = Noting()
    shape = f"int (*callback)([size_is({count})] const int *v, int n)"
    load_both("arrays", f"int call_sized({shape}, int n);").call_sized(note, 2)
    assert note.seen == [(values, 2)]


def test_r06_06_null_is_none_whatever_the_count_says(arrays: Lib) -> None:
    note = Noting()
    arrays.call_null(note)
    assert note.seen == [(None, 77)]


@pytest.mark.parametrize("count", [-1, -(1 << 31)])
def test_r06_06_negative_counts_are_refused(arrays: Lib, count: int) -> None:
    with untouched(arrays), pytest.raises(ValueError, match="'n'"):
        arrays.sum([1, 2, 3], count)


@pytest.mark.parametrize(
    ("prototype", "message"),
    [
        ("int sum([size_is(n)] int *v, double n);", "must name an integer"),
        ("int sum([size_is(n)] int *v, const char *n);", "must name an integer"),
        ("int sum([size_is(n)] int *v, BOOL n);", "must name an integer"),
        ("int sum([size_is(n)] int *v, int *n);", "must name an integer"),
    ],
)
@pytest.mark.rule("R19.29")
def test_r06_06_counts_are_integers(load_both: Loader, prototype: str, message: str) -> None:
    with pytest.raises(callgate.DeclarationError, match=message):
        load_both("arrays", prototype).sum([1], 1)


@pytest.mark.rule("R19.29")
def test_r06_06_counts_name_a_parameter(load_both: Loader) -> None:
    with pytest.raises(callgate.DeclarationError, match="sum has no parameter 'm'"):
        load_both("arrays", "int sum([size_is(m)] int *v, int n);")


def test_r06_10_elements_are_converted_as_parameters(arrays: Lib) -> None:
    """Numbers are range-checked with their index; int is taken for double, float is not taken for int."""
    assert arrays.sum_doubles([1, 2.5], 2) == 6.0
    for bad, error in (([1, 2.0], TypeError), ([1, 1 << 31], OverflowError), ([1, None], TypeError)):
        with untouched(arrays), pytest.raises(error, match=r"argument 1 'v'\[1\] of sum"):
            arrays.sum(bad, 2)


@pytest.mark.rule("R19.4")
def test_r06_11_nested_lists_are_refused(arrays: Lib) -> None:
    """A list in a list is no int, and is named with its index."""
    with untouched(arrays), pytest.raises(TypeError, match=r"argument 1 'v'\[0\] of sum"):
        arrays.sum([[1], [2]], 2)


@pytest.mark.rule("R19.4")
def test_r06_11_nested_arrays_are_no_values(load_both: Loader) -> None:
    """An array of pointers to ints takes pointers, not lists."""
    lib = load_both("arrays", "int sum([size_is(n)] int **v, int n);")
    with pytest.raises(TypeError, match=r"argument 1 'v'\[0\] of sum"):
        lib.sum([[1], [2]], 2)


@pytest.mark.parametrize(
    ("rows", "path"), [([[1, 2, 3], [4, 5]], r"\[1\]"), ([[1, 2, 3, 4]], r"\[0\]"), ([1, 2, 3], r"\[0\]")]
)
def test_r06_11_jagged_rows_are_refused_with_the_index(arrays: Lib, rows: Any, path: str) -> None:
    with untouched(arrays), pytest.raises(callgate.MarshalError, match=rf"argument 1 'm'{path} of sum_rows"):
        arrays.sum_rows(rows, len(rows))


def test_r06_12_rows_lie_one_behind_the_other(arrays: Lib) -> None:
    """Rows of three, in C order: C weights the numbers by their place."""
    assert arrays.sum_rows(ROWS, 2) == ROWS_SUM
    assert arrays.sum_rows([], 0) == 0
    assert arrays.trace([[[1, 2], [3, 4]]], 1) == 1 + 40 + 200


def test_r06_12_rows_come_back(arrays: Lib) -> None:
    """An in-out list of rows stays the same list; a callback gets rows as well."""
    rows = [[1, 2, 3], [4, 5, 6]]
    same = rows
    arrays.negate_rows(rows, 2)
    assert rows == [[-1, -2, -3], [-4, -5, -6]]
    assert rows is same
    note = Noting()
    arrays.call_rows(note)
    assert note.seen == [(ROWS, 2)]


def test_r06_12_the_number_that_does_not_fit_is_named(arrays: Lib) -> None:
    with untouched(arrays), pytest.raises(OverflowError, match=r"argument 1 'm'\[1\]\[2\] of sum_rows"):
        arrays.sum_rows([[1, 2, 3], [4, 5, 1 << 40]], 2)


def test_r06_12_rows_of_text(arrays: Lib) -> None:
    """`char names[][8]` is an array of texts with their terminators inside."""
    assert arrays.name_lengths(["a", "seven77", ""], 3) == 170


def test_r06_12_rows_in_structs(arrays: Lib) -> None:
    matrix = callgate.types(arrays).matrix
    assert arrays.check_matrix(matrix(ROWS, 1.0)) == ROWS_SUM
    assert arrays.make_matrix() == matrix(ROWS, 0.5)
    with pytest.raises(callgate.MarshalError, match=r"argument 1 'x'\.m\[1\] of check_matrix"):
        arrays.check_matrix(matrix([[1, 2, 3], [4, 5]], 1.0))


def test_r06_04_the_length_of_the_declaration_counts(arrays: Lib) -> None:
    """`[out] int fds[2]` has two elements."""
    fds = [0, 0]
    arrays.pair(fds)
    assert fds == [11, 12]
    with pytest.raises(ValueError, match="it has 1 elements, but the declaration says 2"):
        arrays.pair([0])


def test_r06_13_texts_of_structs_are_replaced(arrays: Lib) -> None:
    """Every element comes back with its final texts; the library freed and replaced some of them."""
    names = callgate.types(arrays).names
    people = [names("ab", "x"), names("cde", "y"), names("f", None)]
    assert arrays.rename_all(people, 3) == 6
    assert people == [names("new", "x"), names("cde", None), names("new", None)]


def test_r06_13_nothing_is_leaked(arrays: Lib) -> None:
    """Half a megabyte of text per call, kept and replaced: the heap does not grow."""
    names = callgate.types(arrays).names
    long = "x" * 250_000
    arrays.rename_all([names(long, long), names(long, long)], 2)
    before = arrays.heap_in_use()
    for _ in range(25):
        arrays.rename_all([names(long, long), names(long, long)], 2)
    assert arrays.heap_in_use() - before < 4_000_000


@pytest.mark.parametrize("values", [[1, 2], []])
@pytest.mark.rule("R19.15")
def test_r06_14_inline_arrays_have_one_length(arrays: Lib, values: list[int]) -> None:
    """Too few are refused: C would read what nobody gave."""
    with untouched(arrays), pytest.raises(ValueError, match=r"argument 1 's'\.vals of check_inline"):
        arrays.check_inline({"flag": 1, "vals": values})


def test_r06_14_none_is_zeros_and_all_are_read_back(arrays: Lib) -> None:
    assert arrays.check_inline({"flag": 7, "vals": None}) == 7
    assert arrays.check_inline({"flag": 1, "vals": (2, 3, 4)}) == 4321
    assert arrays.check_inline({"flag": 1, "vals": [2, 3, 4, 5, 6]}) == 4321, "of more, the first are used"
    assert arrays.check_inline({"flag": 1, "vals": array.array("i", [2, 3, 4])}) == 4321
    assert arrays.make_inline() == callgate.types(arrays).inline_array(1, [2, 3, 4])


def test_r06_16_a_pointer_member_is_a_pointer(load_both: Loader) -> None:
    """C says `int *v` in a struct: a pointer to memory of the host; a list is refused with what to do instead."""
    lib = load_both("arrays", "struct s { int *v; }; int check_matrix(const struct s *x);")
    with pytest.raises(TypeError, match=r"argument 1 'x'\.v of check_matrix: expected a pointer"):
        lib.check_matrix({"v": [1, 2]})


@pytest.mark.rule("R5.14")
def test_r06_04_writing_past_the_end_is_noticed(arrays: Lib) -> None:
    """The guard behind the array tells; nothing is delivered, and the host lives on."""
    values = [0, 0]
    with pytest.raises(callgate.BufferOverrunError, match=r"'v' as it came out of overrun: .* behind the end of the 8"):
        arrays.overrun(values, 2, 3)
    assert values == [0, 0]
    arrays.overrun(values, 2, 0)
    assert values == [7, 7]


@pytest.mark.rule("R5.14")
def test_r06_04_writing_before_the_start_is_noticed(arrays: Lib) -> None:
    with pytest.raises(callgate.BufferOverrunError, match="before the start"):
        arrays.underrun([1, 2], 2)
    with pytest.raises(BufferError):
        arrays.underrun(bytearray(8), 2)


@pytest.mark.rule("R19.14")
def test_r06_15_flexible_members(load_both: Loader) -> None:
    """A flexible array is the last member of memory that stays in the host; by value it carries nothing."""
    lib = load_both("gallery", "struct Flexible { int n; int v[]; }; int flexible_sum(struct Flexible *f);")
    with callgate.new(lib, "Flexible", extra=12) as memory:
        memory.n = 3
        for index in range(3):
            memory.v[index] = index + 1
        assert lib.flexible_sum(memory) == 6
    with pytest.raises(callgate.DeclarationError, match="has no length"):
        load_both("gallery", "struct s { int v[]; int n; }; int flexible_sum(struct s *f);")
