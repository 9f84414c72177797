"""What a library's declarations are read from, when they are more than a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

__all__ = ["FromHeader", "Moded", "Typed", "Written", "written"]


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


class Moded(NamedTuple):
    """Prototypes or headers, and the modes under which they are read (`declare.modes`)."""

    declared: str | FromHeader
    modes: dict[str, Any]


Written: TypeAlias = str | FromHeader | Typed | Moded
"""Prototypes, headers with them, or typed Python."""


def written(
    prototypes: str,
    header: str | Sequence[str],
    include_dirs: Sequence[str],
    defines: Sequence[str],
    **modes: bool,
) -> Written:
    """What `load` was given."""
    declared: str | FromHeader = prototypes
    if header:
        headers = (header,) if isinstance(header, str) else tuple(header)
        declared = FromHeader(headers, tuple(include_dirs), tuple(defines), prototypes)
    return Moded(declared, modes) if any(modes.values()) else declared
