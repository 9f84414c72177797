"""Keeping callables alive for native code, and letting go: `callgate.retain(lib, f)`, `callgate.release(…)` (R9.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .callbacks import make_pointer
from .lib import binding_of
from .retained import Retained, retained_key

__all__ = ["release", "retain"]

F = TypeVar("F", bound=Callable[..., Any])


def retain(lib: Any, function: F) -> F:
    """Keep a callable alive for the library's host until `callgate.release(lib, function)`, and give it back.

    Wherever it is passed, native code gets one function pointer that stays valid, as R9.5 has it::

        lib.SetChangeHandler(callgate.retain(lib, on_change))
        …
        lib.RemoveChangeHandler()
        callgate.release(lib, on_change)
    """
    if not callable(function):
        raise TypeError(f"a callback is a callable, not {type(function).__name__}")
    binding = binding_of(lib)
    retained = binding.ready().holdings.retained
    key = retained_key(function)
    if key not in retained:
        retained[key] = Retained(function, lambda delegate: make_pointer(binding, delegate, function))
    return function


def release(lib: Any, function: Callable[..., Any]) -> None:
    """Let go of a callable that was retained: native code must not call it any more.

    Raises LookupError for one that was not retained, or was released before.
    """
    binding = binding_of(lib)
    host = binding.host
    kept = host.holdings.retained.pop(retained_key(function), None) if host is not None else None
    if kept is None:
        raise LookupError(f"{function!r} is not retained for {binding.label}")
    kept.release()
