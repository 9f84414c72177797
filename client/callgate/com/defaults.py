"""Arguments that may be left out: `[defaultvalue(5)]`, `[optional]` and `[lcid]` of IDL, defaults of Python (R1.20)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from callgate.variant import Missing
from callgate_protocol.model import (
    FLOATS,
    INTEGERS,
    TRUTHS,
    CType,
    EnumType,
    Function,
    InterfaceType,
    Parameter,
    Pointer,
    Scalar,
    SystemType,
    TypeLibrary,
)

__all__ = ["defaults_of", "word_of"]

_NAMES: Final[dict[str, Any]] = {
    "TRUE": True,
    "VARIANT_TRUE": True,
    "FALSE": False,
    "VARIANT_FALSE": False,
    "NULL": None,
}
_NEUTRAL: Final = 0
"""The locale that is no country's."""


def defaults_of(library: TypeLibrary, method: Function) -> Mapping[str, Any]:
    """What stands for the arguments of a method that its caller leaves out, by parameter."""
    return {name: value for parameter in method.parameters for name, value in _default(library, parameter)}


def _default(library: TypeLibrary, parameter: Parameter) -> Iterator[tuple[str, Any]]:
    written = parameter.attribute("defaultvalue")
    if written is not None:
        yield parameter.name, _value(library, written.argument, parameter.type)
    elif parameter.has("lcid"):
        yield parameter.name, _NEUTRAL
    elif parameter.has("optional"):
        with suppress(KeyError):
            yield parameter.name, _ABSENT[_kind(parameter.type)]


_ABSENT: Final = {"variant": Missing, "object": None, "text": None, "number": 0}


def _kind(ctype: CType) -> str:
    match ctype:
        case SystemType("VARIANT"):
            return "variant"
        case SystemType("BSTR"):
            return "text"
        case Pointer(InterfaceType()):
            return "object"
        case Scalar(name) if name in INTEGERS or name in FLOATS or name in TRUTHS:
            return "number"
        case _:
            return ""


def _value(library: TypeLibrary, text: str, ctype: CType) -> Any:
    """A literal of IDL, a constant of the parameter's enum, or one of the names that everybody knows."""
    text = text.strip()
    if isinstance(ctype, EnumType):
        members = dict(library.enum(ctype.name).members)
        if text in members:
            return members[text]
    if text in _NAMES:
        return _NAMES[text]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    is_truth = isinstance(ctype, Scalar) and (ctype.name in TRUTHS or ctype.name == "bool")
    return bool(value) if is_truth else value


def word_of(value: object) -> str:
    """A default of Python's as IDL writes it; "" for what has no spelling there."""
    if value is True or value is False:
        return str(value).upper()
    if type(value) in (int, float):
        return str(value)
    if type(value) is str and value.isprintable() and not {'"', "\\"} & set(value):
        return f'"{value}"'
    return ""
