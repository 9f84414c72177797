"""`StrBuf` as memory: how large it is in units of C, what stands in it, and what was written there (R5.12, R5.13)."""

from __future__ import annotations

from callgate.errors import ArgumentError, UnmappableCharError
from callgate.values import StrBuf
from callgate_protocol.forms import Bytes, Elements, Form, Integer

from .base import Mismatch, TypeSpace

__all__ = ["UnitText", "unit_text"]

_LONGEST_UTF8 = 3
"""Bytes of UTF-8 for one unit of UTF-16 at most."""


class UnitText:
    """Text in units of one width, in memory of a fixed size."""

    def __init__(self, codec: str, width: int, errors: tuple[str, str]) -> None:
        self._codec = codec
        self._width = width
        self._errors = errors

    def room(self, buffer: StrBuf) -> int:
        """R5.13: units for so many characters of any kind and a terminator, which the capacity does not count."""
        return (_LONGEST_UTF8 if self._width == 1 else 1) * buffer.capacity + 1

    def content(self, buffer: StrBuf) -> bytes:
        """R5.12: what stands in the buffer, with zeros behind it."""
        data, size = self.encode(buffer.text), self.room(buffer) * self._width
        if len(data) + self._width > size:
            raise Mismatch(ArgumentError, f"the text of this StrBuf is longer than its capacity of {buffer.capacity}")
        return data.ljust(size, b"\0")

    def encode(self, text: str) -> bytes:
        """The units of a text. Raises Mismatch."""
        try:
            return text.encode(self._codec, self._errors[0])
        except UnicodeEncodeError as error:
            problem = f"the character at position {error.start} has no form in {self._codec} (R5.5)"
            raise Mismatch(UnmappableCharError, problem) from None

    def fill(self, buffer: StrBuf, data: bytes) -> None:
        """R5.12, R5.13: what was written up to the first zero unit, and never more than the capacity."""
        width = self._width
        end = next((at for at in range(0, len(data) - width + 1, width) if not any(data[at : at + width])), len(data))
        end = end if width == 1 else min(end, buffer.capacity * width)
        buffer.text = data[:end].decode(self._codec, self._errors[1])[: buffer.capacity]


def unit_text(form: Form, types: TypeSpace) -> UnitText | None:
    """The text that a `StrBuf` stands for in a form; None where it can stand for nothing."""
    if isinstance(form, Bytes):
        return UnitText("utf-8", 1, ("strict", "replace")) if form.text else None
    element = form.element if isinstance(form, Elements) else None
    if not isinstance(element, Integer) or element.scalar not in ("char16", "wchar"):
        return None
    width = types.abi.sizes[element.scalar]
    order = "le" if types.abi.byte_order == "little" else "be"
    return UnitText(f"utf-{8 * width}-{order}", width, ("surrogatepass", "surrogatepass"))
