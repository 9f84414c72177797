"""IDispatch of clients' objects: native code calls their members by name (R13.10, R14.15, R14.21 to R14.24)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.backlog import Backlog
from callgate_native_host.convert.base import Converter
from callgate_native_host.convert.bstr import BStrConverter
from callgate_native_host.convert.space import Space
from callgate_native_host.convert.variant import VariantConverter
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.scope import Scope
from callgate_protocol.dispatch import slot_of
from callgate_protocol.forms import BStr, Variant
from callgate_protocol.interfaces import PLAIN
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IID_NULL
from callgate_protocol.system import HostFunction

from .callables import Callables
from .invocation import DISPPARAMS, EXCEPINFO, MOST, ids_type, invoke_type
from .unknown import Unknown

__all__ = ["Served"]

_NO_ANSWER: Final = Code.RPC_E_DISCONNECTED.signed
_UNKNOWN_INTERFACE: Final = Code.DISP_E_UNKNOWNINTERFACE.signed
_TYPE_MISMATCH: Final = Code.DISP_E_TYPEMISMATCH.signed
_E_POINTER: Final = Code.E_POINTER.signed


class _Plan:
    """How one of the two questions crosses. What `Callbacks` needs of the plan of a delegate."""

    oneway = False
    zero = _NO_ANSWER
    codes = False
    """What an object raises stands in what it answers."""

    def __init__(self, name: str, backlog: Backlog, offer: Any, accept: Any) -> None:
        self.name = name
        self.backlog = backlog
        self._offer = offer
        self._accept = accept

    def refusal(self, _natives: Sequence[Any]) -> int:
        """What may be NULL is looked at where it is used."""
        return 0

    def give_up(self, _natives: Sequence[Any]) -> int:
        """R14.20: the object failed in a way that has no code."""
        return Code.COR_E_EXCEPTION.signed

    def offer(self, natives: Sequence[Any], scope: Scope) -> list[Any]:
        """The arguments of the callback message."""
        try:
            wires: list[Any] = self._offer(natives, scope)
        except Mismatch as finding:
            raise finding.fault_of(f"what native code gave to {self.name}") from None
        return wires

    def accept(self, result: Any, _outs: Sequence[Any], natives: Sequence[Any], scope: Scope) -> int:
        """The HRESULT, with what goes through native code's pointers put there."""
        try:
            code: int = self._accept(result, natives, scope)
        except Mismatch as finding:
            raise finding.fault_of(f"what the client's object gave to {self.name}") from None
        return code

    def refuse(self, natives: Sequence[Any], scope: Scope) -> None:
        """Nothing goes out."""


class Served:
    """The four methods of IDispatch, for all clients' objects of a host."""

    def __init__(
        self,
        backend: Backend,
        unknown: Unknown,
        callables: Callables,
        space: Space,
        answer: Callable[[Any, int, tuple[int, int], Sequence[Any]], Any],
    ) -> None:
        self._backend = backend
        self._unknown = unknown
        self._callables = callables
        self._answer = answer
        variant, bstr = space.converter(Variant()), space.converter(BStr())
        assert isinstance(variant, VariantConverter)
        assert isinstance(bstr, BStrConverter)
        self._variant: VariantConverter = variant
        self._bstr: Converter = bstr
        self._pointer_type = backend.pointer_to(variant.ctype)
        backlog = Backlog()
        self._names = _Plan("GetIDsOfNames", backlog, self._offer_names, self._accept_names)
        self._call = _Plan("Invoke", backlog, self._offer_call, self._accept_call)

    def methods(self) -> list[Any]:
        """Code for the slots 3 to 6."""
        backend = self._backend
        pointer, result = backend.pointer, backend.primitive("int32_t")
        number = backend.primitive("uint32_t")
        return [
            backend.callback(shape, function)
            for shape, function in (
                (backend.function_type((pointer, pointer), result, variadic=False), self._count_types),
                (backend.function_type((pointer, number, number, pointer), result, variadic=False), self._no_types),
                (ids_type(backend), self._ask_names),
                (invoke_type(backend), self._invoke),
            )
        ]

    def _count_types(self, _this: int, out: int) -> int:
        """Objects of clients have no ITypeInfo (R14.17: no description)."""
        if not out:
            return _E_POINTER
        self._backend.write(out, bytes(4))
        return 0

    def _no_types(self, _this: int, _index: int, _lcid: int, out: int) -> int:
        if out:
            self._unknown.write(out, 0)
        return Code.E_NOTIMPL.signed

    def _ask_names(self, this: int, iid: int, *natives: Any) -> Any:
        if not iid or self._unknown.read_iid(iid, PLAIN) != IID_NULL:
            return _UNKNOWN_INTERFACE
        return self._answer(self._names, this, (0, HostFunction.NAMES), (this, *natives))

    def _invoke(self, this: int, member: int, iid: int, *natives: Any) -> Any:
        """R14.22: the IID must be the null one."""
        if not iid or self._unknown.read_iid(iid, PLAIN) != IID_NULL:
            return _UNKNOWN_INTERFACE
        return self._answer(self._call, this, (0, HostFunction.DISPATCH), (this, member, *natives))

    def _interface(self, this: int) -> str:
        face = self._callables.face_at(this)
        return face.contract.iid if face is not None else IID_NULL

    # -- GetIDsOfNames -------------------------------------------------------------------------------------------

    def _offer_names(self, natives: Sequence[Any], _scope: Scope) -> list[Any]:
        this, names, count, lcid, _ = natives
        if not names or not 0 < count <= MOST:
            raise Mismatch(f"{count} names", "ArgumentError")
        width = self._backend.sizeof(self._backend.pointer)
        texts = [self._name(self._unknown.read(names + index * width)) for index in range(count)]
        return [self._interface(this), texts, lcid]

    def _name(self, address: int) -> str:
        if not address:
            raise Mismatch("a name is NULL", "ArgumentError")
        units = bytearray()
        while (unit := self._backend.read(address + len(units), 2)) != b"\0\0" and len(units) < 2 * MOST:
            units += unit
        return units.decode("utf-16-le", "replace")

    def _accept_names(self, result: Any, natives: Sequence[Any], _scope: Scope) -> int:
        _, _, count, _, ids = natives
        code, numbers = _fields(result, 2)
        if type(numbers) is not list or len(numbers) != count or not all(type(each) is int for each in numbers):
            raise expected("a DISPID for each name", numbers)
        if ids:
            self._backend.write(ids, struct.pack(f"={count}i", *numbers))
        return _code(code)

    # -- Invoke --------------------------------------------------------------------------------------------------

    def _offer_call(self, natives: Sequence[Any], scope: Scope) -> list[Any]:
        this, member, lcid, flags, params, *_ = natives
        wires, named = [], []
        for name, address in self._arguments(params):
            wire = self._variant.to_wire(self._backend.at(self._pointer_type, address)[0], scope)
            if name is None:
                wires.append(wire)
            else:
                named.append([name, wire])
        return [self._interface(this), member, flags, lcid, wires, named]

    def _arguments(self, params: int) -> list[tuple[int | None, int]]:
        """R14.22: the DISPID of each argument that has one and where it lies, in the order that people write."""
        if not params:
            return []
        values, names, count, named = DISPPARAMS.unpack(self._backend.read(params, DISPPARAMS.size))
        if count > MOST or named > count:
            raise Mismatch(f"{count} arguments, {named} of them by name", "ArgumentError")
        ids = struct.unpack(f"={named}i", self._backend.read(names, 4 * named)) if named else ()
        places = [values + index * self._variant.size for index in range(count)]
        return [*((None, place) for place in reversed(places[named:])), *zip(ids, places, strict=False)]

    def _accept_call(self, result: Any, natives: Sequence[Any], scope: Scope) -> int:
        """`[HRESULT, result, [[index, changed VARIANT], …], exception or nil, index of a wrong argument or -1]`."""
        _, _, _, _, params, slot, exception, wrong = natives
        code, value, changed, failure, index = _fields(result, 5)
        arguments = self._arguments(params)
        places = [address for _, address in arguments]
        given = sum(name is None for name, _ in arguments)

        def blame(place: int) -> None:
            if wrong and 0 <= place < len(places):
                slot = slot_of(place, given, len(places) - given)
                self._backend.write(wrong, struct.pack("=I", slot))

        for position, wire in changed:
            try:
                self._variant.store(places[position], wire, scope, replace=True)
            except Mismatch:
                blame(position)
                return _TYPE_MISMATCH
        if slot and _code(code) >= 0:
            self._variant.store(slot, value, scope, replace=False)
        if exception and failure is not None:
            self._backend.write(exception, self._told(failure, scope))
        blame(index)
        return _code(code)

    def _told(self, failure: Any, scope: Scope) -> bytes:
        """EXCEPINFO, whose texts are native code's."""
        code, *texts, context = _fields(failure, 5)
        pointers = [self._bstr.from_wire(text, scope) for text in texts]
        return EXCEPINFO.pack(0, 0, *pointers, context & 0xFFFFFFFF, 0, 0, _code(code))


def _fields(wire: Any, count: int) -> list[Any]:
    if type(wire) is not list or len(wire) != count:
        raise expected(f"an array of {count}", wire)
    return wire


def _code(wire: Any) -> int:
    if type(wire) is not int or not -(1 << 31) <= wire < 1 << 31:
        raise expected("an HRESULT", wire)
    return wire
