"""What a whole library is declared under: its charset, and stricter or looser readings of its declarations.

The modes are read here and are gone from the model: `strict` and `raw` refuse, `raw` and `compat_pin` change types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callgate.declare.encodings import with_strict_members, with_text_words
from callgate.declare.python import Face, PythonSide
from callgate.errors import DeclarationError, MarshalDirectiveError
from callgate_protocol.model import (
    FLOATS,
    INTEGERS,
    Array,
    Attribute,
    CType,
    Field,
    Function,
    FunctionPointer,
    Opaque,
    Parameter,
    Pointer,
    Record,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
)
from callgate_protocol.value import Value

__all__ = ["CLASSIC", "Modes", "apply_modes"]

_CHARSETS: Final = ("", "ansi", "unicode", "auto")
_TEXT: Final = frozenset({"char", "char16", "wchar"})
_RAW_WORDS: Final = frozenset({"context", "keep", "unique", "closes", "character"})
"""Attributes that ask for no conversion: the others are refused in a raw library."""


class Modes(Value):
    """`charset` is what `str` and `Char` mean where nothing else is said (R5.1)."""

    charset: str = ""
    strict: bool = False
    raw: bool = False
    compat_pin: bool = False
    encoding: str = ""
    """What `char` text is encoded in where nothing else is said; UTF-8 when it is empty (R5.5)."""
    errors: str = ""

    def __post_init__(self) -> None:
        if self.charset not in _CHARSETS:
            known = ", ".join(map(repr, _CHARSETS[1:]))
            raise DeclarationError(f"a charset is one of {known}, not {self.charset!r} (R5.1)")


CLASSIC = Modes()


def apply_modes(library: TypeLibrary, python: PythonSide, modes: Modes, label: str) -> tuple[TypeLibrary, PythonSide]:
    """The library as it is under its modes. Raises MarshalDirectiveError for what they do not allow."""
    if modes.strict:
        _check(library, label, _strict)
        library = with_strict_members(library)
    if modes.raw:
        _check(library, label, _raw)
        library = _raw_library(library)
    library = with_text_words(library, {"encoding": modes.encoding.replace("-", "_"), "errors": modes.errors})
    return _pinned(library, python) if modes.compat_pin else (library, python)


def _check(library: TypeLibrary, label: str, refusal: Callable[[Function, Parameter], str]) -> None:
    for function in library.functions:
        for number, parameter in enumerate((function.result, *function.parameters)):
            where = f"argument {number} '{parameter.name}'" if number else "the result"
            if reason := refusal(function, parameter):
                raise MarshalDirectiveError(f"{label}.{function.name}, {where}: {reason}")


# -- R1.25: nothing is left to defaults --------------------------------------------------------------------------------


def _strict(function: Function, parameter: Parameter) -> str:
    if function.variadic:
        return "strict: variable arguments are converted by guessing; declare each call (R1.25, R19.31)"
    inner = parameter.type.target if isinstance(parameter.type, Pointer) else parameter.type
    if isinstance(inner, SafeArray) or (isinstance(inner, Pointer) and isinstance(inner.target, SafeArray)):
        return "strict: SAFEARRAY is not used (R1.25, R19.18)"
    if isinstance(inner, Array):
        return "strict: arrays of more than one dimension are not used (R1.25, R19.18)"
    return ""


# -- R1.24: only what has the same bits on both sides ------------------------------------------------------------------


def _raw(function: Function, parameter: Parameter) -> str:
    if function.variadic:
        return "raw: variable arguments are not passed (R1.24, R19.31)"
    for attribute in parameter.attributes:
        if attribute.name not in _RAW_WORDS:
            return f"raw: [{attribute}] asks for a conversion; pass a pointer to memory of the host (R1.24, R19.45)"
    ctype = parameter.type
    if isinstance(ctype, FunctionPointer):
        return "raw: delegates are not passed; pass a pointer that callgate.callback made (R1.24, R19.45)"
    if isinstance(ctype, SystemType) or (isinstance(ctype, Scalar) and ctype.name in ("BOOL", "VARIANT_BOOL")):
        return "raw: only numbers, characters, pointers and structs of them are passed (R1.24, R19.45)"
    if isinstance(ctype, Pointer) and isinstance(ctype.target, Scalar) and ctype.target.name in _TEXT:
        return "raw: text is not converted; write void * (R1.24, R19.45)"
    return ""


def _raw_library(library: TypeLibrary) -> TypeLibrary:
    """Truth values keep their bits (R3.6), and pointers are addresses."""
    return library.replace(
        functions=tuple(
            function.replace(
                result=_raw_parameter(function.result),
                parameters=tuple(_raw_parameter(parameter) for parameter in function.parameters),
            )
            for function in library.functions
        ),
        records=tuple(
            record.replace(fields=tuple(_raw_field(field) for field in record.fields)) for record in library.records
        ),
    )


def _raw_parameter(parameter: Parameter) -> Parameter:
    return parameter.replace(type=_raw_type(parameter.type))


def _raw_field(field: Field) -> Field:
    return field.replace(type=_raw_type(field.type))


def _raw_type(ctype: CType) -> CType:
    match ctype:
        case Scalar("bool"):
            return Scalar("u1")
        case Pointer(Opaque() | Void()):
            return ctype
        case Pointer(_, const):
            return Pointer(Void(), const)
        case Array(element, length):
            return Array(_raw_type(element), length)
        case _:
            return ctype


# -- R1.10: as if memory were pinned -----------------------------------------------------------------------------------


def _pinned(library: TypeLibrary, python: PythonSide) -> tuple[TypeLibrary, PythonSide]:
    """Plain arrays and layout classes of blittable members are changed in place, though nobody said [in, out]."""
    records = {record.name: record for record in library.records}
    faces = dict(python.faces)
    functions = []
    for function in library.functions:
        parameters = tuple(_pinned_parameter(parameter, records, python) for parameter in function.parameters)
        filled = [
            after.name
            for before, after in zip(function.parameters, parameters, strict=True)
            if before != after and isinstance(after.type, Pointer) and isinstance(after.type.target, StructType)
            if not after.has("size_is")
        ]
        if filled:
            face = faces.get(function.name, Face())
            faces[function.name] = face.replace(filled=face.filled | frozenset(filled))
        functions.append(function.replace(parameters=parameters))
    return library.replace(functions=tuple(functions)), python.replace(faces=faces)


def _pinned_parameter(parameter: Parameter, records: dict[str, Record], python: PythonSide) -> Parameter:
    ctype = parameter.type
    if not isinstance(ctype, Pointer) or ctype.const or parameter.has("in") or parameter.has("out"):
        return parameter
    counted = parameter.has("size_is") and _is_blittable(ctype.target, records)
    if not (counted or _is_class(ctype.target, records, python)):
        return parameter
    both = (Attribute("in"), Attribute("out"))
    return parameter.replace(attributes=tuple(sorted((*parameter.attributes, *both))))


def _is_class(ctype: CType, records: dict[str, Record], python: PythonSide) -> bool:
    if not isinstance(ctype, StructType) or not _is_blittable(ctype, records):
        return False
    layout = getattr(python.structs.get(ctype.name), "__callgate_layout__", None)
    return layout is not None and layout.reference


def _is_blittable(ctype: CType, records: dict[str, Record]) -> bool:
    """R2.3: the same bits on both sides."""
    match ctype:
        case Scalar(name):
            return name in INTEGERS or name in FLOATS
        case StructType(name):
            return name in records and all(_is_blittable(field.type, records) for field in records[name].fields)
        case Array(element):
            return _is_blittable(element, records)
        case _:
            return False
