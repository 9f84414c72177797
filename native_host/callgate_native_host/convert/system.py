"""The system types that are a struct for C: GUID and DECIMAL (R12.6, R12.9). The others are numbers (R12.11)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_native_host.measure import spelling
from callgate_native_host.scope import Scope

from .base import Converter

__all__ = ["LAYOUTS", "BlockConverter"]

LAYOUTS: Final[dict[str, tuple[str, Sequence[tuple[str, str]]]]] = {
    "DECIMAL": ("<HBBIQ", (("wReserved", "u2"), ("scale", "u1"), ("sign", "u1"), ("Hi32", "u4"), ("Lo64", "u8"))),
    "GUID": ("<IHH8s", (("Data1", "u4"), ("Data2", "u2"), ("Data3", "u2"), ("Data4", "u1"))),
}
"""System types that are a struct for C: how their 16 bytes travel, and the members that they stand for."""

_TAIL: Final = 8


class BlockConverter(Converter):
    """GUID and DECIMAL: 16 bytes on the wire, in the order of `LAYOUTS` whatever the byte order of this machine."""

    nodes = 1

    def __init__(self, backend: Backend, name: str) -> None:
        self._backend = backend
        self._name = name
        code, members = LAYOUTS[name]
        self._layout = struct.Struct(code)
        self._members = [member for member, _ in members]
        byte = backend.primitive(spelling(backend, "u1"))
        tail = backend.array_of(backend.pointer_to(byte), _TAIL)
        types = [tail if member == "Data4" else backend.primitive(spelling(backend, kind)) for member, kind in members]
        fields = [(member, ctype, -1) for member, ctype in zip(self._members, types, strict=True)]
        self.ctype = backend.record(name, fields, union=False, pack=0)

    def from_wire(self, wire: Any, scope: Scope) -> list[Any]:
        """The members, as the backend takes them."""
        data = bytes(scope.binary(wire)) if type(wire) is not bytes else wire
        if len(data) != self._layout.size:
            raise Mismatch(f"{len(data)} bytes are no {self._name}, which has {self._layout.size}", "ArgumentError")
        return [list(part) if isinstance(part, bytes) else part for part in self._layout.unpack(data)]

    def to_wire(self, native: Any, _scope: Scope) -> bytes:
        """The bytes. R12.6: what is reserved in a DECIMAL is not looked at."""
        parts = [getattr(native, member) for member in self._members]
        if self._members[-1] == "Data4":
            parts[-1] = bytes(self._backend.buffer(parts[-1], _TAIL))
        else:
            parts[0] = 0
        return self._layout.pack(*parts)
