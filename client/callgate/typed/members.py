"""Decorated classes to records of the model."""

from __future__ import annotations

from typing import Any

from callgate.errors import TypeLoadError
from callgate_protocol.model import Array, CType, Field, FunctionPointer, Pointer, Record, Scalar

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
    if layout.kind == "explicit":
        _check_overlaps(space, layout, fields)
    return _record(layout, fields)


def _record(layout: Layout, fields: list[Field]) -> Record:
    record = Record(layout.name, tuple(fields), layout.union, layout.pack)
    if not layout.size:
        return record
    if "size" not in Record.__match_args__:
        raise TypeLoadError(f"{layout.name}: a size is understood but not marshalled yet (R7.5)")
    return record.replace(size=layout.size)


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
    if member.offset < 0:
        return field
    if "offset" not in Field.__match_args__:
        raise where.refusal(note, "an explicit layout is understood but not marshalled yet", "R7.4")
    return field.replace(offset=member.offset)


def _check_overlaps(space: Space, layout: Layout, fields: list[Field]) -> None:
    """What can be seen without knowing sizes, which are the host's: it checks the rest (R7.8, R19.7)."""
    seen: dict[int, Field] = {}
    for member, field in zip(layout.members, fields, strict=True):
        where = f"{space.label}: {layout.name}, field {member.name!r}"
        if _refers(field.type) and member.offset % 4:
            raise TypeLoadError(f"{where}: a pointer cannot stand at offset {member.offset} (R7.8, R19.7)")
        other = seen.setdefault(member.offset, field)
        if other is not field and _refers(other.type) != _refers(field.type):
            raise TypeLoadError(
                f"{where}: it stands where {other.name!r} stands, and only one of them is a pointer (R7.8, R19.7)"
            )


def _refers(ctype: CType) -> bool:
    while isinstance(ctype, Array):
        ctype = ctype.element
    return isinstance(ctype, Pointer | FunctionPointer)
