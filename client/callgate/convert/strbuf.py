"""`StrBuf` as memory: how large it is in units of C, what stands in it, and what was written there (R5.12, R5.13)."""

from __future__ import annotations

from callgate.errors import ArgumentError
from callgate.values import StrBuf
from callgate_protocol.forms import Bytes, Elements, Form, Integer

from .base import Mismatch, TypeSpace
from .encodings import Encoding, encoding_of, wide_encoding

__all__ = ["UnitText", "unit_text"]

_LONGEST_UTF8 = 3
"""Bytes of UTF-8 for one unit of UTF-16 at most."""


class UnitText:
    """Text of one encoding, in memory of a fixed size."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding

    def room(self, buffer: StrBuf) -> int:
        """R5.13: units for so many characters of any kind and a terminator, which the capacity does not count."""
        return (_LONGEST_UTF8 if self.encoding.width == 1 else 1) * buffer.capacity + 1

    def content(self, buffer: StrBuf) -> bytes:
        """R5.12: what stands in the buffer, with zeros behind it."""
        width = self.encoding.width
        data, size = self.encoding.encode(buffer.text), self.room(buffer) * width
        if len(data) + width > size:
            raise Mismatch(ArgumentError, f"the text of this StrBuf is longer than its capacity of {buffer.capacity}")
        return data.ljust(size, b"\0")

    def fill(self, buffer: StrBuf, data: bytes) -> None:
        """R5.12, R5.13: what was written up to the first zero unit, and never more than the capacity."""
        width = self.encoding.width
        data = self.encoding.end_of(data)
        data = data if width == 1 else data[: buffer.capacity * width]
        buffer.text = self.encoding.decode(data)[: buffer.capacity]


def unit_text(form: Form, types: TypeSpace) -> UnitText | None:
    """The text that a `StrBuf` stands for in a form; None where it can stand for nothing."""
    if isinstance(form, Bytes):
        return UnitText(encoding_of(form.codec, types)) if form.text else None
    element = form.element if isinstance(form, Elements) else None
    if not isinstance(element, Integer) or element.scalar not in ("char16", "wchar"):
        return None
    return UnitText(wide_encoding(element.scalar, types))
