"""The variable part of a call (`...`): Python's types choose C's, after C's own promotions.

An int is an `int`, a float a `double`, text a `char *`, handles and memory are pointers; `callgate.arg(value, "long")`
chooses otherwise.
"""

from __future__ import annotations

from typing import Any

from callgate_protocol.forms import Address, Floating, Integer, Text
from callgate_protocol.model import FLOATS, INTEGERS

from .convert import CallContext, Mismatch, TypeSpace
from .errors import ArgumentError, OutOfRange
from .values import Argument, Constant

__all__ = ["encode_extra"]

_SPELLINGS = {spelling: name for name, spelling in (INTEGERS | FLOATS).items()}
_PROMOTED = {"float": "double", "bool": "int"} | dict.fromkeys(
    ("char", "schar", "uchar", "short", "ushort", "i1", "u1", "i2", "u2", "char16"), "int"
)
_POINTERS = frozenset({"char *", "const char *", "void *", "const void *"})


def encode_extra(value: Any, types: TypeSpace, context: CallContext) -> list[Any]:
    """`[tag, wire value]` for one argument after the named ones."""
    if isinstance(value, Argument):
        return _explicit(value, types, context)
    if isinstance(value, bool | int):
        return _integer(value, types, context)
    if isinstance(value, float):
        return ["double", value]
    if isinstance(value, str | bytes):
        return ["text", types.encoder(Text())(value, context)]
    if value is None or isinstance(value, Constant) or not hasattr(value, "__float__"):
        return ["address", types.encoder(Address())(value, context)]
    return ["double", float(value)]


def _integer(value: int, types: TypeSpace, context: CallContext) -> list[Any]:
    try:
        return ["int", types.encoder(Integer("int"))(int(value), context)]
    except Mismatch as fault:
        hint = f'{fault.text}; say which type is meant, e.g. callgate.arg({value}, "long long")'
        raise Mismatch(OutOfRange, hint) from None


def _explicit(argument: Argument, types: TypeSpace, context: CallContext) -> list[Any]:
    spelling = " ".join(argument.ctype.split()).replace("char*", "char *").replace("void*", "void *")
    if spelling in _POINTERS:
        form = Text() if "char" in spelling else Address()
        return ["text" if isinstance(form, Text) else "address", types.encoder(form)(argument.value, context)]
    name = _SPELLINGS.get(spelling, spelling if spelling in INTEGERS or spelling in FLOATS else "")
    if not name:
        raise Mismatch(ArgumentError, f"{argument.ctype!r} is no C type that can follow '...'")
    name = _PROMOTED.get(name, name)
    return [name, types.encoder(Floating(name) if name in FLOATS else Integer(name))(argument.value, context)]
