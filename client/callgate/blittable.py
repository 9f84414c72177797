"""`callgate.is_blittable`: whether a type has the same bits on both sides."""

from __future__ import annotations

from typing import Any

from callgate_protocol.blittable import is_blittable as decide
from callgate_protocol.model import CType, EnumType, StructType

from .binding import Binding
from .declare import PrototypeError, parse_declarations
from .errors import DeclarationError
from .lib import binding_of
from .naming import Named, name_of

__all__ = ["is_blittable"]


def is_blittable(lib: Any, ctype: Named) -> bool:
    """Whether values of a type are copied as they are, with nothing to convert (R2.3).

    `ctype` is a C type such as `"int32_t"` or `"void *"`, the name of a struct or enum that the library declares, or
    its Python class. Raises DeclarationError for a type that nobody knows.
    """
    binding = binding_of(lib)
    return decide(binding.declared, _named(binding, name_of(ctype)))


def _named(binding: Binding, name: str) -> CType:
    if any(record.name == name for record in binding.declared.records):
        return StructType(name)
    if any(enum.name == name for enum in binding.declared.enums):
        return EnumType(name)
    try:
        return parse_declarations(f"typedef {name} asked_for;").typedefs["asked_for"]
    except PrototypeError as error:
        raise DeclarationError(f"{binding.label} declares no type {name!r}: {error}") from None
