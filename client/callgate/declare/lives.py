"""Lives of what pointers stand for: who ends an opaque object, and what a function pointer gives without an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from callgate.declare.attributes import Written
from callgate.declare.errors import fault
from callgate.declare.nodes import HANDLE, Node, PointerTo, RecordTag, Signature
from callgate.declare.state import State
from callgate_protocol.model import INTEGERS, Attribute, OpaqueType, Scalar

__all__ = ["hand_down", "number_handle", "opaques_of", "take_life"]

_LIFE: Final = frozenset({"release", "invalid"})
_POINTERS: Final = frozenset({"on_error", "oneway"})


def take_life(state: State, node: Node, written: list[Written]) -> bool:
    """`typedef [release(f), invalid(0, -1)] struct x x;`: note them on the struct; False when it is something else."""
    if not any(attribute.name in _LIFE for attribute in written):
        return False
    target = node.target if isinstance(node, PointerTo) else node
    for attribute in written:
        if attribute.name not in _LIFE or not isinstance(target, RecordTag):
            raise state.error(
                f"[{attribute.name}] does not belong here: [release(f)] and [invalid(0, -1)] stand on the typedef "
                "of an opaque struct or an integer, e.g. 'typedef [release(fclose)] struct _IO_FILE FILE;'",
                attribute.index,
            )
        target.life[attribute.name] = attribute.argument
    return True


def number_handle(state: State, node: Node, name: str, offset: int, written: list[Written]) -> Node:
    """`typedef [release(close)] int fd;`: a handle that is a number (R10.10); anything else stays as it is."""
    if not isinstance(node, Scalar) or node.name not in INTEGERS or not any(each.name in _LIFE for each in written):
        return node
    tag = RecordTag(HANDLE, "", offset)
    tag.life["base"] = node.name
    tag.life["invalid"] = "-1"
    tag.alias = name
    state.anonymous.append(tag)
    return tag


def opaques_of(source: str, tags: Iterable[RecordTag]) -> list[OpaqueType]:
    """The opaque types among the structs: those whose members nobody sees (R10.8, R10.9)."""
    opaques = []
    for tag in tags:
        if tag.members is None:
            invalid = tuple(int(number) for number in tag.life.get("invalid", "0").split())
            opaques.append(OpaqueType(tag.name, tag.life.get("release", ""), invalid, tag.life.get("base", "")))
        elif tag.life:
            message = f"{tag.kind} {tag.name} has members, so it is no handle; [release(f)] belongs to an opaque struct"
            raise fault(source, tag.offset, message)
    return opaques


def hand_down(source: str, node: Node, attributes: tuple[Attribute, ...], offset: int) -> tuple[Attribute, ...]:
    """Give `[on_error(v)]` and `[oneway]` to the function pointer's own shape; the answer is what stays (R9.9)."""
    own = [attribute for attribute in attributes if attribute.name in _POINTERS]
    if not own:
        return attributes
    shape = node.target if isinstance(node, PointerTo) else node
    if not isinstance(shape, Signature):
        return attributes  # the marshaller says what is wrong with it
    if shape.alias or shape.name:
        name = shape.alias or shape.name
        raise fault(source, offset, f"[{own[0].name}] is part of the type {name}; write it at its typedef")
    shape.attributes = tuple(sorted({*shape.attributes, *own}))
    return tuple(attribute for attribute in attributes if attribute not in own)
