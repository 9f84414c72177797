"""Structs, unions and enums as a whole: the name of each in the model, and that none contains itself."""

from __future__ import annotations

from callgate.declare.cursor import DEEPEST
from callgate.declare.errors import NestingError, fault, line_of
from callgate.declare.nodes import ArrayOf, EnumTag, Node, RecordTag
from callgate.declare.state import State

__all__ = ["check_nesting", "name_tags"]


def name_tags(state: State) -> list[RecordTag | EnumTag]:
    """Give each tag the name of its typedef, else its own, else one made of where it is used; return all of them.

    Unnamed enums stay unnamed: they only bring constants.
    """
    tags = [*state.tags.values(), *state.anonymous]
    owners: dict[str, RecordTag | EnumTag] = {}
    for tag in tags:
        tag.name = _name(state, tag)
        other = owners.setdefault(tag.name, tag) if tag.name else tag
        if other is not tag:
            line = line_of(state.source, other.offset)
            raise fault(
                state.source, tag.offset, f"{tag.name!r} also names another type, on line {line}; rename one of them"
            )
    return tags


def _name(state: State, tag: RecordTag | EnumTag) -> str:
    if tag.alias and (not tag.tag or state.tags.get(tag.alias, tag) is tag):
        return tag.alias
    if tag.tag or isinstance(tag, EnumTag):
        return tag.tag
    if not tag.label:
        message = f"this {tag.kind} has no name; write '{tag.kind} NAME {{ ... }}' or a typedef above"
        raise fault(state.source, tag.offset, message)
    return f"{_name(state, tag.parent)}.{tag.label}" if tag.parent else tag.label


def check_nesting(source: str, tags: list[RecordTag]) -> None:
    """Raise when a struct contains itself by value, or others more than `DEEPEST` levels deep."""
    heights: dict[RecordTag, int] = {}
    for tag in tags:
        _height(source, tag, heights, [])


def _height(source: str, tag: RecordTag, heights: dict[RecordTag, int], path: list[RecordTag]) -> int:
    known = heights.get(tag)
    if known is not None:
        return known
    path.append(tag)
    height = 1
    for member in tag.members or ():
        inner = _held(member.type)
        if inner is None:
            continue
        if inner in path:
            message = (
                f"{inner.kind} {inner.name} contains itself through {member.name!r} (R7.17); make the member a pointer"
            )
            raise fault(source, member.offset, message, NestingError)
        if len(path) <= DEEPEST:
            height = max(height, 1 + _height(source, inner, heights, path))
        if height > DEEPEST or len(path) > DEEPEST:
            raise fault(source, member.offset, f"structs inside structs, more than {DEEPEST} levels; use pointers")
    path.pop()
    heights[tag] = height
    return height


def _held(node: Node) -> RecordTag | None:
    while isinstance(node, ArrayOf):
        node = node.element
    return node if isinstance(node, RecordTag) else None
