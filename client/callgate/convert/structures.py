"""Structs, unions and the arrays inside them (R7, R6.14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from callgate.errors import ArgumentError, InvalidCastError
from callgate.records import Struct, python_name, struct_maker
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Integer, Raw, Series, Structure

from .arrays import decode_many, encode_many
from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, received_binary, wrong_type
from .buffers import is_buffer

_BYTE_SCALARS = frozenset({"u1", "uchar"})


def encode_structure(form: Structure, types: TypeSpace) -> Encoder:
    """An instance of the struct's class, a mapping by member name, or a sequence in member order."""
    members = [(python_name(member.name), types.encoder(member.form)) for member in types.members[form.record]]
    names = [name for name, _ in members]
    build = types.structs[form.record]

    def encode(value: Any, context: CallContext) -> list[Any]:
        if not isinstance(value, build):
            value = _built(value, build, names)
        wire = []
        for name, encode_member in members:
            try:
                wire.append(encode_member(getattr(value, name), context))
            except Mismatch as fault:
                raise fault.inside(f".{name}") from None
            except AttributeError:
                raise Mismatch(ArgumentError, f"member {name!r} was never set") from None
        return wire

    return encode


def _built(value: Any, build: type[Struct], names: list[str]) -> Struct:
    try:
        if isinstance(value, Mapping):
            return build(**value)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
            return build(*value)
    except TypeError as error:
        raise Mismatch(InvalidCastError, str(error)) from None
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


def encode_raw(form: Raw, _types: TypeSpace) -> Encoder:
    """A union's bytes."""

    def encode(value: Any, context: CallContext) -> Any:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise wrong_type(f"the bytes of union {form.record}", value)
        return binary(bytes(value), context)

    return encode


def decode_raw(_form: Raw, _types: TypeSpace) -> Decoder:
    """A union's bytes."""

    def decode(wire: Any, context: CallContext) -> bytes:
        return bytes(received_binary(wire, context))

    return decode


def encode_series(form: Series, types: TypeSpace) -> Encoder:
    """R6.14: exactly `length` elements; None is all zeros."""
    elements = encode_many(form.element, types)
    is_bytes = isinstance(form.element, Integer) and form.element.scalar in _BYTE_SCALARS

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if not is_buffer(value) and (isinstance(value, str) or not isinstance(value, Sequence)):
            raise wrong_type(f"a sequence of {form.length} elements", value)
        if form.length and len(value) != form.length:
            raise Mismatch(ArgumentError, f"{len(value)} elements were given for an array of {form.length}")
        if is_bytes and isinstance(value, bytes | bytearray):
            return binary(bytes(value), context)
        return elements(value, context)

    return encode


def decode_series(form: Series, types: TypeSpace) -> Decoder:
    """A list, or bytes for an array of unsigned bytes."""
    if isinstance(form.element, Integer) and form.element.scalar in _BYTE_SCALARS:
        return lambda wire, context: bytes(received_binary(wire, context))
    return decode_many(form.element, types)
