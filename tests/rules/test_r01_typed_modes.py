"""Defaults, overrides and modes of a library, in typed declarations and in prototypes (R1, R3.6, R19)."""

# mypy: disable-error-code="misc, valid-type"
# Types are values here.

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Annotated, Any, Protocol

import pytest

import callgate
from callgate import (
    Array,
    Bool,
    Bool8,
    Char8,
    Char16,
    Handle,
    In,
    InOut,
    LPStr,
    LPUTF8Str,
    LPWCharStr,
    LPWStr,
    NativePtr,
    Out,
    Ref,
    StrBuf,
    VBool,
    char16_t,
    count_of,
    i4,
    int_,
    layout_class,
    library,
    native,
    size_is,
    struct,
    u1,
    u2,
)
from callgate.typed.libraries import declarations_of
from callgate_protocol.model import CType, Parameter, Pointer, Scalar, Void

from .ways import Loader, TypedLoader

PINNED = "int doubled([size_is(n)] int *v, int n);"


@layout_class(layout="sequential")
class Moment:
    year: u2 = 0
    month: u2 = 0
    day: u2 = 0


@layout_class(layout="sequential")
class Label:
    name: LPStr | None = None
    n: i4 = 0


@struct
class Point:
    x: i4
    y: i4


class Thing(Handle):
    pass


def lowered(annotation: Any, **modes: Any) -> Parameter:
    """What becomes of one annotation."""

    class Probe(Protocol):
        def f(self, p: Any) -> None: ...

    Probe.f.__annotations__ = {"p": annotation, "return": None}
    decorate: Any = library("libprobe.so", **modes)
    return declarations_of(decorate(Probe)).library.functions[0].parameters[0]


def refused(annotation: Any, **modes: Any) -> str:
    """The message of a refusal."""
    with pytest.raises(callgate.MarshalDirectiveError) as caught:
        lowered(annotation, **modes)
    return str(caught.value)


@pytest.mark.rule("R1.4", "R3.1", "R5.1")
@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (bool, Scalar("BOOL")),
        (str, Pointer(Scalar("char"), const=True)),
        (float, Scalar("double")),
        (list[i4], Pointer(Scalar("i4"))),
        (Annotated[bytes, size_is(4)], Pointer(Void(), const=True)),
    ],
)
def test_r01_01_defaults_of_platform_invoke(annotation: Any, expected: CType) -> None:
    """What a plain Python type means when a library's function is called."""
    assert lowered(annotation).type == expected


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (LPStr, Pointer(Scalar("char"), const=True)),
        (LPUTF8Str, Pointer(Scalar("char"), const=True)),
        (LPWStr, Pointer(Scalar("char16"), const=True)),
        (LPWCharStr, Pointer(Scalar("wchar"), const=True)),
        (Annotated[str, LPWStr], Pointer(Scalar("char16"), const=True)),
        (Bool, Scalar("BOOL")),
        (VBool, Scalar("VARIANT_BOOL")),
        (Bool8, Scalar("bool")),
        (Annotated[bool, u1], Scalar("bool")),
        (Annotated[bool, VBool], Scalar("VARIANT_BOOL")),
        (Char8, Scalar("char")),
        (Char16, Scalar("char16")),
        (Annotated[str, u2], Scalar("u2")),
    ],
)
def test_r01_06_overrides(annotation: Any, expected: CType) -> None:
    """Each alternative of an ambiguous type is asked for by its marker."""
    assert lowered(annotation).type == expected


def test_r01_06_what_is_missing() -> None:
    """An array that comes back has no length by itself, and `int` no width."""
    assert "needs size_is" in refused(Out[Array[i4]])
    assert "needs size_is" in refused(StrBuf)
    assert "no width" in refused(int)
    assert "several types" in refused(int | str)


class Plain(Protocol):
    def doubled(self, v: Array[i4], n: i4 = count_of("v")) -> i4: ...
    def now(self, m: Moment | None) -> callgate.u4: ...
    def label_up(self, label: Label) -> i4: ...


@library("libgeometry.so")
class Classic(Plain, Protocol):
    pass


@library("libgeometry.so", compat_pin=True)
class Pinned(Plain, Protocol):
    pass


@library("libgeometry.so")
class Asked(Protocol):
    def doubled(self, v: InOut[Array[i4]], n: i4 = count_of("v")) -> i4: ...
    def now(self, m: InOut[Moment]) -> callgate.u4: ...
    def label_up(self, label: InOut[Label]) -> i4: ...
    @native(entry_point="peek")
    def unused(self, m: NativePtr | None) -> i4: ...


@library("libgeometry.so")
class Fresh(Protocol):
    def now(self, m: Out[Moment]) -> callgate.u4: ...
    def label_up(self, label: Out[Label]) -> i4: ...


@pytest.fixture(scope="module")
def classic(load_typed: TypedLoader) -> Classic:
    return load_typed("geometry", Classic)


@pytest.fixture(scope="module")
def pinned(load_typed: TypedLoader) -> Pinned:
    return load_typed("geometry", Pinned)


@pytest.fixture(scope="module")
def asked(load_typed: TypedLoader) -> Asked:
    return load_typed("geometry", Asked)


@pytest.fixture(scope="module")
def fresh(load_typed: TypedLoader) -> Fresh:
    return load_typed("geometry", Fresh)


@pytest.mark.rule("R7.13")
def test_r01_10_arrays(classic: Classic, pinned: Pinned, asked: Asked) -> None:
    """Native code doubles an array: unseen by default, seen under compat_pin and with InOut."""
    for lib, seen in ((classic, [1, 2]), (pinned, [2, 4]), (asked, [2, 4])):
        values = [1, 2]
        assert lib.doubled(values) == 6
        assert values == seen
    buffer = array.array("i", [3])
    assert pinned.doubled(buffer) == 6
    assert buffer.tolist() == [6]


@pytest.mark.rule("R7.13")
def test_r01_10_classes(classic: Classic, pinned: Pinned, asked: Asked) -> None:
    """The same for a class of plain numbers; one with text is never pinned."""
    for lib, seen in ((classic, Moment()), (pinned, Moment(2024, 2, 29)), (asked, Moment(2024, 2, 29))):
        moment = Moment()
        assert lib.now(moment) == 1
        assert moment == seen
    for lib, count in ((classic, 1), (pinned, 1), (asked, 2)):
        label = Label("ab", 1)
        assert lib.label_up(label) == 21
        assert (label.name, label.n) == ("ab", count)


def test_r01_10_prototypes(load_both: Loader) -> None:
    """`compat_pin` of a library in C: plain arrays are changed, const ones are not even asked."""
    plain = load_both("geometry", PINNED)
    compat = load_both("geometry", PINNED, compat_pin=True)
    values = [1, 2]

    plain.doubled(values, 2)
    assert values == [1, 2]
    compat.doubled(values, 2)
    assert values == [2, 4]


@pytest.mark.rule("R1.12")
def test_r01_11_directions_of_classes(classic: Classic, asked: Asked, fresh: Fresh) -> None:
    """In: changes are lost. InOut: both ways. Out: native code sees zeros and NULL, whatever the instance holds."""
    label = Label("abc", 7)

    assert classic.label_up(label) == 37
    assert (label.name, label.n) == ("abc", 7)
    assert asked.label_up(label) == 37
    assert (label.name, label.n) == ("abc", 8)
    assert fresh.label_up(label) == 1000
    assert (label.name, label.n) == (None, 1)
    broken = Label("a\0b", 10**20)
    assert fresh.label_up(broken) == 1000  # what is not sent is not converted either
    with pytest.raises(callgate.InvalidCastError, match="an instance of Label to be filled"):
        asked.label_up({"name": "x", "n": 1})  # type: ignore[arg-type]


class Counted:
    """Counts how often it is converted to a number of C."""

    def __init__(self) -> None:
        self.conversions = 0

    def __index__(self) -> int:
        self.conversions += 1
        return 7


def test_r01_12_conversions_are_counted(classic: Classic, asked: Asked, fresh: Fresh) -> None:
    """In: one on the way there. Out: one on the way back. InOut: one each way."""
    counts = []
    for lib in (classic, fresh, asked):
        number: Any = Counted()
        label = Label("abc", number)
        lib.label_up(label)
        counts.append((number.conversions, label.n is not number))
    assert counts == [(1, False), (0, True), (1, True)]


@pytest.mark.rule("R19.45")
@pytest.mark.parametrize("annotation", [Ref[i4], In[Ref[i4]], str, LPStr, Callable[[i4], i4], Array[i4], callgate.Guid])
def test_r01_24_raw_refuses(annotation: Any) -> None:
    """What needs a conversion; all of it is accepted without `raw`."""
    assert "raw" in refused(annotation, raw=True)
    lowered(annotation)


def test_r01_24_raw_accepts() -> None:
    """Numbers, characters of 16 bits, pointers, handles, structs of them; truth values are one byte of any bits."""
    assert lowered(i4, raw=True).type == Scalar("i4")
    assert lowered(bool, raw=True).type == Scalar("u1")
    assert lowered(Bool8, raw=True).type == Scalar("u1")
    assert lowered(char16_t, raw=True).type == Scalar("char16")
    assert lowered(Char16, raw=True).has("character")
    for annotation in (NativePtr, Thing, Point):
        lowered(annotation, raw=True)


@pytest.mark.rule("R19.45", "R3.6")
def test_r01_24_raw_prototypes(load_both: Loader) -> None:
    """The same of a library in C, each with its reason; a truth value keeps its bits."""
    refusals = {
        "int f([out] int *v);": r"argument 1 'v': raw: \[out\]",
        "int f([size_is(n)] int *v, int n);": r"raw: \[size_is\(n\)\]",
        "int f(const char *s);": "raw: text",
        "int f(int (*call)(int));": "raw: delegates",
        "int f(int n, ...);": "raw: variable arguments",
        "BOOL f(int n);": "the result: raw: only numbers",
    }
    for text, reason in refusals.items():
        with pytest.raises(callgate.MarshalDirectiveError, match=reason):
            callgate.load("libc.so.6", text, raw=True)
    lib = load_both("geometry", "_Bool truth8(_Bool b); int add(int a, int b);", raw=True)
    assert lib.truth8(True) == 1
    assert lib.truth8(2) == 2
    assert lib.add(2, 3) == 5


@pytest.mark.rule("R19.18")
@pytest.mark.parametrize(
    ("annotation", "instead"),
    [
        (str, LPUTF8Str),
        (bool, Bool),
        (callgate.Char, Char8),
        (Annotated[StrBuf, size_is(9)], NativePtr),
        (In[Thing], Thing),
    ],
)
def test_r01_25_strict_refuses(annotation: Any, instead: Any) -> None:
    """What is left to a default; with a marker it is accepted, and without strict so is the default."""
    assert "strict" in refused(annotation, strict=True)
    assert lowered(annotation) is not None
    assert lowered(instead, strict=True) == lowered(instead)


@pytest.mark.rule("R19.18", "R19.31")
def test_r01_25_strict_prototypes() -> None:
    """Variable arguments and arrays of arrays in a library in C."""
    for text in ("int f(int n, ...);", "int f([size_is(n)] int m[][3], int n);"):
        with pytest.raises(callgate.MarshalDirectiveError, match=r"f, .*: strict: "):
            callgate.load("libc.so.6", text, strict=True)
    with callgate.load("libc.so.6", "int abs(int n);", strict=True) as libc:
        assert libc.abs(-3) == 3


def test_r01_25_modes_belong_to_the_class() -> None:
    """A class says its modes itself."""
    with pytest.raises(TypeError, match="belong to it"):
        callgate.load(Classic, strict=True)  # type: ignore[call-overload]
    with pytest.raises(callgate.DeclarationError, match="a charset is one of 'ansi', 'unicode', 'auto'"):
        library("lib.so", charset="utf-8")


def test_r01_07_structs_by_value(load_typed: TypedLoader) -> None:
    """A struct by value is copied: native changes stay native."""

    @library("libgeometry.so")
    class ByValue(Protocol):
        def PtInRect(self, r: In[Ref[Point]], p: Point) -> i4: ...  # noqa: N802 - C's name
        def shift(self, p: Ref[Point], by: int_) -> None: ...
        def add(self, a: i4, b: i4) -> i4: ...

    lib: Any = load_typed("geometry", ByValue)  # checked: a void function gives None
    point = Point(1, 2)
    assert lib.shift(point, 5) is None
    assert point == Point(1, 2)
    box = callgate.Box(point)
    lib.shift(box, 5)
    assert (box.value, point) == (Point(6, 7), Point(1, 2))
