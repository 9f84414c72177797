"""QueryInterface, AddRef and Release of native objects, by their vtables (R14.1 to R14.3)."""

from __future__ import annotations

from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_protocol.guids import guid_bytes, text_of
from callgate_protocol.interfaces import Shape
from callgate_protocol.rpccodes import Code

__all__ = ["Unknown"]

_QUERY, _ADD_REF, _RELEASE = range(3)
_GUID_BYTES: Final = 16


class Unknown:
    """What every interface pointer can do. A pointer is its address; a wrong one crashes the host, as it must."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._cell = backend.pointer_to(backend.pointer)
        self._types: dict[str, tuple[Any, Any]] = {}
        self._iids: dict[tuple[str, bool], tuple[Any, int]] = {}

    def slot(self, pointer: int, index: int, shape: Shape) -> int:
        """The address of a method."""
        vtable = self.read(pointer + shape.vtable_offset)
        return self.read(vtable + index * self._backend.sizeof(self._backend.pointer))

    def read(self, address: int) -> int:
        """The pointer that lies at an address."""
        return int(self._backend.at(self._cell, address)[0])

    def write(self, address: int, pointer: int) -> None:
        """Put a pointer at an address."""
        self._backend.at(self._cell, address)[0] = pointer

    def query(self, pointer: int, iid: str, shape: Shape) -> tuple[int, int]:
        """QueryInterface: its HRESULT, and a counted pointer, which is 0 when it failed.

        A success without a pointer is a broken object's, and told as E_POINTER.
        """
        out = self._backend.newp(self._cell)
        function = self._backend.at(self._called(shape)[0], self.slot(pointer, _QUERY, shape))
        result = function(pointer, self.iid_address(iid, shape), self._backend.address_of(out))
        if result < 0:
            return result, 0
        return (result, out[0]) if out[0] else (Code.E_POINTER.signed, 0)

    def add_ref(self, pointer: int, shape: Shape) -> None:
        """One more holder."""
        self._backend.at(self._called(shape)[1], self.slot(pointer, _ADD_REF, shape))(pointer)

    def release(self, pointer: int, shape: Shape) -> None:
        """One holder less; the object may be gone afterwards."""
        self._backend.at(self._called(shape)[1], self.slot(pointer, _RELEASE, shape))(pointer)

    def check(self, shape: Shape) -> None:
        """Refuse a calling convention that this machine does not have, before native code is entered (R14.1)."""
        self._called(shape)

    def _called(self, shape: Shape) -> tuple[Any, Any]:
        """The types of QueryInterface, and of the two that count."""
        known = self._types.get(shape.convention)
        if known is None:
            backend, convention = self._backend, shape.convention
            pointer, result, count = backend.pointer, backend.primitive("int32_t"), backend.primitive("uint32_t")
            known = self._types[convention] = (
                backend.function_type((pointer, pointer, pointer), result, variadic=False, convention=convention),
                backend.function_type((pointer,), count, variadic=False, convention=convention),
            )
        return known

    def iid_address(self, iid: str, shape: Shape) -> int:
        """Where the bytes of an IID lie, for ever."""
        key = iid, shape.big_guids
        known = self._iids.get(key)
        if known is None:
            memory, address = self._backend.allocate(_GUID_BYTES)
            self._backend.write(address, guid_bytes(iid, "big" if shape.big_guids else "little"))
            known = self._iids.setdefault(key, (memory, address))
        return known[1]

    def read_iid(self, address: int, shape: Shape) -> str:
        """The IID that native code points to."""
        return text_of(self._backend.read(address, _GUID_BYTES), "big" if shape.big_guids else "little")
