"""Pointers: handles, plain addresses, carried objects, function pointers, end pointers (R8, R9, R10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callgate import contexts, memory
from callgate.errors import ArgumentError, InvalidCastError
from callgate.memory import Addressable, Memory, NativePtr, place_of
from callgate.retained import retained_key
from callgate.values import Constant
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Address, Code, Context, Handle, Nothing, Offset
from callgate_protocol.references import Reference, read_reference

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, binary, wrong_type

__all__ = ["as_place"]


def as_place(value: Any, context: CallContext) -> Any:
    """The wire form of whatever can stand for an address; None when `value` is nothing of the kind."""
    if isinstance(value, Addressable):
        return place_of(value, context.host)
    if isinstance(value, Constant):
        return {"constant": value.value}
    return None


def encode_nothing(_form: Nothing, _types: TypeSpace) -> Encoder:
    """The result of a callback that returns void: whatever Python gave back is dropped."""
    return lambda _value, _context: None


def decode_nothing(_form: Nothing, _types: TypeSpace) -> Decoder:
    """None."""
    return lambda _wire, _context: None


def encode_handle(form: Handle, types: TypeSpace) -> Encoder:
    """R10.2: a handle of the declared type; None only where the declaration says `[unique]`."""
    expected = types.handles[form.opaque]

    def encode(value: Any, context: CallContext) -> Any:
        if type(value) is expected:
            if value._value is not None:  # noqa: SLF001 - R10.9: what the library itself gave for a failure
                return {"constant": value._value}  # noqa: SLF001
            wire = place_of(value, context.host)
            context.owner = context.owner or wire["at"][0]
            if form.closes:
                context.closing.append(value)
            return wire
        if value is None:
            if form.nullable:
                return None
            text = f"None is not a {form.opaque} handle; [unique] would allow NULL (R10.2)"
            raise Mismatch(ArgumentError, text)
        if isinstance(value, memory.Handle) and memory.opaque_of(type(value)).name != form.opaque:
            raise Mismatch(InvalidCastError, f"expected a {form.opaque} handle, got {value!r}")
        if (place := as_place(value, context)) is not None:
            return place
        raise wrong_type(f"a {form.opaque} handle", value)

    return encode


def decode_handle(form: Handle, types: TypeSpace) -> Decoder:
    """The one proxy of the object."""
    adopt = types.handles[form.opaque]._adopt  # noqa: SLF001 - handles are made here and nowhere else

    def decode(wire: Any, context: CallContext) -> memory.Handle | None:
        if wire is None:
            return None
        if type(wire) is dict and "constant" in wire:
            return adopt(context.host, 0, wire["constant"], context.prepared.pop(form.opaque, None))
        reference, _ = read_reference(wire)
        return context.host.holdings.proxy(
            reference,
            lambda: adopt(context.host, reference.object, None, context.prepared.pop(form.opaque, None)),
            form.owned,
        )

    return decode


def encode_address(_form: Address, _types: TypeSpace) -> Encoder:
    """None, memory of the host, a handle, a magic constant, or bytes that are copied for the call."""

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if (place := as_place(value, context)) is not None:
            return place
        if isinstance(value, bytes | bytearray | memoryview):
            return binary(value if isinstance(value, bytes) else bytes(value), context)
        if isinstance(value, int):
            raise Mismatch(
                InvalidCastError,
                f"a plain number is no pointer; a library's magic value is written callgate.constant({value})",
            )
        try:
            view = memoryview(value)
        except TypeError:
            raise wrong_type("a pointer, buffer, handle, bytes or None", value) from None
        return binary(view.tobytes(), context)

    return encode


def decode_address(form: Address, types: TypeSpace) -> Decoder:
    """None, the very object whose memory it is, or a pointer into it; one to a struct shows its members."""
    target = types.record_form(form.target)

    def decode(wire: Any, context: CallContext) -> Any:
        if wire is None:
            return None
        reference, offset = read_reference(wire)
        owner = context.host.holdings.proxy(reference, lambda: Memory(context.host, reference.object))
        if offset or type(owner) is Memory:
            return NativePtr(owner, offset) if target is None else _pointed().StructPtr(owner, offset, target, types)
        return owner._face  # noqa: SLF001 - the user holds the face

    return decode


def _pointed() -> Any:
    from callgate import pointed  # noqa: PLC0415 - it needs this module

    return pointed


def encode_context(_form: Context, _types: TypeSpace) -> Encoder:
    """Any object: only a token travels (R9.13)."""

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if isinstance(value, contexts.ContextToken):
            return {"context": value._check(context.host)}  # noqa: SLF001 - the token is the converter's business
        token = context.host.holdings.carry(value)
        context.tokens.append(token)
        return {"context": token}

    return encode


def decode_context(_form: Context, _types: TypeSpace) -> Decoder:
    """The very object that was given."""

    def decode(wire: Any, context: CallContext) -> Any:
        if wire is None:
            return None
        token = wire.get("context") if type(wire) is dict else None
        try:
            return context.host.holdings.contexts[token]  # type: ignore[index]
        except KeyError:
            raise Mismatch(
                ArgumentError, "native code passed a context that was not given to it, or no longer"
            ) from None

    return decode


def encode_code(form: Code, types: TypeSpace) -> Encoder:
    """A callable, valid during the call (R9.5); or one that was made with `callgate.callback`; or a constant."""

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if isinstance(value, Addressable | Constant):
            return as_place(value, context)
        holdings = context.host.holdings
        if holdings.retained and (kept := holdings.retained.get(retained_key(value))) is not None:
            return place_of(kept.pointer(form.delegate), context.host)
        if not callable(value):
            value = _as_multicast(value, form)
        number = holdings.lend(value, types.delegates[form.delegate])
        (context.kept if form.keep else context.delegates).append(number)
        return {"delegate": number}

    return encode


class _Multicast:
    """R9.12: several callables behind one pointer, called in order; the last result counts."""

    __slots__ = ("targets",)

    def __init__(self, targets: Sequence[Any]) -> None:
        self.targets = targets

    def __call__(self, *arguments: Any) -> Any:
        result = None
        for target in tuple(self.targets):
            result = target(*arguments)
        return result


def _as_multicast(value: Any, form: Code) -> _Multicast:
    if isinstance(value, list | tuple) and value and all(map(callable, value)):
        return _Multicast(value)
    raise wrong_type(f"a callable for {form.delegate}, a list of them, callgate.constant(…) or None", value)


def decode_code(form: Code, types: TypeSpace) -> Decoder:
    """The callable or callback object that it is, or a pointer to foreign code that can be called (R9.7)."""

    def decode(wire: Any, context: CallContext) -> Any:
        if wire is None:
            return None
        if type(wire) is dict and "delegate" in wire:
            return _lent(wire["delegate"], context)
        reference: Reference = read_reference(wire)[0]
        owner = context.host.holdings.proxy(reference, lambda: Memory(context.host, reference.object))
        if type(owner) is Memory:
            return _pointed().NativeFunctionPointer(owner, 0, form.delegate, types)
        return owner._face  # noqa: SLF001 - the user holds the face

    return decode


def _lent(number: Any, context: CallContext) -> Any:
    """The very callable that native code was given."""
    entry = context.host.holdings.delegates.get(number)
    if entry is None:
        raise RemoteProtocolError(f"delegate {number!r} came back, which was not given or is over")
    return entry[0].targets if isinstance(entry[0], _Multicast) else entry[0]


def decode_offset(_form: Offset, _types: TypeSpace) -> Decoder:
    """A distance in bytes."""

    def decode(wire: Any, _context: CallContext) -> int | None:
        if wire is not None and type(wire) is not int:
            raise RemoteProtocolError(f"expected a distance, got {type(wire).__name__}")
        return wire

    return decode


def encode_offset(form: Offset, _types: TypeSpace) -> Encoder:
    """An end pointer is only ever an out."""

    def encode(value: Any, _context: CallContext) -> Any:
        raise wrong_type(f"nothing: the end of {form.parameter} comes back as a number", value)

    return encode
