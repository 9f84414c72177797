"""R6.1, R6.12, R1.18: NumPy arrays, however they lie in memory (`tests/native/arrays.c`)."""

from __future__ import annotations

from typing import Any

import pytest

from callgate import Lib

from .conftest import Loader, untouched
from .test_r06_arrays import ARRAYS, ROWS_SUM

numpy = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def arrays(load_both: Loader) -> Lib:
    """The library of arrays."""
    return load_both("arrays", ARRAYS)


def rows() -> Any:
    return numpy.array([[1, 2, 3], [4, 5, 6]], numpy.int32)


@pytest.mark.parametrize(
    "values",
    [
        numpy.int32([1, 2, 3]),
        numpy.int32([1, 9, 2, 9, 3])[::2],
        numpy.int32([3, 2, 1])[::-1],
        numpy.array([1, 2, 3], ">i4"),
        numpy.array([1, 2, 3], "<i4"),
        numpy.intc([1, 2, 3]),
    ],
    ids=["plain", "strided", "reversed", "big-endian", "little-endian", "intc"],
)
def test_r06_01_one_dimension(arrays: Lib, values: Any) -> None:
    assert arrays.sum(values, 3) == 14


@pytest.mark.parametrize("dtype", ["i8", "u4", "f4", "i2", "?", "c8", "U1", "u1"])
def test_r06_01_by_kind_and_size(arrays: Lib, dtype: str) -> None:
    """An ndarray of another kind or size is refused by its format; nothing is cast in silence."""
    with untouched(arrays), pytest.raises(TypeError, match=r"argument 1 'v' of sum: .*\(R6.1\)"):
        arrays.sum(numpy.zeros(2, dtype), 2)


def test_r06_01_complex_numbers_are_no_doubles(arrays: Lib) -> None:
    """complex64 has the size of a double and is none."""
    with pytest.raises(TypeError, match="argument 1 'v' of sum_doubles"):
        arrays.sum_doubles(numpy.zeros(2, "c8"), 2)


def test_r06_01_single_numbers(arrays: Lib) -> None:
    """NumPy's numbers are elements like any other."""
    assert arrays.sum([numpy.int64(1), numpy.uint8(2)], 2) == 5
    assert arrays.sum_doubles(numpy.array([0.5, 1.5]), 2) == 3.5
    assert arrays.sum_floats(numpy.array([0.5, 1.5], "f4"), 2) == 2.0
    with pytest.raises(TypeError, match=r"'v'\[0\] of sum"):
        arrays.sum([numpy.float64(1)], 1)


LAYOUTS: dict[str, Any] = {
    "C order": rows,
    "Fortran order": lambda: numpy.asfortranarray(rows()),
    "transposed": lambda: numpy.ascontiguousarray(rows().T).T,
    "every other row": lambda: numpy.repeat(rows(), 2, axis=0)[::2],
    "every other column": lambda: numpy.repeat(rows(), 2, axis=1)[:, ::2],
    "big-endian": lambda: rows().astype(">i4"),
    "big-endian, Fortran order": lambda: numpy.asfortranarray(rows().astype(">i4")),
}


@pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_r06_12_any_layout_goes_in_c_order(arrays: Lib, make: Any) -> None:
    """The same six numbers, row after row, and never the raw buffer of a view."""
    assert arrays.sum_rows(make(), 2) == ROWS_SUM


@pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.rule("R1.18")
def test_r06_12_results_are_written_in_place_in_any_layout(arrays: Lib, make: Any) -> None:
    """What comes back lands where each number lies, in rows and as a flat array."""
    matrix = make()
    arrays.negate_rows(matrix, 2)
    assert matrix.tolist() == [[-1, -2, -3], [-4, -5, -6]]
    flat = make()
    arrays.twice(flat, 6)
    assert flat.tolist() == [[2, 4, 6], [8, 10, 12]]
    arrays.count_up(flat, 6)
    assert flat.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_r06_12_a_view_changes_only_its_own_elements(arrays: Lib) -> None:
    whole = numpy.int32([1, 50, 2, 60])
    arrays.twice(whole[::2], 2)
    assert whole.tolist() == [2, 50, 4, 60]


@pytest.mark.parametrize("shape", [(2, 2), (3,), (2, 3, 1), (1, 2, 3)])
def test_r06_12_the_shape_must_be_the_declared_one(arrays: Lib, shape: tuple[int, ...]) -> None:
    with untouched(arrays), pytest.raises(ValueError, match=r"argument 1 'm' of sum_rows: an array of the shape"):
        arrays.sum_rows(numpy.zeros(shape, numpy.int32), 1)


def test_r06_12_three_dimensions(arrays: Lib) -> None:
    cube = numpy.arange(8.0).reshape(2, 2, 2)
    assert arrays.trace(cube, 2) == arrays.trace(cube.tolist(), 2) == (0 + 30 + 100) + (4 + 70 + 500)


@pytest.mark.rule("R1.18")
def test_r06_12_a_read_only_array_is_refused(arrays: Lib) -> None:
    """It is never written through."""
    values = numpy.int32([1, 2, 3])
    values.flags.writeable = False
    with untouched(arrays), pytest.raises(TypeError, match=r"argument 1 'v' of twice: .*filled"):
        arrays.twice(values, 3)


def test_r06_12_a_read_only_array_is_read(arrays: Lib) -> None:
    values = numpy.int32([1, 2, 3])
    values.flags.writeable = False
    assert arrays.sum(values, 3) == 14


@pytest.mark.rule("R1.18")
def test_r06_12_a_target_of_another_kind_is_refused(arrays: Lib) -> None:
    with untouched(arrays), pytest.raises(TypeError, match="argument 1 'v' of count_up: a buffer of signed integers"):
        arrays.count_up(numpy.zeros(3, "f4"), 3)


def test_r06_12_bytes(arrays: Lib) -> None:
    data = numpy.zeros(4, "u1")
    arrays.fill_bytes(data, 4)
    assert data.tolist() == [1, 2, 3, 4]
