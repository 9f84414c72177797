"""How many elements a pointer has, as attributes say it: `size_is(*n + 1)`, `size_is(, *n)`, `length_is(n)`."""

from __future__ import annotations

from collections.abc import Mapping

from .directives import DirectiveError
from .forms import Count, Form, count_of, length_of
from .model import COMPLEX, FLOATS, TRUTHS, EnumType, Parameter, Pointer, Scalar, c_name
from .wording import Words

__all__ = ["check_counts", "is_inner", "read_count"]


def read_count(words: Words, name: str = "size_is") -> Count | None:
    """The count that an attribute says; a constant and a parameter add up (R6.5)."""
    if name not in words:
        return None
    parameter, constant = "", 0
    for part in words[name].removeprefix(",").split("+"):
        if part.isascii() and part.isdigit():
            constant += int(part)
        else:
            parameter = part
    return Count(constant, parameter.removeprefix("*"), parameter.startswith("*"))


def is_inner(words: Words) -> bool:
    """Whether the count is written behind a comma: of what the inner pointer of `T **` points to."""
    return words.get("size_is", "").startswith(",")


def check_counts(form: Form, names: Mapping[str, Parameter], where: str) -> None:
    """R6.6, R19.29: a count names a parameter, and that is an integer. Raises DirectiveError."""
    for word, count in (("size_is", count_of(form)), ("length_is", length_of(form))):
        if count is not None and count.parameter:
            _check(f"{word}({count.parameter})", count, names, where)


def _check(said: str, count: Count, names: Mapping[str, Parameter], where: str) -> None:
    if count.parameter not in names:
        raise DirectiveError(f"{where}: {said} does not name a parameter (R6.6)")
    ctype = names[count.parameter].type
    ctype = ctype.target if count.dereference and isinstance(ctype, Pointer) else ctype
    if not isinstance(ctype, Scalar | EnumType) or (isinstance(ctype, Scalar) and ctype.name in _NO_COUNTS):
        raise DirectiveError(f"{where}: {said} must name an integer (R6.6), not {c_name(ctype)}")


_NO_COUNTS = frozenset({*FLOATS, *COMPLEX, *TRUTHS, "bool"})
