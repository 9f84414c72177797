"""Where a declaration says something else than the header, and both cannot be true (R4.6, R7.14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from callgate.declare.words import BIT_WIDTHS
from callgate_protocol.model import (
    FLOATS,
    Array,
    CType,
    EnumType,
    Function,
    FunctionPointer,
    Opaque,
    Pointer,
    Record,
    Scalar,
    StructType,
    Void,
    c_name,
)

__all__ = ["contradictions", "record_contradictions"]

_UNITS: Final = {"char": 1, "schar": 1, "uchar": 1, "i1": 1, "u1": 1, "char16": 2, "wchar": 4, "char32": 4}
"""Bytes of a unit of text. `wchar_t` has four here, whatever Windows headers take it for."""


def contradictions(functions: Iterable[Function], header: Iterable[Function]) -> Iterator[str]:
    """A sentence for every place where a function and the header's function of the same name cannot both be right.

    A declaration may know more than the header, and call a pointer `void *` or the header's `void *` something else.
    """
    theirs = {function.name: function for function in header}
    for mine in functions:
        other = theirs.get(mine.name)
        if other is not None:
            yield from _compare(mine, other)


def _compare(mine: Function, other: Function) -> Iterator[str]:
    if len(mine.parameters) != len(other.parameters) or mine.variadic != other.variadic:
        counts = [f"{len(each.parameters)}{' and more' * each.variadic}" for each in (mine, other)]
        yield f"{mine.name} takes {counts[0]} parameters here and {counts[1]} in the header: {other.prototype}"
        return
    places = [("the result", mine.result.type, other.result.type)]
    places += [
        (f"parameter {number} {one.name!r}", one.type, two.type)
        for number, (one, two) in enumerate(zip(mine.parameters, other.parameters, strict=True), 1)
    ]
    for place, one, two in places:
        why = _differ(one, two)
        if why:
            yield f"{place} of {mine.name} is {c_name(one)} here and {c_name(two)} in the header: {why}"


def record_contradictions(mine: Record, other: Record) -> Iterator[str]:
    """As `contradictions`, for a struct and the header's struct of the same name."""
    if (mine.union, mine.pack) != (other.union, other.pack) or len(mine.fields) != len(other.fields):
        shapes = [
            f"a {'union' if each.union else 'struct'} of {len(each.fields)} members"
            f"{f' packed to {each.pack}' if each.pack else ''}"
            for each in (mine, other)
        ]
        yield f"{mine.name} is {shapes[0]} here and {shapes[1]} in the header"
        return
    for one, two in zip(mine.fields, other.fields, strict=True):
        why = _members_differ(one.type, two.type) or ("" if one.bits == two.bits else "they have different widths")
        if why or one.name != two.name:
            spelled = [f"{c_name(each.type)} {each.name}" for each in (one, two)]
            yield f"{mine.name} has {spelled[0]} here and {spelled[1]} in the header: {why or 'their names differ'}"


def _members_differ(one: CType, two: CType) -> str:
    while isinstance(one, Array) and isinstance(two, Array):
        if one.length != two.length:
            return "their lengths differ"
        one, two = one.element, two.element
    if isinstance(one, StructType) and isinstance(two, StructType):
        return "" if one.name == two.name else "they are different structs"
    return _differ(one, two)


def _differ(one: CType, two: CType) -> str:
    """Why two types cannot both be right; "" when they can."""
    pointers = [isinstance(each, Pointer | FunctionPointer) for each in (one, two)]
    if pointers[0] != pointers[1]:
        return "one is a pointer, the other is not"
    if isinstance(one, Pointer) and isinstance(two, Pointer):
        return _targets(one, two)
    if pointers[0] and type(one) is not type(two):
        data = one if isinstance(one, Pointer) else two
        return "" if data in (Pointer(Void()), Pointer(Void(), True)) else "one points to code, the other to data"
    return "" if _class(one) == _class(two) else "they are passed in different ways"


def _targets(one: Pointer, two: Pointer) -> str:
    first, second = one.target, two.target
    if isinstance(first, Void) or isinstance(second, Void):
        return ""
    if isinstance(first, Pointer) != isinstance(second, Pointer):
        return "a star is missing on one side (R7.14)"
    if isinstance(first, Pointer) and isinstance(second, Pointer):
        return _targets(first, second)
    if isinstance(first, Scalar) and isinstance(second, Scalar) and _class(first) != _class(second):
        sizes = [_UNITS.get(each.name, 0) for each in (first, second)]
        if all(sizes):
            return f"their units have {sizes[0]} and {sizes[1]} bytes (R4.6)"
        return "their values have different sizes or kinds"
    return ""


def _class(ctype: CType) -> tuple[str, object]:
    """What decides how a value is passed."""
    match ctype:
        case Scalar(name) if name in FLOATS:
            return "floating", name
        case Scalar(name):
            return "integer", BIT_WIDTHS.get(name, name) if name != "bool" else 8
        case EnumType():
            return "integer", 32
        case StructType() | Opaque():
            return "struct", None
    return type(ctype).__name__, None
