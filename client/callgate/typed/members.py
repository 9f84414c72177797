"""Decorated classes to records of the model."""

from __future__ import annotations

from typing import Any

from callgate_protocol.model import Field, Record, Scalar

from .callables import c_spelling
from .marks import Name, Width
from .reading import read
from .space import Space, attributes_of
from .structs import Layout, Member
from .where import Where

__all__ = ["read_record"]


def read_record(space: Space, _cls: Any, layout: Layout) -> Record:
    """The record of a struct, union or layout class, with everything inside it made known."""
    hints: dict[Any, dict[str, Any]] = {}
    fields = []
    for index, member in enumerate(layout.members, 1):
        if member.owner not in hints:
            owner = vars(member.owner)["__callgate_layout__"]
            hints[member.owner] = owner.scope.hints(member.owner, f"{space.label}: {layout.name}")
        fields.append(_field(space, layout, index, member, hints[member.owner][member.name]))
    return _record(layout, fields)


def _record(layout: Layout, fields: list[Field]) -> Record:
    return Record(layout.name, tuple(fields), layout.union, layout.pack, layout.size)


def _field(space: Space, layout: Layout, index: int, member: Member, hint: Any) -> Field:
    name = c_spelling(member.name)
    owner = f"{space.label}: {layout.name}"
    path = f"{layout.name}.{name}"
    where = Where(owner, f"field {index} {member.name!r}", "field", path, layout.charset, space.modes)
    note = read(hint)
    lowered = space.lower(note, where)
    width = note.find(Width)
    bits = width.bits if width is not None else 0
    if bits and not isinstance(lowered.type, Scalar):
        raise where.refusal(note, "a bit-field is an integer", "R7.23")
    own = note.find(Name)
    field = Field(own.name if own is not None else name, lowered.type, attributes_of(lowered.attributes), bits)
    return field.replace(offset=member.offset)
