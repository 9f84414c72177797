"""Layout classes by reference, `[copied] T **`: an instance goes in, and it, another one or None comes back (R1.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callgate.memory import Addressable
from callgate.records import named_members, python_name
from callgate.values import Box, Constant
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Instance

from .base import CallContext, Decoder, Encoder, TypeSpace, wrong_type

__all__ = ["decode_instance", "encode_instance", "finish_instance"]


def encode_instance(form: Instance, types: TypeSpace) -> Encoder:
    """What its class takes; None is a NULL behind the pointer, which is never NULL itself."""
    encode_one, name = types.encoder(form.element), form.element.record

    def encode(value: Any, context: CallContext) -> Any:
        if isinstance(value, Box):
            value = value.value
        if value is None:
            return None
        if isinstance(value, Addressable | Constant):
            raise wrong_type(f"an instance of {name}, of which native code gets a copy, or None (R1.9)", value)
        return [encode_one(value, context)]

    return encode


def decode_instance(form: Instance, types: TypeSpace) -> Decoder:
    """A new instance, or None for NULL."""
    decode_one = types.decoder(form.element)

    def decode(wire: Any, context: CallContext) -> Any:
        if wire is None:
            return None
        if type(wire) is not list or len(wire) != 2:
            raise RemoteProtocolError("expected a struct and whether it lies where it lay")
        return decode_one(wire[0], context)

    return decode


def finish_instance(form: Instance, types: TypeSpace) -> Callable[[Any, Any, CallContext], Any]:
    """R1.9: what native code left where it was is the instance that was given, updated; else there is another one."""
    record = form.element.record
    decode, cls = decode_instance(form, types), types.structs[record]
    names = [python_name(name) for name in named_members(types.members, record)]

    def finish(given: Any, wire: Any, context: CallContext) -> Any:
        target = given.value if isinstance(given, Box) else given
        final = decode(wire, context)
        if final is not None and wire[1] and isinstance(target, cls):
            for name in names:
                object.__setattr__(target, name, getattr(final, name))
            final = target
        if isinstance(given, Box):
            given.value = final
        return final

    return finish
