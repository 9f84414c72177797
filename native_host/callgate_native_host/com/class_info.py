"""IProvideClassInfo of clients' objects that are of a coclass: native code learns their CLSID (R14.9, R14.15).

The ITypeInfo behind it tells the CLSID and nothing else: members are asked for by IDispatch (R14.17: no description).
"""

from __future__ import annotations

import struct
import threading
from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_protocol.guids import guid_bytes
from callgate_protocol.interfaces import PLAIN
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IIDS

from .callables import Callables
from .unknown import Unknown
from .vtables import UnknownMethods, Vtable, Vtables

__all__ = ["ClassInfo"]

_TYPEATTR: Final = struct.Struct("=16sIIiiQII48x")
"""GUID, LCID, reserved, constructor and destructor, schema, size, kind; what follows counts members and has none."""
_NIL: Final = -1
_TKIND_COCLASS: Final = 5
_METHODS: Final = 19
_GET_TYPE_ATTR, _RELEASE_TYPE_ATTR = 0, 16
"""Among the methods of ITypeInfo behind those of IUnknown."""
_E_POINTER: Final = Code.E_POINTER.signed


class ClassInfo:
    """One ITypeInfo for each class, which lives as long as the host: there are no more of them than classes."""

    def __init__(self, backend: Backend, unknown: Unknown, callables: Callables) -> None:
        self._backend = backend
        self._unknown = unknown
        self._callables = callables
        self._lock = threading.Lock()
        self._infos: dict[str, tuple[int, int, list[Any]]] = {}
        """CLSID → the ITypeInfo, its TYPEATTR, and the memory of both."""
        self._attributes: dict[int, int] = {}
        pointer, result = backend.pointer, backend.primitive("int32_t")
        self._one = backend.function_type((pointer, pointer), result, variadic=False)
        self._nothing = backend.function_type((pointer, pointer), backend.void, variadic=False)
        self._vtable = self._make()

    def provider(self) -> Vtable:
        """IProvideClassInfo of every object that has a class."""
        return self._callables.vtables.make([self._backend.callback(self._one, self._class_info)], PLAIN)

    def _class_info(self, this: int, out: int) -> int:
        client = self._callables.at(this)
        if client is None or not out:
            return _E_POINTER
        self._unknown.write(out, self._info(client.clsid))
        return 0

    def _info(self, clsid: str) -> int:
        with self._lock:
            known = self._infos.get(clsid)
            if known is None:
                backend = self._backend
                memory, address = backend.allocate(backend.sizeof(backend.pointer))
                self._unknown.write(address, self._vtable.address)
                described, attributes = backend.allocate(_TYPEATTR.size)
                guid = guid_bytes(clsid, "little")
                backend.write(attributes, _TYPEATTR.pack(guid, 0, 0, _NIL, _NIL, 0, 0, _TKIND_COCLASS))
                known = self._infos[clsid] = address, attributes, [memory, described]
                self._attributes[address] = attributes
            return known[0]

    def _make(self) -> Vtable:
        backend = self._backend
        methods: list[Any] = [None] * _METHODS
        methods[_GET_TYPE_ATTR] = backend.callback(self._one, self._type_attr)
        methods[_RELEASE_TYPE_ATTR] = backend.callback(self._nothing, lambda _this, _attributes: None)
        return Vtables(backend, UnknownMethods(self._query, lambda _this: 1, lambda _this: 1)).make(methods, PLAIN)

    def _type_attr(self, this: int, out: int) -> int:
        attributes = self._attributes.get(this)
        if attributes is None or not out:
            return _E_POINTER
        self._unknown.write(out, attributes)
        return 0

    def _query(self, this: int, iid: int, out: int) -> int:
        if not out:
            return _E_POINTER
        known = bool(iid) and self._unknown.read_iid(iid, PLAIN) in (IIDS["ITypeInfo"], IIDS["IUnknown"])
        self._unknown.write(out, this if known else 0)
        return 0 if known else Code.E_NOINTERFACE.signed
