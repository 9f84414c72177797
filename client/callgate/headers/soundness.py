"""What was read and cannot stand: values of types whose members nobody knows."""

from __future__ import annotations

from callgate.declare.nodes import VOID, ArrayOf, Node, PointerTo, RecordTag, Signature
from callgate.declare.state import State
from callgate.headers.types import Types

__all__ = ["hollow_records", "unsound", "untype_shapes"]


def hollow_records(state: State) -> dict[str, str]:
    """Make opaque every struct that holds an opaque one by value, until none is left; name by name, why."""
    refused: dict[str, str] = {}
    records = [tag for tag in (*state.tags.values(), *state.anonymous) if isinstance(tag, RecordTag)]
    again = True
    while again:
        again = False
        for tag in records:
            reason = next((why for member in tag.members or () if (why := _hollow(member.type))), "")
            if reason:
                tag.members = None
                refused[tag.alias or tag.tag or tag.label] = f"a member is {reason}; it stays opaque"
                again = True
    return refused


def untype_shapes(types: Types, state: State) -> dict[str, str]:
    """Let nothing point to the shape of a function that cannot be declared: such pointers are plain ones."""
    wrong = {shape: reason for shape in types.signatures if (reason := unsound(shape))}
    for pointer in types.pointers:
        if isinstance(pointer.target, Signature) and pointer.target in wrong:
            pointer.target = VOID
    for shape in types.signatures:
        for parameter in shape.parameters:
            if isinstance(parameter.type, Signature) and parameter.type in wrong:
                parameter.type = PointerTo()
    refused = {}
    for name, typedef in list(state.typedefs.items()):
        if isinstance(typedef.type, Signature) and typedef.type in wrong:
            refused[name] = wrong[typedef.type]
            del state.typedefs[name]
    return refused


def unsound(signature: Signature) -> str:
    """Why a function cannot be declared; "" when it can."""
    if why := _hollow(signature.result, allow_void=True):
        return f"its result is {why}"
    for position, parameter in enumerate(signature.parameters, 1):
        if why := _hollow(parameter.type):
            return f"parameter {position} {parameter.name!r} is {why}"
    return ""


def _hollow(node: Node, *, allow_void: bool = False) -> str:
    while isinstance(node, ArrayOf):
        node = node.element
    if isinstance(node, RecordTag) and node.members is None:
        return f"a value of {node.kind} {node.alias or node.tag}, which is opaque"
    if node == VOID and not allow_void:
        return "of type void"
    return ""
