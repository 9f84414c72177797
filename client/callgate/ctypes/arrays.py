"""`c_int * 3`: arrays, and arrays of characters with their `value` and `raw`."""

from __future__ import annotations

import operator
import sys
from typing import Any, Final

from .cdata import CArg, CData, CDataType, Layout, as_parameter, layout_of, load, store
from .refusals import NoBuffer
from .simple import SimpleType, wide_block

__all__ = ["ARRAY", "Array", "ArrayType", "array_type"]

_types: dict[tuple[Any, int], Any] = {}


def array_type(element: Any, length: Any) -> Any:
    """The array type of so many elements; the same type each time."""
    try:
        number = operator.index(length)
    except TypeError:
        raise TypeError(f"can't multiply sequence by non-int of type {type(length).__name__!r}") from None
    if number < 0:
        raise ValueError(f"Array length must be >= 0, not {number}")
    known = _types.get((element, number))
    if known is None:
        name = f"{element.__name__}_Array_{number}"
        known = _types[element, number] = ArrayType(name, (Array,), {"_length_": number, "_type_": element})
    return known


def ARRAY(typ: Any, length: int) -> Any:  # noqa: N802 - the name of ctypes
    """`typ * length`."""
    return typ * length


class ArrayType(CDataType):
    """The type of array types."""

    _length_: int
    _type_: Any

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        """Check the declaration and lay it out."""
        made: Any = super().__new__(mcs, name, bases, body)
        if not any(isinstance(base, ArrayType) for base in bases):
            return made
        length, element = _length(made), _element(made)
        inner = layout_of(element)
        if length * inner.size >= 1 << 63:
            raise OverflowError("array too large")
        shape = None if inner.shape is None else ("array", inner.shape, length)
        made._layout_ = Layout(inner.mirror * length, shape, inner.pointers, inner.reason)
        made._stride_ = inner.size
        code = element._type_ if isinstance(element, SimpleType) else ""
        if code in _CHARACTERS:
            for word, accessor in _CHARACTERS[code].items():
                if word not in body:
                    setattr(made, word, accessor)
        return made

    def from_param(cls: Any, value: Any) -> Any:
        """What a parameter of this type accepts: an array, text for characters, a tuple for the elements."""
        layout_of(cls)
        if isinstance(value, cls):
            return value
        code = getattr(cls._type_, "_type_", None)
        if (code == "c" and isinstance(value, bytes)) or (code == "u" and isinstance(value, str)):
            if len(value) > cls._length_:
                raise ValueError("Invalid length")
            made = cls()
            made.value = value
            return made
        if isinstance(value, tuple):
            if len(value) > cls._length_:
                raise RuntimeError(f"({cls.__name__}) <class 'ValueError'>: too many elements")
            return cls(*value)
        if isinstance(value, CArg) and isinstance(value._obj, cls):
            return value
        return as_parameter(cls, value, f"expected {cls.__name__} instance instead of {type(value).__name__}")

    def _set_(cls: Any, _block: Any, _offset: int, value: Any) -> Any:
        raise TypeError(f"expected {cls.__name__} instance, got {type(value).__name__}")

    def _assign_(cls: Any, _block: Any, _offset: int, value: CData) -> Any:
        raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {cls.__name__} instance")


def _length(made: Any) -> int:
    length = getattr(made, "_length_", None)
    if length is None:
        raise AttributeError("class must define a '_length_' attribute")
    if not isinstance(length, int):
        raise TypeError("The '_length_' attribute must be an integer")
    if length < 0:
        raise ValueError("The '_length_' attribute must not be negative")
    if length >= 1 << 63:
        raise OverflowError("The '_length_' attribute is too large")
    return length


def _element(made: Any) -> Any:
    element = getattr(made, "_type_", None)
    if element is None:
        raise AttributeError("class must define a '_type_' attribute")
    if not isinstance(element, CDataType) or element._layout_ is None:
        raise TypeError("_type_ must have storage info")
    return element


class Array(CData, metaclass=ArrayType):
    """Base of all arrays."""

    __slots__ = ()

    _compound_ = True
    _plain_ = False
    _length_: int
    _type_: Any
    _stride_: int

    def __init__(self, *values: Any) -> None:
        for index, value in enumerate(values):
            self[index] = value

    def __len__(self) -> int:
        return self._length_

    def _pass_(self) -> CArg:
        return CArg("P", 0, self, self._ready_(), self._offset_)

    def _place(self, index: Any) -> int:
        try:
            number = operator.index(index)
        except TypeError:
            raise TypeError("indices must be integers") from None
        if number < 0:
            number += self._length_
        if not 0 <= number < self._length_:
            raise IndexError("invalid index")
        return number

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return read_slice(self, range(*index.indices(self._length_)), self._block_, self._offset_)
        number = self._place(index)
        return load(self._type_, self, number, self._offset_ + number * self._stride_)

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._assign(index, value)
            return
        number = self._place(index)
        store(self._type_, self, number, self._offset_ + number * self._stride_, value)

    def _assign(self, index: slice, values: Any) -> None:
        numbers = range(*index.indices(self._length_))
        if len(values) != len(numbers):
            raise ValueError("Can only assign sequence of same size")
        for number, value in zip(numbers, values, strict=True):
            self[number] = value

    if sys.version_info < (3, 12):

        def __index__(self) -> int:
            """`bytearray(array)` would take the elements for the bytes. What this raises is the only way to stop it."""
            raise NoBuffer

    def __delitem__(self, _index: Any) -> None:
        raise TypeError("Array does not support item deletion")


def read_slice(owner: Any, numbers: range, block: Any, offset: int) -> Any:
    """Elements as a list, characters as text. Plain elements are read with one message."""
    kind = owner._type_
    stride = layout_of(kind).size
    if not kind._plain_ or not len(numbers):
        if kind._plain_ and kind._type_ in _EMPTY:
            return _EMPTY[kind._type_]
        return [owner[number] for number in numbers]
    first = min(numbers[0], numbers[-1])
    span = abs(numbers[-1] - numbers[0]) + 1
    content = block.read(offset + first * stride, span * stride)
    if layout_of(kind).pointers:
        return [owner[number] for number in numbers]
    mirror = (layout_of(kind).mirror * span).from_buffer_copy(content)
    values = [mirror[number - first] for number in numbers]
    if kind._type_ in _EMPTY and not hasattr(kind, "_swapped_"):
        return _EMPTY[kind._type_].join(values)
    return values


_EMPTY: Final[dict[str, Any]] = {"c": b"", "u": ""}


# -- arrays of characters --------------------------------------------------------------------------------------------


def _raw(self: Array) -> bytes:
    """All bytes."""
    return self._block_.read(self._offset_, self._length_)


def _set_raw(self: Array, value: Any) -> None:
    content = memoryview(value).tobytes()
    if len(content) > self._length_:
        raise ValueError("byte string too long")
    self._block_.write(self._offset_, content)


def _value(self: Array) -> bytes:
    """The bytes before the first NUL."""
    return _raw(self).partition(b"\0")[0]


def _set_value(self: Array, value: Any) -> None:
    if not isinstance(value, bytes):
        raise TypeError(f"bytes expected instead of {type(value).__name__} instance")
    if len(value) > self._length_:
        raise ValueError("byte string too long")
    self._block_.write(self._offset_, value + b"\0" if len(value) < self._length_ else value)


def _wide_value(self: Array) -> str:
    """The characters before the first NUL."""
    content = self._block_.read(self._offset_, self._length_ * self._stride_)
    text: str = layout_of(type(self)).mirror.from_buffer_copy(content).value
    return text


def _set_wide_value(self: Array, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"unicode string expected instead of {type(value).__name__} instance")
    if len(value) > self._length_:
        raise ValueError("string too long")
    content = wide_block(value).read(0, min(len(value) + 1, self._length_) * self._stride_)
    self._block_.write(self._offset_, content)


def undeletable(_self: Any) -> None:
    """For attributes that are memory."""
    raise TypeError("can't delete attribute")


_CHARACTERS: Final = {
    "c": {"raw": property(_raw, _set_raw), "value": property(_value, _set_value, undeletable)},
    "u": {"value": property(_wide_value, _set_wide_value, undeletable)},
}
