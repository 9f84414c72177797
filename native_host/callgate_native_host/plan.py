"""A function, compiled: from the arguments of a `call` to C and back to a result and outs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, Final, Self, TypeAlias

from callgate_protocol.errors import Fault
from callgate_protocol.forms import (
    Address,
    Boolean,
    Bytes,
    Elements,
    Enumeration,
    Floating,
    Form,
    Integer,
    Nothing,
    Text,
    Wide,
)
from callgate_protocol.signatures import Direction, ParameterPlan, Signature

from .backend import Backend, BackendType
from .com.calling import MethodCalling
from .convert.elements import ElementsResult
from .convert.parameters import parameter_passing, result_of
from .convert.passing import ByValue, Passing
from .convert.space import Space
from .convert.variadic import Extras
from .faults import Mismatch
from .registers import Split, split_parameter
from .scope import Scope

__all__ = ["FunctionPlan", "Load"]

Load: TypeAlias = Callable[[str, Any], Any]
"""(name, function type) -> the function, or None."""


class FunctionPlan:
    """How one function is called. Compiled at first use, then shared by all threads."""

    def __init__(
        self, space: Space, signature: Signature, load: Load | None, calling: MethodCalling | None = None
    ) -> None:
        self.name = signature.name
        self.signature = signature
        self._passings = [parameter_passing(space, signature, plan) for plan in signature.parameters]
        self._result = result_of(space, signature)
        self._passed = len(signature.passed)
        self._extras = Extras(space) if signature.variadic else None
        self._steps = _steps(signature, self._passings)
        self._checks = [passing for passing in self._passings if not isinstance(passing, ByValue)]
        self._outs = [(plan, self._passings[plan.index]) for plan in signature.outs]
        self._only_values = not self._checks
        self._throws = signature.throws
        self._heap = space.heap
        self._hands_out = any(_is_memory(form) for form in (signature.result, *(plan.form for plan in signature.outs)))
        self._lent = [plan.index for plan in signature.parameters if _is_looked_at(plan)]
        self._backend = space.tools.backend
        self._calling = calling
        self._pointed = self._shape(space)
        self.function: Any = self._load(*self._pointed, load) if load is not None else None
        """What is called; None when the address is known with each call only."""

    def _shape(self, space: Space) -> tuple[Any, Split | None]:
        """The type of the function, with what stands before its arguments, and the parameter that is passed as two."""
        backend, types = space.tools.backend, [passing.ctype for passing in self._passings]
        if self._calling is not None:
            return self._method_shape(backend, self._calling.types(types, self._result.ctype))
        split = split_parameter(backend, types, self._result.ctype)
        given = split.types if split else types
        return backend.function_type(given, self._result.ctype, self.signature.variadic), split

    def _method_shape(self, backend: Backend, types: list[BackendType]) -> tuple[Any, Split | None]:
        assert self._calling is not None
        hidden = self._calling.is_hidden(self._result.ctype)
        split = None
        if not self._calling.is_foreign:
            split = split_parameter(backend, types, backend.pointer if hidden else self._result.ctype)
        return self._calling.function_type(split.types if split else types, self._result.ctype), split

    def _load(self, shape: Any, split: Split | None, load: Load) -> Any:
        function = load(self.name, shape)
        if function is None:
            raise Fault("EntryPointNotFoundError", f"there is no function {self.name}", function=self.name)
        return split.around(function) if split else function

    def at(self, address: int) -> Self:
        """The plan for the function of this shape at an address."""
        made = copy(self)
        made.function = self._load(*self._pointed, lambda _name, shape: self._backend.at(shape, address))
        return made

    def on(self, pointer: int, address: int) -> Self:
        """The plan for the method at an address, called on the object behind an interface pointer."""
        made = self.at(address)
        assert self._calling is not None
        made.function = self._calling.bound(made.function, pointer, self._result.ctype)
        return made

    def enter(self, wires: Sequence[Any], scope: Scope) -> list[Any]:
        """R1.14: the C side of every argument, left to right; the first that does not fit ends it.

        R1.5, R1.16: each has memory of its own, also when the caller gave one object twice.
        """
        if len(wires) != self._passed and (self._extras is None or len(wires) < self._passed):
            text = f"{self.name} takes {self._passed} arguments, {len(wires)} were given"
            raise Fault("ArgumentError", text, function=self.name)
        natives: list[Any] = []
        scope.entered = natives
        try:
            for passing, position in self._steps:
                natives.append(passing.enter(None if position is None else wires[position], scope))
        except Mismatch as finding:
            raise self._fault(finding, len(natives)) from None
        if not self._only_values:
            self._check(natives, scope)
        if self._extras is not None:
            natives += self._extras.enter(wires, self._passed, self.name, scope)
        return natives

    def _check(self, natives: list[Any], scope: Scope) -> None:
        for passing in self._checks:
            try:
                passing.check(natives, scope)
            except Mismatch as finding:
                raise self._fault(finding, self._passings.index(passing)) from None

    def leave(self, result: Any, natives: Sequence[Any], scope: Scope) -> tuple[Any, list[Any]]:
        """R1.15: the outs in signature order, then the result."""
        if self._hands_out:
            self._own(natives, scope)
        if self._throws and result < 0:
            raise self._failure(result, natives, scope)
        outs = self._leave_outs(result, natives, scope) if self._outs else []
        try:
            if isinstance(self._result, ElementsResult):
                wire = self._result.leave(result, natives, scope)
            else:
                wire = self._result.to_wire(result, scope)
        except Mismatch as finding:
            self._heap.take_refusal()
            raise finding.fault_of(f"the result of {self.name}") from None
        if self._hands_out:
            self._check_freed(f"the result of {self.name}")
        if scope.ledger_used is not None and scope.ledger_used.doubles:
            raise self._double()
        return wire, outs

    def _own(self, natives: Sequence[Any], scope: Scope) -> None:
        """Native code is back: what it hands out now is ours, and what it was given is known (R8.4)."""
        scope.owning = True
        scope.given = frozenset(natives[index] for index in self._lent)

    def _check_freed(self, what: str) -> None:
        """R8.6: what is no block of the heap was not freed, and the declaration is wrong."""
        if why := self._heap.take_refusal():
            text = f"{what} cannot be freed with free(): {why}; leave [free] out, or name the function that frees it"
            raise Fault("OwnershipError", f"{text} (R8.6)", function=self.name)

    def _double(self) -> Fault:
        """R8.4: Windows would free the block twice."""
        text = (
            f"{self.name} gave back a block that it had got from this call, or gave out one block twice: both would "
            "free it, and it was freed once; declare the result or parameter as void * to decide yourself (R8.4)"
        )
        return Fault("DoubleOwnershipError", text, function=self.name)

    def failed_too(self, failure: Fault, result: Any, natives: Sequence[Any], scope: Scope) -> Fault:
        """R9.9: a callback of the call failed; what native code says of itself goes with it. Nothing is delivered."""
        if self._throws and result < 0:
            told = self._failure(result, natives, scope)
            return Fault(failure.name, failure.message, **failure.details | told.details)
        self.discard(result, natives, scope)
        return failure

    def _failure(self, result: int, natives: Sequence[Any], scope: Scope) -> Fault:
        """R11.6, R1.15: the code is raised; no out is delivered, and what they hold is freed (R8.7, R8.8)."""
        self.discard(result, natives, scope)
        # R8.8: a call that failed transfers nothing, so what the call holds is freed as if nobody had seen it
        return Fault("ComError", f"{self.name} failed with {result & 0xFFFFFFFF:#010x}", hresult=result)

    def _leave_outs(self, result: Any, natives: Sequence[Any], scope: Scope) -> list[Any]:
        outs: list[Any] = []
        try:
            for plan, passing in self._outs:
                outs.append(self._leave_out(plan, passing, natives, scope))
        except Fault:
            self.discard(result, natives, scope, len(outs) + 1)
            raise
        return outs

    def discard(self, result: Any, natives: Sequence[Any], scope: Scope, start: int = 0) -> None:
        """R8.1, R8.7: free what native code handed out and nobody will get, from the out number `start` on."""
        self._own(natives, scope)
        for _, passing in self._outs[start:]:
            passing.discard(natives, scope)
        if isinstance(self._result, ElementsResult):
            self._result.discard(result, natives, scope)
        else:
            self._result.discard(result, scope)

    def _leave_out(self, plan: ParameterPlan, passing: Passing, natives: Sequence[Any], scope: Scope) -> Any:
        try:
            wire = passing.leave(natives, scope)
        except Mismatch as finding:
            raise finding.fault_of(f"'{plan.name}' as it came out of {self.name}") from None
        if self._hands_out:
            self._check_freed(f"'{plan.name}' as it came out of {self.name}")
        return wire

    def _fault(self, finding: Mismatch, index: int) -> Fault:
        plan, (_, position) = self.signature.parameters[index], self._steps[index]
        return finding.fault((plan.index if position is None else position) + 1, plan.name, self.name)


_POINTERS: Final = (Address, Bytes, Elements, Text, Wide)


def _is_memory(form: Form) -> bool:
    """Whether values of the form may hold memory that native code hands over."""
    return not isinstance(form, Nothing | Integer | Enumeration | Floating | Boolean)


def _is_looked_at(plan: ParameterPlan) -> bool:
    return plan.direction is Direction.IN and isinstance(plan.form, _POINTERS)


def _steps(signature: Signature, passings: Sequence[Passing]) -> list[tuple[Passing, int | None]]:
    """Each parameter with its place among the arguments of the `call`, None for what the caller does not give."""
    positions = {plan.index: position for position, plan in enumerate(signature.passed)}
    return [(passing, positions.get(index)) for index, passing in enumerate(passings)]
