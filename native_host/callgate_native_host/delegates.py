"""A delegate, compiled: from what native code passes to a callback message, and from its answer back to C (R9.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, TypeAlias

from callgate_protocol.errors import Fault
from callgate_protocol.forms import Boolean, Bytes, Elements, Nothing, SystemValue
from callgate_protocol.rpccodes import Code
from callgate_protocol.signatures import ParameterPlan, Signature

from .backlog import Backlog
from .com.calling import MethodCalling
from .convert.parameters import parameter_passing
from .convert.space import Space
from .convert.substitutes import result_by_value
from .faults import Mismatch
from .scope import NOBODY, Scope
from .thunks import Thunk, ThunkPool

__all__ = ["Answering", "DelegatePlan", "Runner"]


Runner: TypeAlias = Callable[["DelegatePlan", Thunk, Sequence[Any]], Any]
"""What happens when native code calls: the plan, the function pointer it called, and what it passed."""

_NO_ANSWER: Final = Code.RPC_E_DISCONNECTED.signed
"""Where an HRESULT is expected, zero would be a success (R11.8)."""
_FAILED: Final = Code.COR_E_EXCEPTION.signed
_E_POINTER: Final = Code.E_POINTER.signed


class Answering(Protocol):
    """A plan for calls of native code, as `Callbacks` needs it."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def oneway(self) -> bool:
        """Whether native code goes on without waiting."""

    @property
    def zero(self) -> Any:
        """What native code gets when there is no answer."""

    @property
    def backlog(self) -> Backlog:
        """What of oneway calls has not been answered."""

    def refusal(self, natives: Sequence[Any]) -> int:
        """The code for what native code must not pass; 0 when the call can be made."""

    def give_up(self, natives: Sequence[Any]) -> Any:
        """What native code gets when the call ended in a way that has no code."""

    def offer(self, natives: Sequence[Any], scope: Scope) -> list[Any]:
        """The arguments of the callback message. Raises Fault."""

    @property
    def codes(self) -> bool:
        """Whether native code is told of failures, by an HRESULT."""

    def accept(self, result: Any, outs: Sequence[Any], natives: Sequence[Any], scope: Scope) -> Any:
        """What the client answered, as C takes it. Raises Fault."""

    def refuse(self, natives: Sequence[Any], scope: Scope) -> None:
        """The client failed: there is nothing in any out (R8.7). Raises Fault."""


class DelegatePlan:
    """How callables of one shape are called back. Raises Fault when native code could not call them."""

    def __init__(
        self,
        space: Space,
        signature: Signature,
        run: Runner,
        backlog: Backlog,
        calling: MethodCalling | None = None,
    ) -> None:
        self.name = signature.name
        self.oneway = signature.oneway
        """Whether native code goes on without waiting."""
        self.backlog = backlog
        """What of the library's oneway callbacks has not been answered."""
        self._passings = [parameter_passing(space, signature, plan) for plan in signature.parameters]
        self._offered = [(p, self._passings[p.index]) for p in signature.parameters if p.direction.travels_in]
        self._outs = [(plan, self._passings[plan.index]) for plan in signature.outs]
        self._result = _result(space, signature)
        self._throws = signature.throws
        self.codes = signature.throws or signature.result == SystemValue("HRESULT")
        """Whether native code is told of failures, by an HRESULT (R11.8)."""
        backend = space.tools.backend
        types = [passing.ctype for passing in self._passings]
        if calling is None:
            shape = backend.function_type(types, self._result.ctype, signature.variadic)
        else:
            shape = calling.function_type(calling.types(types, self._result.ctype), self._result.ctype)
        self.result_type = self._result.ctype
        if signature.variadic:
            raise Fault("MarshalDirectiveError", f"{self.name} is variadic, which a callback cannot be")
        self.zero = self._zero(space, signature)
        """What native code gets when there is no answer: `on_error`, else zero (R9.9)."""
        self._needed = [
            plan.index for plan in signature.outs if self._throws and not getattr(plan.form, "nullable", False)
        ]
        self.pool = ThunkPool(backend, shape, lambda thunk, natives: run(self, thunk, natives))

    def refuse(self, natives: Sequence[Any], scope: Scope) -> None:
        """R8.7: a failure has nothing in any out. Raises Fault."""
        for plan, passing in self._outs:
            try:
                passing.clear(natives, scope)
            except Mismatch as finding:
                raise self._unfit(plan, finding) from None

    def _unfit(self, plan: ParameterPlan, finding: Mismatch) -> Fault:
        return finding.fault_of(f"'{plan.name}' as the callback {self.name} gave it back")

    def _zero(self, space: Space, signature: Signature) -> Any:
        if isinstance(signature.result, Nothing):
            return None
        if self.codes and not signature.on_error:
            return _NO_ANSWER
        backend = space.tools.backend
        if backend.is_record(self._result.ctype):
            return backend.newp(backend.pointer_to(self._result.ctype))[0]
        try:
            return self._result.from_wire(_wire(signature), Scope(NOBODY)) if signature.on_error else 0
        except Mismatch as finding:
            raise Fault("MarshalDirectiveError", f"on_error of {self.name}: {finding.problem}") from None

    def offer(self, natives: Sequence[Any], scope: Scope) -> list[Any]:
        """The arguments of the callback message: every parameter that travels in. Raises Fault."""
        wires = []
        for plan, passing in self._offered:
            try:
                wires.append(passing.offer(natives, scope))
            except Mismatch as finding:
                raise finding.fault_of(f"'{plan.name}' as native code gave it to the callback {self.name}") from None
        return wires

    def refusal(self, natives: Sequence[Any]) -> int:
        """R14.20: the code for native code that gives no place for an out; 0 when all have one."""
        if all(natives[index] for index in self._needed):
            return 0
        self.give_up(natives)
        return _E_POINTER

    def give_up(self, natives: Sequence[Any]) -> Any:
        """R8.7, R14.20: a failure, with zeros in the outs; without an HRESULT it is `on_error`."""
        if self._throws:
            scope = Scope(NOBODY)
            for _, passing in self._outs:
                with suppress(Mismatch):  # nobody can be told now
                    passing.clear(natives, scope)
            scope.end()
        return _FAILED if self.zero == _NO_ANSWER else self.zero

    def accept(self, result: Any, outs: Sequence[Any], natives: Sequence[Any], scope: Scope) -> Any:
        """R9.8: the outs through native code's pointers, then the result as C takes it. Raises Fault."""
        if len(outs) != len(self._outs):
            text = f"the callback {self.name} has {len(self._outs)} outs, {len(outs)} came back"
            raise Fault("MarshalError", text)
        if self._throws and type(result) is int and result < 0:
            self.refuse(natives, scope)
        else:
            for (plan, passing), wire in zip(self._outs, outs, strict=True):
                try:
                    passing.accept(wire, natives, scope)
                except Mismatch as finding:
                    raise self._unfit(plan, finding) from None
        try:
            return self._result.from_wire(result, scope)
        except Mismatch as finding:
            raise finding.fault_of(f"the result of the callback {self.name}") from None


def _wire(signature: Signature) -> Any:
    return bool(signature.on_error) if isinstance(signature.result, Boolean) else signature.on_error


def _result(space: Space, signature: Signature) -> Any:
    if isinstance(signature.result, Elements | Bytes):
        raise Fault("MarshalDirectiveError", f"the callback {signature.name} cannot return an array; return a pointer")
    what = f"the result of the callback {signature.name}"
    return result_by_value(space.tools.backend, space.converter(signature.result), what)
