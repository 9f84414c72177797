"""Whether a native object may be called on every thread, wherever it was made (R15.10); it says so in two ways."""

from __future__ import annotations

from typing import Final

from callgate_native_host.backend import Backend
from callgate_protocol.guids import same_tail
from callgate_protocol.interfaces import PLAIN, Shape
from callgate_protocol.standard import IIDS

from .unknown import Unknown

__all__ = ["Agility"]

_AGILE: Final = "{94EA2B94-E9CC-49E0-C0FF-EE64CA8F5B90}"
"""IAgileObject, which has no methods."""
_MARSHAL: Final = same_tail("00000003")
"""IMarshal: an object that has it says who marshals it."""
_GET_UNMARSHAL_CLASS: Final = 3
_INPROC: Final = 3
"""MSHCTX_INPROC: to another apartment of this process."""
_FREE_MARSHALER: Final = same_tail("0000033A")
"""The free-threaded marshaler, which an object aggregates: within a process it hands out the pointer itself."""


class Agility:
    """Asks objects."""

    def __init__(self, backend: Backend, unknown: Unknown) -> None:
        self._backend = backend
        self._unknown = unknown
        pointer, number = backend.pointer, backend.primitive("uint32_t")
        self._asking = backend.function_type(
            (pointer, pointer, pointer, number, pointer, number, pointer),
            backend.primitive("int32_t"),
            variadic=False,
        )

    def is_agile(self, identity: int, shape: Shape) -> bool:
        """IAgileObject, or the free-threaded marshaler for apartments of one process."""
        result, pointer = self._unknown.query(identity, _AGILE, shape)
        if result >= 0:
            self._unknown.release(pointer, shape)
            return True
        return shape == PLAIN and self._is_free_threaded(identity)

    def _is_free_threaded(self, identity: int) -> bool:
        result, marshal = self._unknown.query(identity, _MARSHAL, PLAIN)
        if result < 0:
            return False
        memory, address = self._backend.allocate(16)
        try:
            ask = self._backend.at(self._asking, self._unknown.slot(marshal, _GET_UNMARSHAL_CLASS, PLAIN))
            iid = self._unknown.iid_address(IIDS["IUnknown"], PLAIN)
            failed = ask(marshal, iid, identity, _INPROC, 0, 0, address) < 0
            return not failed and self._unknown.read_iid(address, PLAIN) == _FREE_MARSHALER
        finally:
            self._unknown.release(marshal, PLAIN)
            del memory
