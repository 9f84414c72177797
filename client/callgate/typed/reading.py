"""Annotations taken apart: what Python's type is, which marks stand beside it, and what is around what."""

from __future__ import annotations

import types
from collections.abc import Callable, MutableSequence, Sequence
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from callgate.values import Box
from callgate_protocol.value import Value

from .delegates import callback_of
from .marks import Mark, Shape

__all__ = ["Note", "automation", "read", "shown"]

_LISTS: Final = frozenset({list, Sequence, MutableSequence})


class Note(Value):
    """An annotation: the Python type in the middle, its marks (the innermost first), and what it is made of."""

    python: Any
    marks: tuple[Any, ...] = ()
    optional: bool = False
    shape: str = ""
    """A level around `element`: "ref", "array" or "pointer"; "" for a plain type."""
    element: Note | None = None
    alternatives: tuple[Any, ...] = ()
    """The members of a union that is none of callgate's."""

    def find(self, *kinds: type[Any]) -> Any:
        """The last mark of such a kind, which overrides those before it; None when there is none."""
        return next((mark for mark in reversed(self.marks) if isinstance(mark, kinds)), None)

    def every(self, kind: type[Any]) -> list[Any]:
        """All marks of that kind."""
        return [mark for mark in self.marks if isinstance(mark, kind)]


def read(hint: Any) -> Note:
    """Take an annotation apart."""
    marks: tuple[Any, ...] = ()
    optional = False
    hint = type(None) if hint is None else hint  # inside a Callable nobody has made a type of it
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            marks = (*_expanded(hint.__metadata__), *marks)
            hint = hint.__origin__
            level = next((mark.kind for mark in marks if isinstance(mark, Shape)), "")
            if level:
                return Note(hint, marks, optional, level, read(_inside(hint, level)))
            continue
        if origin not in (Union, types.UnionType):
            break
        rest = [each for each in get_args(hint) if each is not type(None)]
        optional = optional or len(rest) < len(get_args(hint))
        if len(rest) != 1:
            return Note(hint, marks, optional, alternatives=tuple(rest))
        hint = rest[0]
    if get_origin(hint) in _LISTS:
        return Note(hint, marks, optional, "array", read(get_args(hint)[0]))
    return Note(hint, marks, optional)


def automation(note: Note) -> Note:
    """An annotation as COM has it: a plain list is a SAFEARRAY, while `Array[…]` is a C array there, too (R1.4)."""
    if note.element is None:
        return note
    shape = "safearray" if note.shape == "array" and note.find(Shape) is None else note.shape
    return note.replace(shape=shape, element=automation(note.element))


def _expanded(metadata: tuple[Any, ...]) -> list[Any]:
    """The marks of a metadata list; one of callgate's types written beside another type gives its own marks."""
    found: list[Any] = []
    for each in metadata:
        if get_origin(each) is Annotated:
            found.extend(_expanded(each.__metadata__))
        elif isinstance(each, Mark):
            found.append(each)
        elif (shape := callback_of(each)) is not None:
            found.append(shape)
    return found


def _inside(hint: Any, level: str) -> Any:
    """The `T` of `Ref[T]`, `Array[T]` and `Ptr[T]`: their first parameter, wherever it went inside the union."""
    holder = Sequence if level in ("array", "safearray") else Box
    for each in get_args(hint):
        if get_origin(each) is holder:
            return get_args(each)[0]
    return TypeVar("T")  # the level alone, without what is in it


def shown(note: Note) -> str:
    """An annotation as a message names it: the Python type and the marks (R19.48)."""
    inner = f"{note.shape} of {_name(note.element.python)}" if note.shape and note.element else _name(note.python)
    marks = [getattr(mark, "name", "") or getattr(mark, "way", "") for mark in note.marks]
    return f"{inner}, marker {' '.join(filter(None, marks)) or 'none'}"


def _name(python: Any) -> str:
    if isinstance(python, type) and get_origin(python) is None:
        return python.__name__
    if get_origin(python) is Callable:
        return "Callable"
    return str(python).replace("typing.", "")
