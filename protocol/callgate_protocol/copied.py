"""`[copied] struct T **`: a pointer to a pointer to a copy, which a layout class by reference is (R1.9, R7.14)."""

from __future__ import annotations

from collections.abc import Iterable

from .directives import DirectiveError
from .model import Attribute, Parameter, Pointer, StructType, c_name

__all__ = ["copied_target", "refuse_copied"]

_OTHERS = ("closes", "context", "length_is", "offset", "ptr", "ref", "size_is", "string", "unique")
"""Words that say something else about the pointer, and why they cannot stand here."""


def copied_target(parameter: Parameter, where: str) -> StructType:
    """The struct behind both stars. Raises DirectiveError for another type, and for words that contradict."""
    pointer = parameter.type
    inner = pointer.target if isinstance(pointer, Pointer) else None
    if not isinstance(inner, Pointer) or not isinstance(inner.target, StructType):
        raise DirectiveError(
            f"{where}: [copied] belongs to a pointer to a pointer to a struct, struct T **, not to "
            f"{c_name(parameter.type)} (R7.14, R7.15)"
        )
    for word in _OTHERS:
        if parameter.has(word):
            raise DirectiveError(
                f"{where}: [{word}] does not go with [copied], which is one struct, or NULL behind a pointer that is "
                "never NULL; leave one of them out (R1.9)"
            )
    if parameter.has("free") and not parameter.has("out"):
        raise DirectiveError(f"{where}: [free] is about what comes back; write [in, out] or [out] with it (R1.9)")
    return inner.target


def refuse_copied(attributes: Iterable[Attribute], where: str) -> None:
    """Raises DirectiveError where [copied] stands on something that is no parameter."""
    if any(attribute.name == "copied" for attribute in attributes):
        raise DirectiveError(f"{where}: [copied] is for parameters, struct T ** (R1.9)")
