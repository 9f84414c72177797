"""Function pointers that live longer than one call: `callgate.callback(lib, "frame_cb", handler)` (R9.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from callgate_protocol.references import read_reference
from callgate_protocol.system import HostFunction

from .errors import DeclarationError
from .lib import binding_of
from .memory import Memory
from .naming import Named, name_of

if TYPE_CHECKING:
    from .binding import Binding
    from .host import Host

__all__ = ["CallbackPointer", "callback", "make_pointer"]


class CallbackPointer(Memory):
    """A C function pointer that calls a Python callable until it is closed; `with` closes it (R9.5).

    It is the delegate object itself: native code that hands the pointer back gives this very object (R9.7), and calling
    it calls the Python callable.
    """

    __slots__ = ("_delegate", "_function", "_shown")

    def __init__(self, host: Host, number: int, delegate: int, function: Callable[..., Any]) -> None:
        super().__init__(host, number)
        self._delegate = delegate
        self._function = function
        self._shown: Any = self

    def __call__(self, *arguments: Any) -> Any:
        """Call the Python callable, here."""
        return self._function(*arguments)

    @property
    def _face(self) -> Any:
        return self._shown

    def _free(self) -> None:
        super()._free()
        self._host.holdings.drop(self._delegate, self)


def callback(lib: Any, type_name: Named, function: Callable[..., Any]) -> CallbackPointer:
    """A C function pointer of a declared type that calls `function` until it is closed.

    Two of them are two pointers, also for one function (R9.7). Calls from the library's own threads run on the
    library's callback executor.
    """
    if not callable(function):
        raise TypeError(f"a callback is a callable, not {type(function).__name__}")
    return make_pointer(binding_of(lib), name_of(type_name), function)


def make_pointer(binding: Binding, type_name: str, function: Callable[..., Any]) -> CallbackPointer:
    """`callback` for a binding. Raises DeclarationError for a type that was not declared."""
    if type_name not in binding.delegates:
        known = ", ".join(binding.delegates) or "none"
        raise DeclarationError(f"{binding.label} declares no function pointer type {type_name!r}; it declares {known}")
    _ = binding.types
    host = binding.ready()
    number = host.holdings.lend(function, binding.delegates[type_name])
    reference, _ = read_reference(host.system(HostFunction.CALLBACK, binding.number, type_name, number))
    pointer = host.holdings.proxy(reference, lambda: CallbackPointer(host, reference.object, number, function))
    host.holdings.keep(pointer)
    return pointer
