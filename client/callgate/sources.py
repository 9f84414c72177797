"""What a library's declarations are read from, when they are more than a text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

__all__ = ["FromHeader", "Moded", "Paths", "Typed", "Written", "located", "written"]


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


Paths: TypeAlias = "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]"
"""One path or name, or several."""


def written(
    prototypes: str, header: Paths, include_dirs: Paths, defines: str | Sequence[str], **modes: bool | str
) -> str | FromHeader | Moded:
    """What `load` was given. Raises TypeError for what is no path, ValueError for options without a header."""
    headers = _listed(header, "header")
    options = _listed(include_dirs, "include_dirs"), _listed(defines, "defines")
    if any(options) and not headers:
        raise ValueError("include_dirs and defines say how a header is read, and none was given: header=…")
    declared = FromHeader(headers, *options, prototypes) if headers else prototypes
    return Moded(declared, modes) if any(modes.values()) else declared


def _listed(given: Any, name: str) -> tuple[str, ...]:
    several = [given] if isinstance(given, str | os.PathLike) else given
    if isinstance(several, bytes) or not isinstance(several, Iterable):
        raise TypeError(f"{name} is a str, a path, or a list of them, not {given!r}")
    listed = []
    for each in several:
        if not isinstance(each, str | os.PathLike):
            raise TypeError(f"{name} is a str, a path, or a list of them; {each!r} in it is none")
        listed.append(os.fspath(each))
    return tuple(filter(None, listed))
