"""Typed declarations, called: what a user's own classes and annotations make of a real library."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Annotated, Any, Protocol

import pytest

import callgate
from callgate import (
    Array,
    Borrowed,
    Box,
    Closes,
    Context,
    Handle,
    In,
    InOut,
    LPStr,
    Mutable,
    Out,
    Ref,
    at_position,
    count_of,
    delegate,
    f8,
    i4,
    int_,
    library,
    native,
    offset,
    prototype,
    size_is,
    size_t,
    struct,
    u1,
    u4,
)


@struct
class Point:
    x: i4
    y: i4

    def length(self) -> float:
        return float((self.x**2 + self.y**2) ** 0.5)


@struct(layout="explicit")
class Rect:
    left: i4 = offset(0)
    top: i4 = offset(4)
    right: i4 = offset(8)
    bottom: i4 = offset(12)


class Canvas(Handle):
    def size(self) -> str:
        return "asked of Python"


@delegate
def measure(n: i4, word: LPStr) -> i4:
    """A shape beside a Callable, for those who want no class."""
    raise NotImplementedError


class Color(IntEnum):
    RED = 1
    GREEN = 5


@delegate
class Row(Protocol):
    def __call__(self, seen: Context, n: int_, values: Annotated[Array[Mutable[LPStr]], size_is("n")], /) -> int_: ...


@library("libgeometry.so")
class Geometry(Protocol):
    def centroid(self, points: Array[Point], n: u4 = count_of("points")) -> Point: ...
    def scale(self, n: u4, v: Annotated[InOut[Array[f8]], size_is("n")]) -> None: ...
    def shift(self, p: Ref[Point], by: i4 = 10) -> InOut[Point]: ...
    def version(self) -> Borrowed[LPStr]: ...
    def inc(self, v: Ref[i4]) -> i4: ...
    def canvas_open(self, size: u4) -> tuple[i4, Annotated[Out[Canvas], at_position(0)]]: ...
    def canvas_size(self, c: Canvas | None) -> i4: ...
    def canvas_close(self, c: Closes[Canvas]) -> None: ...
    def each(self, f: Callable[[i4, LPStr], i4], n: i4) -> i4: ...
    def each_measured(self, f: Annotated[Callable[[int, str], int], measure], n: i4) -> i4: ...
    def visit(self, row: Row, context: Context) -> i4: ...
    def twice(self, s: LPStr) -> LPStr: ...
    def next_color(self, c: Color) -> Color: ...
    def fill_bytes(self, v: Annotated[Out[Array[u1]], size_is("n")], n: size_t = count_of("v")) -> i4: ...
    @native(entry_point="add")
    def plus(self, a: i4, b: i4 = 1) -> i4: ...
    @prototype("Point centroid_of([size_is(n)] const Point *points, uint32_t n)")
    def centroid_of(self, points: list[Point], n: int) -> Point: ...
    @prototype("int fill([out, size_is(n)] int *v, int n)")
    def fill(self, v: list[int], n: int) -> int: ...


@pytest.fixture(scope="module")
def geometry(compiled: Callable[[str], str]) -> Iterator[Geometry]:
    """The library in its host."""
    lib = callgate.load(Geometry, path=compiled("geometry"))
    yield lib
    callgate.close(lib)


def test_a_count_is_filled_in(geometry: Geometry) -> None:
    """`count_of` gives the length of the array when the caller leaves the count out, and only then."""
    points = [Point(0, 0), Point(2, 4)]

    assert geometry.centroid(points) == Point(1, 2)
    assert geometry.centroid(points=points) == Point(1, 2)
    assert geometry.centroid(points, 1) == Point(0, 0)
    assert geometry.centroid([]) == Point(0, 0)
    with pytest.raises(callgate.ArgumentError, match="it has 2 elements, but 'n' says 3"):
        geometry.centroid(points, 3)


def test_the_users_class_comes_back(geometry: Geometry) -> None:
    """Results are instances of the class that was declared, with its methods."""
    centre = geometry.centroid([Point(3, 4)])

    assert type(centre) is Point
    assert centre.length() == 5


def test_a_ref(geometry: Geometry) -> None:
    """The final value of a Ref stands in the result where the annotation says so, and in a Box always."""
    box = Box(4)

    assert geometry.inc(4) == 4
    assert geometry.inc(box) == 4
    assert box.value == 5
    assert geometry.shift(Point(1, 2)) == Point(11, 12)
    assert geometry.shift(Point(1, 2), by=1) == Point(2, 3)


def test_an_array_in_place(geometry: Geometry) -> None:
    """InOut changes the list; Out fills what was given."""
    values, target = [1.0, 2.5], bytearray(3)
    geometry.scale(2, values)

    assert values == [2.0, 5.0]
    assert geometry.fill_bytes(target) == 7
    assert target == b"\1\2\3"


def test_handles_of_the_users_class(geometry: Geometry) -> None:
    """An out handle is an instance of the declared class, and NULL is None where the declaration allows it."""
    code, canvas = geometry.canvas_open(12)

    assert code == 0
    assert type(canvas) is Canvas
    assert canvas.size() == "asked of Python"
    assert geometry.canvas_size(canvas) == 12
    assert geometry.canvas_size(None) == -1
    assert geometry.canvas_open(0)[1] is None
    geometry.canvas_close(canvas)
    with pytest.raises(callgate.ObjectGone, match="canvas_close closed it"):
        geometry.canvas_size(canvas)


def test_callbacks(geometry: Geometry) -> None:
    """An inline shape and a declared one."""
    seen: list[Any] = []

    assert geometry.each(lambda n, word: n * len(word), 3) == 0 + 3 + 8
    assert geometry.visit(lambda context, n, values: context.append(values) or n, seen) == 3
    assert seen == [["one", "two", None]]
    assert geometry.each_measured(lambda n, word: n * len(word), 3) == 11
    with callgate.callback(geometry, measure, lambda n, word: 1) as pointer:
        assert geometry.each_measured(pointer, 3) == 3
    with callgate.callback(geometry, Row, lambda seen, n, values: n) as pointer:
        assert geometry.visit(pointer, None) == 3


def test_text_and_enums(geometry: Geometry) -> None:
    """Borrowed text, text that the caller owns, a user's enum both ways."""
    assert geometry.version() == "geometry 2"
    assert geometry.twice("ab") == "abab"
    assert geometry.next_color(Color.RED) is Color.GREEN


def test_names_and_defaults(geometry: Geometry) -> None:
    """`entry_point` renames, defaults stand in the signature, and C's names are not attributes then."""
    assert geometry.plus(2) == 3
    assert geometry.plus(b=5, a=2) == 7
    assert inspect.signature(geometry.plus).parameters["b"].default == 1
    assert "plus" in dir(geometry)
    with pytest.raises(callgate.EntryPointNotFoundError):
        geometry.add  # type: ignore[attr-defined]  # noqa: B018


def test_prototypes_inside(geometry: Geometry) -> None:
    """C decides where a method has a prototype."""
    values = [0] * 4

    assert geometry.fill(values, 4) == 4
    assert values == [0, 1, 4, 9]
    assert geometry.centroid_of([Point(2, 4)], 1) == Point(2, 4)


def test_functions_are_native_functions(geometry: Geometry) -> None:
    """A typed library is a library: `submit`, `errcheck`, `types` and the context manager are there."""
    assert isinstance(geometry.centroid, callgate.NativeFunction)
    assert geometry.centroid.submit([Point(2, 2)]).result() == Point(2, 2)
    assert callgate.types(geometry).Point is Point
    assert callgate.info(geometry).functions == len(dir(geometry))


def test_one_struct_in_two_libraries(compiled: Callable[[str], str]) -> None:
    """A class belongs to no library."""

    @library("other")
    class Other(Protocol):
        def PtInRect(self, r: In[Ref[Rect]], p: Point) -> i4: ...  # noqa: N802 - C's name

    other = callgate.load(Other, path=compiled("geometry"), deadline=30)
    assert other.PtInRect(Rect(0, 0, 10, 10), Point(3, 4)) == 1
    assert other.PtInRect(Rect(0, 0, 10, 10), Point(10, 4)) == 0
    callgate.close(other)
