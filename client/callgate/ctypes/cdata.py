"""What all ctypes types and objects share: layout, memory, views, and what an object keeps alive.

Sizes, alignments and offsets are not computed here: each type has a *mirror*, the standard library's own type of the
same declaration, and is laid out as that is (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple, Self

from .memory import Address, Block, address_of_number, home, life_of
from .refusals import NoBuffer, refuse
from .standard import std
from .world import current, of_life

__all__ = [
    "CArg",
    "CData",
    "CDataType",
    "Layout",
    "as_parameter",
    "assign",
    "content_of",
    "home_all",
    "keep",
    "kept_by",
    "layout_of",
    "load",
    "pointer_bytes",
    "read_address",
    "size_of",
    "store",
    "view",
    "wire_of",
]


class Layout(NamedTuple):
    """How values of a type lie in memory, and how they cross by value."""

    mirror: Any
    """The standard library's type of the same declaration."""
    shape: Any
    """How the host is told about a value (docs/protocol.md, Addresses); None when it cannot be passed by value."""
    pointers: bool
    """Whether there are addresses inside."""
    reason: str = "pass it by pointer"
    """Why it cannot be passed by value."""

    @property
    def size(self) -> int:
        """In bytes."""
        return int(std.sizeof(self.mirror))

    @property
    def alignment(self) -> int:
        """In bytes."""
        return int(std.alignment(self.mirror))


class CArg:
    """An argument on its way: what `byref` and `from_param` give. It keeps alive what it points to."""

    __slots__ = ("_obj", "block", "code", "offset", "tag", "value")

    def __init__(
        self, tag: Any, value: Any, obj: Any, block: Block | None = None, offset: int = 0, code: str = "P"
    ) -> None:
        self.tag = tag
        """The shape of the value."""
        self.value = value
        """The number or bytes; nothing when there is a block."""
        self._obj = obj
        self.block = block
        """What is pointed to."""
        self.offset = offset
        self.code = code
        """The code that ctypes shows for it."""

    @property
    def address(self) -> int:
        """Where it points; what it points to gets a home."""
        if self.block is None:
            return int(self.value)
        home([self.block])
        return self.block.address + self.offset

    def __repr__(self) -> str:
        if self.code in "bBhHiIlLqQfd":
            return f"<cparam {self.code!r} ({self.value!r})>"
        if self.code == "c":
            return f"<cparam 'c' ({chr(self.value) if 32 <= self.value < 127 else f'{chr(92)}x{self.value:02x}'!r})>"
        if self.code in "zZP":
            return f"<cparam {self.code!r} ({self.address:#x})>"
        return f"<cparam {self.code!r} at {id(self):#x}>"


class CDataType(type):
    """The type of all ctypes types. Its methods are callable on types only, as in ctypes."""

    _layout_: Layout | None

    def __mul__(cls: Any, length: int) -> Any:
        from .arrays import array_type  # noqa: PLC0415 - arrays are made of everything that is defined here

        return array_type(cls, length)

    __rmul__ = __mul__

    def from_address(cls: Any, address: int) -> Any:
        """A view of memory of the host."""
        if not isinstance(address, int):
            raise TypeError("integer expected")
        layout = layout_of(cls)
        number = address_of_number(address)
        world = current()
        if not life_of(address) and not world.readable(number, layout.size):
            refuse(f"{cls.__name__}.from_address({number:#x})", "nothing is there in the host, where addresses belong")
        return view(cls, Block.foreign(number, world.life, layout.size))

    def from_buffer(cls: Any, source: Any, offset: int = 0) -> Any:
        """An object whose memory is that of another Python object of this process."""
        memory = memoryview(source)
        if memory.readonly:
            raise TypeError("underlying buffer is not writable")
        if not memory.c_contiguous:
            raise TypeError("underlying buffer is not C contiguous")
        layout = layout_of(cls)
        _check_room(layout, memory.nbytes, offset)
        if layout.pointers:
            refuse("from_buffer of pointers", "addresses belong to the host; use from_buffer_copy")
        content = memory.cast("B")[offset : offset + layout.size] if layout.size else memory
        made = view(cls, Block.borrowed(content))
        made._objects = {"ffffffff": memory}
        return made

    def from_buffer_copy(cls: Any, source: Any, offset: int = 0) -> Any:
        """An object with the same bytes."""
        content = memoryview(source)
        layout = layout_of(cls)
        _check_room(layout, content.nbytes, offset)
        made = cls.__new__(cls)
        made._block_.write(0, content.tobytes()[offset : offset + layout.size])
        return made

    def in_dll(cls: Any, library: Any, name: str) -> Any:
        """A variable of a library."""
        layout = layout_of(cls)
        world, address = library._find(name)
        made = view(cls, Block.foreign(address, world.life, layout.size))
        made._objects = library
        return made

    def from_param(cls: Any, value: Any) -> Any:
        """What a parameter of this type accepts."""
        layout_of(cls)
        if isinstance(value, cls):
            return value
        if isinstance(value, CArg) and isinstance(value._obj, cls):
            return value
        return as_parameter(cls, value, f"expected {cls.__name__} instance instead of {type(value).__name__}")


def _check_room(layout: Layout, length: int, offset: int) -> None:
    if offset < 0:
        raise ValueError("offset cannot be negative")
    if layout.size > length - offset:
        raise ValueError(f"Buffer size too small ({length} instead of at least {layout.size + offset} bytes)")


def as_parameter(cls: Any, value: Any, problem: str) -> Any:
    """The last thing that every `from_param` tries."""
    if not hasattr(value, "_as_parameter_"):
        raise TypeError(problem)
    return cls.from_param(value._as_parameter_)


def layout_of(cls: Any) -> Layout:
    """How a type is laid out. Raises TypeError for anything without a layout."""
    layout: Layout | None = cls._layout_ if isinstance(cls, CDataType) else None
    if layout is None:
        raise TypeError("abstract class" if isinstance(cls, CDataType) else "this type has no size")
    return layout


class CData(metaclass=CDataType):
    """A C value. It is a view of a block of memory, its own or that of the object it is part of."""

    __slots__ = ("__weakref__", "_b_base_", "_block_", "_index_", "_objects", "_offset_")

    _layout_: Layout | None = None
    _block_: Block
    _offset_: int
    _b_base_: CData | None
    _index_: int
    _objects: Any

    def __new__(cls, *_arguments: Any, **_named: Any) -> Self:
        """Zeroed memory in this process."""
        layout = layout_of(cls)
        made = object.__new__(cls)
        made._block_ = Block(layout.size)
        made._offset_ = made._index_ = 0
        made._b_base_ = made._objects = None
        return made

    @property
    def _b_needsfree_(self) -> bool:
        return self._b_base_ is None and self._block_.owned

    def _bytes_(self) -> bytes:
        """A copy of the memory."""
        return self._block_.read(self._offset_, size_of(self))

    def _home_(self) -> int:
        """The address in the host."""
        home([self._block_])
        return self._block_.address + self._offset_

    def _ready_(self) -> Block:
        """The block, with everything in it that native code is going to see."""
        return self._block_

    def _life_(self) -> int:
        """What the addresses inside belong to; 0 for none."""
        return self._ready_().life if layout_of(type(self)).pointers else 0

    def _pass_(self) -> CArg:
        """As an argument, by value."""
        layout = layout_of(type(self))
        if layout.shape is None:
            refuse(f"{type(self).__name__} by value", layout.reason)
        life = self._life_()
        if life:
            of_life(life, f"a pointer inside this {type(self).__name__}")
        return CArg(layout.shape, wire_of(layout.shape, self._bytes_()), self, code=getattr(self, "_type_", "V"))

    def __bytes__(self) -> bytes:
        return self._bytes_()

    def __buffer__(self, _flags: int) -> memoryview:
        """The buffer protocol, from Python 3.12 on. The memory stays in this process then; native code sees a copy."""
        layout = layout_of(type(self))
        if layout.pointers:
            raise NoBuffer("callgate.ctypes: an object with addresses inside cannot be looked at as a buffer")
        return memoryview(layout.mirror.from_buffer(self._block_.show(), self._offset_))

    def __ctypes_from_outparam__(self) -> Any:
        return self

    def __reduce__(self) -> Any:
        if layout_of(type(self)).pointers:
            raise ValueError("ctypes objects containing pointers cannot be pickled")
        return _unpickled, (type(self), (self.__dict__, self._bytes_()))

    def __setstate__(self, state: Any, content: bytes | None = None) -> None:
        attributes, content = state if content is None else (state, content)
        own = self.__dict__
        if not isinstance(own, dict):
            raise TypeError(f"{type(self).__name__}.__dict__ must be a dictionary, not {type(own).__name__}")
        own.update(attributes)
        self._block_.write(self._offset_, content)


def _unpickled(cls: Any, state: Any) -> Any:
    made = cls.__new__(cls)
    made.__setstate__(state)
    return made


def size_of(value: CData) -> int:
    """The bytes of an object, which `resize` may have made more than its type has."""
    return value._block_.size if value._b_base_ is None and value._block_.owned else layout_of(type(value)).size


def view(cls: Any, block: Block, offset: int = 0, base: CData | None = None, index: int = 0) -> Any:
    """An object of memory that exists."""
    layout_of(cls)
    made = object.__new__(cls)
    made._block_, made._offset_, made._b_base_, made._index_ = block, offset, base, index
    made._objects = None
    return made


def load(kind: Any, owner: CData, index: int, offset: int) -> Any:
    """The element or member of that type at an offset of `owner`'s block: a Python value where ctypes gives one."""
    if kind._plain_:
        return kind._get_(owner._block_, offset)
    return view(kind, owner._block_, offset, owner, index)


def store(kind: Any, target: CData, index: int, offset: int, value: Any) -> None:
    """Assign to an element or member, and keep alive what it points to."""
    keep(target, index, assign(kind, target._block_, offset, value))


def assign(kind: Any, block: Block, offset: int, value: Any) -> Any:
    """Put a value into memory; what the memory needs kept alive from then on."""
    if not isinstance(value, CData):
        if not isinstance(value, tuple) or not kind._compound_:
            return kind._set_(block, offset, value)
        value = _from_tuple(kind, value)
    if isinstance(value, kind):
        life = value._life_()
        block.write(offset, value._bytes_()[: layout_of(kind).size], life)
        return kept_by(value)
    return kind._assign_(block, offset, value)


def _from_tuple(kind: Any, values: tuple[Any, ...]) -> Any:
    """A tuple is the members or elements in order."""
    try:
        return kind(*values)
    except Exception as error:
        raise RuntimeError(f"({kind.__name__}) {type(error).__name__}: {error}") from error


def keep(target: CData, index: int, kept: Any) -> None:
    """Hold on to what the value at an index points to, in the root of the object that it is part of."""
    if kept is None:
        return
    key, root = f"{index:x}", target
    while root._b_base_ is not None:
        key, root = f"{key}:{root._index_:x}", root._b_base_
    if not isinstance(root._objects, dict):
        if not root._compound_:  # type: ignore[attr-defined]
            root._objects = kept
            return
        root._objects = {}
    root._objects[key] = kept


def kept_by(value: CData) -> Any:
    """What an object keeps alive, to be kept by a copy of it."""
    root = value
    while root._b_base_ is not None:
        root = root._b_base_
    if root._objects is None and root._compound_:  # type: ignore[attr-defined]
        root._objects = {}
    return root._objects


def pointer_bytes(address: int) -> bytes:
    """An address as memory holds it."""
    return bytes(std.c_void_p(address))


def read_address(block: Block, offset: int) -> Address:
    """The address stored in a block."""
    number = std.c_void_p.from_buffer_copy(block.read(offset, std.sizeof(std.c_void_p))).value or 0
    return Address.of(number, block.life)


_NUMBERS: Final = {
    "b": std.c_byte,
    "B": std.c_ubyte,
    "h": std.c_short,
    "H": std.c_ushort,
    "i": std.c_int,
    "I": std.c_uint,
    "l": std.c_long,
    "L": std.c_ulong,
    "q": std.c_longlong,
    "Q": std.c_ulonglong,
    "f": std.c_float,
    "d": std.c_double,
    "P": std.c_void_p,
}
"""Shapes that cross as a number."""


def wire_of(shape: Any, content: bytes) -> Any:
    """A value as it crosses: a number, or its bytes."""
    mirror = _NUMBERS.get(shape) if isinstance(shape, str) else None
    return content if mirror is None else mirror.from_buffer_copy(content).value or 0


def content_of(shape: Any, wire: Any) -> bytes:
    """The bytes of a value that crossed."""
    mirror = _NUMBERS.get(shape) if isinstance(shape, str) else None
    return wire if mirror is None else bytes(mirror(wire))


def home_all(arguments: Iterable[CArg]) -> None:
    """Give a home to everything that arguments point to, with one message."""
    blocks = [argument.block for argument in arguments if argument.block is not None]
    if blocks:
        home(blocks)
