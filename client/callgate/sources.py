"""What a library's declarations are read from, when they are more than a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

__all__ = ["FromHeader", "Typed", "Written", "written"]


class FromHeader(NamedTuple):
    """C headers, how a compiler would be told to read them, and the prototypes that overrule them."""

    headers: tuple[str, ...]
    include_dirs: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    """`NAME` or `NAME=VALUE`."""
    prototypes: str = ""


class Typed(NamedTuple):
    """A class with `@callgate.library`."""

    declared: type[Any]


Written: TypeAlias = str | FromHeader | Typed
"""Prototypes, headers with them, or typed Python."""


def written(
    prototypes: str, header: str | Sequence[str], include_dirs: Sequence[str], defines: Sequence[str]
) -> Written:
    """What `load` was given."""
    if not header:
        return prototypes
    headers = (header,) if isinstance(header, str) else tuple(header)
    return FromHeader(headers, tuple(include_dirs), tuple(defines), prototypes)
