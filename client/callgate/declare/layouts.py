"""What a declaration says of its own layout: `[offset(8)]` on a member, `[size(32)]` on a struct (R7.4, R7.5)."""

from __future__ import annotations

from typing import Final

from callgate.declare.nodes import MemberNode, Node, RecordTag
from callgate.declare.specifiers import Specifiers
from callgate.declare.state import State

__all__ = ["place", "take_size"]

_SIZES: Final = frozenset({"size", "at_least"})


def take_size(state: State, node: Node, spec: Specifiers) -> bool:
    """`[size(32)] struct big { ... };`: note it on the struct; False when the attributes are something else."""
    if not any(attribute.name in _SIZES for attribute in spec.attributes):
        return False
    for attribute in spec.attributes:
        number = attribute.argument
        if attribute.name not in _SIZES or not isinstance(node, RecordTag) or spec.fresh is not node:
            raise state.error(
                f"[{attribute.name}] does not belong here: [size(n)] and [at_least(n)] stand before a struct with its "
                "members, e.g. '[size(32)] struct big { int first; };'",
                attribute.index,
            )
        if not (number.isascii() and number.isdigit()):
            raise state.error(f"{attribute.name}({number}) is no number of bytes", attribute.index)
        node.size = max(node.size, int(number))
    return True


def place(member: MemberNode) -> int:
    """The offset that a member says it has, -1 for none. It is a place, not an attribute, from here on."""
    found = next((attribute for attribute in member.attributes if attribute.name == "offset"), None)
    if found is None:
        return -1
    member.attributes = tuple(attribute for attribute in member.attributes if attribute is not found)
    return int(found.argument)
