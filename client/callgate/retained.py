"""Callables that were retained, as the converters find them (R9.5)."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .callbacks import CallbackPointer

__all__ = ["Retained", "retained_key"]


class Retained:
    """A callable that stays callable for native code, with one function pointer for each type it was given for."""

    __slots__ = ("_make", "_pointers", "function")

    def __init__(self, function: Callable[..., Any], make: Callable[[str], CallbackPointer]) -> None:
        self.function = function
        self._make = make
        self._pointers: dict[str, CallbackPointer] = {}

    def pointer(self, delegate: str) -> CallbackPointer:
        """The function pointer of that type: the same one each time (R9.7)."""
        known = self._pointers.get(delegate)
        if known is None:
            known = self._pointers[delegate] = self._make(delegate)
            known._shown = self.function  # noqa: SLF001 - native code hands the callable back, not what carries it
        return known

    def release(self) -> None:
        """Close the pointers."""
        for pointer in self._pointers.values():
            pointer.__exit__(None, None, None)


def retained_key(function: Any) -> tuple[int, int]:
    """What a callable is recognised by: itself; a bound method, which is made anew each time, by its two parts."""
    if isinstance(function, MethodType):
        return id(function.__self__), id(function.__func__)
    return id(function), 0
