"""Functions, delegates and structs, decided: the form of every parameter, which way it travels, who passes it."""

from __future__ import annotations

from enum import Enum as PythonEnum

from .forms import Form
from .value import Value

__all__ = ["Direction", "Member", "ParameterPlan", "Signature"]


class Direction(PythonEnum):
    """Which way the value of a parameter travels, seen from the caller (R1.8)."""

    IN = "in"
    OUT = "out"
    INOUT = "in, out"

    @property
    def travels_in(self) -> bool:
        """Whether the caller's value reaches the callee."""
        return self is not Direction.OUT

    @property
    def travels_out(self) -> bool:
        """Whether the callee's value comes back."""
        return self is not Direction.IN


class ParameterPlan(Value):
    """One parameter, decided. `passed`: the caller gives a value; `in_place`: outs are written into what it gave."""

    index: int
    name: str
    direction: Direction
    form: Form
    passed: bool
    in_place: bool
    aliased: bool = False
    """Whether it may be the same memory as another parameter (`[ptr]`)."""

    @property
    def returned(self) -> bool:
        """Whether its final value stands in the result of the call (section 0 of the rule book)."""
        return self.direction.travels_out and not self.in_place


class Signature(Value):
    """A function or delegate, decided."""

    name: str
    parameters: tuple[ParameterPlan, ...]
    result: Form
    variadic: bool
    on_error: float = 0
    """Of a delegate: what native code gets when there is no answer (R9.9)."""
    oneway: bool = False
    """Of a delegate: whether native code goes on without waiting for an answer."""
    throws: bool = False
    """The result is an HRESULT that nobody sees: a failure is raised (R11.6)."""
    retval: int = -1
    """Index of the parameter that stands first among the outs of the result (R1.20); -1 for none."""

    @property
    def passed(self) -> tuple[ParameterPlan, ...]:
        """What the caller gives, in order; exactly these stand in the arguments of a `call`."""
        return tuple(plan for plan in self.parameters if plan.passed)

    @property
    def outs(self) -> tuple[ParameterPlan, ...]:
        """What comes back, in order; exactly these stand in the outs of a `return`."""
        return tuple(plan for plan in self.parameters if plan.direction.travels_out)


class Member(Value):
    """One member of a struct, decided."""

    name: str
    form: Form
