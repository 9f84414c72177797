"""Encodings of text: what a declaration says, made into functions that encode and decode (R5.4, R5.5)."""

from __future__ import annotations

import codecs
import logging
from typing import Any, Final

from callgate.errors import ArgumentError, MarshalDirectiveError, OutOfRange, UnmappableCharError
from callgate_protocol.forms import Codec

from .base import Mismatch, TypeSpace, wrong_type

__all__ = ["LONGEST", "Encoding", "encoding_of", "wide_encoding"]

LONGEST: Final = 0x7FFFFFF0
"""Bytes of the longest text."""
_UTF8: Final = "utf-8"
_log: Final = logging.getLogger("callgate")


class Encoding:
    """Text in units of one width, encoded and decoded as a declaration says."""

    def __init__(self, name: str, width: int, errors: tuple[str, str], label: str, *, raw: bool = False) -> None:
        self.name = name
        self.width = width
        """Bytes of a unit."""
        self.raw = raw
        """Whether it is bytes for the caller, and no text."""
        self._encode_errors, self._decode_errors = errors
        self._label = label
        self._warned = False

    def encode(self, value: Any, *, nul: bool = False) -> bytes:
        """The units of a text. R5.5: strictly; R5.6: without a NUL inside. Raises Mismatch."""
        data = self._units(value)
        if len(data) > LONGEST:
            raise Mismatch(OutOfRange, f"the text has {len(data)} bytes, {LONGEST} are the most (R19.41)")
        if not nul and (end := _zero_unit(data, self.width)) >= 0:
            text = f"embedded NUL at position {end}: native code would see only what is before (R5.6)"
            raise Mismatch(ArgumentError, text)
        return data

    def _units(self, value: Any) -> bytes:
        if isinstance(value, str) and not self.raw:
            try:
                return value.encode(self.name, self._encode_errors)
            except UnicodeEncodeError as error:
                what = "a lone surrogate" if "\ud800" <= value[error.start] <= "\udfff" else "the character"
                problem = f"{what} at position {error.start} has no form in {self.name.upper()} (R5.5)"
                raise Mismatch(UnmappableCharError, problem) from None
        if isinstance(value, bytes | bytearray) and self.width == 1:
            return bytes(value)
        raise wrong_type(
            "bytes or None" if self.raw else "a str, bytes or None" if self.width == 1 else "a str or None", value
        )

    def decode(self, data: bytes | bytearray | memoryview) -> Any:
        """The text. R5.5: bytes that are none become U+FFFD, and that is logged once, unless the errors are strict."""
        if self.raw:
            return bytes(data)
        try:
            return str(data, self.name, "strict" if self._decode_errors == "replace" else self._decode_errors)
        except UnicodeDecodeError as error:
            if self._decode_errors == "strict":
                problem = f"byte {error.start} of the text is no {self.name.upper()}: {error.reason} (R5.5)"
                raise Mismatch(UnmappableCharError, problem) from None
        if not self._warned:
            self._warned = True
            _log.warning(
                "%s: text that is no %s was decoded with replacement characters", self._label, self.name.upper()
            )
        return str(data, self.name, "replace")

    def end_of(self, data: bytes) -> bytes:
        """What stands before the first zero unit."""
        end = _zero_unit(data, self.width)
        return data if end < 0 else data[: end * self.width]

    def fit(self, data: bytes, units: int) -> bytes:
        """R5.17: at most so many units, without splitting a character."""
        cut = data[: units * self.width]
        if len(cut) == len(data):
            return data
        if self.name == _UTF8:
            end = len(cut)
            while end and data[end] & 0xC0 == 0x80:
                end -= 1
            return cut[:end]
        if self.width == 2 and _is_pair(data, len(cut), self.name):
            return cut[:-2]
        return cut


def _zero_unit(data: bytes, width: int) -> int:
    """The number of the first zero unit, -1 when there is none."""
    if width == 1:
        return data.find(0)
    zero, position = bytes(width), data.find(bytes(width))
    while position >= 0 and position % width:
        position = data.find(zero, position + 1)
    return position // width if position >= 0 else -1


def _is_pair(data: bytes, cut: int, name: str) -> bool:
    """Whether a cut falls between the two units of one character of UTF-16."""
    high = 1 if name.endswith("le") else 0
    return cut >= 2 and data[cut - 2 + high] & 0xFC == 0xD8 and data[cut + high] & 0xFC == 0xDC


def encoding_of(codec: Codec, types: TypeSpace) -> Encoding:
    """The encoding of `char`. Raises MarshalDirectiveError for one that C text cannot have."""
    try:
        name = codecs.lookup(codec.encoding).name
        terminated = b"\0" not in "aé".encode(name, "replace") and "\0".encode(name) == b"\0"
    except LookupError:
        raise MarshalDirectiveError(f"{types.library}: there is no encoding {codec.encoding!r} (R5.5)") from None
    if not terminated:
        text = f"{types.library}: {codec.encoding} has zero bytes inside characters; declare char16_t or wchar_t (R5.4)"
        raise MarshalDirectiveError(text)
    escape = codec.errors == "surrogateescape"
    errors = ("surrogateescape" if escape else "strict", codec.errors)
    return Encoding(name, 1, errors, types.library, raw=codec.raw)


def wide_encoding(scalar: str, types: TypeSpace) -> Encoding:
    """R4.6, R5.4: UTF-16 or UTF-32 by the width of the unit, in the host's byte order; lone surrogates pass."""
    width = types.abi.sizes[scalar]
    order = "le" if types.abi.byte_order == "little" else "be"
    return Encoding(f"utf-{8 * width}-{order}", width, ("surrogatepass", "surrogatepass"), types.library)
