"""Annotations to the model, one value at a time: numbers, characters, text, structs, handles, function pointers.

What stands around a value (`Ref`, `Array`, `Ptr`) is in `levels`; what a parameter makes of it in `callables`.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import inspect
import uuid
from collections.abc import Callable
from typing import Any, Final, TypeVar, get_args, get_origin

from callgate.declare.attributes import ATTRIBUTES
from callgate.memory import Handle, NativePtr
from callgate.values import StrBuf
from callgate_protocol.model import (
    CType,
    Delegate,
    EnumType,
    FunctionPointer,
    Opaque,
    Pointer,
    Scalar,
    StructType,
    SystemType,
    Void,
)

from . import levels
from .com_values import com_default, delegate_words, interface_pointer, refuse_for_com
from .custom import Custom, lower_custom
from .delegates import Callback, callback_of
from .marks import AsAttribute, Borrow, Constness, Fixed, Native, Target
from .reading import Note, read
from .space import Lowered, Space
from .structs import layout_of
from .where import Where

__all__ = ["lower", "text_of"]


def lower(space: Space, note: Note, where: Where) -> Lowered:
    """See `Space.lower`."""
    lowered = _lower(space, note, where)
    written = {mark.name: mark.argument for mark in note.every(AsAttribute)}
    if where.com:
        written = delegate_words(note, where, written)
    for name in written:
        if name not in ATTRIBUTES and not (where.com and name == "function"):
            reason, rules = _NOT_HERE.get(name, (f"there is no attribute {name!r}", "R1.6"))
            raise where.refusal(note, reason, rules)
    return Lowered(lowered.type, {**lowered.attributes, **written})


_NOT_HERE: Final = {
    "interface": ("a delegate is a function pointer here; an interface pointer belongs to COM", "R9.1, R19.27"),
    "function": ("a delegate is a function pointer here, without a word", "R9.1"),
}
"""Words of the rule book that have their place elsewhere."""


def _lower(space: Space, note: Note, where: Where) -> Lowered:
    if note.find(Custom) is not None:
        return lower_custom(note, where)
    if note.alternatives:
        raise where.refusal(note, "several types have no one native form; write the one that C has", "R1.6, R19.20")
    if note.find(Fixed) is not None:
        return levels.fixed(space, note, where)
    if note.shape:
        return levels.LEVELS[note.shape](space, note, where)
    native = note.find(Native)
    if where.com:
        refuse_for_com(note, where)
    if native is not None:
        return _native(space, native, note, where)
    if where.com and (found := com_default(note)) is not None:
        return found
    return _plain(space, note, where)


def _bare(ctype: CType) -> Lowered:
    return Lowered(ctype, {})


# -- marked types ------------------------------------------------------------------------------------------------------


def _native(space: Space, native: Native, note: Note, where: Where) -> Lowered:
    python = note.python
    if isinstance(python, TypeVar) and len(note.marks) > 1:
        raise where.refusal(note, "a type is missing beside the markers", "R1.6")
    if python is not Any and python not in native.python and object not in native.python:
        return _override(space, native, note, where)
    if where.modes.raw and bool in native.python:
        return _bare(Scalar("u1"))
    return _KINDS[native.kind](native, note, where)


def _override(space: Space, native: Native, note: Note, where: Where) -> Lowered:
    """A marker of another type: some go together (R3, R4.3), the others are refused."""
    python = note.python
    if native.c in _CHARACTER_UNITS and python is str:
        return Lowered(Scalar(native.c), {"character": ""})
    if native.c in _TRUTHS and python is bool:
        return _bare(Scalar(_TRUTHS[native.c]))
    if native.kind == "scalar" and int in native.python and _is_enum(python):
        return _bare(EnumType(space.enumeration(python, native.c)))
    allowed = " or ".join(each.__name__ for each in native.python)
    raise where.refusal(
        note,
        f"invalid combination: the marker {native.name} stands on {allowed}, not on {_spoken(python)}",
        "R1.6, R19.20",
    )


_CHARACTER_UNITS: Final = frozenset({"i1", "u1", "i2", "u2", "char", "schar", "uchar", "char16"})
_TRUTHS: Final = {"u1": "bool", "i1": "bool", "i2": "VARIANT_BOOL", "i4": "BOOL", "int": "BOOL"}


def _scalar(native: Native, _note: Note, _where: Where) -> Lowered:
    return _bare(Scalar(native.c))


def _character(native: Native, note: Note, where: Where) -> Lowered:
    if not native.c and where.modes.strict:
        raise where.refusal(note, "strict: a character needs Char8 or Char16", "R1.25")
    return Lowered(Scalar(native.c or where.unit), {"character": ""})


def _text(native: Native, note: Note, where: Where) -> Lowered:
    return text_of(Scalar(native.c), note, where)


def text_of(unit: Scalar, note: Note, where: Where) -> Lowered:
    """A pointer to terminated text; a result or out is freed, unless it is borrowed (R5.9, R5.10)."""
    if where.modes.raw:
        raise where.refusal(note, "raw: text is not converted; write NativePtr", "R1.24, R19.45")
    borrowed = note.find(Borrow) is not None
    owned = where.kind in ("result", "out") and not borrowed
    const = _const(note, default=where.kind == "parameter" or (where.kind in ("result", "out") and borrowed))
    return Lowered(Pointer(unit, const), {"free": "free"} if owned else {})


def _edited(native: Native, note: Note, where: Where) -> Lowered:
    if where.kind != "parameter":
        raise where.refusal(note, f"{native.name} is for parameters", "R5.20")
    return Lowered(Pointer(Scalar(native.c or where.unit)), {"in": "", "out": "", "string": ""})


def _system(native: Native, note: Note, where: Where) -> Lowered:
    if where.modes.raw:
        raise where.refusal(note, "raw: only numbers, pointers and structs of them are passed", "R1.24")
    return _bare(SystemType(native.c))


def _context(_native: Native, _note: Note, _where: Where) -> Lowered:
    return _bare(Pointer(Void()))


_KINDS: Final[dict[str, Callable[[Native, Note, Where], Lowered]]] = {
    "scalar": _scalar,
    "character": _character,
    "text": _text,
    "edited": _edited,
    "system": _system,
    "context": _context,
}


def _const(note: Note, *, default: bool) -> bool:
    mark = note.find(Constness)
    return default if mark is None else bool(mark.const)


# -- plain Python types ------------------------------------------------------------------------------------------------


def _plain(space: Space, note: Note, where: Where) -> Lowered:
    python = note.python
    found = _TYPES.get(python) if isinstance(python, type) else None
    if found is not None:
        return found(space, note, where)
    if python in (Any, object) and where.kind == "safe element":
        return _bare(SystemType("VARIANT"))
    if python in _REFUSED:
        reason, rules = _REFUSED[python]
        raise where.refusal(note, reason, rules)
    if isinstance(python, TypeVar):
        raise where.refusal(note, "an open type variable has no native form; write the type", "R19.1")
    callback = callback_of(python) or note.find(Callback)
    if callback is not None:
        return _delegate(space, callback, note, where)
    if get_origin(python) is Callable:
        return _inline(space, note, where)
    if get_origin(python) is not None:
        return _generic(note, where)
    return _class(space, note, where)


def _generic(note: Note, where: Where) -> Lowered:
    origin = get_origin(note.python)
    reason, rules = _REFUSED.get(origin, ("generic types cannot be marshalled; write a class of its own", "R19.1"))
    raise where.refusal(note, reason, rules)


def _class(space: Space, note: Note, where: Where) -> Lowered:
    python = note.python
    if (pointer := interface_pointer(space, note, where)) is not None:
        return pointer
    if isinstance(python, type):
        if _is_enum(python):
            return _bare(EnumType(space.enumeration(python, "")))
        if issubclass(python, Handle):
            return _handle(space, note, where)
        if layout_of(python) is not None:
            return _struct(space, note, where)
        if getattr(python, "__parameters__", ()):
            raise where.refusal(note, "generic types cannot be marshalled; write a class of its own", "R19.1")
    raise where.refusal(
        note,
        f"{_spoken(python)} has no layout in C; decorate it with @callgate.struct, or name a type that has one",
        "R7.2, R19.11",
    )


def _is_enum(python: Any) -> bool:
    return isinstance(python, type) and issubclass(python, enum.IntEnum | enum.IntFlag)


def _spoken(python: Any) -> str:
    return getattr(python, "__name__", None) or str(python)


def _truth(_space: Space, note: Note, where: Where) -> Lowered:
    if where.kind == "safe element":
        return _bare(Scalar("VARIANT_BOOL"))
    if where.modes.strict:
        raise where.refusal(note, "strict: a truth value needs Bool, VBool or Bool8", "R1.25")
    return _bare(Scalar("u1" if where.modes.raw else "BOOL"))


def _string(_space: Space, note: Note, where: Where) -> Lowered:
    if where.kind == "safe element":
        return _bare(SystemType("BSTR"))
    if where.modes.strict:
        raise where.refusal(note, "strict: text needs LPUTF8Str, LPStr, LPWStr or another marker", "R1.25")
    return text_of(Scalar(where.unit), note, where)


def _number(_space: Space, note: Note, where: Where) -> Lowered:
    raise where.refusal(note, "int has no width in C; write i4, u4, i8, int_, long_, size_t, …", "R1.6, R2.1")


def _float(_space: Space, _note: Note, _where: Where) -> Lowered:
    return _bare(Scalar("double"))


def _nothing(_space: Space, note: Note, where: Where) -> Lowered:
    if where.kind != "result":
        raise where.refusal(note, "None is no type of a value", "R1.6")
    return _bare(Void())


def _memory(_space: Space, note: Note, where: Where) -> Lowered:
    if where.kind in ("field", "result", "out"):
        raise where.refusal(note, "bytes behind a pointer: write NativePtr, or FixedArray(n) for bytes inside", "R6.16")
    return _bare(Pointer(Void(), _const(note, default=note.python is bytes)))


def _buffer(_space: Space, note: Note, where: Where) -> Lowered:
    if where.modes.strict:
        raise where.refusal(note, "strict: StrBuf is not used; write Out[Array[u1]] or a bytearray", "R1.25, R19.18")
    if where.kind != "parameter":
        raise where.refusal(
            note, "StrBuf is for parameters; in a struct write FixedText(n) or NativePtr", "R5.18, R19.17"
        )
    return Lowered(Pointer(Scalar(where.unit)), {"in": "", "out": "", "string": ""})


def _pointer(space: Space, note: Note, where: Where) -> Lowered:
    target = note.find(Target)
    if target is None:
        return _bare(Pointer(Void(), _const(note, default=False)))
    pointed = space.structs.get(target.type) if isinstance(target.type, str) else target.type
    if pointed is None:
        raise where.refusal(note, f"points_to({target.type!r}) names no struct of this library so far", "R1.6")
    return _bare(Pointer(levels.target(space, read(pointed), where), _const(note, default=False)))


def _system_type(name: str) -> Callable[[Space, Note, Where], Lowered]:
    return lambda _space, note, where: _system(Native(name, "system", name, ()), note, where)


_TYPES: Final[dict[Any, Callable[[Space, Note, Where], Lowered]]] = {
    bool: _truth,
    str: _string,
    int: _number,
    float: _float,
    type(None): _nothing,
    bytes: _memory,
    bytearray: _memory,
    memoryview: _memory,
    StrBuf: _buffer,
    NativePtr: _pointer,
    dt.datetime: _system_type("DATE"),
    decimal.Decimal: _system_type("DECIMAL"),
    uuid.UUID: _system_type("GUID"),
}

_NO_FORM: Final = "has no native form of its own"
_REFUSED: Final[dict[Any, tuple[str, str]]] = {
    object: ("object says nothing about C; write the type, Context, or NativePtr", "R19.10"),
    Any: ("Any says nothing about C; write the type, Context, or NativePtr", "R19.10"),
    complex: (f"complex {_NO_FORM}; write cdouble or cfloat", "R19.43"),
    dt.timedelta: (f"timedelta {_NO_FORM}; write a number and say its unit", "R19.43"),
    set: (f"set {_NO_FORM}; write Array[…] and give a sorted list", "R19.43"),
    frozenset: (f"frozenset {_NO_FORM}; write Array[…] and give a sorted list", "R19.43"),
    dict: (f"dict {_NO_FORM}; write a @struct", "R19.43"),
    tuple: (f"tuple {_NO_FORM} here; write Array[…] or a @struct", "R19.43"),
    **dict.fromkeys(levels.GENERATORS, (f"a generator {_NO_FORM}: its length is not known; write Array[…]", "R19.43")),
    list: ("a list needs the type of its elements: list[i4]", "R1.6, R19.13"),
}


# -- named types -------------------------------------------------------------------------------------------------------


def _struct(space: Space, note: Note, where: Where) -> Lowered:
    layout = layout_of(note.python)
    assert layout is not None
    if layout.kind == "auto":
        raise where.refusal(
            note, "automatic layout has no order in memory; write layout='sequential' or 'explicit'", "R7.2, R19.3"
        )
    space.struct(note.python)
    if not layout.reference or where.kind in ("field", "target"):
        return _bare(StructType(layout.name))
    if where.kind != "parameter":
        raise where.refusal(
            note,
            f"{layout.name} is a layout class, so a pointer comes here: write NativePtr and callgate.cast, "
            "or give an instance to be filled as Out[…]",
            "R6.13, R7.12",
        )
    return Lowered(Pointer(StructType(layout.name), _const(note, default=False)), {"unique": ""})


def _handle(space: Space, note: Note, where: Where) -> Lowered:
    if where.kind in ("result", "out") and inspect.isabstract(note.python):
        raise where.refusal(note, "an abstract handle class cannot be made for a result", "R10.3, R19.28")
    pointer = Pointer(Opaque(space.handle(note.python)), _const(note, default=False))
    return Lowered(pointer, {"unique": ""} if note.optional and where.kind == "parameter" else {})


def _delegate(space: Space, callback: Callback, note: Note, where: Where) -> Lowered:
    if where.modes.raw and where.kind == "parameter":
        raise where.refusal(note, "raw: delegates are not marshalled; write NativePtr", "R1.24, R19.45")
    return _bare(FunctionPointer(space.delegate(callback)))


def _inline(space: Space, note: Note, where: Where) -> Lowered:
    if where.modes.raw:
        raise where.refusal(note, "raw: delegates are not marshalled; write NativePtr", "R1.24, R19.45")
    given, result = get_args(note.python) or (..., None)
    if given is ...:
        raise where.refusal(note, "the parameters are missing: Callable[[i4, LPStr], i4]", "R9.1")

    def build(name: str) -> Delegate:
        return space.readers.inline(space, name, given, result, where)

    return _bare(FunctionPointer(space.inline(where.path, build)))
