"""What a library's declarations are read from, when they are more than a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

__all__ = ["FromHeader", "Moded", "Typed", "Written", "located", "written"]


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


def located(library: Any, path: str, declared: str | FromHeader | Moded) -> tuple[str, Written]:
    """The file, and what declares it: a class says both. Raises TypeError when two things say the same."""
    if isinstance(library, str):
        if path:
            raise TypeError("path= goes with a class; the first argument already is a file name")
        return library, declared
    from .typed.libraries import spec_of  # noqa: PLC0415 - whoever wrote such a class has imported it

    if declared:
        raise TypeError("a class says what it declares; prototypes, headers and modes belong to it")
    return path or spec_of(library).name, Typed(library)


def written(
    prototypes: str,
    header: str | Sequence[str],
    include_dirs: Sequence[str],
    defines: Sequence[str],
    **modes: bool | str,
) -> str | FromHeader | Moded:
    """What `load` was given."""
    declared: str | FromHeader = prototypes
    if header:
        headers = (header,) if isinstance(header, str) else tuple(header)
        declared = FromHeader(headers, tuple(include_dirs), tuple(defines), prototypes)
    return Moded(declared, modes) if any(modes.values()) else declared
