"""What statements of IDL have in common: their attributes, and the interfaces that they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from callgate.declare.attributes import skip_to_close
from callgate.declare.errors import closest, fault, line_of, shown
from callgate.declare.idl_words import IGNORED, INTERFACE_WORDS
from callgate.declare.lexer import is_name
from callgate.declare.nodes import InterfaceTag, Typedef
from callgate.declare.state import State
from callgate_protocol.guids import guid_text

__all__ = [
    "Declare",
    "Words",
    "behind_brackets",
    "find",
    "guid_of",
    "name_of",
    "open_tag",
    "read_words",
    "refuse_rest",
]

Declare: TypeAlias = Callable[[State], None]
"""What reads any declaration: the outermost level of the grammar."""

Words: TypeAlias = dict[str, tuple[str, int]]
"""Attributes of a statement: name → what stands in its parentheses, and the index of its token."""


def behind_brackets(state: State) -> int:
    """The index of what follows the attributes at the cursor."""
    index = state.index
    while state.texts[index] == "[":
        depth = 0
        while state.texts[index]:
            depth += (state.texts[index] == "[") - (state.texts[index] == "]")
            index += 1
            if not depth:
                break
    return index


def read_words(state: State) -> Words:
    """The attributes at the cursor, in one pair of brackets or more."""
    words: Words = {}
    while state.accept("["):
        while True:
            index, name = state.index, state.word
            if not is_name(name):
                raise state.unexpected("expected an attribute, e.g. [object, uuid(…)]")
            state.index += 1
            argument = ""
            if state.accept("("):
                start = state.index
                skip_to_close(state)
                argument = state.stretch(start, state.index - 1) if state.index - 1 > start else ""
            if words.setdefault(name, (argument, index))[1] != index:
                raise state.error(f"attribute {name!r} is given twice; keep one of them", index)
            if not state.accept(","):
                break
        state.expect("]", "or ',' after an attribute")
    return words


def refuse_rest(state: State, words: Words, known: frozenset[str], what: str) -> None:
    """Every attribute means something here, or nothing anywhere."""
    for name, (_, index) in words.items():
        if name not in known and name not in IGNORED:
            hint = closest(name, known | INTERFACE_WORDS.keys()) or "."
            raise state.error(f"attribute {shown(name)} does not belong on {what}{hint}", index)


def guid_of(state: State, words: Words, what: str) -> str:
    """The canonical form of `uuid(…)`, "" when there is none."""
    if "uuid" not in words:
        return ""
    written, index = words["uuid"]
    try:
        return guid_text(written.strip('"').replace(" ", ""))
    except ValueError as error:
        raise state.error(f"uuid of {what}: {error}", index) from None


def name_of(state: State, keyword: str) -> tuple[str, int]:
    """Step over a keyword and the name behind it."""
    state.index += 1
    offset = state.offset
    if not is_name(state.word):
        raise state.unexpected(f"expected a name after '{keyword}'")
    return state.take(), offset


def open_tag(state: State, kind: str, name: str, offset: int) -> InterfaceTag:
    """The interface or coclass of that name; it comes into being where it is first named."""
    tag = state.interfaces.get(name)
    if tag is None:
        state.claim(name, f"an {kind}" if kind[0] == "i" else f"a {kind}", offset)
        tag = state.interfaces[name] = InterfaceTag(kind, name, offset)
        state.typedefs[name] = Typedef(tag, False, offset)
    if tag.kind != kind:
        line = line_of(state.source, tag.offset)
        raise fault(state.source, offset, f"{name!r} is declared as {tag.kind} on line {line}; use one keyword")
    return tag


def find(state: State, wanted: str) -> InterfaceTag:
    """The interface whose name is at the cursor."""
    known = state.typedefs.get(state.word)
    if known is None or not isinstance(known.type, InterfaceTag):
        names = [name for name, each in state.typedefs.items() if isinstance(each.type, InterfaceTag)]
        hint = closest(state.word, names) or "; declare it above, e.g. 'interface IFoo;'"
        raise state.error(f"{shown(state.word)} is no interface, and {wanted}{hint}")
    state.index += 1
    return known.type
