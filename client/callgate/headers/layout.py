"""The members of a struct, and how they lie in it: packed, or in a way that no declaration can say."""

from __future__ import annotations

from typing import Any

from callgate.declare.nodes import ArrayOf, MemberNode, Node, PointerTo, RecordTag
from callgate.declare.records import adopt
from callgate.headers.types import Inexpressible, Types

__all__ = ["read_members"]

_POINTER = "POINTER"


def read_members(types: Types, tag: RecordTag, decl: Any) -> list[MemberNode]:
    """The members of a struct or union; sets the tag's packing. Raises Inexpressible."""
    fields = list(decl.type.get_fields())
    if not fields:
        raise Inexpressible("it has no members")
    members = [_member(types, tag, field, position) for position, field in enumerate(fields, 1)]
    for position, member in enumerate(members, 1):
        _check_length(tag, member, last=position == len(members) > 1)
    tag.pack = _packing(decl, fields, union=tag.kind == "union")
    return members


def _member(types: Types, tag: RecordTag, field: Any, position: int) -> MemberNode:
    name = "" if _is_nameless(field) else field.spelling
    try:
        node, _ = types.node(field.type, field)
    except Inexpressible as error:
        raise Inexpressible(f"member {name or position!r}: {error}") from None
    if isinstance(node, RecordTag | PointerTo | ArrayOf):
        adopt(node, tag, name or str(position))
    bits = field.get_bitfield_width() if field.is_bitfield() else 0
    if field.is_bitfield() and bits == 0:
        raise Inexpressible("a bit-field of width 0 is not supported")
    return MemberNode(name, node, bits, -1)


def _is_nameless(field: Any) -> bool:
    """An anonymous struct or union, whose members belong to the one around it; clang shows its type as its name."""
    return not str(field.spelling).isidentifier()


def _check_length(tag: RecordTag, member: MemberNode, *, last: bool) -> None:
    """R6.15: an array without a length is the last of several members of a struct, or cannot be laid out."""
    kind: Node = member.type
    if isinstance(kind, ArrayOf) and not kind.length and (not last or tag.kind == "union"):
        raise Inexpressible(f"member {member.name!r} is an array without a length that is not the last member (R6.15)")


def _packing(decl: Any, fields: list[Any], *, union: bool) -> int:
    """`#pragma pack` and the attribute, seen from what they did. Raises Inexpressible for other alignments."""
    if any(child.kind.name == "PACKED_ATTR" for child in decl.get_children()):
        pack = 1
    else:
        natural = max(_alignment(field.type) for field in fields)
        actual = decl.type.get_align()
        if actual > natural:
            raise Inexpressible("it is aligned explicitly, to more than its members need")
        pack = actual if actual < natural else 0
    if not union:
        _check_offsets(fields, pack)
    return pack


def _check_offsets(fields: list[Any], pack: int) -> None:
    place = 0
    for field in fields:
        if field.is_bitfield():
            return  # how bit-fields share units is the host's business; what follows them is not predicted here
        alignment = min(_alignment(field.type), pack or 1 << 30)
        place = -(-place // alignment) * alignment
        if field.get_field_offsetof() != place * 8:
            raise Inexpressible(f"member {field.spelling!r} is aligned explicitly")
        place += max(field.type.get_size(), 0)


def _alignment(ctype: Any) -> int:
    return max(int(ctype.get_align()), 1)
