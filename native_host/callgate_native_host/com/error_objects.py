"""Errors that tell more than their number: of native objects, and of clients' objects (R11.10, R11.11).

No system library keeps the error of a thread on Linux. A library whose objects have such errors brings the two
functions of the usual names along, or is linked to one that does, and both sides use those.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, TypeAlias

from callgate_native_host.backend import Backend
from callgate_native_host.convert.bstr import BStrConverter
from callgate_native_host.faults import Mismatch
from callgate_protocol.error_info import ErrorInfo, read_error_info
from callgate_protocol.guids import text_of
from callgate_protocol.interfaces import PLAIN, Shape
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IID_NULL, IIDS

from .callables import Callables
from .unknown import Unknown
from .vtables import UnknownMethods, Vtable, Vtables
from .wrapped import Wrapped

__all__ = ["ErrorObjects", "Symbols"]

SET_ERROR_INFO: Final = "SetErrorInfo"
GET_ERROR_INFO: Final = "GetErrorInfo"
"""What a library exports: `HRESULT SetErrorInfo(uint32_t, IErrorInfo *)` and `HRESULT GetErrorInfo(uint32_t,
IErrorInfo **)`. The first replaces the error of the thread, the second takes it away."""

_SUPPORTS: Final = 3
_GET_GUID, _GET_SOURCE, _GET_DESCRIPTION, _GET_HELP_FILE, _GET_HELP_CONTEXT = range(3, 8)
_S_FALSE: Final = 1
_E_POINTER: Final = Code.E_POINTER.signed
_E_NOINTERFACE: Final = Code.E_NOINTERFACE.signed

Symbols: TypeAlias = Callable[[str, Any], list[Any]]
"""(name, function type) → the exported functions of that name, in the order of the libraries."""


class _Error:
    """An error object for native code, while it is counted."""

    __slots__ = ("count", "info", "memory")

    def __init__(self, info: ErrorInfo, memory: Any) -> None:
        self.info = info
        self.memory = memory
        self.count = 1


class ErrorObjects:
    """Those of one host. Thread-safe: every thread has an error of its own."""

    def __init__(
        self,
        backend: Backend,
        unknown: Unknown,
        callables: Callables,
        bstr: BStrConverter,
        symbols: Symbols,
    ) -> None:
        self._backend = backend
        self._unknown = unknown
        self._callables = callables
        self._bstr = bstr
        self._lock = threading.Lock()
        self._symbols = symbols
        pointer, result, number = backend.pointer, backend.primitive("int32_t"), backend.primitive("uint32_t")
        self._one = backend.function_type((pointer, pointer), result, variadic=False)
        self._slot = backend.function_type((number, pointer), result, variadic=False)
        self._cell = backend.pointer_to(pointer)
        self._errors: dict[int, _Error] = {}

    # -- the error of the thread -----------------------------------------------------------------------------------

    def _setters(self) -> list[Any]:
        return self._symbols(SET_ERROR_INFO, self._slot)

    def clear(self) -> None:
        """Take this thread's error away."""
        for put in self._setters():
            put(0, 0)

    def tells(self, entry: Wrapped) -> bool:
        """Whether failures of a native object may have errors of the thread; it is asked once (R14.2)."""
        if entry.tells is None:
            entry.tells = self._may_tell(entry.address, entry.contract.shape)
        return entry.tells

    def _may_tell(self, identity: int, shape: Shape) -> bool:
        """Whether an object has ISupportErrorInfo, where there are errors of threads at all."""
        if not self._symbols(GET_ERROR_INFO, self._slot) or shape != PLAIN:
            return False
        result, support = self._unknown.query(identity, IIDS["ISupportErrorInfo"], PLAIN)
        if result >= 0:
            self._unknown.release(support, PLAIN)
        return result >= 0

    def take(self, identity: int, iid: str) -> ErrorInfo:
        """R11.10: what this thread's error says of a failure, if the object has errors for that interface.

        Whatever the object answers, the error is taken away, so that it cannot be read after another failure.
        """
        told = self._supports(identity, iid)
        info = ErrorInfo()
        for get in self._symbols(GET_ERROR_INFO, self._slot):
            out = self._backend.newp(self._cell)
            if get(0, self._backend.address_of(out)) != 0 or not out[0]:
                continue
            try:
                info = self._read(out[0]) if told else info
            finally:
                self._unknown.release(out[0], PLAIN)
        return info

    def _supports(self, identity: int, iid: str) -> bool:
        result, support = self._unknown.query(identity, IIDS["ISupportErrorInfo"], PLAIN)
        if result < 0:
            return False
        try:
            return self._call(support, _SUPPORTS, self._unknown.iid_address(iid, PLAIN)) == 0
        finally:
            self._unknown.release(support, PLAIN)

    def _call(self, pointer: int, slot: int, argument: int) -> int:
        result: int = self._backend.at(self._one, self._unknown.slot(pointer, slot, PLAIN))(pointer, argument)
        return result

    def _read(self, error: int) -> ErrorInfo:
        source, description, file = (
            self._text(error, slot) for slot in (_GET_SOURCE, _GET_DESCRIPTION, _GET_HELP_FILE)
        )
        (context,) = struct.unpack("=I", self._out(error, _GET_HELP_CONTEXT, 4))
        guid = text_of(self._out(error, _GET_GUID, 16), "little")
        return ErrorInfo.with_help(source, description, file, context, "" if guid == IID_NULL else guid)

    def _out(self, error: int, slot: int, size: int) -> bytes:
        """What a method puts into a place; zeros when it fails."""
        memory, address = self._backend.allocate(size)
        found = self._backend.read(address, size) if self._call(error, slot, address) >= 0 else bytes(size)
        del memory
        return found

    def _text(self, error: int, slot: int) -> str:
        text = int.from_bytes(self._out(error, slot, 8), "little")
        if not text:
            return ""
        try:
            return self._bstr.read(text).decode("utf-16-le", "replace")
        except Mismatch:
            return ""  # it is told of a failure that has a number: a broken text must not hide that
        finally:
            self._bstr.free(text)

    # -- errors of clients' objects --------------------------------------------------------------------------------

    def publish(self, details: Mapping[str, Any]) -> None:
        """R11.11: make what a `raise` tells the error of this thread, for native code that is told of its code."""
        setters = self._setters()
        if not setters:
            return
        memory, address = self._backend.allocate(self._backend.sizeof(self._backend.pointer))
        self._errors[address] = _Error(read_error_info(details), memory)
        self._unknown.write(address, self._vtable.address)
        for put in setters:
            put(0, address)
        self._release(address)

    @cached_property
    def _vtable(self) -> Vtable:
        backend = self._backend
        vtables = Vtables(backend, UnknownMethods(self._query, self._add_ref, self._release))
        methods = [
            self._guid,
            self._gives(lambda info: info.source),
            self._gives(lambda info: info.description),
            self._gives(lambda info: info.help[0]),
            self._context,
        ]
        return vtables.make([backend.callback(self._one, method) for method in methods], PLAIN)

    def _query(self, this: int, iid: int, out: int) -> int:
        if not out:
            return _E_POINTER
        known = bool(iid) and self._unknown.read_iid(iid, PLAIN) in (IIDS["IErrorInfo"], IIDS["IUnknown"])
        self._unknown.write(out, this if known else 0)
        if not known:
            return _E_NOINTERFACE
        self._add_ref(this)
        return 0

    def _add_ref(self, this: int) -> int:
        error = self._errors.get(this)
        if error is None:
            return 0
        with self._lock:
            error.count += 1
            return error.count

    def _release(self, this: int) -> int:
        error = self._errors.get(this)
        if error is None:
            return 0
        with self._lock:
            error.count -= 1
            if not error.count:
                del self._errors[this]
            return error.count

    def _guid(self, _this: int, out: int) -> int:
        """R11.11: the null GUID, always."""
        if not out:
            return _E_POINTER
        self._backend.write(out, bytes(16))
        return 0

    def _context(self, this: int, out: int) -> int:
        if not out:
            return _E_POINTER
        error = self._errors.get(this)
        self._backend.write(out, struct.pack("=I", error.info.help[1] if error else 0))
        return 0

    def _gives(self, part: Callable[[ErrorInfo], str]) -> Callable[[int, int], int]:
        """A method that gives a text, which is its caller's to free."""

        def give(this: int, out: int) -> int:
            if not out:
                return _E_POINTER
            error = self._errors.get(this)
            text = part(error.info) if error else ""
            given = self._bstr.allocate(text.encode("utf-16-le", "surrogatepass")) if text else 0
            self._unknown.write(out, given)
            return 0

        return give

    def support(self) -> Vtable:
        """R14.15: ISupportErrorInfo of every object of a client, which has errors for each of its interfaces."""
        return self._callables.vtables.make([self._backend.callback(self._one, self._has_errors)], PLAIN)

    def _has_errors(self, this: int, iid: int) -> int:
        client = self._callables.at(this)
        if client is None or not iid:
            return _E_POINTER
        return 0 if self._callables.answers(client, self._unknown.read_iid(iid, PLAIN)) else _S_FALSE
