"""The encoding and the errors of a whole library's text, written onto each text that does not say its own (R5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from callgate_protocol.model import (
    Array,
    Attribute,
    CType,
    Delegate,
    Field,
    Function,
    Parameter,
    Pointer,
    Scalar,
    TypeLibrary,
)

__all__ = ["with_strict_members", "with_text_words"]

_UNITS: Final = frozenset({"char", "char16", "wchar"})


def with_text_words(library: TypeLibrary, words: Mapping[str, str]) -> TypeLibrary:
    """The library with `encoding` and `errors` on every `char` text; those that are empty say nothing."""
    given = {word: argument for word, argument in words.items() if argument}
    if not given:
        return library
    return library.replace(
        functions=tuple(_function(function, given) for function in library.functions),
        delegates=tuple(_function(delegate, given) for delegate in library.delegates),
        records=tuple(
            record.replace(fields=tuple(_entry(field, given) for field in record.fields)) for record in library.records
        ),
    )


def with_strict_members(library: TypeLibrary) -> TypeLibrary:
    """R5.17: of a strict library, text inside a struct that is too long is refused and not cut."""

    def strict(field: Field) -> Field:
        return _with(field, {"errors": "strict"}) if _inline_unit(field.type) in _UNITS else field

    return library.replace(
        records=tuple(record.replace(fields=tuple(map(strict, record.fields))) for record in library.records)
    )


def _inline_unit(ctype: CType) -> str:
    """The unit of an array in a struct, "" for whatever is none."""
    if not isinstance(ctype, Array):
        return ""
    while isinstance(ctype, Array):
        ctype = ctype.element
    return ctype.name if isinstance(ctype, Scalar) else ""


_Callable = TypeVar("_Callable", Function, Delegate)
_Entry = TypeVar("_Entry", Parameter, Field)


def _function(entry: _Callable, words: Mapping[str, str]) -> _Callable:
    return entry.replace(
        result=_entry(entry.result, words), parameters=tuple(_entry(parameter, words) for parameter in entry.parameters)
    )


def _entry(entry: _Entry, words: Mapping[str, str]) -> _Entry:
    return _with(entry, words) if _is_text(entry) else entry


def _with(entry: _Entry, words: Mapping[str, str]) -> _Entry:
    own = {attribute.name for attribute in entry.attributes}
    attributes = list(entry.attributes)
    attributes += [Attribute(word, argument) for word, argument in words.items() if word not in own]
    return entry.replace(attributes=tuple(sorted(attributes)))


def _is_text(entry: Parameter | Field) -> bool:
    """Whether it is `char` behind a pointer or in an array, and text rather than one byte or bytes."""
    names, depth, ctype = {attribute.name for attribute in entry.attributes}, 0, entry.type
    while isinstance(ctype, Pointer | Array):
        ctype = ctype.target if isinstance(ctype, Pointer) else ctype.element
        depth += 1
    if ctype != Scalar("char") or not depth or names & {"bytes", "character", "context", "offset"}:
        return False
    one_byte = depth == 1 and isinstance(entry, Parameter) and "out" in names and not names & {"string", "size_is"}
    return not one_byte
