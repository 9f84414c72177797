"""R7.7, R7.9: values travel by value in every shape, to C, back from it, and through callbacks."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import callgate
from callgate import Lib
from callgate_native_host.backend import Leaf
from callgate_native_host.convert.substitutes import UnknownPassing, aapcs64, system_v

from .ways import Loader

TYPES = """
typedef union { int i; double d; } IntDouble;
typedef union { float f; double d; } FloatDouble;
typedef union { float v[3]; struct { float x, y, z; } s; } Floats;
typedef struct { union { double d; float f; } u; int tag; } DoubleThenInt;
typedef struct { int tag; union { int i; float f; } u; double w; } IntsThenDouble;
typedef struct { uint16_t vt, a, b, c; union { int64_t q; double d; struct { void *p, *r; } brecord; } u; } Variant;
typedef union { unsigned char b[3]; unsigned char c[5]; } FiveBytes;
typedef union { short s[3]; unsigned char c[6]; } SixBytes;
typedef union { int64_t q[2]; double d[2]; } TwoWords;
typedef struct { struct { union { float f; int i; } u; } in[2]; } Nested;
typedef struct { unsigned a : 3, b : 5; int c : 10; _Bool d : 1; } Bits;
typedef struct { uint64_t a : 40, b : 24; double d; } BitsThenDouble;
typedef struct { float f; unsigned a : 7; } FloatBits;
typedef struct { double v[3]; union { int i; float f; } u; } Large;
typedef struct { long double wide; union { int i; float f; } u; } Aligned16;
typedef struct { unsigned char b[3]; } Three;
typedef struct { unsigned char b[5]; } Five;
typedef struct { unsigned char a; unsigned char b[6]; } Seven;
#pragma pack(push, 4)
typedef struct { double d; int i; } Pack4;
#pragma pack(pop)
#pragma pack(push, 1)
typedef struct { float x, y; char c; } Pack1;
typedef struct { char c; double v[3]; } PackLarge;
typedef struct { char c; int i; short s; } PackRefused;
#pragma pack(pop)
typedef union { long double wide; int i; } WideRefused;
typedef struct { int64_t q; double d; } LongDouble;
typedef float _Complex CFloat;
typedef double complex CDouble;
typedef struct { CFloat z; int tag; } ComplexThenInt;
typedef struct { CDouble z[2]; } Complexes;
typedef union { CFloat z; float part[2]; } ComplexOrFloats;
typedef struct { [offset(0)] int left; [offset(8)] int right; } Gapped;
typedef struct { [offset(0)] int number; [offset(0)] double d; } Overlaid;
typedef struct { [offset(0)] int32_t left; [offset(4)] int32_t top; [offset(8)] int32_t right;
                 [offset(12)] int32_t bottom; } Rect;
"""


class Shape(NamedTuple):
    """A C type, its value for a number, and the checksum that C makes of it."""

    name: str
    value: Callable[[int], Any]
    total: Callable[[int], float]


def _u(layout: str, *values: Any) -> bytes:
    return struct.pack("<" + layout, *values)


SHAPES = [
    Shape("IntDouble", lambda k: _u("d", k + 0.25), lambda k: k + 0.25),
    Shape("FloatDouble", lambda k: _u("d", k + 0.25), lambda k: k + 0.25),
    Shape("Floats", lambda k: _u("3f", k, k + 1, k + 2), lambda k: k + 2 * (k + 1) + 4 * (k + 2)),
    Shape("DoubleThenInt", lambda k: (_u("d", k + 0.5), -k), lambda k: k + 0.5 - 100 * k),
    Shape("IntsThenDouble", lambda k: (k, _u("i", k + 1), k + 0.5), lambda k: k + 2 * (k + 1) + 4 * (k + 0.5)),
    Shape("Variant", lambda k: (3, 0, 0, k, _u("2q", 7 * k, 0)), lambda k: 3 + 2 * k + 28 * k),
    Shape("FiveBytes", lambda k: bytes([k, 1, 0, 0, k + 2]), lambda k: k + 2 + 4 * (k + 2)),
    Shape("SixBytes", lambda k: _u("3h", -k, 0, k + 2), lambda k: -k + 2 * (k + 2)),
    Shape("TwoWords", lambda k: _u("2q", k, -k - 1), lambda k: k + 2 * (-k - 1)),
    Shape("Nested", lambda k: ([(_u("i", k),), (_u("i", k + 1),)],), lambda k: k + 2 * (k + 1)),
    Shape("Bits", lambda k: (5, k, -k, True), lambda k: 5 + 10 * k - 100 * k + 1000),
    Shape("BitsThenDouble", lambda k: ((1 << 39) + k, k + 1, k + 0.5), lambda k: k + 2 * (k + 1) + 4 * (k + 0.5)),
    Shape("FloatBits", lambda k: (k + 0.5, k + 64), lambda k: k + 0.5 + 2 * (k + 64)),
    Shape("Large", lambda k: ([k, 0, k + 0.5], _u("i", k + 9)), lambda k: k + 2 * (k + 0.5) + 4 * (k + 9)),
    Shape("Aligned16", lambda k: (k + 0.5, _u("i", k + 9)), lambda k: k + 0.5 + 2 * (k + 9)),
    Shape("Three", lambda k: (bytes([k, 0, k + 2]),), lambda k: k + 2 * (k + 2)),
    Shape("Five", lambda k: (bytes([k, 0, 0, 0, k + 2]),), lambda k: k + 2 * (k + 2)),
    Shape("Seven", lambda k: (k, bytes([0, 0, 0, 0, 0, k + 2])), lambda k: k + 2 * (k + 2)),
    Shape("Pack4", lambda k: (k + 0.5, k + 2), lambda k: k + 0.5 + 2 * (k + 2)),
    Shape("Pack1", lambda k: (k, k + 0.5, 3), lambda k: k + 2 * (k + 0.5) + 12),
    Shape("PackLarge", lambda k: (k, [k + 1, 0, k + 2]), lambda k: k + 2 * (k + 1) + 4 * (k + 2)),
    Shape("LongDouble", lambda k: (k, k + 0.5), lambda k: k + 2 * (k + 0.5)),
    Shape("CFloat", lambda k: complex(k, k + 0.5), lambda k: k + 2 * (k + 0.5)),
    Shape("CDouble", lambda k: complex(k, k + 0.5), lambda k: k + 2 * (k + 0.5)),
    Shape("ComplexThenInt", lambda k: (complex(k, k + 0.5), -k), lambda k: k + 2 * (k + 0.5) - 4 * k),
    Shape("Complexes", lambda k: ([complex(k, k + 0.5), complex(-k)],), lambda k: k + 2 * (k + 0.5) - 4 * k),
    Shape("ComplexOrFloats", lambda k: _u("2f", k, k + 0.5), lambda k: k + 2 * (k + 0.5)),
    Shape("Gapped", lambda k: (k, k + 1), lambda k: k + 2 * (k + 1)),
    Shape("Overlaid", lambda k: _u("d", k + 0.25), lambda k: k + 0.25),
    Shape("Rect", lambda k: (k, -k, k + 1, k + 2), lambda k: k - 2 * k + 4 * (k + 1) + 8 * (k + 2)),
]
REFUSED = ["PackRefused", "WideRefused"]


def _prototypes(name: str) -> str:
    longs = ", ".join(f"long a{index}" for index in range(5))
    doubles = ", ".join(f"double x{index}" for index in range(7))
    return f"""
    {name} make_{name}(int k);
    double take_{name}({name} v);
    double mid_{name}(int a, {name} v, double b, {name} w, int c);
    double late_{name}({longs}, {doubles}, {name} v, int after);
    double call_{name}({name} (*f)(int k, {name} v, double half), int k);
    """


@pytest.fixture(scope="module")
def shapes(load_both: Loader) -> Lib:
    """Every shape with its five functions."""
    names = [shape.name for shape in SHAPES] + REFUSED
    return load_both("layout", TYPES + "".join(map(_prototypes, names)))


def _plain(value: Any) -> Any:
    """A value as the table writes it: structs as tuples, unions as bytes, packed floats as they are."""
    if isinstance(value, callgate.Union):
        return bytes(value)
    if isinstance(value, callgate.Struct):
        return tuple(_plain(getattr(value, name)) for name in value.__match_args__)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


@pytest.mark.rule("R2.12")
@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_r07_09_every_shape_travels_as_c_has_it(shapes: Lib, shape: Shape) -> None:
    """As parameter in registers, between other parameters, on the stack, and as result."""
    for k in (1, 30):
        value = shape.value(k)
        made = getattr(shapes, f"make_{shape.name}")(k)

        assert _plain(made) == value
        assert getattr(shapes, f"take_{shape.name}")(value) == shape.total(k)
        middle = getattr(shapes, f"mid_{shape.name}")(7, value, 0.5, made, 3)
        assert middle == 7 + 10 * shape.total(k) + 500 + 100 * shape.total(k) - 3
        assert getattr(shapes, f"late_{shape.name}")(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, value, 13) == shape.total(k)


@pytest.mark.rule("R9.8")
@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_r07_09_every_shape_travels_through_a_callback(shapes: Lib, shape: Shape) -> None:
    """C gives it to Python, and judges what Python gives back."""
    seen = []

    def answer(k: int, value: Any, half: float) -> Any:
        seen.append((k, _plain(value), half))
        return shape.value(k + 1)

    assert getattr(shapes, f"call_{shape.name}")(answer, 20) == shape.total(21)
    assert seen == [(20, shape.value(20), 20.5)]


@pytest.mark.rule("R7.9")
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("PackRefused", (1, 2, 3), "packed member"), ("WideRefused", bytes(16), "long double")],
)
def test_r02_12_what_no_stand_in_describes_is_refused(shapes: Lib, name: str, value: Any, reason: str) -> None:
    """Refused by name, before native code is entered, with what to write instead."""
    for function, arguments in {"make": (1,), "take": (value,), "call": (lambda *_: 0, 1)}.items():
        with pytest.raises(callgate.MarshalDirectiveError, match=f"(?s){name}.*{reason}.*R7.9.*pointer"):
            getattr(shapes, f"{function}_{name}")(*arguments)


INT, LONG = Leaf(0, 4, "integer", 4), Leaf(0, 8, "integer", 8)
FLOAT, DOUBLE = Leaf(0, 4, "float", 4), Leaf(0, 8, "double", 8)
WIDE = Leaf(0, 16, "long double", 16)


def _at(leaf: Leaf, offset: int) -> Leaf:
    return leaf._replace(offset=offset)


@pytest.mark.parametrize(
    ("leaves", "size", "alignment", "amd", "arm"),
    [
        ([INT, DOUBLE], 8, 8, [("uint64_t", 1)], [("uint64_t", 1)]),
        ([FLOAT, DOUBLE], 8, 8, [("double", 1)], [("uint64_t", 1)]),
        ([FLOAT, _at(FLOAT, 4), _at(FLOAT, 8)], 12, 4, [("float", 2), ("float", 1)], [("float", 3)]),
        ([DOUBLE, _at(INT, 8)], 16, 8, [("double", 1), ("uint64_t", 1)], [("uint64_t", 2)]),
        ([INT, _at(FLOAT, 4), _at(DOUBLE, 8)], 16, 8, [("uint64_t", 1), ("double", 1)], [("uint64_t", 2)]),
        ([_at(DOUBLE, 8 * index) for index in range(4)], 32, 8, [("uint64_t", 4)], [("double", 4)]),
        ([_at(DOUBLE, 8 * index) for index in range(5)], 40, 8, [("uint64_t", 5)], [("uint64_t", 5)]),
        ([LONG, _at(LONG, 8), _at(DOUBLE, 16)], 24, 8, [("uint64_t", 3)], [("uint64_t", 3)]),
        ([_at(INT, 1)._replace(alignment=1)], 5, 1, [("uint8_t", 5)], [("uint8_t", 5)]),
        ([WIDE, _at(INT, 16)], 32, 16, [("long double", 2)], "long double"),
        ([WIDE, INT], 16, 16, "long double", "long double"),
        ([INT, _at(DOUBLE, 4)], 12, 4, "not aligned", [("uint32_t", 3)]),
        ([INT], 16, 8, "padding", [("uint64_t", 2)]),
    ],
)
def test_r07_09_stand_ins_of_both_abis(
    leaves: list[Leaf], size: int, alignment: int, amd: list[tuple[str, int]] | str, arm: list[tuple[str, int]] | str
) -> None:
    """The rules themselves, as the ABIs' documents have them, on whatever machine this runs."""
    for rule, units in ((system_v, amd), (aapcs64, arm)):
        if isinstance(units, str):
            with pytest.raises(UnknownPassing, match=units):
                rule(leaves, size, alignment)
        else:
            assert rule(leaves, size, alignment) == units
