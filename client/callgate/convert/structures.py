"""Structs, unions and the arrays inside them (R7, R6.14)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any, cast

from callgate.equivalents import same_struct, why_not_equivalent
from callgate.errors import ArgumentError, Error, InvalidCastError
from callgate.records import Struct, Union, named_members, slot_name, struct_maker
from callgate.unions import bytes_of, python_name
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Integer, Raw, Series, Structure

from .arrays import decode_many, encode_many
from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type
from .buffers import is_buffer

__all__ = ["BYTE_SCALARS"]

BYTE_SCALARS = frozenset({"u1", "uchar"})


def encode_structure(form: Structure, types: TypeSpace) -> Encoder:
    """An instance of the struct's class, a mapping by member name, or a sequence in member order."""
    build = types.structs[form.record]
    members = [
        (member.name or "(unnamed)", stored(build, slot_name(index, member)), types.encoder(member.form))
        for index, member in enumerate(types.members[form.record])
    ]
    names = list(named_members(types.members, form.record))

    def encode(value: Any, context: CallContext) -> list[Any]:
        if not isinstance(value, build):
            value = _built(value, build, names)
        wire = []
        for name, value_of, encode_member in members:
            try:
                wire.append(encode_member(value_of(value), context))
            except Mismatch as fault:
                raise fault.inside(f".{name}") from None
            except AttributeError:
                raise Mismatch(ArgumentError, f"member {name!r} was never set") from None
        return wire

    return encode


def stored(build: type[Any], name: str) -> Callable[[Any], Any]:
    """R7.11: reads a member from where it is stored, whatever a subclass makes of its name."""
    slot: Any = build.__dict__.get(name)
    if hasattr(slot, "__objclass__"):
        read: Callable[[Any], Any] = slot.__get__
        return read
    return attrgetter(name)


def _built(value: Any, build: type[Struct], names: list[str]) -> Struct:
    try:
        if isinstance(value, Mapping):
            return build(**value)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
            return build(*value)
    except TypeError as error:
        raise Mismatch(InvalidCastError, str(error)) from None
    if same_struct(type(value), build):
        if why := why_not_equivalent(type(value)) or why_not_equivalent(build):
            text = f"{type(value).__name__} is declared twice, and {why}; use one class (R14.29, R19.46)"
            raise Mismatch(InvalidCastError, text)
        return cast("Struct", value)
    raise wrong_type(f"{build.__name__}({', '.join(names)}), or a mapping or sequence of its members", value)


def decode_structure(form: Structure, types: TypeSpace) -> Decoder:
    """An instance of the struct's class."""
    decoders = [types.decoder(member.form) for member in types.members[form.record]]
    build = struct_maker(types.structs[form.record])

    def decode(wire: Any, context: CallContext) -> Any:
        if type(wire) is not list or len(wire) != len(decoders):
            raise RemoteProtocolError(f"expected the {len(decoders)} members of {form.record}")
        return build(*[decode_one(each, context) for decode_one, each in zip(decoders, wire, strict=True)])

    return decode


def encode_raw(form: Raw, types: TypeSpace) -> Encoder:
    """An instance of the union's class, a mapping of the members to set, or the bytes themselves (R7.8)."""
    build = types.structs[form.record]

    def encode(value: Any, context: CallContext) -> Any:
        if isinstance(value, Mapping):
            value = _built(value, build, list(named_members(types.members, form.record)))
        if isinstance(value, Union):
            if not isinstance(value, build):
                raise wrong_type(f"{build.__name__}(…)", value)
            return binary(value._data, context)  # noqa: SLF001 - the bytes are the value
        if isinstance(value, build):
            return binary(bytes_of(value, types.views(form.record)), context)
        if not isinstance(value, bytes | bytearray | memoryview):
            raise wrong_type(f"{build.__name__}(…), a mapping of members to set, or bytes", value)
        return binary(bytes(value), context)

    return encode


def decode_raw(form: Raw, types: TypeSpace) -> Decoder:
    """An instance of the union's class; one of the user's own has every member that can be shown."""
    build = types.structs[form.record]
    maker = getattr(build, "_of_bytes", None)
    with suppress(Error):
        types.views(form.record)  # asked now, while the host is there: a value may outlive its library

    def decode(wire: Any, context: CallContext) -> Any:
        data = received_binary(wire, context)
        if maker is not None:
            return maker(data)
        views = types.views(form.record)
        names = named_members(types.members, form.record)
        shown = [views.read(bytes(data), name) if name in views.views else None for name in map(python_name, names)]
        return struct_maker(build)(*shown)

    return decode


def encode_series(form: Series, types: TypeSpace) -> Encoder:
    """R6.14, R19.15: at least `length` elements, of which the first are used; None is all zeros."""
    elements = encode_many(form.element, types)
    is_bytes = isinstance(form.element, Integer) and form.element.scalar in BYTE_SCALARS

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if not is_buffer(value) and (isinstance(value, str) or not isinstance(value, Sequence)):
            raise wrong_type(f"a sequence of {form.length} elements", value)
        if form.length and len(value) < form.length:
            text = f"{len(value)} elements were given for an array of {form.length} (R6.14)"
            raise Mismatch(ArgumentError, text)
        if form.length:
            value = value[: form.length]
        if is_bytes and isinstance(value, bytes | bytearray):
            return binary(bytes(value), context)
        return elements(value, context)

    return encode


def decode_series(form: Series, types: TypeSpace) -> Decoder:
    """A list, or bytes for an array of unsigned bytes."""
    if isinstance(form.element, Integer) and form.element.scalar in BYTE_SCALARS:
        return lambda wire, context: bytes(received_binary(wire, context))
    return decode_many(form.element, types)
