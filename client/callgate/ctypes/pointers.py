"""`POINTER(T)` and its objects. Following a pointer reads the host's memory; a wrong one kills the host, not Python."""

from __future__ import annotations

import operator
from typing import Any

from .arrays import Array, read_slice
from .cdata import (
    CArg,
    CData,
    CDataType,
    Layout,
    as_parameter,
    assign,
    keep,
    kept_by,
    layout_of,
    pointer_bytes,
    read_address,
    view,
)
from .memory import Block
from .simple import SimpleType
from .standard import std
from .world import current, of_life

__all__ = ["POINTER", "PointerType", "_Pointer", "pointer", "pointer_types", "set_pointer_type"]

pointer_types: dict[Any, Any] = {}
"""`POINTER(T)` by T, and incomplete ones by their names."""


class PointerType(CDataType):
    """The type of pointer types."""

    _type_: Any

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        """Check the declaration and lay it out."""
        if "_type_" in body:
            _check_target(body["_type_"])
        made: Any = super().__new__(mcs, name, bases, body)
        if any(isinstance(base, PointerType) for base in bases):
            made._layout_ = Layout(type(name, (std.c_void_p,), {}), "P", pointers=True)
        return made

    def set_type(cls: Any, target: Any) -> None:
        """Complete an incomplete pointer type."""
        _check_target(target)
        cls._type_ = target

    def from_param(cls: Any, value: Any) -> Any:
        """What a parameter of this type accepts: pointers, and arrays, objects and `byref` of the right type."""
        target = getattr(cls, "_type_", None)
        if value is None:
            return None
        if target is not None and isinstance(value, target):
            return CArg("P", 0, value, value._ready_(), value._offset_)
        if isinstance(value, cls):
            return value
        if isinstance(value, _Pointer | Array) and target is not None and issubclass(value._type_, target):
            return value
        if isinstance(value, CArg) and value.tag == "P" and target is not None and isinstance(value._obj, target):
            return value
        if isinstance(target, SimpleType) and isinstance(value, bytes | str):
            text = _text_for(target, value)
            if text is not None:
                return text
        if isinstance(target, SimpleType) and isinstance(value, CData) and not isinstance(value, _Pointer | Array):
            code = {"c": "z", "u": "Z"}.get(target._type_)
            if code is not None and getattr(value, "_type_", None) == code:
                return value
        return as_parameter(cls, value, f"expected {cls.__name__} instance instead of {type(value).__name__}")

    def _set_(cls: Any, block: Block, offset: int, value: Any) -> Any:
        if value is not None:
            raise TypeError(f"expected {cls.__name__} instance, got {type(value).__name__}")
        block.write(offset, pointer_bytes(0))

    def _assign_(cls: Any, block: Block, offset: int, value: CData) -> Any:
        """An array stands for a pointer to its first element."""
        target = getattr(cls, "_type_", None)
        if isinstance(value, Array) and target is not None and issubclass(value._type_, target):
            address = value._home_()
            block.write(offset, pointer_bytes(address), value._block_.life)
            return kept_by(value), value
        raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {cls.__name__} instance")


def _text_for(target: SimpleType, value: Any) -> Any:
    """`POINTER(c_char)` takes bytes, `POINTER(c_wchar)` text."""
    from .tools import c_char_p, c_wchar_p  # noqa: PLC0415 - these are made of what is defined here

    if target._type_ == "c" and isinstance(value, bytes):
        return c_char_p.from_param(value)
    if target._type_ == "u" and isinstance(value, str):
        return c_wchar_p.from_param(value)
    return None


def _check_target(target: Any) -> None:
    if not isinstance(target, CDataType):
        raise TypeError("_type_ must have storage info")


class _Pointer(CData, metaclass=PointerType):
    """Base of all pointers."""

    __slots__ = ()

    _compound_ = True
    _plain_ = False
    _type_: Any

    def __new__(cls, *_arguments: Any, **_named: Any) -> Any:
        if not hasattr(cls, "_type_"):
            raise TypeError("Cannot create instance: has no _type_")
        return super().__new__(cls)

    def __init__(self, target: Any = None) -> None:
        if target is not None:
            self.contents = target

    def __bool__(self) -> bool:
        return bool(read_address(self._block_, self._offset_))

    def _target(self, index: int) -> tuple[Block, int]:
        """The memory pointed to, and the offset of an element. Raises ValueError for NULL, ObjectGone."""
        address = read_address(self._block_, self._offset_)
        if not address:
            raise ValueError("NULL pointer access")
        world = of_life(address.life, "what this pointer points to") if address.life else current()
        size = layout_of(self._type_).size
        return Block.foreign(int(address) + index * size, world.life, size), index

    @property
    def contents(self) -> Any:
        """The object pointed to."""
        block, _ = self._target(0)
        return view(self._type_, block, 0, self, 0)

    @contents.setter
    def contents(self, value: Any) -> None:
        if "_type_" not in type(self).__dict__:
            raise TypeError(f"Pointer does not know what it points to: {type(self).__name__} has no _type_ of its own")
        target = self._type_
        fits = isinstance(value, target) or (isinstance(value, Array) and value._type_ is target)
        if not fits:
            raise TypeError(f"expected {target.__name__} instead of {type(value).__name__}")
        address = value._home_()
        self._block_.write(self._offset_, pointer_bytes(address), value._block_.life)
        keep(self, 1, value)
        keep(self, 0, kept_by(value))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            numbers = _range_of(index)
            block, _ = self._target(0)
            return read_slice(self, numbers, block, 0)
        number = _index(index)
        block, _ = self._target(number)
        kind = self._type_
        return kind._get_(block, 0) if kind._plain_ else view(kind, block, 0, self, number)

    def __setitem__(self, index: Any, value: Any) -> None:
        number = _index(index)
        block, _ = self._target(number)
        keep(self, number, assign(self._type_, block, 0, value))

    def __delitem__(self, _index: Any) -> None:
        raise TypeError("Pointer does not support item deletion")

    def _pass_(self) -> CArg:
        address = read_address(self._block_, self._offset_)
        if address and address.life:
            of_life(address.life, "what this pointer points to")
        return CArg("P", int(address), self)


def _index(index: Any) -> int:
    try:
        return operator.index(index)
    except TypeError:
        raise TypeError("Pointer indices must be integer") from None


def _range_of(index: slice) -> range:
    step = 1 if index.step is None else operator.index(index.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if index.start is None and step < 0:
        raise ValueError("slice start is required for step < 0")
    if index.stop is None:
        raise ValueError("slice stop is required")
    return range(0 if index.start is None else operator.index(index.start), operator.index(index.stop), step)


def POINTER(target: Any) -> Any:  # noqa: N802 - the name of ctypes
    """The pointer type of a type; the same type each time. A name makes an incomplete type."""
    known = pointer_types.get(target)
    if known is not None:
        return known
    if isinstance(target, str):
        made = PointerType(f"LP_{target}", (_Pointer,), {})
        pointer_types[id(made)] = made
        return made
    if not isinstance(target, CDataType):
        raise TypeError("must have a ctypes type")
    made = PointerType(f"LP_{target.__name__}", (_Pointer,), {"_type_": target})
    pointer_types[target] = made
    return made


def pointer(value: Any) -> Any:
    """A pointer to an object, which gets a home in the host."""
    if not isinstance(value, CData):
        raise TypeError("_type_ must have storage info")
    return POINTER(type(value))(value)


def set_pointer_type(kind: Any, target: Any) -> None:
    """Complete an incomplete pointer type."""
    if pointer_types.get(target) is not None:
        raise RuntimeError("This type already exists in the cache")
    if id(kind) not in pointer_types:
        raise RuntimeError("What's this???")
    kind.set_type(target)
    pointer_types[target] = kind
    del pointer_types[id(kind)]
