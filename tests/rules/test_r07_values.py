"""R7.8, R7.11, R7.24: unions and structs as Python values."""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable
from typing import Any, Protocol

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, Way, untouched
from .ways import WAYS

TYPES = """
    typedef struct { int left, top, right, bottom; } Rect;
    typedef struct { int tag; union { int number; double d; }; struct { short a, b; }; } Unnamed;
    typedef union { int number; double d; char text[8]; unsigned char raw[8]; struct { short x, y; } at; const char *p;
                    unsigned low : 4, rest : 28; float pair[2]; _Bool flag; double _Complex z; } Everything;
    typedef struct { Rect parts[2]; Rect whole; } Line;
    typedef union { int i; double d; } IntDouble;
    typedef struct { [offset(0)] int number; [offset(0)] double d; [offset(4)] int high; } Overlaid;
    double take_Unnamed(Unnamed v);
    Unnamed make_Unnamed(int k);
    int everything_is(const Everything *e, int what);
    int line_sum(const Line *l);
    double take_Rect(Rect v);
    double take_IntDouble(IntDouble v);
    IntDouble make_IntDouble(int k);
    double take_Overlaid(Overlaid v);
    Overlaid make_Overlaid(int k);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("layout", TYPES)


@pytest.fixture(scope="module")
def types(lib: Lib) -> Any:
    return callgate.types(lib)


EVERYTHING: list[tuple[dict[str, Any], int]] = [
    ({"number": -7}, 0),
    ({"d": 2.5}, 1),
    ({"text": "seven"}, 2),
    ({"raw": b"seven\0\0\0"}, 2),
    ({"at": (3, -4)}, 3),
    ({"low": 9}, 4),
    ({"pair": [1.5, -2]}, 5),
    ({"z": 1 - 1j}, 6),
]


@pytest.mark.parametrize(("members", "what"), EVERYTHING, ids=[next(iter(members)) for members, _ in EVERYTHING])
def test_r07_08_every_kind_of_member_is_a_view(lib: Lib, types: Any, members: dict[str, Any], what: int) -> None:
    """C sees the member that was set; the bytes around it are zero; reading gives back what was set."""
    union = types.Everything(**members)

    assert lib.everything_is(union, what)
    assert lib.everything_is(members, what)
    assert lib.everything_is(bytes(union), what)
    for name, value in members.items():
        seen = getattr(union, name)
        assert (tuple(getattr(seen, each) for each in ("x", "y")) if name == "at" else seen) == value


def test_r07_08_members_share_their_bytes(lib: Lib, types: Any) -> None:
    """Setting one member and reading another reinterprets the bytes."""
    union = types.IntDouble(d=1.0)

    assert union.i == 0
    union.i = -1
    assert union.d == struct.unpack("d", struct.pack("<iI", -1, 0x3FF00000))[0]
    assert lib.take_IntDouble(union) == union.d
    assert lib.make_IntDouble(4).d == 4.25
    assert bytes(types.IntDouble()) == bytes(8)


def test_r07_08_a_union_is_equal_by_its_bytes(types: Any) -> None:
    assert types.IntDouble(d=1.5) == types.IntDouble(struct.pack("d", 1.5))
    assert types.IntDouble(i=0) == types.IntDouble()
    assert types.IntDouble(i=1) != types.IntDouble(d=1.0)
    assert repr(types.IntDouble(d=2.5)) == "IntDouble(i=0, d=2.5)"


def test_r07_08_overlapping_members_of_an_explicit_layout(lib: Lib, types: Any) -> None:
    """`U(d=2.5)` writes eight bytes; the others are views of them."""
    union = types.Overlaid(d=2.5)

    assert lib.take_Overlaid(union) == 2.5
    assert union.number == 0
    assert union.high == struct.unpack("<2i", struct.pack("d", 2.5))[1]
    assert lib.make_Overlaid(3).d == 3.25
    assert types.Overlaid(1, 0.0, 2).high == 2


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "beyond the range": ({"number": 1 << 40}, callgate.OutOfRange, "'number' of Everything: .* does not fit"),
    "beyond the bits": ({"low": 16}, callgate.ArgumentError, "'low' of Everything.*4 bits"),
    "text that is no text": ({"text": 7}, callgate.InvalidCastError, "'text' of Everything"),
    "a member of a member": ({"at": (1 << 20, 0)}, callgate.OutOfRange, r"'at'.x of Everything"),
    "an element": ({"pair": [0, "x"]}, callgate.InvalidCastError, r"'pair'\[1\] of Everything"),
    "too few elements": ({"pair": [0]}, callgate.ArgumentError, "1 elements"),
    "a pointer": ({"p": None}, callgate.InvalidCastError, "'p' of Everything.*callgate.new.*R7.8"),
    "no member": ({"other": 1}, callgate.InvalidCastError, "no member 'other'"),
    "nothing like it": (7, callgate.InvalidCastError, "Everything"),
}


@pytest.mark.parametrize(("value", "kind", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_r07_08_what_does_not_fit_is_refused(lib: Lib, value: Any, kind: type[Exception], message: str) -> None:
    with untouched(lib), pytest.raises(kind, match=f"(?s){message}"):
        lib.everything_is(value, 0)


def test_r07_08_members_of_a_union_in_the_host(lib: Lib) -> None:
    """In memory of the host all members can be used, pointers as well."""
    with callgate.new(lib, "Everything") as union:
        union.at.x, union.at.y = 3, -4
        assert lib.everything_is(union, 3)
        assert union.number == 3 + (-4 << 16)
        union.p = "text"
        assert union.p == "text"


def test_r07_16_members_of_unnamed_members_are_the_structs_own(lib: Lib, types: Any) -> None:
    """C11: as values and in the host."""
    value = types.Unnamed(tag=3, d=1.5, a=-2, b=5)

    assert (value.tag, value.d, value.a, value.b) == (3, 1.5, -2, 5)
    assert lib.take_Unnamed(value) == 3 + 3.0 - 8 + 40
    assert lib.take_Unnamed({"tag": 3, "d": 1.5, "a": -2, "b": 5}) == 38.0
    value.number = 7
    assert value.number == 7
    made = lib.make_Unnamed(6)
    assert (made.tag, made.d, made.a, made.b) == (6, 6.5, -1, 6)
    assert made == lib.make_Unnamed(6)
    with callgate.new(lib, "Unnamed") as unnamed:
        unnamed.d, unnamed.b = 2.5, 9
        assert (unnamed.d, unnamed.b, callgate.read(unnamed, 24)[8:16]) == (2.5, 9, struct.pack("d", 2.5))
    with pytest.raises(TypeError, match=r"no member 'c'; it has tag, .*number"):
        types.Unnamed(c=1)


def test_r07_11_only_members_cross(lib: Lib, types: Any) -> None:
    """Methods and properties stay Python's: what a subclass makes of a member's name is not asked."""

    class Frame(types.Rect):  # type: ignore[misc]
        other = "a class attribute"

        @property
        def left(self) -> int:
            raise AssertionError("a getter was asked")

        def width(self) -> int:
            return 7

    frame = Frame.__new__(Frame)
    for name, value in {"left": 1, "top": 2, "right": 3, "bottom": 4}.items():
        getattr(types.Rect, name).__set__(frame, value)

    assert lib.take_Rect(frame) == 1 + 2 * 2 + 4 * 3 + 8 * 4
    assert callgate.sizeof(lib, "Rect") == 16


def test_r07_24_structs_are_copied_when_they_are_assigned(lib: Lib, types: Any) -> None:
    """Into members and into arrays; what was assigned can be changed without changing what it was assigned to."""
    rect = types.Rect(1)
    line = types.Line([rect, types.Rect(2)], rect)
    rect.left = 9

    assert (line.parts[0].left, line.whole.left) == (1, 1)
    line.parts[1] = rect
    line.whole = rect
    rect.left = 5
    assert (line.parts[1].left, line.whole.left) == (9, 9)
    assert lib.line_sum(line) == 1 + 90 + 900
    line.whole.left = 4
    assert lib.line_sum(line) == 1 + 90 + 400
    twin = copy.copy(line)
    twin.whole.left = twin.parts[0].left = 0
    assert lib.line_sum(line) == 1 + 90 + 400
    assert copy.deepcopy(line) == line


@callgate.union
class Number:
    i: callgate.i4 = 0
    d: callgate.f8 = 0.0


@callgate.union
class Unbound:
    i: callgate.i4 = 0
    d: callgate.f8 = 0.0


@callgate.struct(layout="explicit")
class Over:
    number: callgate.i4 = callgate.offset(0)
    d: callgate.f8 = callgate.offset(0)
    high: callgate.i4 = callgate.offset(4)


class Unions(Protocol):
    def take_IntDouble(self, v: Number) -> callgate.f8: ...  # noqa: N802 - C's names
    def make_IntDouble(self, k: callgate.i4) -> Number: ...  # noqa: N802
    def take_Overlaid(self, v: Over) -> callgate.f8: ...  # noqa: N802


def test_r07_08_a_users_own_union_is_its_bytes(compiled: Callable[[str], str], way: Way) -> None:
    """Before a library uses the class it holds what was set; then its members are views."""
    early = Unbound(d=1.5)
    early.i = 7
    assert (early.i, Unbound().i, Unbound(i=3).i) == (7, 0, 3)
    with pytest.raises(AttributeError, match=r"Unbound.d was not set.*R7\.8"):
        _ = early.d
    face: Any = Unions
    lib: Any = callgate.load(callgate.library(compiled("layout"))(face), **WAYS[way])
    with lib:
        assert lib.take_IntDouble(Number(d=2.5)) == 2.5
        made = lib.make_IntDouble(4)
        assert (made.d, made.i) == (4.25, 0)
        made.d = 1.0
        made.i = -1
        assert made.d == struct.unpack("d", struct.pack("<iI", -1, 0x3FF00000))[0]
        assert lib.take_IntDouble(made) == made.d
        assert Number(d=1.0) == Number(d=1.0) != Number(i=1)
        over = Over(0, 2.5, struct.unpack("<2i", struct.pack("d", 2.5))[1])
        assert lib.take_Overlaid(over) == 2.5
        over.d = 8.5
        assert (over.number, over.high) == struct.unpack("<2i", struct.pack("d", 8.5))
        assert lib.take_Overlaid(over) == 8.5
