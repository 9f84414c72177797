"""What a record's declaration says before any host has laid it out (R7.4, R7.5, R7.8, R7.17, R19.7).

Sizes and offsets are the host's business. Two questions cannot wait for it: whether the declaration is sound, and
whether members of an explicit layout overlap, because then the bytes are the value, as with a union. They are answered
with the widest sizes that any host has, so that the answer is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .directives import DirectiveError
from .model import (
    COMPLEX,
    Array,
    CType,
    EnumType,
    Field,
    FunctionPointer,
    Opaque,
    Pointer,
    Record,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
)

__all__ = ["PACKS", "LayoutError", "check_record", "check_records", "inside_first", "is_overlaid"]

PACKS: Final = frozenset({0, 1, 2, 4, 8, 16, 32, 64, 128})
"""Alignment limits that R7.5 knows; 0 is the platform's own."""

_WIDTHS: Final[dict[str, int]] = {
    **dict.fromkeys(["bool", "char", "schar", "uchar", "i1", "u1"], 1),
    **dict.fromkeys(["short", "ushort", "i2", "u2", "char16"], 2),
    **dict.fromkeys(["int", "uint", "i4", "u4", "wchar", "char32", "float"], 4),
    **dict.fromkeys(["ldouble", *COMPLEX], 16),
}
_SYSTEM_WIDTHS: Final = {"DECIMAL": 16, "GUID": 16, "HRESULT": 4, "OLE_COLOR": 4, "PROPVARIANT": 16, "VARIANT": 24}
_WIDEST: Final = 8
"""Of every other scalar, and of pointers."""
_WIDEST_ALIGNMENT: Final = 16
_NARROWEST_POINTER: Final = 4
_REFERRING: Final = frozenset({"BSTR", "PROPVARIANT", "VARIANT"})


class LayoutError(DirectiveError):
    """A record that cannot be laid out as it is declared; the client raises TypeLoadError."""


def is_overlaid(library: TypeLibrary, record: Record) -> bool:
    """Whether the bytes of the record are its value: a union, or an explicit layout whose members overlap (R7.8)."""
    placed = record.union or any(field.offset >= 0 for field in record.fields)
    return record.union or (placed and bool(_Checks(library).overlapping(record)))


def check_records(library: TypeLibrary) -> None:
    """Refuse what no host could lay out. Raises LayoutError."""
    checks = _Checks(library)
    for record in library.records:
        checks.check(record)


def check_record(library: TypeLibrary, record: Record) -> None:
    """The same for one record and what it contains."""
    _Checks(library).check(record)


def inside_first(records: Sequence[Record]) -> list[Record]:
    """The records in an order in which each comes after those inside it. They contain themselves nowhere."""
    index = {record.name: record for record in records}
    ordered: dict[str, Record] = {}

    def add(record: Record) -> None:
        for field in record.fields:
            ctype = field.type
            while isinstance(ctype, Array):
                ctype = ctype.element
            if isinstance(ctype, StructType) and ctype.name in index and ctype.name not in ordered:
                add(index[ctype.name])
        ordered.setdefault(record.name, record)

    for record in records:
        add(record)
    return list(ordered.values())


class _Checks:
    """One library's records by name, and what was found out about them."""

    def __init__(self, library: TypeLibrary) -> None:
        self._records = {record.name: record for record in library.records}
        self._enums = {enum.name: enum.base for enum in library.enums}
        self._sound: set[str] = set()
        self._sizes: dict[str, tuple[int, int]] = {}

    def check(self, record: Record) -> None:
        """Raise LayoutError for a record that is not sound."""
        self._check_cycle(record, ())
        if record.pack not in PACKS:
            known = ", ".join(map(str, sorted(PACKS)))
            raise LayoutError(f"{record.name}: pack {record.pack} is none of {known} (R7.5)")
        if all(field.offset < 0 for field in record.fields):
            return
        for field in record.fields:
            self._check_placed(record, field)
        for field in self.overlapping(record):
            if self._refers(field.type):
                raise LayoutError(
                    f"member '{field.name}' of {record.name} is a reference, which must not overlap other members "
                    "(R7.8); declare it as uintptr_t, or two structs"
                )

    def _check_placed(self, record: Record, field: Field) -> None:
        where = f"member '{field.name}' of {record.name}"
        if field.offset < 0:
            raise LayoutError(f"{where} has no offset, but others have: an explicit layout places every member (R7.4)")
        if record.union:
            raise LayoutError(f"{where} has an offset; members of a union all lie at 0, so leave it out (R7.4)")
        if field.bits:
            raise LayoutError(f"{where} is a bit-field and has an offset; declare the unit that holds it (R7.23)")
        if isinstance(field.type, Array) and not field.type.length:
            raise LayoutError(f"{where} has no length, so an explicit layout cannot place it (R7.4)")
        if field.offset % _NARROWEST_POINTER and self._refers(field.type):
            raise LayoutError(f"{where} is a reference at offset {field.offset}, which is not aligned for one (R7.8)")

    def _check_cycle(self, record: Record, path: tuple[str, ...]) -> None:
        if record.name in self._sound:
            return
        if record.name in path:
            raise LayoutError(f"{record.name} contains itself (R7.17); a pointer to it may stand there")
        for field in record.fields:
            inner = self._held(field.type)
            if inner is not None:
                self._check_cycle(inner, (*path, record.name))
        self._sound.add(record.name)

    def _held(self, ctype: CType) -> Record | None:
        """The record that lies inline in a member; one that is not described is for others to find."""
        while isinstance(ctype, Array):
            ctype = ctype.element
        return self._records.get(ctype.name) if isinstance(ctype, StructType) else None

    def _refers(self, ctype: CType) -> bool:
        """Whether values of the type refer to something: pointers of any kind, and what holds them."""
        while isinstance(ctype, Array):
            ctype = ctype.element
        inner = self._held(ctype)
        if inner is not None:
            return any(self._refers(field.type) for field in inner.fields)
        if isinstance(ctype, SystemType):
            return ctype.name in _REFERRING
        return isinstance(ctype, Pointer | FunctionPointer | Opaque | SafeArray)

    def overlapping(self, record: Record) -> list[Field]:
        """Members of an explicit layout that share bytes with another."""
        placed = sorted((field for field in record.fields if field.offset >= 0), key=lambda field: field.offset)
        found: list[Field] = []
        end, last = 0, None
        for field in placed:
            if last is not None and field.offset < end:
                found += [last, field]
            after = field.offset + self._size(field.type)[0]
            if after > end:
                end, last = after, field
        return found

    def _size(self, ctype: CType) -> tuple[int, int]:
        """The widest size and alignment of a type."""
        match ctype:
            case Array(element, length):
                size, alignment = self._size(element)
                return size * length, alignment
            case StructType(name) if name in self._records:
                return self._record_size(self._records[name])
            case Scalar(name):
                size = _WIDTHS.get(name, _WIDEST)
            case EnumType(name):
                size = _WIDTHS.get(self._enums.get(name, ""), _WIDEST)
            case SystemType(name):
                size = _SYSTEM_WIDTHS.get(name, _WIDEST)
                return size, min(size, _WIDEST)
            case _:
                size = _WIDEST
        return size, min(size, _WIDEST_ALIGNMENT)

    def _record_size(self, record: Record) -> tuple[int, int]:
        known = self._sizes.get(record.name)
        if known is not None:
            return known
        end, widest = 0, 1
        for field in record.fields:
            size, alignment = self._size(field.type)
            alignment = min(alignment, record.pack or alignment)
            widest = max(widest, alignment)
            start = 0 if record.union else field.offset if field.offset >= 0 else end + -end % alignment
            end = max(end, start + size)
        end = max(end, record.size)
        found = self._sizes[record.name] = (end + -end % widest, widest)
        return found
