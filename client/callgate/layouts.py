"""Where the members of a struct lie in its library's host: the host knows, nobody computes it here (R7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .allocation import check_struct
from .binding import Binding
from .lib import binding_of
from .naming import Named, name_of

__all__ = ["Layout", "layout"]


class Layout(NamedTuple):
    """A struct or union as the host lays it out; offsets in bytes, by the names of the members."""

    size: int
    alignment: int
    offsets: Mapping[str, int]


def layout(lib: Any, type_name: Named) -> Layout:
    """Size, alignment and offsets of a struct or union in the library's host (R7.1).

    Raises DeclarationError for a type that the prototypes do not define.
    """
    binding: Binding = binding_of(lib)
    type_name = name_of(type_name)
    check_struct(binding, type_name)
    size, alignment, places = binding.layout(type_name)
    names = (member.name for member in binding.members[type_name])
    offsets = {name: offset for name, (offset, *_) in zip(names, places, strict=True) if name}
    return Layout(size, alignment, offsets)
