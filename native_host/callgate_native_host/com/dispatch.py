"""IDispatch of native objects: members by name, called with VARIANTs (R14.21 to R14.23)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from callgate_native_host.backend import Backend
from callgate_native_host.convert.base import Converter
from callgate_native_host.convert.places import object_number
from callgate_native_host.convert.space import Space
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.scope import Scope
from callgate_protocol.dispatch import PUTS
from callgate_protocol.error_info import ErrorInfo
from callgate_protocol.forms import BStr, Variant
from callgate_protocol.interfaces import PLAIN
from callgate_protocol.standard import IID_NULL, IIDS
from callgate_protocol.vartypes import BYREF, DECIMAL, EMPTY, NULL, VARIANT

from .invocation import DISPPARAMS, EXCEPINFO, FILL_OFFSET, MOST, ids_type, invoke_type
from .service import Com
from .wrapped import Contract

__all__ = ["Dispatch"]

_GET_IDS, _INVOKE = 5, 6
_CONTRACT: Final = Contract("IDispatch", IIDS["IDispatch"], IIDS["IUnknown"], PLAIN)
_BY_REFERENCE: Final = BYREF | VARIANT
_PAYLOAD: Final = 8


class _Given(NamedTuple):
    """The arguments of one call in native memory, last first (R14.22)."""

    params: int
    references: list[tuple[int, Any]]
    """(index among what the caller gave, VARIANT) of those that may come back changed (R13.8)."""


class Dispatch:
    """The functions. Each raises Mismatch or Fault; `space` finds a library's converters."""

    def __init__(self, backend: Backend, com: Com, space: Callable[[int], Space]) -> None:
        self._backend = backend
        self._com = com
        self._space = space
        self._ids_type, self._invoke_type = ids_type(backend), invoke_type(backend)
        self._fill_type = backend.function_type((backend.pointer,), backend.primitive("int32_t"), variadic=False)

    def names(self, scope: Scope, wire: Any, names: Any, lcid: Any, iid: Any) -> list[Any]:
        """GetIDsOfNames: its HRESULT, and a DISPID for each name, of which the first is the member (R14.21)."""
        if type(names) is not list or not 0 < len(names) <= MOST or not all(type(name) is str for name in names):
            raise expected("names", names)
        pointer = self._dispatch(wire, iid, scope)
        texts = [self._text(name, scope) for name in names]
        pointers = self._block(struct.pack(f"={len(texts)}Q", *texts), scope)
        ids = self._block(b"\xff" * 4 * len(names), scope)
        function = self._method(pointer, _GET_IDS, self._ids_type)
        null = self._com.wrappers.unknown.iid_address(IID_NULL, PLAIN)
        result = function(pointer, null, pointers, len(names), _number(lcid), ids)
        return [result, list(struct.unpack(f"={len(names)}i", self._backend.read(ids, 4 * len(names))))]

    def invoke(
        self,
        scope: Scope,
        wire: Any,
        library: Any,
        member: Any,
        flags: Any,
        lcid: Any,
        given: Any,
        named: Any,
        iid: Any,
    ) -> list[Any]:
        """Invoke: `[HRESULT, result, changed references, exception or nil, index of a wrong argument or -1]`."""
        if type(given) is not list or type(named) is not list or len(given) + len(named) > MOST:
            raise expected("arguments", given)
        entry = self._com.wrappers.use(object_number(wire), scope)
        contract = self._contract(iid)
        pointer = self._com.wrappers.pointer(entry, contract)
        tells = self._com.errors().tells(entry)
        space = self._space(_number(library))
        variant = space.converter(Variant())
        arguments = self._arguments(variant, given, named, scope)
        result, kept = self._variant(variant, [0, None], scope)
        exception = self._block(bytes(EXCEPINFO.size), scope)
        wrong = self._block(b"\xff" * 4, scope)
        function = self._method(pointer, _INVOKE, self._invoke_type)
        null = self._com.wrappers.unknown.iid_address(IID_NULL, PLAIN)
        kind = _number(flags)
        slot = 0 if kind & PUTS else result  # R14.22: setting a property has no result
        scope.hand_over()
        if tells:
            self._com.errors().clear()
        code = function(pointer, _signed(member), null, _number(lcid), kind, arguments.params, slot, exception, wrong)
        scope.owning = True
        left = self._com.errors().take(entry.address, contract.iid) if tells and code < 0 else ErrorInfo()
        return [
            code,
            variant.to_wire(kept[0], scope),
            [[index, variant.to_wire(memory[0], scope)] for index, memory in arguments.references],
            self._exception(space.converter(BStr()), exception, scope) or _told(left, code, scope),
            struct.unpack("=i", self._backend.read(wrong, 4))[0],
        ]

    def _dispatch(self, wire: Any, iid: Any, scope: Scope) -> int:
        """The pointer of the interface that is asked through: two of one object may number their members apart."""
        return self._com.wrappers.pointer(self._com.wrappers.use(object_number(wire), scope), self._contract(iid))

    def _contract(self, iid: Any) -> Contract:
        if iid == _CONTRACT.iid:
            return _CONTRACT
        offered = self._com.by_iid(iid)
        if _CONTRACT.iid not in offered.bases or offered.contract.shape != PLAIN:
            text = f"{offered.contract.name} does not derive from IDispatch, so it has no members by name (R14.25)"
            raise Mismatch(text, "InvalidCastError")
        return offered.contract

    def _method(self, pointer: int, slot: int, shape: Any) -> Any:
        return self._backend.at(shape, self._com.wrappers.unknown.slot(pointer, slot, PLAIN))

    def _arguments(self, variant: Converter, given: Sequence[Any], named: Sequence[Any], scope: Scope) -> _Given:
        """R14.22: the named ones first, then the others, each in reverse order."""
        pairs = [_pair(each) for each in named]
        wires = [*given, *(wire for _, wire in reversed(pairs))]
        size = self._backend.sizeof(variant.ctype)
        block = self._block(bytes(size * max(len(wires), 1)), scope)
        references: list[tuple[int, Any]] = []
        for index, wire in enumerate(wires):
            place = block + size * (len(wires) - 1 - index)
            if type(wire) is list and len(wire) == 2 and wire[0] == _BY_REFERENCE:
                scope.replaceable = True
                try:
                    inner = self._variant(variant, wire[1], scope)
                finally:
                    scope.replaceable = False
                references.append((index, inner[1]))
                self._backend.write(place, _reference_to(*inner))
                continue
            try:
                _, memory = self._variant(variant, wire, scope)
            except Mismatch as finding:
                raise finding.inside(f"[{index}]") from None
            self._backend.memmove(self._backend.at(self._backend.pointer_to(variant.ctype), place), memory, size)
        ids = self._block(struct.pack(f"={len(pairs)}i", *(number for number, _ in pairs)), scope) if pairs else 0
        return _Given(self._block(DISPPARAMS.pack(block, ids, len(wires), len(pairs)), scope), references)

    def _variant(self, variant: Converter, wire: Any, scope: Scope) -> tuple[int, Any]:
        """The address and memory of a VARIANT."""
        memory = self._backend.newp(self._backend.pointer_to(variant.ctype), variant.from_wire(wire, scope))
        scope.keep.append(memory)
        return self._backend.address_of(memory), memory

    def _exception(self, bstr: Converter, address: int, scope: Scope) -> list[Any] | None:
        """R14.23: EXCEPINFO, filled in first if that was put off; its texts are freed. Nil when there is none."""
        fill = self._com.wrappers.unknown.read(address + FILL_OFFSET)
        if fill:
            self._backend.at(self._fill_type, fill)(address)
        code, _, source, description, help_file, context, _, _, scode = EXCEPINFO.unpack(
            self._backend.read(address, EXCEPINFO.size)
        )
        texts = [bstr.to_wire(text, scope) for text in (source, description, help_file)]
        return [code, scode, *texts, context] if code or scode or any(texts) else None

    def _text(self, name: str, scope: Scope) -> int:
        return self._block(name.encode("utf-16-le", "surrogatepass") + b"\0\0", scope)

    def _block(self, data: bytes, scope: Scope) -> int:
        memory, address = self._backend.allocate(len(data))
        self._backend.write(address, data)
        scope.keep.append(memory)
        return address


def _told(left: ErrorInfo, code: int, scope: Scope) -> list[Any] | None:
    """R11.10: what the error of the thread says of an object that has no EXCEPINFO; the HRESULT is the one returned."""
    if left == ErrorInfo():
        return None
    file, topic = left.help
    texts = [each.encode("utf-16-le", "surrogatepass") for each in (left.source, left.description, file)]
    return [0, code, *map(scope.give, texts), topic]


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise expected("a number of 32 bits", value)
    return value


def _signed(value: Any) -> int:
    if type(value) is not int or not -(1 << 31) <= value < 1 << 31:
        raise expected("a DISPID", value)
    return value


def _pair(value: Any) -> tuple[int, Any]:
    if type(value) is not list or len(value) != 2:
        raise expected("a DISPID and a value", value)
    return _signed(value[0]), value[1]


def _reference_to(address: int, memory: Any) -> bytes:
    """R13.8: a VARIANT that refers to the value of another one; to all of it where that has no type yet."""
    vartype = memory[0].vt
    if vartype in (EMPTY, NULL):
        return struct.pack("=HHHHQ", _BY_REFERENCE, 0, 0, 0, address)
    target = address if vartype == DECIMAL else address + _PAYLOAD
    return struct.pack("=HHHHQ", BYREF | vartype, 0, 0, 0, target)
