"""What goes with a failure's code: IErrorInfo, from native objects and for native callers (R11.10, R11.11).

Linux has no system library for it. Libraries that know errors bring `GetErrorInfo` and `SetErrorInfo` along and export
them; where none does, a code is all there is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.libc import Libc
from callgate_protocol.guids import same_tail
from callgate_protocol.interfaces import Shape
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IIDS

from .unknown import Unknown

__all__ = ["Told"]

_PLAIN: Final = Shape()
_IERRORINFO: Final = IIDS["IErrorInfo"]
_ANSWERED: Final = frozenset({same_tail("00000000"), _IERRORINFO})
_SUPPORTS, _GUID, _SOURCE, _DESCRIPTION, _FILE, _CONTEXT = 3, 3, 4, 5, 6, 7
"""Slots of ISupportErrorInfo and IErrorInfo."""
_LONGEST: Final = 4096
"""Characters of one text: R11.13 wants a limit for what comes from elsewhere."""
_HEAD: Final = 8
_GUID_BYTES: Final = 16

Symbols = Callable[[str, Any], Iterable[Any]]
"""Every exported function of that name among the loaded libraries, called in this shape."""


class _Info:
    """One error object of ours, while native code holds it."""

    __slots__ = ("count", "description", "memory", "source")

    def __init__(self, memory: Any, description: str, source: str) -> None:
        self.memory = memory
        self.count = 1
        self.description = description
        self.source = source


class Told:
    """Belongs to one host. Thread-safe; native code calls the methods of its objects on any thread."""

    def __init__(self, backend: Backend, libc: Libc, unknown: Unknown, symbols: Symbols) -> None:
        self._backend = backend
        self._libc = libc
        self._unknown = unknown
        self._symbols = symbols
        pointer, result = backend.pointer, backend.primitive("int32_t")
        self._cell = backend.pointer_to(pointer)
        self._slot_type = backend.function_type((backend.primitive("uint32_t"), pointer), result, variadic=False)
        self._ask_type = backend.function_type((pointer, pointer), result, variadic=False)
        self._lock = threading.Lock()
        self._alive: dict[int, _Info] = {}
        self._vtable: tuple[int, Any] | None = None

    # -- of native objects ---------------------------------------------------------------------------------------

    def of(self, pointer: int, iid: str, shape: Shape) -> dict[str, str]:
        """R11.10: what an object tells of its failure, if it says that it does. The thread's slot is empty afterwards.

        Whatever else is in the slot is an earlier failure's, and is thrown away.
        """
        told: dict[str, str] = {}
        for get in self._symbols("GetErrorInfo", self._slot_type):
            out = self._backend.newp(self._cell)
            if get(0, self._backend.address_of(out)) == 0 and out[0]:
                if not told and self._supports(pointer, iid, shape):
                    told = self._read(out[0])
                self._unknown.release(out[0], _PLAIN)
        return told

    def _supports(self, pointer: int, iid: str, shape: Shape) -> bool:
        result, support = self._unknown.query(pointer, IIDS["ISupportErrorInfo"], shape)
        if result < 0:
            return False
        ask = self._backend.at(self._ask_type, self._unknown.slot(support, _SUPPORTS, shape))
        answer = ask(support, self._unknown.iid_address(iid, shape))
        self._unknown.release(support, shape)
        return bool(answer == 0)

    def _read(self, info: int) -> dict[str, str]:
        told = {"description": self._text(info, _DESCRIPTION), "source": self._text(info, _SOURCE)}
        file, context = self._text(info, _FILE), self._number(info, _CONTEXT)
        told["help_link"] = f"{file}#{context}" if file and context else file
        return {key: text for key, text in told.items() if text}

    def _text(self, info: int, slot: int) -> str:
        out = self._backend.newp(self._cell)
        if self._get(info, slot, self._backend.address_of(out)) < 0 or not out[0]:
            return ""
        length = int.from_bytes(self._backend.read(out[0] - 4, 4), "little")
        data = self._backend.read(out[0], min(length, 2 * _LONGEST))
        self._libc.free(out[0] - _HEAD)
        return data.decode("utf-16", "replace")

    def _number(self, info: int, slot: int) -> int:
        out = self._backend.newp(self._cell)
        out[0] = 0
        return int(out[0]) if self._get(info, slot, self._backend.address_of(out)) >= 0 else 0

    def _get(self, info: int, slot: int, out: int) -> int:
        function = self._backend.at(self._ask_type, self._unknown.slot(info, slot, _PLAIN))
        return int(function(info, out))

    # -- for native callers --------------------------------------------------------------------------------------

    def publish(self, description: str, source: str) -> None:
        """R11.11: what a client's object says of its failure, for whoever called it on this thread."""
        setters = list(self._symbols("SetErrorInfo", self._slot_type))
        if not setters:
            return
        address = self._make(description[:_LONGEST], source[:_LONGEST])
        for set_info in setters:
            set_info(0, address)
        self._release(address)

    def _make(self, description: str, source: str) -> int:
        with self._lock:
            if self._vtable is None:
                self._vtable = self._make_vtable()
            memory, address = self._backend.allocate(self._backend.sizeof(self._backend.pointer))
            self._unknown.write(address, self._vtable[0])
            self._alive[address] = _Info(memory, description, source)
        return int(address)

    def _make_vtable(self) -> tuple[int, Any]:
        backend = self._backend
        pointer, result, count = backend.pointer, backend.primitive("int32_t"), backend.primitive("uint32_t")
        asking = backend.function_type((pointer, pointer, pointer), result, variadic=False)
        counting = backend.function_type((pointer,), count, variadic=False)
        code = [
            backend.callback(asking, self._query),
            backend.callback(counting, self._add_ref),
            backend.callback(counting, self._release),
            backend.callback(self._ask_type, lambda _this, out: self._give(out, bytes(_GUID_BYTES))),
            backend.callback(self._ask_type, lambda this, out: self._give_text(out, self._alive[this].source)),
            backend.callback(self._ask_type, lambda this, out: self._give_text(out, self._alive[this].description)),
            backend.callback(self._ask_type, lambda _this, out: self._give_text(out, "")),
            backend.callback(self._ask_type, lambda _this, out: self._give(out, bytes(4))),
        ]
        cells = backend.array_of(self._cell, None)
        memory = backend.newp(cells, [backend.address_of(each) for each in code])
        return backend.address_of(memory), (memory, code)

    def _query(self, this: int, iid: int, out: int) -> int:
        if not out or not iid:
            return Code.E_POINTER.signed
        known = self._unknown.read_iid(iid, _PLAIN) in _ANSWERED
        self._unknown.write(out, this if known else 0)
        if not known:
            return Code.E_NOINTERFACE.signed
        self._add_ref(this)
        return 0

    def _add_ref(self, this: int) -> int:
        with self._lock:
            self._alive[this].count += 1
            return self._alive[this].count

    def _release(self, this: int) -> int:
        with self._lock:
            info = self._alive[this]
            info.count -= 1
            if info.count == 0:
                del self._alive[this]
            return info.count

    def _give(self, out: int, data: bytes) -> int:
        if not out:
            return Code.E_POINTER.signed
        self._backend.write(out, data)
        return 0

    def _give_text(self, out: int, text: str) -> int:
        if not out:
            return Code.E_POINTER.signed
        data = text.encode("utf-16-le", "surrogatepass")
        head = len(data).to_bytes(4, "little").rjust(_HEAD, b"\0")
        self._unknown.write(out, self._libc.copy(head + data + b"\0") + _HEAD if text else 0)
        return 0
