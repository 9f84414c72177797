"""Members inside the bytes of a union: read and written where the host says that they lie (R7.6, R7.8)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from callgate.errors import ArgumentError, InvalidCastError
from callgate.records import named_members, python_name
from callgate.unions import View
from callgate_protocol.forms import Complex, FixedText, Form, Integer, Raw, Series, Structure, Truth
from callgate_protocol.signatures import Member

from .base import CallContext, Mismatch, TypeSpace
from .codes import element_code
from .structures import BYTE_SCALARS

__all__ = ["Layouts", "RecordViews"]

Place: TypeAlias = Sequence[int]
"""Offset, size, first bit and bits of a member, as a host tells them."""

Layouts: TypeAlias = Callable[[str], tuple[int, int, Sequence[Place]]]
"""Record name -> its size, its alignment, and the places of its members."""


class RecordViews:
    """The members of one record by their Python names. Implements `unions.Views`."""

    def __init__(self, name: str, types: TypeSpace, layouts: Layouts) -> None:
        self.size = layouts(name)[0]
        self.views: Mapping[str, View] = dict(_views(types, layouts, name, 0))
        self._name = name
        self._library = types.library

    def read(self, data: bytes | bytearray, name: str) -> Any:
        """See `Views`."""
        return self._view(name).read(bytes(data).ljust(self.size, b"\0"))

    def write(self, data: bytearray, name: str, value: Any) -> None:
        """See `Views`."""
        view = self._view(name)
        changed = data.ljust(self.size, b"\0")
        try:
            view.write(changed, value)
        except Mismatch as fault:
            text = f"member '{name}'{fault.path} of {self._name}: {fault.text}"
            raise fault.kind(text, library=self._library, path=f"'{name}'{fault.path}") from None
        data[:] = changed

    def _view(self, name: str) -> View:
        view = self.views.get(name)
        if view is None:
            raise InvalidCastError(
                f"member '{name}' of {self._name} is no plain value: a union given as a value is bytes, which mean "
                f"nothing as a pointer here; use callgate.new(lib, {self._name!r}), whose members live in the host "
                "(R7.8)",
                library=self._library,
                path=f"'{name}'",
            )
        return view


def _views(types: TypeSpace, layouts: Layouts, record: str, start: int) -> list[tuple[str, View]]:
    """Every member that can be viewed; those of unnamed members as if they were the record's own."""
    found: list[tuple[str, View]] = []
    for member, place in zip(types.members[record], layouts(record)[2], strict=True):
        if not member.name and isinstance(member.form, Structure | Raw):
            found += _views(types, layouts, member.form.record, start + place[0])
        else:
            view = _view(types, layouts, member.form, (start + place[0], *place[1:]))
            if view is not None and member.name:
                found.append((python_name(member.name), view))
    return found


def _view(types: TypeSpace, layouts: Layouts, form: Form, place: Place) -> View | None:
    """The view of a value; None for what refers to something."""
    if place[3]:
        return _Bits(types, form, place)
    if element_code(form, types):
        return _Number(types, form, place[0])
    make = _MAKERS.get(type(form))
    return make(types, layouts, form, place) if make is not None else None


class _Number:
    def __init__(self, types: TypeSpace, form: Form, start: int) -> None:
        self._start = start
        self._packing = struct.Struct(types.abi.order_code + element_code(form, types))
        self._encode, self._decode = types.encoder(form), types.decoder(form)

    def read(self, data: bytes) -> Any:
        return self._decode(self._packing.unpack_from(data, self._start)[0], _NO_CALL)

    def write(self, data: bytearray, value: Any) -> None:
        self._packing.pack_into(data, self._start, self._encode(value, _NO_CALL))


class _Bits:
    """A bit-field, in the unit that holds it (R7.23)."""

    def __init__(self, types: TypeSpace, form: Form, place: Place) -> None:
        self._start, self._size, self._shift, self._bits = place
        self._order = types.abi.byte_order
        low, high = types.abi.integer_range(getattr(form, "scalar", "bool")) if isinstance(form, Integer) else (0, 1)
        self._signed = low < 0 < high
        self._encode, self._decode = types.encoder(form), types.decoder(form)
        self._boolean = not hasattr(form, "scalar")

    def read(self, data: bytes) -> Any:
        number = self._unit(data) >> self._shift & ((1 << self._bits) - 1)
        if self._signed and number >> (self._bits - 1):
            number -= 1 << self._bits
        return self._decode(bool(number) if self._boolean else number, _NO_CALL)

    def write(self, data: bytearray, value: Any) -> None:
        number = int(self._encode(value, _NO_CALL))
        low = -(1 << (self._bits - 1)) if self._signed else 0
        if not low <= number < low + (1 << self._bits):
            raise Mismatch(ArgumentError, f"{number} does not fit into {self._bits} bits")
        mask = ((1 << self._bits) - 1) << self._shift
        unit = (self._unit(data) & ~mask) | (number << self._shift & mask)
        data[self._start : self._start + self._size] = unit.to_bytes(self._size, self._order)  # type: ignore[arg-type]

    def _unit(self, data: bytes | bytearray) -> int:
        return int.from_bytes(data[self._start : self._start + self._size], self._order)  # type: ignore[arg-type]


class _Complex:
    def __init__(self, types: TypeSpace, _layouts: Layouts, form: Complex, place: Place) -> None:
        self._start = place[0]
        self._packing = struct.Struct(types.abi.order_code + ("2f" if form.scalar == "cfloat" else "2d"))
        self._encode = types.encoder(form)

    def read(self, data: bytes) -> complex:
        return complex(*self._packing.unpack_from(data, self._start))

    def write(self, data: bytearray, value: Any) -> None:
        self._packing.pack_into(data, self._start, *self._encode(value, _NO_CALL))


class _Truth:
    """`BOOL` and `VARIANT_BOOL` (R3)."""

    def __init__(self, types: TypeSpace, _layouts: Layouts, form: Truth, place: Place) -> None:
        self._start = place[0]
        self._packing = struct.Struct(types.abi.order_code + types.abi.struct_code(form.scalar))
        self._true = -1 if form.scalar == "VARIANT_BOOL" else 1
        self._encode = types.encoder(form)

    def read(self, data: bytes) -> bool:
        return bool(self._packing.unpack_from(data, self._start)[0])

    def write(self, data: bytearray, value: Any) -> None:
        self._packing.pack_into(data, self._start, self._true if self._encode(value, _NO_CALL) else 0)


class _Text:
    def __init__(self, types: TypeSpace, _layouts: Layouts, form: FixedText, place: Place) -> None:
        self._start, self._end = place[0], place[0] + form.length
        self._encode, self._decode = types.encoder(form), types.decoder(form)

    def read(self, data: bytes) -> Any:
        return self._decode(data[self._start : self._end].partition(b"\0")[0], _NO_CALL)

    def write(self, data: bytearray, value: Any) -> None:
        context = CallContext(_NO_CALL)
        wire = self._encode(value, context)
        content = bytes(context.payloads[0] if context.payloads else wire)
        data[self._start : self._end] = content.ljust(self._end - self._start, b"\0")


class _Elements:
    def __init__(self, types: TypeSpace, layouts: Layouts, form: Series, place: Place) -> None:
        start, size = place[0], place[1]
        step = size // form.length
        views = [_view(types, layouts, form.element, (start + i * step, step, 0, 0)) for i in range(form.length)]
        self._views = [view for view in views if view is not None]
        self._bytes = isinstance(form.element, Integer) and form.element.scalar in BYTE_SCALARS

    def read(self, data: bytes) -> Any:
        values = [view.read(data) for view in self._views]
        return bytes(values) if self._bytes else values

    def write(self, data: bytearray, value: Any) -> None:
        values = [0] * len(self._views) if value is None else list(value)
        if len(values) < len(self._views):
            text = f"{len(values)} elements were given for an array of {len(self._views)} (R6.14)"
            raise Mismatch(ArgumentError, text)
        for position, (view, each) in enumerate(zip(self._views, values, strict=False)):
            try:
                view.write(data, each)
            except Mismatch as fault:
                raise fault.inside(f"[{position}]") from None


def _elements(types: TypeSpace, layouts: Layouts, form: Series, place: Place) -> View | None:
    inner = form.length and _view(types, layouts, form.element, (place[0], place[1] // form.length, 0, 0))
    return _Elements(types, layouts, form, place) if inner else None


class _Struct:
    def __init__(self, types: TypeSpace, form: Structure, views: list[tuple[str, View]]) -> None:
        self._build = types.structs[form.record]
        self._views = views

    def read(self, data: bytes) -> Any:
        return self._build(**{name: view.read(data) for name, view in self._views})

    def write(self, data: bytearray, value: Any) -> None:
        if not isinstance(value, self._build):
            try:
                value = self._build(**value) if isinstance(value, Mapping) else self._build(*value)
            except TypeError as error:
                raise Mismatch(InvalidCastError, str(error)) from None
        for name, view in self._views:
            try:
                view.write(data, getattr(value, name))
            except Mismatch as fault:
                raise fault.inside(f".{name}") from None


def _structure(types: TypeSpace, layouts: Layouts, form: Structure, place: Place) -> View | None:
    views = _views(types, layouts, form.record, place[0])
    return _Struct(types, form, views) if len(views) == len(_named(types.members, form.record)) else None


def _named(members: Mapping[str, tuple[Member, ...]], record: str) -> tuple[str, ...]:
    return named_members(members, record)


class _Union:
    def __init__(self, types: TypeSpace, _layouts: Layouts, form: Raw, place: Place) -> None:
        self._start, self._end = place[0], place[0] + place[1]
        self._encode, self._decode = types.encoder(form), types.decoder(form)

    def read(self, data: bytes) -> Any:
        return self._decode(data[self._start : self._end], _NO_CALL)

    def write(self, data: bytearray, value: Any) -> None:
        context = CallContext(_NO_CALL)
        wire = self._encode(value, context)
        content = bytes(context.payloads[0] if context.payloads else wire)
        data[self._start : self._end] = content.ljust(self._end - self._start, b"\0")


_MAKERS: dict[type[Form], Callable[..., View | None]] = {
    Complex: _Complex,
    FixedText: _Text,
    Raw: _Union,
    Series: _elements,
    Structure: _structure,
    Truth: _Truth,
}

_NO_CALL: Any = None
"""Plain values need nothing of a call."""
