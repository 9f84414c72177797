"""The types that are needed, out of all that a header brings in, and none that would be refused later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from callgate_protocol.marshal import DirectiveError, members_of, resolve
from callgate_protocol.model import (
    Array,
    CType,
    Delegate,
    EnumType,
    Function,
    FunctionPointer,
    Opaque,
    Pointer,
    Record,
    StructType,
    TypeLibrary,
)

__all__ = ["Refusals", "prune", "reached"]

Refusals: TypeAlias = dict[str, str]
"""Name of what cannot be declared → why."""
_Entry: TypeAlias = Function | Delegate | Record


def prune(
    library: TypeLibrary, typedefs: Mapping[str, CType], roots: Collection[str], refused: Refusals
) -> TypeLibrary:
    """The library without what cannot be marshalled, and without types that neither functions nor `roots` need."""
    library = _without(library, set(_refuse(library, refused)), refused)
    named = [name for ctype in typedefs.values() for name in _names(ctype)]
    wanted = reached(library, library.functions, [*named, *roots])
    return TypeLibrary(
        library.functions,
        tuple(record for record in library.records if record.name in wanted),
        tuple(enum for enum in library.enums if enum.name in wanted),
        tuple(delegate for delegate in library.delegates if delegate.name in wanted),
        tuple(opaque for opaque in library.opaques if opaque.name in wanted),
    )


def _refuse(library: TypeLibrary, refused: Refusals) -> Iterator[_Entry]:
    """Entries whose types and attributes do not go together."""
    callables: list[Function | Delegate] = [*library.functions, *library.delegates]
    for entry in callables:
        try:
            resolve(library, entry)
        except DirectiveError as error:
            refused.setdefault(entry.name, str(error))
            yield entry
    for record in library.records:
        try:
            members_of(library, record)
        except DirectiveError as error:
            refused.setdefault(record.name, str(error))
            yield record


def _without(library: TypeLibrary, gone: set[_Entry], refused: Refusals) -> TypeLibrary:
    """The library without these, and without what mentions them, until nothing does."""
    entries: list[_Entry] = [*library.functions, *library.delegates, *library.records]
    while True:
        names = {entry.name for entry in gone if not isinstance(entry, Function)}
        more = {entry for entry in entries if entry not in gone and names.intersection(_mentions(entry))}
        if not more:
            break
        for entry in more:
            refused.setdefault(entry.name, f"it needs {', '.join(sorted(names.intersection(_mentions(entry))))}")
        gone |= more
    if not gone:
        return library
    return TypeLibrary(
        tuple(each for each in library.functions if each not in gone),
        tuple(each for each in library.records if each not in gone),
        library.enums,
        tuple(each for each in library.delegates if each not in gone),
        library.opaques,
    )


def reached(library: TypeLibrary, functions: Iterable[Function], names: Iterable[str] = ()) -> set[str]:
    """Names of all types within reach of the functions, and of the `names` themselves."""
    described: dict[str, _Entry] = {each.name: each for each in library.records}
    described |= {each.name: each for each in library.delegates}
    waiting = [*names, *(name for function in functions for name in _mentions(function))]
    wanted: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += _mentions(described[name]) if name in described else ()
    return wanted


def _mentions(entry: _Entry) -> list[str]:
    if isinstance(entry, Record):
        types = [field.type for field in entry.fields]
    else:
        types = [entry.result.type, *(parameter.type for parameter in entry.parameters)]
    return [name for ctype in types for name in _names(ctype)]


def _names(ctype: CType) -> list[str]:
    while isinstance(ctype, Pointer | Array):
        ctype = ctype.target if isinstance(ctype, Pointer) else ctype.element
    if isinstance(ctype, StructType | EnumType | Opaque):
        return [ctype.name]
    return [ctype.delegate] if isinstance(ctype, FunctionPointer) else []
