"""Structs that stay opaque after all: what mentions them is changed, or left out."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from callgate_protocol.model import (
    Array,
    CType,
    Delegate,
    Field,
    Function,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    StructType,
    TypeLibrary,
)

__all__ = ["demote"]

_Callable = TypeVar("_Callable", Function, Delegate)
_KEPT = frozenset({"unique", "closes"})


def demote(library: TypeLibrary, names: Collection[str]) -> tuple[TypeLibrary, dict[str, str]]:
    """The library with these structs as opaque types, and what cannot be declared then, with the reason."""
    opaque = set(names)
    while more := {record.name for record in library.records if _holds(record, opaque)} - opaque:
        opaque |= more
    gone: dict[str, str] = dict.fromkeys(opaque, "a member of it cannot be written; it is a handle here")
    functions = [function for function in library.functions if not _by_value(function, opaque)]
    gone |= {
        function.name: "it passes a struct by value that cannot be written"
        for function in library.functions
        if _by_value(function, opaque)
    }
    opaques = [*library.opaques, *(OpaqueType(name) for name in opaque)]
    changed = TypeLibrary(
        tuple(_callable(function, opaque) for function in functions),
        tuple(_record(record, opaque) for record in library.records if record.name not in opaque),
        library.enums,
        tuple(_callable(delegate, opaque) for delegate in library.delegates),
        tuple(sorted(opaques, key=lambda each: each.name)),
    )
    return changed, gone


def _holds(record: Record, opaque: Collection[str]) -> bool:
    return any(_value_of(field.type) in opaque for field in record.fields)


def _by_value(function: Function, opaque: Collection[str]) -> bool:
    return any(_value_of(each.type) in opaque for each in (function.result, *function.parameters))


def _value_of(ctype: CType) -> str:
    while isinstance(ctype, Array):
        ctype = ctype.element
    return ctype.name if isinstance(ctype, StructType) else ""


def _record(record: Record, opaque: Collection[str]) -> Record:
    return record.replace(fields=tuple(_field(field, opaque) for field in record.fields))


def _field(field: Field, opaque: Collection[str]) -> Field:
    return field.replace(type=_type(field.type, opaque))


def _callable(entry: _Callable, opaque: Collection[str]) -> _Callable:
    return entry.replace(
        result=_parameter(entry.result, opaque),
        parameters=tuple(_parameter(each, opaque) for each in entry.parameters),
    )


def _parameter(parameter: Parameter, opaque: Collection[str]) -> Parameter:
    changed = _type(parameter.type, opaque)
    if changed == parameter.type:
        return parameter
    handle = isinstance(changed, Pointer) and isinstance(changed.target, Opaque)
    attributes = tuple(each for each in parameter.attributes if not handle or each.name in _KEPT)
    return Parameter(parameter.name, changed, attributes)


def _type(ctype: CType, opaque: Collection[str]) -> CType:
    if isinstance(ctype, Pointer):
        return Pointer(_type(ctype.target, opaque), ctype.const)
    if isinstance(ctype, Array):
        return Array(_type(ctype.element, opaque), ctype.length)
    return Opaque(ctype.name) if isinstance(ctype, StructType) and ctype.name in opaque else ctype
