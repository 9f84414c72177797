"""Structs, explicit layouts and layout classes as typed declarations (R7)."""

# mypy: disable-error-code="misc"
# Types are values here.

from __future__ import annotations

import copy
from typing import Annotated, Any, ClassVar, Protocol

import pytest

import callgate
from callgate import (
    Box,
    FixedArray,
    In,
    InOut,
    NativePtr,
    Ref,
    char,
    f8,
    i2,
    i4,
    i8,
    layout_class,
    library,
    native,
    offset,
    struct,
    u2,
    u4,
    union,
)
from callgate.typed.libraries import declarations_of

from .ways import TypedLoader


@struct
class Point:
    x: i4
    y: i4
    unit: ClassVar[str] = "mm"
    calls: ClassVar[list[str]] = []

    def length(self) -> float:
        return float((self.x**2 + self.y**2) ** 0.5)

    @property
    def sum(self) -> int:
        self.calls.append("sum")
        return self.x + self.y


@struct(layout="explicit")
class Rect:
    left: i4 = offset(0)
    top: i4 = offset(4)
    right: i4 = offset(8)
    bottom: i4 = offset(12)


@struct(layout="explicit", size=24)
class Odd:
    a: i2 = offset(0)
    b: i8 = offset(8)


@struct(pack=1)
class Tight:
    c: char
    i: i4
    s: i2


@struct
class Base:
    c: char


@struct
class Derived(Base):
    i: i4
    s: i2


@layout_class(layout="sequential")
class Moment:
    year: u2 = 0
    month: u2 = 0
    day: u2 = 0


@struct
class Named:
    id: i4
    when: Moment
    last: i4


@struct
class Loop:
    marks: Annotated[list[i4], FixedArray(3)]


@library("libgeometry.so", types=[Derived, Loop])
class Structs(Protocol):
    def PtInRect(self, r: In[Ref[Rect]], p: Point) -> i4: ...  # noqa: N802 - C's name
    @native(entry_point="centroid")
    def centre(self, points: In[Ref[Point]], n: u4 = 1) -> Point: ...
    def odd_sum(self, o: In[Ref[Odd]]) -> i8: ...
    def tight_sum(self, t: In[Ref[Tight]]) -> i4: ...
    def named_sum(self, n: Named) -> i4: ...
    def now(self, m: InOut[Moment] | None) -> u4: ...
    def shift(self, p: Ref[Point], by: i4) -> None: ...
    def peek(self, m: NativePtr | None) -> i4: ...


@pytest.fixture(scope="module")
def structs(load_typed: TypedLoader) -> Structs:
    return load_typed("geometry", Structs)


def test_r07_02_kinds_of_layout() -> None:
    """Structs are sequential unless they say something else; other words are no layout."""
    assert "layout" not in vars(Point)
    with pytest.raises(callgate.DeclarationError, match="'sequential', 'explicit', 'auto'"):
        struct(layout="random")(type("Loose", (), {"__annotations__": {"x": i4}}))


def test_r07_02_a_dataclass_is_no_struct() -> None:
    """A base with members and without a layout is refused: nobody guesses one."""

    class Plain:
        x: int

    with pytest.raises(callgate.DeclarationError, match=r"inherits the members x of Plain.*R7\.2"):

        @struct
        class Child(Plain):
            y: i4


def test_r07_03_inherited_members_come_first(structs: Structs) -> None:
    """A derived struct is its base, continued; a member that is annotated again stays where it was."""

    @struct
    class Again(Base):
        i: i4
        c: char

    assert Derived.__match_args__ == ("c", "i", "s")
    assert Again.__match_args__ == ("c", "i")
    assert callgate.layout(structs, Derived) == (12, 4, {"c": 0, "i": 4, "s": 8})
    assert Derived(1, 2, 3) == Derived(c=1, i=2, s=3)


def test_r07_04_explicit(structs: Structs) -> None:
    """Offsets as they are written, gaps included; `size` enlarges."""
    assert callgate.layout(structs, Rect) == (16, 4, {"left": 0, "top": 4, "right": 8, "bottom": 12})
    assert callgate.sizeof(structs, Odd) == 24
    assert structs.odd_sum(Odd(a=-2, b=1 << 40)) == (1 << 40) - 2
    assert structs.PtInRect(Rect(0, 0, 10, 10), Point(3, 4)) == 1


@pytest.mark.rule("R7.1")
def test_r07_05_packing(structs: Structs) -> None:
    """`pack=1` leaves no gaps, and C agrees; a limit that is none is refused."""
    assert callgate.sizeof(structs, Tight) == 7
    assert structs.tight_sum(Tight(1, 2000, -300)) == 1701
    with pytest.raises(callgate.TypeLoadError, match=r"pack is one of .*R7\.5"):

        @struct(pack=3)
        class Wrong:
            x: i4

    with pytest.raises(callgate.TypeLoadError, match=r"has no members"):

        @struct
        class Empty:
            pass


def test_r07_11_only_members_cross(structs: Structs) -> None:
    """Methods, properties and class variables are Python's: they do not count, and nothing calls them."""
    point = Point(3, 4)
    Point.calls.clear()

    assert callgate.sizeof(structs, Point) == 8
    assert structs.centre(point) == point
    assert structs.centre(point).length() == 5
    assert Point.calls == []
    assert point.sum == 7
    with pytest.raises(callgate.DeclarationError, match="a member and a property at once"):

        @struct
        class Both:
            x: i4

            @property  # type: ignore[no-redef]
            def x(self) -> int:
                return 1


def test_r07_11_the_users_own_init(load_typed: TypedLoader) -> None:
    """What comes from C is made without asking `__init__`; one is there when nobody wrote another."""
    made = []

    @struct
    class Counted:
        x: i4
        y: i4

        def __init__(self, both: int) -> None:
            made.append(both)
            self.x = self.y = both

    @library("libgeometry.so")
    class Counting(Protocol):
        def centroid(self, p: In[Ref[Counted]], n: u4 = 1) -> Counted: ...

    found = load_typed("geometry", Counting).centroid(Counted(6))
    assert (type(found), found.x, found.y) == (Counted, 6, 6)
    assert made == [6]
    with pytest.raises(TypeError, match="Point"):
        Point(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Point"):
        Point(1, 2, z=3)  # type: ignore[call-arg]
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"
    assert Point(1, 2) != Point(2, 1)


def test_r07_12_a_class_is_one_level(structs: Structs) -> None:
    """`InOut[Moment]` is `struct Moment *`: the very instance is filled, and None is NULL."""
    moment = Moment(year=1999)
    same = moment

    assert structs.now(moment) == 2000
    assert same == Moment(2024, 2, 29)
    assert structs.now(None) == 0
    parameter = next(f for f in declarations_of(Structs).library.functions if f.name == "now").parameters[0]
    assert str(parameter.type) == "Pointer(target=StructType(name='Moment'), const=False)"


@pytest.mark.rule("R7.16")
def test_r07_13_values_and_references(structs: Structs) -> None:
    """A struct by value is copied, by Ref it is a copy that comes back; a class as a member is in place."""
    point = Point(1, 1)

    structs.shift(point, 4)
    assert point == Point(1, 1)
    box = Box(point)
    structs.shift(box, 4)
    assert box.value == Point(5, 5)
    assert callgate.sizeof(structs, Named) == 16
    assert structs.named_sum(Named(1, Moment(2000, 1, 20), 3)) == 2024


@pytest.mark.rule("R7.15")
def test_r07_14_levels() -> None:
    """The table of R7.14: `T`, `Ref[T]`, a class; `Ref[Ref[T]]` is refused, NULL is Ref | None."""

    def lowered(annotation: Any) -> str:
        class Probe(Protocol):
            def f(self, p: Any) -> None: ...

        Probe.f.__annotations__ = {"p": annotation, "return": None}
        decorate: Any = library("libprobe.so")
        parameter = declarations_of(decorate(Probe)).library.functions[0].parameters[0]
        words = " ".join(sorted(attribute.name for attribute in parameter.attributes))
        return f"{words} {callgate_name(parameter.type)}".strip()

    assert lowered(Point) == "Point"
    assert lowered(Ref[Point]) == "in out Point *"
    assert lowered(In[Ref[Point]]) == "const Point *"
    assert lowered(Ref[Point] | None) == "in out unique Point *"
    assert lowered(Moment) == "unique Moment *"
    assert lowered(InOut[Moment]) == "in out unique Moment *"
    with pytest.raises(callgate.MarshalDirectiveError, match=r"R7\.14"):
        lowered(Ref[Ref[Point]])


def callgate_name(ctype: Any) -> str:
    from callgate_protocol.model import c_name

    return c_name(ctype)


@union
class Cell:
    number: i4 = 0
    real: f8 = 0.0
    raw: Annotated[bytes, FixedArray(8)] = b""


@struct(layout="explicit")
class Overlaid:
    tag: i4 = offset(0)
    number: i4 = offset(8)
    real: f8 = offset(8)


@library("libgeometry.so")
class Cells(Protocol):
    def cell_bits(self, c: In[Ref[Cell]]) -> i8: ...
    def cell_half(self, c: Ref[Cell]) -> InOut[Cell]: ...
    @native(entry_point="cell_pair")
    def pair(self, c: Ref[Overlaid]) -> InOut[Overlaid]: ...


def test_r07_08_unions(load_typed: TypedLoader) -> None:
    """What was set last lies above what was set before; what comes back shows every member."""
    cells = load_typed("geometry", Cells)

    assert cells.cell_bits(Cell(real=1.0)) == 0x3FF0000000000000
    assert cells.cell_bits(Cell(number=-1)) == 0xFFFFFFFF
    assert cells.cell_bits(Cell(raw=b"\1\0\0\0\0\0\0\0")) == 1
    half = cells.cell_half(Cell(real=5.0))
    assert type(half) is Cell
    assert (half.real, half.number) == (2.5, 0)
    half.real = 1.0
    assert cells.cell_bits(half) == 0x3FF0000000000000
    half.number = 7
    assert cells.cell_bits(half) == 0x3FF0000000000007
    with pytest.raises(TypeError, match="Cell"):
        Cell(2.5)  # type: ignore[arg-type]


@pytest.mark.rule("R7.4")
def test_r07_08_members_that_overlap(load_typed: TypedLoader) -> None:
    """An explicit layout may let members share bytes, too."""
    found = load_typed("geometry", Cells).pair(Overlaid(3, 0, 5.0))

    assert (found.tag, found.real) == (4, 2.5)


@struct
class Pair:
    first: Point
    more: Annotated[list[Point], FixedArray(2)]


def test_r07_24_structs_are_values_and_classes_are_not() -> None:
    """A struct is copied into a member and into an array of members; a layout class stays the same object."""
    point, moment = Point(1, 2), Moment(2000)
    pair = Pair(point, [point, point])
    named = Named(1, moment, 2)

    pair.more[1] = point
    point.x = 9
    moment.year = 2001
    assert pair == Pair(Point(1, 2), [Point(1, 2), Point(1, 2)])
    assert named.when is moment
    twin = copy.copy(pair)
    twin.first.x = 7
    assert pair.first.x == 1
