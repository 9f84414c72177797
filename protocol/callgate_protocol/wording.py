"""What attributes make of numbers and characters: the forms of a scalar, and words that do not go with their type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from .directives import DirectiveError
from .forms import Boolean, Character, Complex, Floating, Form, Integer, Truth
from .model import COMPLEX, FLOATS, INTEGERS, TRUTHS, CType, Scalar, c_name

__all__ = ["BYTES", "Words", "scalar_form"]

Words: TypeAlias = Mapping[str, str]
"""The attributes of a parameter, result or member: name → argument."""


BYTES: Final = frozenset({"char", "schar", "uchar", "i1", "u1"})
"""Scalars of one byte: an array of them is binary data."""
_CHARACTERS: Final = BYTES | {"short", "ushort", "i2", "u2", "char16", "wchar", "char32"}
"""Scalars that may hold one character (R4.3)."""


def scalar_form(scalar: Scalar, words: Words, where: str) -> Form:
    """The form of a number by its type and attributes (R2, R3, R4). Raises DirectiveError.

    `best_fit` means something for characters only; on text it is accepted and changes nothing (R5.22).
    """
    name = scalar.name
    if "character" in words:
        if name not in _CHARACTERS:
            wanted = "an integer of one or two bytes, a wchar_t or a char32_t (R4.3)"
            raise _misplaced("character", wanted, scalar, where)
        return Character(name, "best_fit" in words)
    if "unchecked" in words and name not in INTEGERS:
        raise _misplaced("unchecked", "an integer (R2.5)", scalar, where)
    if name in TRUTHS:
        return Truth(name, "lenient" in words)
    if name == "bool":
        return Boolean()
    if name in COMPLEX:
        return Complex(name)
    return Floating(name) if name in FLOATS else Integer(name, "unchecked" in words)


def _misplaced(word: str, wanted: str, ctype: CType, where: str) -> DirectiveError:
    return DirectiveError(f"{where}: [{word}] goes with {wanted}, not with {c_name(ctype)} (R19.20)")
