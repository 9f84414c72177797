"""The same declarations and assignments in `ctypes` and in `callgate.ctypes` give the same bytes and the same values.

The types are made up by hypothesis; half of the objects move to the host in the middle of it.
"""

from __future__ import annotations

import ctypes as std
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callgate import ctypes as face

INTEGERS = {
    name: 8 * std.sizeof(getattr(std, name))
    for name in ("c_byte", "c_ubyte", "c_short", "c_ushort", "c_int", "c_uint", "c_longlong", "c_ulonglong")
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.integers(-(1 << 70), 1 << 70) for name in INTEGERS},
    "c_float": st.floats(width=32),
    "c_double": st.floats(),
    "c_longdouble": st.floats(),
    "c_bool": st.booleans(),
    "c_char": st.binary(min_size=1, max_size=1),
    "c_wchar": st.characters(min_codepoint=1, exclude_categories=["Cs"]),
}
"""Numbers that do not fit are cut, by both alike."""
TEXTS: dict[Any, Any] = {
    "c_char": st.binary,
    "c_wchar": lambda max_size: st.text(st.characters(exclude_categories=["Cs"]), max_size=max_size),
}
"""What arrays of characters inside structs are given."""

Shape = Any
"""A name of a simple type, `("array", shape, n)`, or `("record", word, pack, ((name, shape, bits), …))`."""


@st.composite
def records(draw: Any, inner: st.SearchStrategy[Shape]) -> Shape:
    members = []
    for number in range(draw(st.integers(1, 5))):
        bits = 0
        shape = draw(inner)
        if shape in INTEGERS and draw(st.booleans()):
            bits = draw(st.integers(1, INTEGERS[shape]))
        members.append((f"m{number}", shape, bits))
    word = draw(st.sampled_from(["Structure", "Structure", "Union"]))
    return "record", word, draw(st.sampled_from([0, 0, 1, 2, 4])), tuple(members)


SHAPES: st.SearchStrategy[Shape] = st.recursive(
    st.sampled_from(sorted(VALUES.keys() - {"c_longdouble"})),  # whose padding is whatever was on the stack
    lambda inner: st.one_of(st.tuples(st.just("array"), inner, st.integers(1, 4)), records(inner)),
    max_leaves=8,
)


def made(module: Any, shape: Shape) -> Any:
    """The type in one of the two."""
    if isinstance(shape, str):
        return getattr(module, shape)
    if shape[0] == "array":
        return made(module, shape[1]) * shape[2]
    _, word, pack, members = shape
    fields = [(name, made(module, inner), *([bits] if bits else [])) for name, inner, bits in members]
    body = {"_fields_": fields} | ({"_pack_": pack} if pack else {})
    base = getattr(module, word)
    return type(base)("Made", (base,), body)


def assign(draw: Any, shape: Shape, one: Any, other: Any) -> None:
    """Give every scalar inside both the same value."""
    if shape[0] == "array":
        for index in range(shape[2]):
            if isinstance(shape[1], str):
                one[index] = other[index] = draw(VALUES[shape[1]])
            else:
                assign(draw, shape[1], one[index], other[index])
        return
    for name, inner, bits in shape[3]:
        if isinstance(inner, str) or inner[1] in TEXTS:
            value = draw(VALUES[inner] if isinstance(inner, str) else TEXTS[inner[1]](max_size=inner[2]))
            setattr(one, name, value)
            setattr(other, name, value)
        else:
            assert not bits
            assign(draw, inner, getattr(one, name), getattr(other, name))


def read(look: Callable[[Any, Any], Any], value: Any, key: Any) -> Any:
    """What is there; in a union it may be no character."""
    try:
        return plain(look(value, key))
    except ValueError:
        return "no character"


def plain(value: Any) -> Any:
    """All values inside an object; not-a-number as text, so that it equals itself."""
    if hasattr(type(value), "_fields_"):
        return [read(getattr, value, field[0]) for field in type(value)._fields_]
    if hasattr(type(value), "_length_"):
        return [read(operator.getitem, value, index) for index in range(len(value))]
    return str(value) if isinstance(value, float) else value


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(shape=SHAPES.filter(lambda shape: not isinstance(shape, str)), data=st.data())
def test_same_bytes_and_values(shape: Shape, data: st.DataObject) -> None:
    """Layout, cutting, bit-fields, padding; before and after the object has moved to the host."""
    theirs = made(std, shape)
    try:
        ours = made(face, shape)
    except face.NotAcrossProcesses:  # Python 3.11 puts some bit-fields before or behind the memory that they belong to
        return
    assert (face.sizeof(ours), face.alignment(ours)) == (std.sizeof(theirs), std.alignment(theirs))
    one, other = theirs(), ours()
    if data.draw(st.booleans()):
        face.addressof(other)

    assign(data.draw, shape, one, other)

    assert bytes(other) == bytes(one)
    assert plain(other) == plain(one)
    face.addressof(other)
    assert (bytes(other), plain(other)) == (bytes(one), plain(one))
    copy = ours.from_buffer_copy(bytes(one))
    assert plain(copy) == plain(one)
    if shape[0] == "record":
        for field in theirs._fields_:
            there, here = getattr(theirs, field[0]), getattr(ours, field[0])
            assert (here.offset, here.size) == (there.offset, there.size)


@pytest.mark.parametrize("name", sorted(VALUES))
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_same_refusals(name: str, data: st.DataObject) -> None:
    """What one takes or refuses, the other does, for values of every kind."""
    value = data.draw(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=2), st.binary(max_size=2))
    )

    def outcome(module: Any) -> Any:
        try:
            return str(getattr(module, name)(value).value)
        except (TypeError, ValueError, OverflowError) as error:
            return type(error), str(error)

    assert outcome(face) == outcome(std)


def test_bit_fields_that_lie_before_their_memory_are_refused() -> None:
    """The standard library gives the second one of these a negative offset in some versions, and writes there."""
    shape = ("record", "Union", 0, (("x", "c_byte", 1), ("y", "c_byte", 5)))
    if made(std, shape).y.offset >= 0:
        pytest.skip("this Python lays them out within their memory")

    with pytest.raises(face.NotAcrossProcesses, match=r"the bit-field Made\.y .*outside of its memory"):
        made(face, shape)
