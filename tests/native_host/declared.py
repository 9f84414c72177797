"""Type libraries written briefly: `function("sum: int", "v: int* [size_is(n)]", "n: int")`.

A type is a scalar of the model, `void`, or `struct:Point`, `opaque:Thing`, `enum:Color`, `call:Unary`; stars, array
lengths (`int[3]`, `int[]`) and a bit width (`uint :3`) follow, attributes stand in brackets at the end.
"""

from __future__ import annotations

import re
from typing import Any

from callgate_protocol.model import (
    Array,
    Attribute,
    CType,
    Delegate,
    Enum,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    Scalar,
    StructType,
    TypeLibrary,
    Void,
)

_PART = re.compile(
    r"(?P<name>\w*): *(?P<type>[\w:]+)(?P<stars>\**)(?P<array>(\[\d*\])*)( :(?P<bits>\d+))?( *\[(?P<words>.+)\])?"
)
_NAMED: dict[str, Any] = {"struct": StructType, "opaque": Opaque, "enum": EnumType, "call": FunctionPointer}


def _type(word: str) -> CType:
    if word == "void":
        return Void()
    kind, _, name = word.partition(":")
    found: CType = _NAMED[kind](name) if name else Scalar(word)
    return found


def _attributes(words: str | None) -> tuple[Attribute, ...]:
    found = re.findall(r"(\w+)(?:\(([^)]*)\))?", words or "")
    return tuple(sorted(Attribute(name, argument) for name, argument in found))


def _part(text: str) -> tuple[str, CType, tuple[Attribute, ...], int]:
    match = _PART.fullmatch(text)
    assert match, text
    ctype = _type(match["type"])
    for _ in match["stars"]:
        ctype = Pointer(ctype)
    for length in reversed(re.findall(r"\[(\d*)\]", match["array"])):
        ctype = Array(ctype, int(length or 0))
    return match["name"], ctype, _attributes(match["words"]), int(match["bits"] or 0)


def parameter(text: str) -> Parameter:
    return Parameter(*_part(text)[:3])


def _callable(kind: Any, head: str, parameters: tuple[str, ...], *, variadic: bool) -> Any:
    name, result, attributes, _ = _part(head)
    return kind(name, Parameter("", result, attributes), tuple(map(parameter, parameters)), variadic)


def function(head: str, *parameters: str, variadic: bool = False) -> Function:
    found: Function = _callable(Function, head, parameters, variadic=variadic)
    return found


def delegate(head: str, *parameters: str) -> Delegate:
    found: Delegate = _callable(Delegate, head, parameters, variadic=False)
    return found


def record(name: str, *fields: str, union: bool = False, pack: int = 0) -> Record:
    return Record(name, tuple(Field(*_part(field)) for field in fields), union, pack)


def enum(name: str, base: str = "int", **members: int) -> Enum:
    return Enum(name, tuple(members.items()), base)


def library(*entries: Function | Delegate | Record | Enum | str) -> TypeLibrary:
    """A type library of everything given, sorted as it must be; a str is an opaque type."""

    def group(kind: type[Any]) -> tuple[Any, ...]:
        return tuple(sorted((each for each in entries if isinstance(each, kind)), key=lambda each: each.name))

    opaques = tuple(sorted((OpaqueType(each) for each in entries if isinstance(each, str)), key=lambda each: each.name))
    return TypeLibrary(group(Function), group(Record), group(Enum), group(Delegate), opaques)
