"""Numbers in the caller's own memory: `array`, NumPy, `memoryview`, ctypes arrays, `bytearray` (R6.1, R6.12, R1.18).

NumPy is never imported here: an ndarray is a buffer like any other, and only one that does not lie in C order is asked
to copy itself. A buffer fits by the kind and size of its elements, not by its type code: `array('l')` has eight bytes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from math import prod
from typing import Any, Final

from callgate.errors import ArgumentError, InvalidCastError

from .base import Mismatch, wrong_type

__all__ = ["Layout", "can_be_filled", "flat", "is_buffer", "numbers_of", "read_numbers", "store"]

_FORMAT: Final = re.compile(r"[@=<>!]?([?bBhHiIlLqQnNefd])")
_KINDS: Final = {"?": "bool", **dict.fromkeys("efd", "float"), **dict.fromkeys("bhilqn", "signed integer")}
_UNSIGNED: Final = "unsigned integer"
_BIG: Final = frozenset(">!")


class Layout:
    """What elements of one `struct` code look like in the host, and how many of them make one item (R6.12)."""

    __slots__ = ("kind", "order", "shape", "size")

    def __init__(self, code: str, size: int, order: str, shape: tuple[int, ...] = ()) -> None:
        self.kind = _kind(code)
        self.size = size
        self.order = order
        """`<` or `>`: the host's byte order."""
        self.shape = shape
        """Lengths of the inner dimensions; empty for plain numbers."""

    @property
    def item(self) -> int:
        """Bytes of one item: of a number, or of a row of them."""
        return self.size * prod(self.shape)

    def check(self, view: memoryview) -> None:
        """Raises Mismatch when the elements of a buffer are none of these."""
        found = _FORMAT.fullmatch(view.format)
        if found is None or view.itemsize != self.size or _kind(found[1]) != self.kind:
            kind = f"{_kind(found[1])}s" if found else f"elements of the format {view.format!r}"
            text = f"a buffer of {self.kind}s of {self.size} bytes is needed (R6.1)"
            raise Mismatch(InvalidCastError, f"{text}, this one has {kind} of {view.itemsize}")
        if self.shape and view.shape is not None and view.shape[1:] != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise Mismatch(ArgumentError, f"an array of the shape (any, {wanted}) is needed, not {view.shape} (R6.12)")

    def swapped(self, view: memoryview) -> bool:
        """Whether the buffer's byte order is not the host's."""
        first = view.format[:1]
        order = ">" if first in _BIG else "<" if first == "<" or sys.byteorder == "little" else ">"
        return self.size > 1 and order != self.order


def _kind(code: str) -> str:
    return _KINDS.get(code[-1:], _UNSIGNED)


def is_buffer(value: Any) -> bool:
    """Whether a value is numbers in memory; NumPy's single numbers are not, though they have a buffer."""
    try:
        return memoryview(value).ndim > 0
    except TypeError:
        return False


def can_be_filled(value: Any) -> bool:
    """R1.18: whether results can be written in place; never through a read-only buffer."""
    try:
        return not memoryview(value).readonly
    except TypeError:
        return False


def flat(view: memoryview) -> bytes | memoryview:
    """All bytes in C order: the memory itself where it lies so, else a copy (R6.12)."""
    if view.c_contiguous and len(view.format) == 1:
        return view.cast("B")
    return view.tobytes("C")


def read_numbers(value: Any, layout: Layout) -> bytes | bytearray | memoryview:
    """The bytes of a buffer in the host's representation. `bytes` and `bytearray` are taken as such."""
    view = _view(value)
    if isinstance(value, bytes | bytearray):
        if len(value) % layout.item:
            text = f"{len(value)} bytes are not a whole number of elements of {layout.item}"
            raise Mismatch(ArgumentError, text)
        return view
    layout.check(view)
    data = flat(view)
    return _swap(data, layout.size) if layout.swapped(view) else data


def _view(value: Any) -> memoryview:
    try:
        return memoryview(value)
    except TypeError:
        raise wrong_type("a sequence or buffer of numbers", value) from None


def _swap(data: bytes | memoryview, size: int) -> bytearray:
    turned = bytearray(len(data))
    for place in range(size):
        turned[place::size] = data[size - 1 - place :: size]
    return turned


def store(target: Any, data: bytes | bytearray | memoryview, layout: Layout | None) -> None:
    """R1.18, R6.4: put what came back where the caller's numbers lie, however they lie there."""
    view = memoryview(target)
    if layout is not None and layout.swapped(view):
        data = _swap(memoryview(data), layout.size)
    if view.c_contiguous and len(view.format) == 1:
        view.cast("B")[: len(data)] = data
    elif view.c_contiguous:
        _store_foreign(target, data)
    elif hasattr(target, "dtype"):
        _store_scattered(target, data)
    else:
        _store_strided(view, data)


def _store_foreign(target: Any, data: bytes | bytearray | memoryview) -> None:
    """Ctypes and other exporters whose formats `memoryview` cannot cast."""
    import ctypes  # noqa: PLC0415 - only those who use ctypes pay for it

    (ctypes.c_char * len(data)).from_buffer(target).raw = bytes(data)


def _store_scattered(target: Any, data: bytes | bytearray | memoryview) -> None:
    """An ndarray that does not lie in C order puts each element where it belongs."""
    numpy = sys.modules["numpy"]
    values = numpy.frombuffer(data, target.dtype)
    rows = len(data) // (target.itemsize * prod(target.shape[1:]) or 1)
    target[:rows] = values.reshape(rows, *target.shape[1:])


def _store_strided(view: memoryview, data: bytes | bytearray | memoryview) -> None:
    if view.ndim != 1:
        raise Mismatch(ArgumentError, "a buffer to be filled must have one dimension or be contiguous")
    values = memoryview(bytes(data)).cast(view.format)  # type: ignore[call-overload]
    view[: len(values)] = values


def numbers_of(value: Any, lengths: Sequence[int]) -> list[Any]:
    """R6.11: the numbers of nested sequences, each inner one exactly as long as declared."""
    if not lengths:
        return [value]
    if isinstance(value, str | bytes) or not (isinstance(value, Sequence) or is_buffer(value)):
        raise wrong_type(f"a sequence of {lengths[0]} elements", value)
    if len(value) != lengths[0]:
        text = f"{len(value)} elements stand where {lengths[0]} are declared; jagged arrays are not marshalled (R6.11)"
        raise Mismatch(ArgumentError, text)
    numbers = []
    for index, row in enumerate(value):
        try:
            numbers += numbers_of(row, lengths[1:])
        except Mismatch as fault:
            raise fault.inside(f"[{index}]") from None
    return numbers
