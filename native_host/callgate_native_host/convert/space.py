"""The converters of one library: made from its declarations at first use, each record and delegate once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from callgate_native_host.backend import Backend
from callgate_native_host.com.service import Com
from callgate_native_host.com.wrapped import Contract
from callgate_native_host.heap import Heap
from callgate_native_host.libc import Libc
from callgate_native_host.measure import spelling
from callgate_native_host.objects import Objects
from callgate_protocol import forms
from callgate_protocol.errors import Fault
from callgate_protocol.interfaces import chain_of, shape_of
from callgate_protocol.layout import LayoutError, check_record, is_overlaid
from callgate_protocol.marshal import DirectiveError, members_of, resolve
from callgate_protocol.model import Delegate, Function, OpaqueType, Record, TypeLibrary
from callgate_protocol.signatures import Signature
from callgate_protocol.standard import STANDARD

from .base import Converter
from .places import END, Places
from .pointers import ThunkSource
from .records import MemberCode, RawConverter, StructureConverter
from .scalars import IntegerConverter

__all__ = ["Maker", "Space", "Tools"]


class Tools(NamedTuple):
    """What converters work with."""

    backend: Backend
    libc: Libc
    objects: Objects
    places: Places
    com: Com


class Space:
    """Everything that converters of one library share. Not locked: whoever compiles holds the library's lock."""

    def __init__(
        self,
        tools: Tools,
        model: TypeLibrary,
        symbol: Callable[[str, Any], Any],
        thunks: Callable[[str], ThunkSource],
        makers: dict[type[Any], Maker],
    ) -> None:
        self.tools = tools
        self.model = model
        self.heap = Heap(tools.backend, tools.libc)
        self.thunks = thunks
        """Delegate name -> where its function pointers come from."""
        self._symbol = symbol
        self._makers = makers
        self._records: dict[str, StructureConverter | RawConverter] = {}

    def converter(self, form: Any) -> Converter:
        """The converter of a form."""
        return self._makers[type(form)](self, form)

    def signature(self, entry: Function | Delegate) -> Signature:
        """A function, method or delegate, decided. Raises Fault (`MarshalDirectiveError`)."""
        try:
            return resolve(self.model, entry)
        except DirectiveError as error:
            raise Fault("MarshalDirectiveError", str(error), function=entry.name) from error

    def record(self, name: str) -> StructureConverter | RawConverter:
        """The converter of a struct or union. Raises Fault (`TypeLoadError`)."""
        known = self._records.get(name)
        if known is None:
            known = self._records[name] = self._build(name)
        return known

    def _build(self, name: str) -> StructureConverter | RawConverter:
        try:
            record = self.model.record(name)
            check_record(self.model, record)
        except KeyError:
            raise Fault("TypeLoadError", f"{name} is no struct or union of this library") from None
        except LayoutError as error:
            raise Fault("TypeLoadError", str(error)) from None
        make = RawConverter if is_overlaid(self.model, record) else StructureConverter
        return make(self.tools.backend, record, self._members(record))

    def _members(self, record: Record) -> list[MemberCode]:
        try:
            members = members_of(self.model, record)
        except DirectiveError as error:
            raise Fault("MarshalDirectiveError", str(error)) from error
        return [
            MemberCode(member.name, self._member(member.form, field.bits), field.bits or -1, field.offset)
            for member, field in zip(members, record.fields, strict=True)
        ]

    def _member(self, form: forms.Form, bits: int) -> Converter:
        if bits and isinstance(form, forms.Integer | forms.Enumeration):
            return IntegerConverter(self.tools.backend, form, bits)
        return self.converter(form)

    def contract(self, name: str) -> Contract:
        """How objects of an interface are spoken to."""
        declared = any(interface.name == name for interface in self.model.interfaces)
        model = self.model if declared else STANDARD  # VARIANTs hold objects whatever a library declares
        interface = model.interface(name)
        root = chain_of(model, interface)[0]
        return Contract(name, interface.iid, root.iid, shape_of(model, interface))

    def opaque(self, name: str) -> OpaqueType:
        """An opaque type; one that nobody described has no release."""
        return next((each for each in self.model.opaques if each.name == name), OpaqueType(name))

    def releaser(self, opaque: OpaqueType) -> Callable[[int], None]:
        """The function of the library that ends what a handle owns (R10.8); numbers are passed as such (R10.10)."""
        if not opaque.base:
            return self.deallocator(opaque.release)
        backend = self.tools.backend
        number = backend.primitive(spelling(backend, opaque.base))
        function: Callable[[int], None] | None = self._symbol(
            opaque.release, backend.function_type((number,), backend.void, variadic=False)
        )
        if function is None:
            raise Fault("EntryPointNotFoundError", f"there is no function {opaque.release} to end {opaque.name} with")
        return lambda address: function(address + END)

    def deallocator(self, name: str) -> Callable[[int], None]:
        """The function of the library, declared or not, that frees what it handed out (R8.1).

        libc's own is not given what cannot be a block of its heap (R8.6).
        """
        if name == "free":
            return self.heap.free
        backend = self.tools.backend
        shape = backend.function_type((backend.pointer,), backend.void, variadic=False)
        function: Callable[[int], None] | None = self._symbol(name, shape)
        if function is None:
            raise Fault("EntryPointNotFoundError", f"there is no function {name} to free memory with")
        return function


Maker: TypeAlias = Callable[[Space, Any], Converter]
"""Makes the converter of one form."""
