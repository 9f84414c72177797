"""Declared types by name, or by the class that stands for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .errors import ArgumentError
from .records import Struct

__all__ = ["Named", "name_of"]

Named: TypeAlias = str | type[Any] | Callable[..., Any]
"""A type of a library: its name in C, or the Python class or function that stands for it."""


def name_of(given: Named) -> str:
    """The name in the model. Raises ArgumentError for a class that has no layout (R19.3), TypeError for no class."""
    if isinstance(given, str):
        return given
    own = getattr(given, "__dict__", {})
    described = own.get("__callgate_layout__") or own.get("__callgate_delegate__")
    if described is not None:
        if getattr(described, "kind", "") == "auto":
            raise ArgumentError(f"{described.name} has an automatic layout, so it has no size (R7.2, R19.3)")
        name: str = described.name
        return name
    if isinstance(given, type) and issubclass(given, Struct):
        return given.__name__
    raise TypeError(f"expected the name of a type, or a class with a layout, not {given!r}")
