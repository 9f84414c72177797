"""Keeping what native code uses, and letting go: `callgate.retain(lib, f)`, `callgate.release(…)` (R9.5, R10.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from .callbacks import make_pointer
from .com.objects import ComObject, release_object
from .lib import binding_of
from .memory import Handle
from .retained import Retained, retained_key

__all__ = ["is_invalid", "release", "retain"]

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


@overload
def release(target: Handle) -> None: ...
@overload
def release(target: ComObject) -> int: ...
@overload
def release(target: Any, function: Callable[..., Any]) -> None: ...
def release(target: Any, function: Callable[..., Any] | None = None) -> int | None:
    """End a handle: `callgate.release(handle)`; or let go of a callable: `callgate.release(lib, function)`.

    Of the proxy of an object one receipt is given back, and how many are left is the result (R14.12): native code may
    have handed the object out more than once. At 0 it is gone, and using it raises ObjectGone.

    The object of a handle whose type has a `release` ends now, or when the calls that use it are over (R10.2, R10.8);
    ending a handle twice does nothing. A callable that was retained must not be called by native code any more;
    LookupError for one that was not retained, or was released before.
    """
    if isinstance(target, Handle):
        target._release()  # noqa: SLF001 - operations on handles are functions of the module
        return None
    if isinstance(target, ComObject):
        return release_object(target)
    binding = binding_of(target)
    host = binding.host
    kept = host.holdings.retained.pop(retained_key(function), None) if host is not None else None
    if kept is None:
        raise LookupError(f"{function!r} is not retained for {binding.label}")
    kept.release()
    return None


def is_invalid(handle: Handle | None) -> bool:
    """Whether a library gave this for a failure: NULL, which is None, or another invalid value of the type (R10.9)."""
    if handle is None:
        return True
    if not isinstance(handle, Handle):
        raise TypeError(f"expected a handle, got {type(handle).__name__}")
    return handle._value is not None  # noqa: SLF001
