"""What stands around a value: one star more, many values, a plain pointer, arrays and text inside structs."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from typing import Final

from callgate_protocol.model import Array, CType, Pointer, SafeArray, Scalar, StructType, Void

from .marks import Borrow, Constness, Fixed, Place
from .reading import Note
from .space import Lowered, Space
from .structs import layout_of
from .where import Where

__all__ = ["GENERATORS", "LEVELS", "fixed", "target"]

GENERATORS: Final = (Generator, Iterator, Iterable, AsyncGenerator, AsyncIterator)


def _const(note: Note, *, default: bool) -> bool:
    mark = note.find(Constness)
    return default if mark is None else bool(mark.const)


def _direction(note: Note) -> str:
    mark = note.find(Place)
    return mark.way if mark is not None else ""


def _inner(note: Note, where: Where) -> Note:
    """What is inside a level. Directions stand outside it."""
    element = note.element
    assert element is not None
    if (way := element.find(Place)) is not None:
        word = {"in": "In", "out": "Out", "inout": "InOut"}[way.way]
        raise where.refusal(note, f"{word} stands around the level: {word}[{note.shape.capitalize()}[…]]", "R1.8")
    return element


def _reference(space: Space, note: Note, where: Where) -> Lowered:
    """`Ref[T]`: `T *`, in and out unless something else is said (R1.8)."""
    element = _inner(note, where)
    if where.kind in ("target", "element") or element.shape == "ref":
        raise where.refusal(note, "indirection of this depth is not marshalled; write NativePtr", "R7.14, R7.15, R19.5")
    if where.modes.raw:
        raise where.refusal(note, "raw: values by reference are not marshalled; write NativePtr", "R1.24, R19.45")
    if where.kind in ("result", "field"):
        raise where.refusal(
            note, "a pointer comes here: write NativePtr, or Annotated[NativePtr, points_to(…)]", "R7.16"
        )
    inside = space.lower(element, where.inside("target"))
    ctype, attributes = inside.type, dict(inside.attributes)
    way = _direction(note) or "inout"
    if isinstance(ctype, StructType) and _is_reference(element):
        if note.optional:
            raise where.refusal(note, "the pointer is never NULL; write Ref[… | None] for a NULL behind it", "R1.9")
        ctype = Pointer(ctype, way == "in")  # a class already is one level, so this is the second (R7.12, R7.14)
        attributes["copied"] = ""
    if way != "in" and note.find(Borrow) is None and element.find(Borrow) is None and _is_text(ctype):
        attributes["free"] = "free"
    attributes |= dict.fromkeys({"in": (), "out": ("out",), "inout": ("in", "out")}[way], "")
    if note.optional:
        attributes["unique"] = ""
    return Lowered(Pointer(ctype, _const(note, default=way == "in" and not _is_text(ctype))), attributes)


def _is_reference(element: Note) -> bool:
    layout = layout_of(element.python)
    return layout is not None and layout.reference


def _is_text(ctype: CType) -> bool:
    return (
        isinstance(ctype, Pointer)
        and isinstance(ctype.target, Scalar)
        and ctype.target.name in ("char", "char16", "wchar")
    )


def _array(space: Space, note: Note, where: Where) -> Lowered:
    """`Array[T]`: `T *` to many (R6.2), in unless something else is said (R1.10)."""
    element = _inner(note, where)
    if where.kind == "field":
        raise where.refusal(
            note,
            "an array inside a struct needs a marker: Annotated[list[…], FixedArray(n)] for elements in place, "
            "SafeArr for a SAFEARRAY, or NativePtr for a pointer",
            "R6.16, R19.13",
        )
    if element.shape == "array" or where.kind == "element":
        raise where.refusal(
            note, "nested arrays are not marshalled; give one flat array, or an array of NativePtr", "R6.11, R19.4"
        )
    if _is_reference(element):
        raise where.refusal(note, "an array of layout classes is not marshalled; use a @struct", "R6.13")
    if where.modes.raw:
        raise where.refusal(note, "raw: arrays are not converted; write NativePtr", "R1.24, R19.45")
    inside = space.lower(element, where.inside("element"))
    way = _direction(note)
    attributes = dict(inside.attributes) | dict.fromkeys(_WORDS.get(way, ()), "")
    if note.optional and where.kind == "parameter":
        attributes["unique"] = ""
    return Lowered(Pointer(inside.type, _const(note, default=way == "in")), attributes)


_WORDS: Final = {"out": ("out",), "inout": ("in", "out")}


def _safe_array(space: Space, note: Note, where: Where) -> Lowered:
    """`SafeArr[T]`: an array that carries its bounds (R6.18). Text in it is a BSTR, a truth value a VARIANT_BOOL."""
    element = _inner(note, where)
    if where.modes.raw:
        raise where.refusal(note, "raw: arrays are not converted; write NativePtr", "R1.24, R19.45")
    if element.shape:
        raise where.refusal(note, "arrays inside arrays are not marshalled", "R6.11, R19.4")
    inside = space.lower(element, where.inside("safe element"))
    return Lowered(Pointer(SafeArray(inside.type)), inside.attributes)


def _pointer(space: Space, note: Note, where: Where) -> Lowered:
    """`Ptr[T]`: a pointer whose target only native code reads."""
    element = _inner(note, where)
    return Lowered(Pointer(target(space, element, where), _const(note, default=False)), {})


def target(space: Space, note: Note, where: Where) -> CType:
    """What a plain pointer points to: any type, as nothing is converted."""
    if note.python is type(None):
        return Void()
    layout = layout_of(note.python)
    if layout is not None:
        return StructType(space.mention(note.python).name)
    return space.lower(note, where.inside("target")).type


def fixed(space: Space, note: Note, where: Where) -> Lowered:
    """An array or text inside a struct (R5.16, R6.14)."""
    mark = note.find(Fixed)
    word = "FixedText" if mark.kind == "text" else "FixedArray"
    if where.kind != "field":
        raise where.refusal(note, f"{word} is for members of structs; write Array[…] or StrBuf", "R19.12")
    if not isinstance(mark.length, int) or mark.length < 0:
        raise where.refusal(note, f"{word} needs a length that is not negative: {word}(16)", "R6.14, R19.12")
    if mark.kind == "text":
        return _fixed_text(note, mark, where)
    if note.python in (bytes, bytearray) and not note.shape:
        return Lowered(Array(Scalar("uchar"), mark.length), {})
    if note.shape != "array":
        raise where.refusal(note, "FixedArray stands on a list or bytes: Annotated[list[i4], FixedArray(3)]", "R19.20")
    inside = space.lower(_inner(note, where), where)
    return Lowered(Array(inside.type, mark.length), inside.attributes)


def _fixed_text(note: Note, mark: Fixed, where: Where) -> Lowered:
    if note.python is not str:
        raise where.refusal(note, "FixedText stands on str: Annotated[str, FixedText(16)]", "R19.20")
    return Lowered(Array(Scalar(where.unit), mark.length), {})


LEVELS: Final[dict[str, Callable[[Space, Note, Where], Lowered]]] = {
    "ref": _reference,
    "array": _array,
    "pointer": _pointer,
    "safearray": _safe_array,
}
