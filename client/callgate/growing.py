"""Text of unknown length, with the protocol that many functions have: too small, and here is how much is needed."""

from __future__ import annotations

from collections.abc import Callable

from .errors import ArgumentError
from .values import StrBuf

__all__ = ["grow_call"]


def grow_call(fill: Callable[[StrBuf, int], int], size: int = 256) -> str:
    """R5.15: call `fill(buffer, size)`, and once more with as much room as it asks for; the text.

    `fill` is a function of a library that takes a buffer and its size, or a lambda that gives it further arguments.
    It returns how many characters it wrote, without the terminator; or, when that is not less than `size`, how many it
    needs with the terminator.
    """
    if size < 1:
        raise ValueError(f"a buffer needs room for its terminator: {size}")
    for again in (False, True):
        buffer = StrBuf(size - 1)
        answer = fill(buffer, size)
        if answer < 0:
            raise ArgumentError(f"the function answered {answer!r}, which is no number of characters (R5.15)")
        if answer < size or (again and answer == size):  # some count the terminator also when it fits
            return str(buffer)
        size = max(answer, size + 1)
    raise ArgumentError(f"the function wants {answer} characters after it was given as many as it wanted (R5.15)")
