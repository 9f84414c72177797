"""Function pointers that live longer than one call: `callgate.callback(lib, "frame_cb", handler)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .memory import Memory

if TYPE_CHECKING:
    from .host import Host

__all__ = ["CallbackPointer"]


class CallbackPointer(Memory):
    """A C function pointer that calls a Python callable until it is closed; `with` closes it (R9.5)."""

    __slots__ = ("_delegate",)

    def __init__(self, host: Host, number: int, delegate: int) -> None:
        super().__init__(host, number)
        self._delegate = delegate

    def _free(self) -> None:
        super()._free()
        self._host.holdings.drop(self._delegate, self)
