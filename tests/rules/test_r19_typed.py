"""Refusals of typed declarations: at the declaration, in the name of the place, with the number of the rule (R19)."""

# mypy: disable-error-code="misc, valid-type"
# Types are values here.

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Callable, Generator, Iterable
from enum import IntEnum
from typing import Annotated, Any, Generic, Protocol, TypeVar

import pytest

import callgate
from callgate import (
    Array,
    Bool,
    BStr,
    Char16,
    Currency,
    FixedArray,
    FixedText,
    Guid,
    Handle,
    In,
    InOut,
    LPStr,
    LPWStr,
    NativePtr,
    Out,
    Ref,
    StrBuf,
    VBool,
    delegate,
    f8,
    i4,
    int_,
    layout_class,
    library,
    offset,
    size_is,
    struct,
    u4,
)
from callgate.naming import name_of

T = TypeVar("T")


@struct
class Point:
    x: i4
    y: i4


@layout_class(layout="sequential")
class Moment:
    year: i4 = 0


class Plain:
    x: i4


class Generic1(Generic[T]):
    x: T


class Thing(Handle):
    pass


class Color(IntEnum):
    RED = 1


def declare(cls: Any) -> None:
    """As the decorator does."""
    library("librefused.so")(cls)


def refusal(annotation: Any, result: Any = None, rule: str = "") -> str:
    """The message for a function with one parameter of that type; it is a MarshalDirectiveError with the rule."""

    class Refused(Protocol):
        def f(self, p: Any) -> None: ...

    Refused.f.__annotations__ = {"p": annotation, "return": result}
    with pytest.raises(callgate.MarshalDirectiveError) as caught:
        declare(Refused)
    text = str(caught.value)
    assert rule in re.findall(r"R\d+\.\d+", text), text
    return text


def accepted(annotation: Any, result: Any = None) -> None:
    """The opposite of `refusal`: it is the construct that is refused, not everything."""

    class Accepted(Protocol):
        def f(self, p: Any) -> None: ...

    Accepted.f.__annotations__ = {"p": annotation, "return": result}
    declare(Accepted)


@pytest.mark.parametrize("annotation", [Generic1[int], T, Generic1, Callable[[T], T], Array[T]])
def test_r19_01_generic_types(annotation: Any) -> None:
    """A generic class, an open type variable, and a function pointer or array of them."""
    assert "generic" in (text := refusal(annotation, rule="R19.1")) or "type variable" in text


@pytest.mark.rule("R9.12")
def test_r19_01_a_struct_of_generics() -> None:
    """Also as a field, named with its struct."""

    @struct
    class Holder:
        inner: Generic1[int]

    assert "Holder, field 1 'inner'" in refusal(Holder, rule="R19.1")


@pytest.mark.rule("R7.2")
@pytest.mark.parametrize("position", ["parameter", "field", "element"])
def test_r19_03_automatic_layout(position: str) -> None:
    """A struct without an order in memory: directly, nested, as an element."""

    @struct(layout="auto")
    class Loose:
        x: i4

    @struct
    class Nested:
        inner: Loose

    where = {"parameter": Loose, "field": Nested, "element": Array[Loose]}[position]
    assert "automatic layout" in refusal(where, rule="R19.3")
    with pytest.raises(callgate.ArgumentError, match="no size"):
        name_of(Loose)


@pytest.mark.rule("R7.2")
def test_r19_03_a_layout_class_says_its_layout() -> None:
    """A layout class has no default: without a word it is automatic."""

    @layout_class
    class Unsaid:
        x: i4

    refusal(Unsaid, rule="R19.3")


@pytest.mark.rule("R6.11")
@pytest.mark.parametrize("annotation", [Array[Array[i4]], list[list[i4]], InOut[Array[list[i4]]]])
def test_r19_04_nested_arrays(annotation: Any) -> None:
    """Arrays of arrays, however they are spelled."""
    assert "nested arrays" in refusal(annotation, rule="R19.4")


@pytest.mark.rule("R7.14", "R7.15")
@pytest.mark.parametrize("annotation", [Ref[Ref[Point]], Ref[Ref[i4]], Array[Ref[i4]]])
def test_r19_05_indirection(annotation: Any) -> None:
    """More stars than R7.14 knows, in both directions."""
    assert "indirection" in refusal(annotation, rule="R19.5")
    refusal(i4, tuple[i4, Out[Ref[i4]]], rule="R19.5")


@pytest.mark.rule("R7.8")
def test_r19_07_references_do_not_overlap() -> None:
    """Text over a number, and text where no pointer can stand."""

    @struct(layout="explicit")
    class Over:
        number: i4 = offset(0)
        text: LPStr = offset(0)

    @struct(layout="explicit")
    class Askew:
        text: LPStr = offset(2)

    for cls in (Over, Askew):
        with pytest.raises(callgate.TypeLoadError, match=r"'text' of .*reference"):
            declare_parameter(cls)


def declare_parameter(annotation: Any) -> None:
    class Declared(Protocol):
        def f(self, p: Any) -> None: ...

    Declared.f.__annotations__ = {"p": annotation, "return": None}
    declare(Declared)


@pytest.mark.rule("R7.4")
def test_r19_08_an_offset_is_missing() -> None:
    """Explicit means each member."""
    with pytest.raises(callgate.TypeLoadError, match=r"member 'top' of Rect has no offset.*R7.4, R19.8"):

        @struct(layout="explicit")
        class Rect:
            left: i4 = offset(0)
            top: i4

    with pytest.raises(callgate.TypeLoadError, match="has an offset, so write"):

        @struct
        class Mixed:
            left: i4 = offset(0)


@pytest.mark.rule("R7.17")
def test_r19_09_a_struct_inside_itself() -> None:
    """Directly and through another one; a pointer is fine."""
    with pytest.raises(callgate.TypeLoadError, match=r"Inner contains Outer contains Inner by value"):
        declare_parameter(Inner)
    accepted(Node)
    accepted(Methods)


@struct
class Methods:
    """A table of functions that are handed the table."""

    size: i4
    call: CallOfMethods | None
    plain: Callable[[In[Ref[Methods]]], i4] | None


@delegate
class CallOfMethods(Protocol):
    def __call__(self, table: In[Ref[Methods]], by_value: Methods, /) -> i4: ...


@struct
class Inner:
    outer: Outer


@struct
class Outer:
    inner: Inner


@struct
class Node:
    next: Annotated[NativePtr | None, callgate.points_to("Node")]
    value: i4


@pytest.mark.parametrize("annotation", [object, Any])
def test_r19_10_object(annotation: Any) -> None:
    """`object` says nothing about C."""
    assert "says nothing about C" in refusal(annotation, rule="R19.10")


@pytest.mark.rule("R7.2")
def test_r19_11_a_class_without_layout() -> None:
    """A plain class as a parameter and as a field; the message says what to do."""

    @struct
    class Holder:
        inner: Plain

    assert "@callgate.struct" in refusal(Plain, rule="R19.11")
    assert "Holder, field 1 'inner' (Plain, marker none)" in refusal(Holder, rule="R19.11")


@pytest.mark.rule("R6.14")
@pytest.mark.parametrize("marker", [FixedText, FixedText(-1)])
def test_r19_12_inline_text_without_a_size(marker: Any) -> None:
    """No size, a negative size, and on a parameter."""

    @struct
    class Holder:
        text: Annotated[str, marker]

    assert "needs a length" in refusal(Holder, rule="R19.12")
    assert "members of structs" in refusal(Annotated[str, FixedText(4)], rule="R19.12")
    assert "members of structs" in refusal(Annotated[list[i4], FixedArray(4)], rule="R19.12")


@pytest.mark.rule("R6.16")
def test_r19_13_an_array_field_without_a_marker() -> None:
    """The message lists the markers."""

    @struct
    class Holder:
        values: list[i4]

    text = refusal(Holder, rule="R19.13")
    assert all(word in text for word in ("FixedArray", "SafeArr", "NativePtr"))


@pytest.mark.rule("R5.11")
def test_r19_17_text_by_value_is_no_out() -> None:
    """`Out` and `InOut` on a str; `char **` is fine."""
    for annotation in (Out[LPStr], InOut[LPStr], Out[str]):
        assert "a str cannot be changed" in refusal(annotation, rule="R19.17")
    accepted(Ref[LPStr])
    accepted(i4, tuple[i4, Out[LPStr]])


@pytest.mark.rule("R5.18")
def test_r19_17_strbuf() -> None:
    """Not in a struct, not in an array, and not as a BSTR."""

    @struct
    class Holder:
        text: StrBuf

    assert "FixedText" in refusal(Holder, rule="R19.17")
    refusal(Array[StrBuf], rule="R19.17")
    refusal(Annotated[StrBuf, BStr], rule="R19.20")
    accepted(Annotated[StrBuf, size_is(16)])


@pytest.mark.rule("R1.6")
@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[int, LPWStr],
        Annotated[str, Bool],
        Annotated[bool, LPStr],
        Annotated[float, i4],
        Annotated[int, f8],
        Annotated[int, VBool],
        Annotated[float, Char16],
        Annotated[int, Guid],
        Annotated[str, Currency],
        Annotated[Point, LPStr],
        Annotated[int, BStr],
        Annotated[Thing, i4],
        Annotated[Color, f8],
    ],
)
def test_r19_20_markers_of_another_type(annotation: Any) -> None:
    """A marker and a type that do not go together."""
    assert "invalid combination" in refusal(annotation, rule="R19.20")


@pytest.mark.rule("R1.7")
def test_r19_20_directions_by_value() -> None:
    """Nothing comes back from what is passed by value."""
    for annotation in (Out[i4], InOut[f8], InOut[Point], Out[Color]):
        assert "by value" in refusal(annotation, rule="R19.20")


@pytest.mark.rule("R6.6")
def test_r19_29_counts() -> None:
    """A count that names nothing, and one that is no integer."""

    class Missing(Protocol):
        def f(self, v: Annotated[Array[i4], size_is("m")], n: u4) -> None: ...

    class Float(Protocol):
        def f(self, v: Annotated[Array[i4], size_is("n")], n: f8) -> None: ...

    class Default(Protocol):
        def f(self, v: Array[i4], n: u4 = callgate.count_of("w")) -> None: ...

    with pytest.raises(callgate.MarshalDirectiveError, match=r"size_is\('m'\) names no argument.*R19.29"):
        declare(Missing)
    with pytest.raises(callgate.MarshalDirectiveError, match=r"size_is\('n'\) must name an integer.*R19.29"):
        declare(Float)
    with pytest.raises(callgate.MarshalDirectiveError, match=r"count_of\('w'\) does not name an array"):
        declare(Default)


def test_r19_31_calling_conventions() -> None:
    """One or the other, and no third; both are accepted."""
    for convention in ("cdecl", "stdcall"):
        callgate.delegate(conv=convention)(lambda a: a)
    with pytest.raises(callgate.DeclarationError, match=r"R2\.9, R19\.31"):
        callgate.delegate(conv="cdecl,stdcall")(lambda a: a)


@pytest.mark.parametrize(
    "annotation",
    [
        dt.timedelta,
        complex,
        set,
        set[int],
        frozenset[int],
        dict[str, int],
        dict,
        Generator[int, None, None],
        Iterable[int],
    ],
)
def test_r19_43_types_without_a_native_form(annotation: Any) -> None:
    """Python types that have nothing in C to stand for; the message says what to write."""
    assert "write" in refusal(annotation, rule="R19.43")


@pytest.mark.parametrize(
    ("annotation", "place", "python"),
    [
        (Array[Array[i4]], "Refused.f, argument 1 'p'", "array of Sequence"),
        (object, "Refused.f, argument 1 'p'", "object, marker none"),
        (Annotated[int, LPWStr], "Refused.f, argument 1 'p'", "int, marker LPWStr"),
    ],
)
def test_r19_48_messages_say_where(annotation: Any, place: str, python: str) -> None:
    """Function, argument, type, marker, reason and rule."""

    class Refused(Protocol):
        def f(self, p: Any) -> None: ...

    Refused.f.__annotations__ = {"p": annotation, "return": None}
    with pytest.raises(callgate.MarshalDirectiveError, match=r"\(R\d") as caught:
        declare(Refused)

    assert str(caught.value).startswith(place)
    assert python.partition(" of ")[0] in str(caught.value)


def test_r19_48_what_is_missing() -> None:
    """A parameter or result without a type, and `int`, whose width nobody knows."""

    class Untyped(Protocol):
        def f(self, p) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    class Endless(Protocol):
        def f(self, p: i4): ...  # type: ignore[no-untyped-def]  # noqa: ANN202

    with pytest.raises(callgate.MarshalDirectiveError, match="argument 1 'p': it has no type"):
        declare(Untyped)
    with pytest.raises(callgate.MarshalDirectiveError, match="the result has no type; write '-> None'"):
        declare(Endless)
    assert "no width" in refusal(int, rule="R1.6")
    accepted(int_)
    accepted(decimal.Decimal)


def test_r19_48_forward_references() -> None:
    """A name that is defined nowhere is named; one that is defined later is found when the library is loaded."""

    @library("lib.so")
    class Later(Protocol):
        def f(self, p: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(callgate.DeclarationError, match=r"Later\.f names 'Nowhere', which is not defined"):
        callgate.load(Later)
