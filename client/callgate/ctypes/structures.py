"""`Structure` and `Union`, in the machine's byte order or the other one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from .arrays import ArrayType
from .cdata import CArg, CData, CDataType, Layout, as_parameter, layout_of, load, store
from .refusals import refuse
from .simple import SimpleType
from .standard import std

__all__ = [
    "BigEndianStructure",
    "BigEndianUnion",
    "LittleEndianStructure",
    "LittleEndianUnion",
    "RecordType",
    "Structure",
    "Union",
]

_SWAPPED: Final = "its bytes are in the other order than this machine's; pass it by pointer"


class Field:
    """A member of a struct or union: a descriptor, as ctypes shows it."""

    __slots__ = ("_bits", "_characters", "_index", "_kind", "_mirror", "_moved_by", "_name", "_offset", "_size")

    def __init__(
        self, kind: Any, mirror: Any, index: int, offset: int, size: int, name: str, bits: int, moved_by: int = 0
    ) -> None:
        self._kind = kind
        self._mirror = mirror
        """The struct that declares it."""
        self._name = name
        self._index = index
        self._bits = bits
        self._offset = offset
        self._size = size
        self._moved_by = moved_by
        """Where that struct lies inside the one that this member is seen in."""
        element = kind._type_ if isinstance(kind, ArrayType) else None
        self._characters = element._type_ if isinstance(element, SimpleType) and element._type_ in "cu" else ""

    @property
    def offset(self) -> int:
        """In bytes."""
        return self._offset

    @property
    def size(self) -> int:
        """In bytes; for a bit-field its width in the upper half and its place in the lower."""
        return self._size

    def moved(self, by: int, index: int) -> Field:
        """The same member, seen from around an anonymous struct or union."""
        moved_by = self._moved_by + by
        return Field(self._kind, self._mirror, index, self._offset + by, self._size, self._name, self._bits, moved_by)

    def __get__(self, owner: Any, _cls: Any = None) -> Any:
        if owner is None:
            return self
        if not isinstance(owner, _Record):
            raise TypeError(f"'{type(owner).__name__}' object is not a struct or union of ctypes")
        if self._bits:
            return getattr(self._mirror.from_buffer_copy(self._around(owner)), self._name)
        found = load(self._kind, owner, self._index, owner._offset_ + self._offset)
        return found.value if self._characters else found

    def _around(self, owner: Any) -> bytes:
        """The struct that the bit-field is declared in."""
        content: bytes = owner._block_.read(owner._offset_ + self._moved_by, std.sizeof(self._mirror))
        return content

    def __set__(self, owner: Any, value: Any) -> None:
        if not isinstance(owner, _Record):
            raise TypeError("not a ctype instance")
        if self._bits:
            self._set_bits(owner, value)
        elif self._characters and not isinstance(value, CData):
            self._set_characters(owner, value)
        else:
            store(self._kind, owner, self._index, owner._offset_ + self._offset, value)

    def __delete__(self, _owner: Any) -> None:
        raise TypeError("can't delete attribute")

    def _set_bits(self, owner: Any, value: Any) -> None:
        content = bytearray(self._around(owner))
        setattr(self._mirror.from_buffer(content), self._name, value)
        start, size = self._offset - self._moved_by, layout_of(self._kind).size
        owner._block_.write(owner._offset_ + self._offset, bytes(content[start : start + size]))

    def _set_characters(self, owner: Any, value: Any) -> None:
        """As the standard library has it: up to the first NUL, and a NUL behind it where there is room."""
        size = self._kind._length_
        if self._characters == "c":
            if not isinstance(value, bytes):
                raise TypeError(f"expected bytes, {type(value).__name__} found")
            value = value.partition(b"\0")[0]
        elif not isinstance(value, str):
            raise TypeError(f"unicode string expected instead of {type(value).__name__} instance")
        if len(value) > size:
            what = "bytes" if self._characters == "c" else "string"
            raise ValueError(f"{what} too long ({len(value)}, maximum length {size})")
        load(self._kind, owner, self._index, owner._offset_ + self._offset).value = value

    def __repr__(self) -> str:
        name = self._kind.__name__
        if self._bits:
            return f"<Field type={name}, ofs={self._offset}:{self._size & 0xFFFF}, bits={self._bits}>"
        return f"<Field type={name}, ofs={self._offset}, size={self._size}>"


class RecordType(CDataType):
    """The type of struct and union types. The mirror finds what is wrong with `_fields_`, in ctypes' own words."""

    _mirror_base_: Any

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], **options: Any) -> Any:
        """Check the declaration and lay it out."""
        made: Any = super().__new__(mcs, name, bases, {k: v for k, v in body.items() if k != "_fields_"}, **options)
        parents = [base for base in bases if isinstance(base, RecordType)]
        if not parents or body.get("_abstract_"):
            made._layout_ = None
            if "_fields_" in body:  # made without a base: the mirror says what is wrong with it
                type(std.Structure)(name, (), {"_fields_": [_mirrored(entry) for entry in body["_fields_"]]})
            return made
        parent: Any = parents[0]
        settings = {word: body[word] for word in ("_pack_", "_anonymous_", "_align_") if word in body}
        base_layout = parent._layout_
        base_mirror = parent._mirror_base_ if base_layout is None else base_layout.mirror
        mirror = type(base_mirror)(name, (base_mirror,), settings)
        made._members_ = [] if base_layout is None else list(parent._members_)
        inherited = None if base_layout is None else base_layout.shape
        made._mirror_, made._complete_ = mirror, False
        made._layout_ = Layout(mirror, inherited or ("record", 0, 1, ()), bool(base_layout and base_layout.pointers))
        if base_layout is not None:
            made._layout_ = base_layout._replace(mirror=mirror)
            parent._final_ = True
        if "_fields_" in body:
            made._fields_ = body["_fields_"]
        return made

    def __setattr__(cls: Any, name: str, value: Any) -> None:
        if name == "_fields_":
            _define(cls, value)
        super().__setattr__(name, value)

    def _set_(cls: Any, _block: Any, _offset: int, value: Any) -> Any:
        raise TypeError(f"expected {cls.__name__} instance, got {type(value).__name__}")

    def _assign_(cls: Any, _block: Any, _offset: int, value: CData) -> Any:
        raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {cls.__name__} instance")

    def from_param(cls: Any, value: Any) -> Any:
        """What a parameter of this type accepts: an instance."""
        layout_of(cls)
        if isinstance(value, cls) or (isinstance(value, CArg) and isinstance(value._obj, cls)):
            return value
        return as_parameter(cls, value, f"expected {cls.__name__} instance instead of {type(value).__name__}")


def _mirror_of(kind: Any) -> Any:
    """The standard library's type for a member; what it refuses, it refuses by itself."""
    return kind._layout_.mirror if isinstance(kind, CDataType) and kind._layout_ is not None else kind


def _define(cls: Any, fields: Any) -> None:
    """Lay the struct out."""
    if "_mirror_" not in cls.__dict__:
        raise TypeError("ctypes state is not initialized")
    if cls._complete_ or cls.__dict__.get("_final_"):
        raise AttributeError("_fields_ is final")
    mirror = cls._mirror_
    for word in ("_pack_", "_anonymous_", "_align_"):
        if word in cls.__dict__ and word not in mirror.__dict__:
            setattr(mirror, word, cls.__dict__[word])
    swapped = hasattr(cls, "_swappedbytes_")
    listed = [tuple(entry) if isinstance(entry, list) else entry for entry in fields] if _sequence(fields) else fields
    mirror._fields_ = [_mirrored(entry) for entry in listed] if _sequence(fields) else fields
    cls._complete_ = True
    start = len(cls._members_)
    shapes = _shape_before(cls)
    for number, entry in enumerate(listed):
        name, kind = entry[0], _swapped_kind(entry[1], swapped)
        shown = getattr(mirror, name)
        bits = entry[2] if len(entry) > 2 else 0
        if bits and not 0 <= shown.offset <= std.sizeof(mirror) - layout_of(kind).size:
            refuse(f"the bit-field {cls.__name__}.{name}", "this Python's ctypes lays it out outside of its memory")
        field = Field(kind, mirror, start + number, shown.offset, shown.size, name, bits)
        type.__setattr__(cls, name, field)
        cls._members_.append(name)
        if isinstance(kind, RecordType):
            kind._final_ = True
        place = _shape_of_bits(shown.offset, shown.size) if bits else (shown.offset, layout_of(kind).shape)
        shapes.append((*place, kind, bits))
    _promote_anonymous(cls)
    pointers = cls._layout_.pointers or any(layout_of(kind).pointers for _, _, kind, _ in shapes[start:])
    cls._shapes_ = shapes
    cls._layout_ = Layout(mirror, _shape_of(cls, mirror, shapes), pointers, _SWAPPED)


def _sequence(fields: Any) -> bool:
    return isinstance(fields, list | tuple)


def _mirrored(entry: Any) -> Any:
    if not isinstance(entry, tuple) or len(entry) < 2:
        return entry
    return (entry[0], _mirror_of(entry[1]), *entry[2:])


def _swapped_kind(kind: Any, swapped: bool) -> Any:
    """The type of a member of a struct in the other byte order."""
    if not swapped:
        return kind
    word = "__ctype_be__" if sys.byteorder == "little" else "__ctype_le__"
    other = getattr(kind, word, None)
    if other is not None:
        return other
    if isinstance(kind, ArrayType):
        return _swapped_kind(kind._type_, swapped) * kind._length_
    return kind


def _shape_before(cls: Any) -> list[Any]:
    parent = next(
        (base for base in cls.__mro__[1:] if isinstance(base, RecordType) and "_shapes_" in base.__dict__), None
    )
    return list(parent.__dict__["_shapes_"]) if parent is not None else []


def _shape_of(cls: Any, mirror: Any, shapes: list[Any]) -> Any:
    """How the host is told about it; None when it cannot be passed by value."""
    if hasattr(cls, "_swappedbytes_") or any(shape is None for _, shape, _, _ in shapes):
        return None
    members = tuple((offset, shape) for offset, shape, _, _ in shapes)
    return "record", std.sizeof(mirror), std.alignment(mirror), members


def _shape_of_bits(offset: int, place: int) -> tuple[int, Any]:
    """The bytes that a bit-field lies in."""
    shift, bits = place & 0xFFFF, place >> 16
    first, last = shift // 8, (shift + bits - 1) // 8
    return offset + first, ("array", "B", last - first + 1)


def _promote_anonymous(cls: Any) -> None:
    """Members of anonymous members are members, too."""
    for name in cls.__dict__.get("_anonymous_", ()):
        around: Field = cls.__dict__[name]
        inner = around._kind
        for member in _names_in(inner):
            field = getattr(inner, member)
            if isinstance(field, Field):
                type.__setattr__(cls, member, field.moved(around.offset, around._index))


def _names_in(kind: Any) -> list[str]:
    """Members of a struct, those of its anonymous members included."""
    return [name for name in dir(kind) if isinstance(getattr(kind, name, None), Field)]


class _Record(CData, metaclass=RecordType):
    """What structs and unions share."""

    __slots__ = ()

    _abstract_ = True
    _compound_ = True
    _plain_ = False
    _members_: list[str]

    def __new__(cls, *_arguments: Any, **_named: Any) -> Any:
        made: Any = super().__new__(cls)
        if not cls.__dict__.get("_final_"):
            cls._final_ = True
            type.__getattribute__(cls, "_mirror_")()
        return made

    if TYPE_CHECKING:  # members are known to the declaration only

        def __getattr__(self, name: str) -> Any:
            """A member."""

        def __setattr__(self, name: str, value: Any) -> None:
            """Assign to a member."""

    def __init__(self, *values: Any, **named: Any) -> None:
        members = type(self)._members_
        if len(values) > len(members):
            raise TypeError("too many initializers")
        for name, value in zip(members, values, strict=False):
            if name in named:
                raise TypeError(f"duplicate values for field {name!r}")
            setattr(self, name, value)
        for name, value in named.items():
            setattr(self, name, value)


class Structure(_Record):
    """Base of structs."""

    __slots__ = ()

    _abstract_ = True
    _mirror_base_ = std.Structure


class Union(_Record):
    """Base of unions."""

    __slots__ = ()

    _abstract_ = True
    _mirror_base_ = std.Union


class _SwappedStructure(Structure):
    """A struct whose numbers are in the other byte order."""

    __slots__ = ()

    _abstract_ = True
    _swappedbytes_ = None
    _mirror_base_ = std.BigEndianStructure if sys.byteorder == "little" else std.LittleEndianStructure


class _SwappedUnion(Union):
    """A union whose numbers are in the other byte order."""

    __slots__ = ()

    _abstract_ = True
    _swappedbytes_ = None
    _mirror_base_ = getattr(std, "BigEndianUnion" if sys.byteorder == "little" else "LittleEndianUnion", std.Union)


BigEndianStructure: Any
LittleEndianStructure: Any
BigEndianUnion: Any
LittleEndianUnion: Any
if sys.byteorder == "little":
    LittleEndianStructure, BigEndianStructure = Structure, _SwappedStructure
    LittleEndianUnion, BigEndianUnion = Union, _SwappedUnion
else:
    LittleEndianStructure, BigEndianStructure = _SwappedStructure, Structure
    LittleEndianUnion, BigEndianUnion = _SwappedUnion, Union
