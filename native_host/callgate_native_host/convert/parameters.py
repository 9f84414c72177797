"""From the parameters of a signature to how each crosses, and from its result form to how that comes back."""

from __future__ import annotations

from typing import Any

from callgate_protocol.errors import Fault
from callgate_protocol.forms import (
    Bytes,
    Count,
    Direction,
    Elements,
    Enumeration,
    Integer,
    Offset,
    ParameterPlan,
    Signature,
    Text,
)

from .base import Converter
from .counts import ConstantCount, Counter, ParameterCount, PointedCount
from .elements import ElementsPassing, ElementsResult
from .many import Many
from .passing import ByValue, OffsetPassing, Passing
from .space import Space
from .substitutes import by_value
from .text import TextConverter

__all__ = ["parameter_passing", "result_of"]


def parameter_passing(space: Space, signature: Signature, plan: ParameterPlan) -> Passing:
    """How one parameter crosses. Raises Fault when it cannot."""
    form, backend = plan.form, space.tools.backend
    if isinstance(form, Offset):
        base = next(other.index for other in signature.parameters if other.name == form.parameter)
        return OffsetPassing(backend, plan.index, base)
    if not isinstance(form, Elements | Bytes):
        what = f"parameter '{plan.name}' of {signature.name}"
        return ByValue(plan.index, by_value(backend, space.converter(form), what))
    return ElementsPassing(
        backend,
        space.tools.places,
        plan.index,
        plan.direction,
        _many(space, form, plan.direction),
        _counter(space, signature, form.count),
        nullable=isinstance(form, Bytes) or form.nullable,
    )


def result_of(space: Space, signature: Signature) -> Converter | ElementsResult:
    """How the result of a function comes back."""
    form = signature.result
    if isinstance(form, Elements | Bytes):
        counter = _counter(space, signature, form.count)
        return ElementsResult(space.tools.backend, _many(space, form, Direction.OUT), counter)
    return by_value(space.tools.backend, space.converter(form), f"the result of {signature.name}")


def _many(space: Space, form: Elements | Bytes, direction: Direction) -> Many:
    if isinstance(form, Bytes):
        return Many(space.tools.backend, space.converter(Integer("u1")), bytes_only=True)
    if isinstance(form.element, Text) and form.element.free == "free" and direction is Direction.INOUT:
        return Many(space.tools.backend, _replaceable_text(space, form.element))
    return Many(space.tools.backend, space.converter(form.element))


def _replaceable_text(space: Space, form: Text) -> Converter:
    """R5.8: native code may free the text it is given, so it must come from where native code's own comes from."""
    tools = space.tools
    return TextConverter(tools.backend, tools.libc, tools.places, space.deallocator(form.free), given_away=True)


def _counter(space: Space, signature: Signature, count: Count | None) -> Counter | None:
    if count is None:
        return None
    if not count.parameter:
        return ConstantCount(count.constant)
    plan = next(other for other in signature.parameters if other.name == count.parameter)
    if not count.dereference:
        return ParameterCount(plan.index, plan.name)
    element: Any = plan.form.element if isinstance(plan.form, Elements) else None
    if not isinstance(element, Integer | Enumeration):
        raise Fault("MarshalDirectiveError", f"size_is(*{plan.name}) of {signature.name} does not point to an integer")
    pointer_type = space.tools.backend.pointer_to(space.converter(element).ctype)
    return PointedCount(space.tools.backend, plan.index, plan.name, pointer_type)
