"""Arrays with any number of dimensions and any lower bounds (R6.1, R6.17)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

__all__ = ["NdArr", "column_major", "row_major"]


class NdArr:
    """An array whose bounds are part of it: `NdArr([[1, 2, 3], [4, 5, 6]])`, `NdArr([1, 2], lbounds=[1])`.

    `values` are nested as deep as there are dimensions, or flat in row-major order when `dims` are given. Elements are
    read and written with their indexes, which start at the lower bounds: `array[1, 2]`.
    """

    __slots__ = ("dims", "lbounds", "values")

    def __init__(self, values: Any, dims: Sequence[int] | None = None, lbounds: Sequence[int] | None = None) -> None:
        nested = values.tolist() if hasattr(values, "tolist") else list(values)
        self.dims: tuple[int, ...] = _dims(nested, lbounds) if dims is None else tuple(dims)
        self.lbounds: tuple[int, ...] = (0,) * len(self.dims) if lbounds is None else tuple(lbounds)
        self.values: list[Any] = list(nested if dims is not None else _flat(nested, len(self.dims)))
        """The elements, row by row: the rightmost index changes fastest."""
        if len(self.lbounds) != len(self.dims):
            raise ValueError(f"{len(self.dims)} dimensions have {len(self.lbounds)} lower bounds")
        if not self.dims or prod(self.dims) != len(self.values):
            raise ValueError(f"an array of {' x '.join(map(str, self.dims))} has not {len(self.values)} elements")

    def _offset(self, indexes: Any) -> int:
        given = indexes if isinstance(indexes, tuple) else (indexes,)
        if len(given) != len(self.dims):
            raise IndexError(f"{len(self.dims)} indexes are needed, not {len(given)}")
        offset = 0
        for index, length, low in zip(given, self.dims, self.lbounds, strict=True):
            if not low <= index < low + length:
                raise IndexError(f"{index} is not in {low}..{low + length - 1}")
            offset = offset * length + index - low
        return offset

    def __getitem__(self, indexes: Any) -> Any:
        return self.values[self._offset(indexes)]

    def __setitem__(self, indexes: Any, value: Any) -> None:
        self.values[self._offset(indexes)] = value

    def __len__(self) -> int:
        return self.dims[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        """Lists in lists, as deep as there are dimensions."""
        nested: list[Any] = self.values
        for length in self.dims[:0:-1]:
            nested = [nested[start : start + length] for start in range(0, len(nested), length)] if length else []
        return list(nested)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NdArr):
            return NotImplemented
        return (self.dims, self.lbounds, self.values) == (other.dims, other.lbounds, other.values)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        low = f", lbounds={list(self.lbounds)}" if any(self.lbounds) else ""
        return f"NdArr({self.tolist()!r}{low})"


def _dims(nested: Any, lbounds: Sequence[int] | None) -> tuple[int, ...]:
    """How long the lists are on each level; lower bounds say how many levels there are."""
    dims: list[int] = []
    level = nested
    while isinstance(level, list | tuple) and (lbounds is None or len(dims) < len(lbounds)):
        dims.append(len(level))
        if not level:
            break
        level = level[0]
    return tuple(dims)


def _flat(nested: Any, rank: int) -> list[Any]:
    for _ in range(rank - 1):
        if any(not isinstance(row, list | tuple) or len(row) != len(nested[0]) for row in nested):
            raise ValueError("all rows of an array have the same length")
        nested = [value for row in nested for value in row]
    return list(nested)


def _order(dims: Sequence[int]) -> list[int]:
    """For each element in column-major order, where it stands in row-major order."""
    strides = [prod(dims[position + 1 :]) for position in range(len(dims))]
    places = [0]
    for length, stride in zip(reversed(dims), reversed(strides), strict=True):
        places = [place + step * stride for place in places for step in range(length)]
    return places


def column_major(array: NdArr) -> list[Any]:
    """The elements with the leftmost index changing fastest, as a SAFEARRAY stores them."""
    return array.values if len(array.dims) == 1 else [array.values[place] for place in _order(array.dims)]


def row_major(values: Sequence[Any], dims: Sequence[int], lbounds: Sequence[int]) -> NdArr:
    """The array of elements that come in a SAFEARRAY's order."""
    if prod(dims) != len(values):
        raise ValueError(f"{len(values)} elements do not fill {dims}")
    rows: list[Any] = [None] * len(values)
    for place, value in zip(_order(dims), values, strict=True):
        rows[place] = value
    return NdArr(rows, dims, lbounds)
