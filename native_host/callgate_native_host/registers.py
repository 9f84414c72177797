"""Around a mistake of libffi on x86-64: a struct that begins in the last integer register.

When an {integer, float} struct gets the sixth integer register for its first half, libffi copies all of it there and
so overwrites the first floating-point argument. In registers, a struct travels exactly as its halves do one by one;
such a parameter is therefore declared as two.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Final

from .backend import Backend, BackendType
from .convert.substitutes import UnknownPassing, eightbytes

__all__ = ["Split", "split_parameter"]

_INTEGER_REGISTERS: Final = 6
_FLOAT_REGISTERS: Final = 8
_LARGEST: Final = 16


class Split:
    """One parameter of a function that is passed as two."""

    def __init__(self, backend: Backend, types: Sequence[BackendType], index: int) -> None:
        self._backend = backend
        self._index = index
        self._struct = backend.pointer_to(types[index])
        self._size = backend.sizeof(types[index])
        halves = backend.record("halves", [("a", backend.primitive("uint64_t"), -1), ("b", _double(backend), -1)], *_C)
        self._halves = backend.pointer_to(halves)
        parts = [backend.primitive("uint64_t"), _double(backend)]
        self.types = [*types[:index], *parts, *types[index + 1 :]]
        """The parameters with the struct's halves in its place."""

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it was declared, over the one that takes the halves."""

        def call(*natives: Any) -> Any:
            given = self._backend.newp(self._struct, natives[self._index])
            halves = self._backend.newp(self._halves)
            self._backend.memmove(halves, given, self._size)
            return function(*natives[: self._index], halves.a, halves.b, *natives[self._index + 1 :])

        return call


_C: Final = (False, 0)
"""Laid out as C does: no union, no packing."""


def _double(backend: Backend) -> BackendType:
    return backend.primitive("double")


def split_parameter(backend: Backend, types: Sequence[BackendType], result: BackendType) -> Split | None:
    """The parameter that libffi would pass wrongly, or None: there is at most one, since registers are used up once."""
    if os.uname().machine != "x86_64" or not any(map(backend.is_record, types)):
        return None
    integers, floats = int(backend.is_record(result) and _halves(backend, result) is None), 0
    for index, ctype in enumerate(types):
        halves = _halves(backend, ctype)
        if halves is None:
            continue
        floating = sum(halves)
        if integers + len(halves) - floating > _INTEGER_REGISTERS or floats + floating > _FLOAT_REGISTERS:
            continue  # on the stack, whole
        if halves == [False, True] and integers == _INTEGER_REGISTERS - 1 and floats:
            return Split(backend, types, index)
        integers, floats = integers + len(halves) - floating, floats + floating
    return None


def _halves(backend: Backend, ctype: BackendType) -> list[bool] | None:
    """For each register that a value of the type takes whether it is a floating-point one; None for memory."""
    size = backend.sizeof(ctype)
    if size > _LARGEST:
        return None
    try:
        return eightbytes(backend.leaves(ctype), size)
    except UnknownPassing:
        return None
