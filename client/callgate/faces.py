"""How functions look where that differs from their signatures: counts left out, structs updated in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callgate_protocol.forms import Elements, Form, Series, Structure, content_of
from callgate_protocol.signatures import ParameterPlan

from .convert import CallContext, TypeSpace
from .convert.base import Decoder, Encoder, wrong_type
from .convert.in_place import measure
from .memory import Addressable
from .records import python_name, struct_maker, zero_of
from .values import Constant

__all__ = ["custom_decoder", "custom_encoder", "fill_back", "filled_encoder", "length_given"]


def length_given(form: Form, value: Any, types: TypeSpace) -> int:
    """How many elements an array has whose count the caller left out."""
    content = content_of(form)
    if content is None or value is None or isinstance(value, Addressable | Constant):
        return 0
    try:
        return measure(content, types)(value) - (content.count.constant if content.count is not None else 0)
    except TypeError:
        return 0  # it is no array at all, which its own conversion says better


def custom_encoder(encode_native: Encoder, marshaller: Any) -> Encoder:
    """R19.47: what a marshaller makes of a value. It cleans up once, also when the call fails."""

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return encode_native(None, context)
        native = marshaller.managed_to_native(value)
        context.cleanups.append(lambda: marshaller.clean_up_native(native))
        return encode_native(native, context)

    return encode


def custom_decoder(decode_native: Decoder, marshaller: Any) -> Decoder:
    """R19.47: what a marshaller reads at the pointer that came back."""

    def decode(wire: Any, context: CallContext) -> Any:
        native = decode_native(wire, context)
        if native is None:
            return None
        try:
            return marshaller.native_to_managed(native)
        finally:
            marshaller.clean_up_native(native)

    return decode


def filled_encoder(plan: ParameterPlan, types: TypeSpace, *, fresh: bool) -> Encoder:
    """Only an instance can be filled. A fresh one arrives as zeros, whatever it holds (R1.11, R1.12)."""
    record = _record(plan)
    cls, encode_value = types.structs[record], types.encoder(plan.form)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None or isinstance(value, Addressable):
            return encode_value(value, context)
        if not isinstance(value, cls):
            raise wrong_type(f"an instance of {cls.__name__} to be filled", value)
        return encode_value(_zero(Structure(record), types) if fresh else value, context)

    return encode


def fill_back(plan: ParameterPlan, types: TypeSpace) -> Callable[[Any, Any, CallContext], None]:
    """The members of what came back, put into the instance that was given; it stays the same object."""
    names = [python_name(member.name) for member in types.members[_record(plan)]]
    decode = types.decoder(plan.form)

    def write(target: Any, wire: Any, context: CallContext) -> None:
        if target is None or isinstance(target, Addressable):
            return
        final = decode(wire, context)
        for name in names:
            object.__setattr__(target, name, getattr(final, name))

    return write


def _record(plan: ParameterPlan) -> str:
    assert isinstance(plan.form, Elements)  # a declaration makes nothing else of a layout class
    assert isinstance(plan.form.element, Structure)
    return plan.form.element.record


def _zero(form: Form, types: TypeSpace) -> Any:
    """A value of zeros; classes of the user are made without asking their `__init__`."""
    if isinstance(form, Structure):
        members = types.members[form.record]
        return struct_maker(types.structs[form.record])(*[_zero(member.form, types) for member in members])
    if isinstance(form, Series):
        return [_zero(form.element, types) for _ in range(form.length)]
    return zero_of(form, types.structs)()
