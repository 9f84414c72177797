"""`[ref]`, `[unique]` and `[ptr]`: whether a pointer may be NULL, and whether two of them may be the same (R1.21)."""

from __future__ import annotations

from typing import Final

from .directives import DirectiveError
from .forms import Bytes, Elements, Form
from .model import FunctionPointer, Parameter, Pointer, c_name

__all__ = ["check_pointer_words", "is_nullable", "keeps_aliases"]

_WORDS: Final = ("ptr", "ref", "unique")


def is_nullable(parameter: Parameter) -> bool:
    """Whether None is NULL."""
    return parameter.has("unique") or parameter.has("ptr")


def keeps_aliases(parameter: Parameter, form: Form) -> bool:
    """Whether one object given for several `[ptr]` parameters is one block of memory."""
    return parameter.has("ptr") and isinstance(form, Elements | Bytes)


def check_pointer_words(parameter: Parameter, where: str) -> None:
    """Raises DirectiveError for two of them, and for one on what is no pointer."""
    given = [word for word in _WORDS if parameter.has(word)]
    if len(given) > 1:
        raise DirectiveError(f"{where}: [{given[0]}] and [{given[1]}] contradict each other; keep one (R1.21)")
    if given and given[0] != "unique" and not isinstance(parameter.type, Pointer | FunctionPointer):
        raise DirectiveError(f"{where}: [{given[0]}] belongs to a pointer, not to {c_name(parameter.type)} (R1.21)")
