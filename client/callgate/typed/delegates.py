"""`@delegate`: the shape of a function pointer, as a class with `__call__` or as a function (R9)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, overload

from callgate.errors import DeclarationError
from callgate_protocol.value import Value

from .marks import AsAttribute
from .scope import Scope, scope_of

__all__ = ["Callback", "callback_of", "delegate"]

C = TypeVar("C")

_CONVENTIONS = ("", "cdecl", "stdcall")


class Callback(Value):
    """What a decorated class or function says about the function pointers of its kind."""

    name: str
    function: Any
    skip: int
    """Leading parameters that are Python's own: `self`."""
    charset: str
    attributes: tuple[AsAttribute, ...]
    scope: Scope


@overload
def delegate(declared: C, /) -> C: ...
@overload
def delegate(
    *, name: str = "", charset: str = "", conv: str = "", oneway: bool = False, on_error: str = ""
) -> Callable[[C], C]: ...
def delegate(declared: Any = None, /, **options: Any) -> Any:
    """A kind of function pointer.

    A Protocol with `__call__` is used as a type: `callback: Compare`. A function is used beside one:
    `callback: Annotated[Callable[[int, int], int], compare]`. `conv` matters on 32-bit x86 only (R9.11).
    """
    if declared is None:
        return lambda given: _decorated(given, scope_of(given, 1), options)
    return _decorated(declared, scope_of(declared, 1), options)


def callback_of(declared: Any) -> Callback | None:
    """What a class or function was decorated with; None when it was not."""
    found = getattr(declared, "__dict__", {}).get("__callgate_delegate__")
    return found if isinstance(found, Callback) else None


def _decorated(declared: Any, scope: Scope, options: dict[str, Any]) -> Any:
    is_class = isinstance(declared, type)
    function = vars(declared).get("__call__") if is_class else declared
    if not inspect.isfunction(function):
        raise DeclarationError(f"{declared.__name__} needs a method __call__ to be the shape of a function (R9.1)")
    if options.get("conv", "") not in _CONVENTIONS:
        raise DeclarationError(f"{declared.__name__}: a calling convention is 'cdecl' or 'stdcall' (R2.9, R19.31)")
    attributes = [AsAttribute("oneway")] if options.get("oneway") else []
    if options.get("on_error"):
        attributes.append(AsAttribute("on_error", str(options["on_error"])))
    name = options.get("name") or declared.__name__
    declared.__callgate_delegate__ = Callback(
        name, function, int(is_class), options.get("charset", ""), tuple(attributes), scope
    )
    return declared
