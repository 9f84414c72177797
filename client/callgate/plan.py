"""Marshal plans of the client: a signature compiled, once, into the conversions of a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import (
    Boolean,
    Character,
    Complex,
    EditedText,
    Elements,
    Enumeration,
    Floating,
    Handle,
    Instance,
    Integer,
    Nothing,
    SystemValue,
    Truth,
)
from callgate_protocol.messages import Return
from callgate_protocol.signatures import ParameterPlan, Signature

from .convert import CallContext, Mismatch, TypeSpace
from .convert.aliases import aliases_of
from .convert.counted import counted
from .convert.in_place import in_place_encoder, write_back
from .convert.instances import finish_instance
from .convert.text import fill_edited
from .declare.python import PLAIN, CountOf, Face
from .errors import InvalidCastError, MarshalError
from .faces import custom_decoder, custom_encoder, fill_back, filled_encoder, length_given
from .memory import Addressable
from .refusals import Refused
from .values import Box, StrBuf
from .variadic import encode_extra

__all__ = ["DelegatePlan", "FunctionPlan"]

_SCALARS = (Integer, Floating, Boolean, Truth, Character, Enumeration, Complex, Nothing, SystemValue)


_NEEDED = object()


class FunctionPlan:
    """How one function's arguments become a `call`, and its `return` a result."""

    def __init__(self, signature: Signature, types: TypeSpace, face: Face = PLAIN) -> None:
        self.signature = signature
        self.passed = signature.passed
        self._types = types
        self._encoders = [_encoder(plan, types, face) for plan in self.passed]
        self.defaults = [face.defaults.get(plan.name, _NEEDED) for plan in self.passed] if face.defaults else None
        """What stands for arguments that the caller leaves out; None when that is not allowed for any."""
        self._counted = counted(self.passed, types)
        self._aliases = aliases_of(self.passed)
        self._result = types.decoder(signature.result)
        if "" in face.custom:
            self._result = custom_decoder(self._result, face.custom[""])
        self._has_result = not isinstance(signature.result, Nothing) and not signature.throws
        self._positions = {plan.index: position for position, plan in enumerate(self.passed)}
        self._outs = [
            (
                _is_filled(plan, face),
                plan.name in face.dropped,
                plan.index == signature.retval,
                self._positions.get(plan.index),
                _finisher(plan, types, face),
            )
            for plan in signature.outs
        ]
        forms = [signature.result, *(plan.form for plan in signature.parameters)]
        self.needs_context = signature.variadic or not all(isinstance(form, _SCALARS) for form in forms)
        """Whether a call collects anything besides plain numbers."""
        self._handles = _constructed(forms, types)

    def encode(self, arguments: Sequence[Any], context: Any) -> list[Any]:
        """The arguments of the `call` (R1.14: left to right; the first that cannot be converted ends it).

        `context` is the call's CallContext, or None when `needs_context` is false.
        """
        wire: list[Any] = []
        try:
            self._encode(arguments, context, wire)
            for opaque, make in self._handles:
                context.prepared[opaque] = make(context.host)
            if self._aliases is not None:
                self._aliases.join(arguments, wire)
        except BaseException:
            if context is not None:
                context.take_back()
            raise
        return wire

    def _encode(self, arguments: Sequence[Any], context: Any, wire: list[Any]) -> None:
        try:
            for encode, value in zip(self._encoders, arguments, strict=False):
                wire.append(encode(value, context))
            for value in arguments[len(self._encoders) :]:
                wire.append(encode_extra(value, self._types, context))  # noqa: PERF401 - the fault needs the count
        except Mismatch as fault:
            raise self._error(fault, len(wire)) from None
        for array in self._counted:
            try:
                array.check(arguments, wire, context)
            except Mismatch as fault:
                raise self._error(fault, array.position) from None

    def finish(self, arguments: Sequence[Any], reply: Return, context: Any) -> Any:
        """What the caller gets: the result, then the outs (section 0 of the rule book)."""
        try:
            if not self._outs:
                return None if self.signature.throws else self._result(reply.result, context)
            return self._collect(arguments, reply, context)
        except Mismatch as fault:
            raise self._unread(fault) from None

    def _collect(self, arguments: Sequence[Any], reply: Return, context: Any) -> Any:
        if len(reply.outs) != len(self._outs):
            raise RemoteProtocolError(f"{self.signature.name} has {len(self._outs)} outs, not {len(reply.outs)}")
        values = [self._result(reply.result, context)] if self._has_result else []
        for (in_place, dropped, is_retval, position, finish), wire in zip(self._outs, reply.outs, strict=True):
            given = None if position is None else arguments[position]
            if in_place or isinstance(given, Box | StrBuf):
                finish(given, wire, context)
            elif dropped or (wire is None and isinstance(given, Addressable)):
                pass
            elif is_retval:
                values.insert(self._has_result, finish(None, wire, context))
            else:
                values.append(finish(given, wire, context))
        return values[0] if len(values) == 1 else tuple(values) or None

    def _unread(self, fault: Mismatch) -> MarshalError:
        """What native code gave cannot be shown as its declared type."""
        name = self.signature.name
        text = f"what came back from {name}{fault.path and ' at ' + fault.path}: {fault.text}"
        return fault.kind(text, library=self._types.library, function=name, path=fault.path)

    def completed(self, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Positional arguments with defaults behind them; None when an argument without a default is missing."""
        assert self.defaults is not None
        missing = self.defaults[len(arguments) :]
        if len(arguments) > len(self.defaults) or any(each is _NEEDED for each in missing):
            return None
        return self.with_counts((*arguments, *missing))

    def with_counts(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """Arguments with the counts filled in that the caller left to their arrays (`count_of`)."""
        if not any(type(each) is CountOf for each in arguments):
            return tuple(arguments)
        given = dict(zip((plan.name for plan in self.passed), arguments, strict=False))
        forms = {plan.name: plan.form for plan in self.passed}
        return tuple(
            length_given(forms[each.array], given[each.array], self._types) if type(each) is CountOf else each
            for each in arguments
        )

    def _error(self, fault: Mismatch, position: int) -> MarshalError:
        name = self.passed[position].name if position < len(self.passed) else "..."
        path = f"'{name}'{fault.path}"
        return fault.kind(
            f"argument {position + 1} {path} of {self.signature.name}: {fault.text}",
            library=self._types.library,
            function=self.signature.name,
            argument=position + 1,
            path=path,
        )


def _encoder(plan: ParameterPlan, types: TypeSpace, face: Face) -> Callable[[Any, CallContext], Any]:
    if plan.name in face.custom:
        return custom_encoder(types.encoder(plan.form), face.custom[plan.name])
    if plan.name in face.filled:
        return filled_encoder(plan, types, fresh=plan.name in face.fresh)
    return in_place_encoder(plan, types) if plan.in_place else types.encoder(plan.form)


def _is_filled(plan: ParameterPlan, face: Face) -> bool:
    """Whether what comes back goes into the caller's object only (R1.18, R7.12, R1.9)."""
    updated = isinstance(plan.form, Instance) and plan.name in face.dropped
    return plan.in_place or plan.name in face.filled or updated


def _finisher(plan: ParameterPlan, types: TypeSpace, face: Face) -> Callable[[Any, Any, CallContext], Any]:
    if plan.name in face.filled:
        return fill_back(plan, types)
    if plan.in_place:
        return write_back(plan, types)
    if isinstance(plan.form, Instance):
        return finish_instance(plan.form, types)
    return _boxed(
        types.decoder(plan.form), fill_edited(plan.form, types) if isinstance(plan.form, EditedText) else None
    )


def _boxed(decode: Callable[[Any, CallContext], Any], fill: Any) -> Callable[[Any, Any, CallContext], Any]:
    """A value for the result, or for the Box or StrBuf that was given for it."""

    def finish(given: Any, wire: Any, context: CallContext) -> Any:
        if fill is not None and isinstance(given, StrBuf):
            return fill(given, wire, context)
        value = decode(wire, context)
        if isinstance(given, Box):
            given.value = value
        return value

    return finish


def _constructed(forms: Sequence[Any], types: TypeSpace) -> list[tuple[str, Callable[[Any], Any]]]:
    """R10.3: handles whose class has a constructor of its own are made before the call, which it may prevent."""
    given = (form.element if isinstance(form, Elements) else form for form in forms)
    names = {form.opaque for form in given if isinstance(form, Handle) and form.owned}
    classes = [(name, types.handles[name]) for name in sorted(names)]
    return [(name, cls._blank) for name, cls in classes if cls._has_constructor()]


class DelegatePlan:
    """How native code's arguments become those of a Python callable, and what it gives back an answer (R9.8)."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self._ready = False

    def compile(self, types: TypeSpace) -> None:
        """Make the conversions; separate, because a delegate may take a delegate of its own shape."""
        if self._ready:
            return
        self._arguments = [types.decoder(plan.form) for plan in self.signature.parameters if plan.direction.travels_in]
        self._result = _result_encoder(self.signature, types)
        self._has_result = not isinstance(self.signature.result, Nothing) and not self.signature.throws
        self._outs = [types.encoder(plan.form) for plan in self.signature.outs]
        self._ready = True

    def perform(
        self, call: Callable[..., Any], arguments: Sequence[Any], context: CallContext
    ) -> tuple[Any, list[Any]]:
        """Run the callable on wire arguments; its result and outs as wire values. Raises Refused where it throws."""
        if self.signature.throws:
            return self.perform_coded(call, arguments, context)
        return self.answer(call(*self.values(arguments, context)), context)

    def perform_coded(
        self, call: Callable[..., Any], arguments: Sequence[Any], context: CallContext
    ) -> tuple[Any, list[Any]]:
        """The same where native code is told of failures by a code (R11.8, R14.20). Raises Refused."""
        escapes = True
        try:
            values = self.values(arguments, context)
            escapes = False
            given = call(*values)
            escapes = True
            return self.answer(given, context)
        except RemoteProtocolError:
            raise
        except BaseException as error:  # the border: native code is told, and not unwound
            raise Refused(error, escapes=escapes or not isinstance(error, Exception)) from None

    def values(self, arguments: Sequence[Any], context: CallContext) -> list[Any]:
        """The values of wire arguments. Raises MarshalError and its children."""
        if len(arguments) != len(self._arguments):
            raise RemoteProtocolError(f"{self.signature.name} has {len(self._arguments)} arguments")
        try:
            return [decode(wire, context) for decode, wire in zip(self._arguments, arguments, strict=True)]
        except Mismatch as fault:
            text = f"what native code gave to the callback for {self.signature.name}{fault.path}: {fault.text}"
            raise fault.kind(text, function=self.signature.name, path=fault.path) from None

    def answer(self, given: Any, context: CallContext) -> tuple[Any, list[Any]]:
        """The result and outs that a callable gave, as wire values."""
        context.result = given
        wanted = self._has_result + len(self._outs)
        results = given if wanted > 1 else (given,)[:wanted]  # what a callback without results gives is dropped
        if wanted > 1 and (not isinstance(given, tuple) or len(given) != wanted):
            raise TypeError(
                f"the callback for {self.signature.name} must give a tuple of {wanted} values, not {given!r}"
            )
        outs_given = list(results[wanted - len(self._outs) :])
        if self.signature.retval >= 0:  # it stands first for Python and last for C (R1.20)
            outs_given.append(outs_given.pop(0))
        first = 0 if self.signature.throws else results[0] if self._has_result else None
        try:
            outs = [encode(value, context) for encode, value in zip(self._outs, outs_given, strict=True)]
            return self._result(first, context), outs
        except Mismatch as fault:
            text = f"the result{fault.path} of the callback for {self.signature.name}: {fault.text}"
            raise fault.kind(text, function=self.signature.name, path=fault.path) from None


def _result_encoder(signature: Signature, types: TypeSpace) -> Callable[[Any, CallContext], Any]:
    """R9.4: a truth value is no integer result: `a > b` in a comparator would never say "less"."""
    encode = types.encoder(signature.result)
    if not isinstance(signature.result, Integer):
        return encode

    def encode_integer(value: Any, context: CallContext) -> Any:
        if value is True or value is False:
            raise Mismatch(InvalidCastError, f"expected an int, got {value}; write int(…) if that is meant")
        return encode(value, context)

    return encode_integer
