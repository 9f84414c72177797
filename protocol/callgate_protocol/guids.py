"""GUIDs as text and as bytes: the names of interfaces and classes (R12.9, R14.4)."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["braced_guid", "guid_bytes", "guid_text", "read_guid", "same_tail", "text_of"]

_TEXT: Final = re.compile(r"\{[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}\}")
_LOOSE: Final = re.compile(
    r"\{?([0-9a-fA-F]{8})-([0-9a-fA-F]{4})-([0-9a-fA-F]{4})-([0-9a-fA-F]{4})-([0-9a-fA-F]{12})\}?"
)
_PARTS: Final = (slice(0, 4), slice(4, 6), slice(6, 8), slice(8, 10), slice(10, 16))
_IN_HOST_ORDER: Final = 3
"""The first three parts are numbers of C; the others are bytes."""


def guid_text(text: str) -> str:
    """The canonical form of a GUID that a person wrote: upper case, in braces. Raises ValueError."""
    match = _LOOSE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no GUID; one looks like {{00000000-0000-0000-C000-000000000046}}")
    return "{" + "-".join(match.groups()).upper() + "}"


def braced_guid(text: str) -> str:
    """As `guid_text` where the braces are required and nothing may stand around it (R16.4). Raises ValueError."""
    guid = guid_text(text)
    if text.upper() != guid:
        raise ValueError(f"{text!r} must stand in braces and by itself: {guid}")
    return guid


def read_guid(wire: Any) -> str:
    """A GUID of a message, which must be in its canonical form. Raises ValueError."""
    if type(wire) is not str or _TEXT.fullmatch(wire) is None:
        raise ValueError(f"expected a GUID in canonical form, got {wire!r}")
    return wire


def guid_bytes(text: str, byteorder: str = "little") -> bytes:
    """The 16 bytes of a canonical GUID as native memory has them; some libraries write all of it big-endian."""
    raw = bytes.fromhex(text[1:-1].replace("-", ""))
    return raw if byteorder == "big" else _swapped(raw)


def same_tail(head: str) -> str:
    """One of the GUIDs that share the tail of IUnknown's, by its first part."""
    return f"{{{head}-0000-0000-C000-000000000046}}"


def text_of(data: bytes, byteorder: str = "little") -> str:
    """The canonical form of 16 bytes of native memory."""
    raw = (data if byteorder == "big" else _swapped(data)).hex().upper()
    return "{" + "-".join(raw[2 * part.start : 2 * part.stop] for part in _PARTS) + "}"


def _swapped(raw: bytes) -> bytes:
    """R12.9: the numbers the other way round."""
    return b"".join(raw[part][:: -1 if index < _IN_HOST_ORDER else 1] for index, part in enumerate(_PARTS))
