"""Which way the value of a parameter or out travels, and what that makes of its type (R1.7 to R1.12)."""

from __future__ import annotations

import inspect
from typing import Any, Final

from callgate.memory import Handle
from callgate.values import StrBuf
from callgate_protocol.model import CType, Parameter, Pointer, Void

from .marks import AsAttribute, Borrow, Constness, Fixed, Name, Native, Place
from .reading import Note
from .space import Space, attributes_of
from .structs import layout_of
from .where import Where

__all__ = ["Part", "out_part", "parameter_part"]


class Part:
    """One of C's parameters while it is being read."""

    __slots__ = ("attributes", "changes", "ctype", "default", "filled", "is_out", "name", "note", "python", "where")

    def __init__(self, ctype: CType, attributes: dict[str, str], note: Note, where: Where) -> None:
        self.ctype = ctype
        self.attributes = attributes
        self.note = note
        self.where = where
        self.name = ""
        self.python = ""
        """The name in the Python signature; "" for outs."""
        self.default: Any = inspect.Parameter.empty
        self.is_out = False
        """It stands in the result only."""
        self.changes = False
        """It is passed, and its final value may stand in the result."""
        self.filled = ""
        """A struct that is updated in place: the direction."""

    @property
    def parameter(self) -> Parameter:
        """As the model has it."""
        return Parameter(self.name, self.ctype, attributes_of(self.attributes))

    @property
    def is_bytes(self) -> bool:
        """Whether it is bytes, whose count is their length."""
        return isinstance(self.ctype, Pointer) and isinstance(self.ctype.target, Void)

    @property
    def has_length(self) -> bool:
        """Whether what is given for it has a length that a count can be: an array, bytes, a StrBuf."""
        return self.note.shape == "array" or self.is_bytes or self.note.python is StrBuf

    @property
    def needs_count(self) -> bool:
        """Whether it is filled in place, so that the host has to know its length."""
        return "out" in self.attributes and not self.is_out and self.has_length

    @property
    def returned(self) -> Any:
        """What stands for it in the result."""
        note = self.note.element if self.note.shape == "ref" and self.note.element is not None else self.note
        return note.shape or note.python


def parameter_part(space: Space, note: Note, where: Where) -> Part:
    """A parameter that the caller gives."""
    ways = note.every(Place)
    if len(ways) > 1:
        raise where.refusal(note, "one direction is enough: In, Out or InOut", "R1.8")
    way = ways[0].way if ways else ""
    if note.shape == "ref" and way == "out":
        raise where.refusal(
            note, "the caller does not pass an out: write it in the result, '-> tuple[…, Out[…]]'", "R1.8"
        )
    if way in ("out", "inout"):
        _refuse_text(note, way, where)
    lowered = space.lower(note, where)
    part = Part(lowered.type, dict(lowered.attributes), note, where)
    part.changes = (note.shape == "ref" and way != "in") or _is_edited(note)
    if way and not note.shape:
        _by_value(part, way)
    return part


def _is_edited(note: Note) -> bool:
    native = note.find(Native)
    return native is not None and native.kind == "edited"


def _refuse_text(note: Note, way: str, where: Where) -> None:
    native = note.find(Native)
    if note.shape or not (note.python is str or (native is not None and native.kind == "text")):
        return
    word = {"out": "Out", "inout": "InOut"}[way]
    raise where.refusal(
        note,
        f"a str cannot be changed, so {word} by value is refused; write StrBuf, or Ref[…] for char **",
        "R5.11, R19.17",
    )


def _by_value(part: Part, way: str) -> None:
    """A direction on something that is passed by value: only references can be changed (R1.7, R1.10)."""
    note, where = part.note, part.where
    layout = layout_of(note.python)
    if layout is not None and layout.reference:
        if way != "in":
            part.attributes |= {"in": "", "out": ""}
            part.filled = way
    elif part.is_bytes and note.python is not bytes:
        part.attributes |= dict.fromkeys(_WORDS[way], "")
    elif isinstance(note.python, type) and issubclass(note.python, Handle):
        if where.modes.strict:
            raise where.refusal(note, "strict: a direction has no effect on a handle by value", "R10.6")
        if way == "out":
            raise where.refusal(note, "an out handle stands in the result: '-> tuple[…, Out[…]]'", "R10.6")
    elif way != "in" and note.python is not StrBuf:
        raise where.refusal(note, "it is passed by value, so nothing comes back; write Ref[…]", "R1.7, R1.18, R19.20")


_WORDS: Final = {"in": (), "out": ("out",), "inout": ("in", "out")}


def out_part(space: Space, note: Note, where: Where, parts: list[Part]) -> Part:
    """An out: it stands in the result, and C has a pointer for it (R1.8, R5.9, R6.8)."""
    spot = where.replace(part="an out of the result", kind="out", path=f"{where.path}.out")
    if where.modes.raw:
        raise spot.refusal(note, "raw: values by reference are not marshalled; write NativePtr", "R1.24, R19.45")
    if note.find(Fixed) is not None or note.shape == "ref":
        raise spot.refusal(note, "an out is one level by itself: write Out[T], Out[Array[T]]", "R7.14, R19.5")
    build = _end_pointer if _offset(note) is not None else _array_out if note.shape == "array" else _value_out
    part = build(space, note, spot, parts)
    part.attributes["out"] = ""
    part.is_out = True
    name = note.find(Name)
    part.name = name.name if name is not None else ""
    return part


def _offset(note: Note) -> AsAttribute | None:
    return next((mark for mark in note.every(AsAttribute) if mark.name == "offset"), None)


def _end_pointer(_space: Space, note: Note, where: Where, parts: list[Part]) -> Part:
    """`Annotated[Out[int], offset_in("text")]`: C's `char **end`."""
    mark = _offset(note)
    assert mark is not None
    text = next((part for part in parts if mark.argument in (part.python, part.name)), None)
    if text is None or not isinstance(text.ctype, Pointer):
        raise where.refusal(note, f"offset_in({mark.argument!r}) names no text among the arguments", "R6.6")
    const = note.find(Constness)
    inner = Pointer(text.ctype.target, const is not None and const.const)
    return Part(Pointer(inner), {"offset": text.name}, note, where)


def _array_out(space: Space, note: Note, where: Where, _parts: list[Part]) -> Part:
    """An array that the library makes: `T **` (R6.8)."""
    plain = note.replace(marks=tuple(mark for mark in note.marks if not isinstance(mark, Place)))
    lowered = space.lower(plain, where)
    free = {} if note.find(Borrow) is not None else {"free": "free"}
    return Part(Pointer(lowered.type), free | dict(lowered.attributes), note, where)


def _value_out(space: Space, note: Note, where: Where, _parts: list[Part]) -> Part:
    layout = layout_of(note.python)
    if layout is not None and layout.reference and not note.shape:
        inside = space.lower(note, where.inside("target"))
        return Part(Pointer(Pointer(inside.type)), {"copied": ""} | dict(inside.attributes), note, where)
    lowered = space.lower(note, where)
    ctype = lowered.type
    if isinstance(ctype, Void):
        raise where.refusal(note, "this is no value that could come back through a pointer", "R7.14")
    attributes = dict(lowered.attributes)
    attributes.pop("unique", None)
    return Part(Pointer(ctype), attributes, note, where)
