"""What of a declaration is Python's and never crosses: the user's own classes, and how functions look to a caller."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from callgate_protocol.value import Value

__all__ = ["C_ONLY", "PLAIN", "CountOf", "Face", "PythonSide"]

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class CountOf(Value):
    """Default of a parameter: the number of elements of the parameter `array`."""

    array: str


class Face(Value):
    """How one function looks where that differs from what its signature says.

    `defaults` by parameter; `dropped` are in-out parameters whose final value is not repeated in the result; `filled`
    are structs that are updated in place, of which the `fresh` ones arrive as zeros (R1.11, R7.12). `custom` are the
    user's own marshallers by parameter, that of the result under "" (R19.47).
    """

    defaults: Mapping[str, Any] = _NOTHING
    dropped: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()
    custom: Mapping[str, Any] = _NOTHING


PLAIN: Final = Face()


class PythonSide(Value):
    """Classes by the names of the model, faces by functions, and functions by the names that a caller uses."""

    structs: Mapping[str, Any] = _NOTHING
    enums: Mapping[str, Any] = _NOTHING
    handles: Mapping[str, Any] = _NOTHING
    faces: Mapping[str, Face] = _NOTHING
    interfaces: Mapping[str, Any] = _NOTHING
    """Declarations of interfaces (`callgate.com.declared.Declared`)."""
    names: Mapping[str, str] = _NOTHING
    """Name of the attribute → name of the function, where they differ."""


C_ONLY: Final = PythonSide()
"""Nothing: classes are made, and functions look as their signatures say."""
