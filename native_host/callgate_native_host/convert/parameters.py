"""From the parameters of a signature to how each crosses, and from its result form to how that comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callgate_protocol.errors import Fault
from callgate_protocol.forms import (
    Allocated,
    Bytes,
    Count,
    EditedText,
    Elements,
    Enumeration,
    Instance,
    Integer,
    InterfacePointer,
    Offset,
    Text,
    Wide,
    count_of,
    length_of,
)
from callgate_protocol.signatures import ParameterPlan, Signature

from .allocated import AllocatedPassing, OwnedBlock
from .base import Converter
from .counts import ConstantCount, Counter, ParameterCount, PointedCount
from .edited import EditedPassing
from .elements import ElementsPassing, ElementsResult
from .iid_is import ChosenByIid
from .instances import InstancePassing, Owner
from .many import Many
from .passing import ByValue, OffsetPassing, Passing
from .space import Space
from .substitutes import by_value, result_by_value
from .text import TextConverter

__all__ = ["parameter_passing", "result_of"]


def parameter_passing(space: Space, signature: Signature, plan: ParameterPlan) -> Passing:
    """How one parameter crosses. Raises Fault when it cannot."""
    passing = _passing(space, signature, plan)
    content = plan.form.element if isinstance(plan.form, Elements) else plan.form
    if not isinstance(content, InterfacePointer) or not content.iid_is:
        return passing
    index = next((other.index for other in signature.parameters if other.name == content.iid_is), None)
    if index is None:
        text = f"iid_is({content.iid_is}) of '{plan.name}' of {signature.name} does not name a parameter (R1.23)"
        raise Fault("MarshalDirectiveError", text)
    shape = space.contract(content.interface).shape
    return ChosenByIid(passing, index, space.tools.com.wrappers.unknown, shape)


def _passing(space: Space, signature: Signature, plan: ParameterPlan) -> Passing:
    form, backend = plan.form, space.tools.backend
    if isinstance(form, Offset):
        base = next(other.index for other in signature.parameters if other.name == form.parameter)
        return OffsetPassing(backend, plan.index, base)
    if isinstance(form, EditedText):
        return _edited(space, plan.index, form)
    if isinstance(form, Instance):
        return _instance(space, plan, form)
    counter = _counter(space, signature, count_of(form))
    if isinstance(form, Allocated):
        block = OwnedBlock(space.tools, _many(space, form.content), counter, _deallocator(space, form))
        return AllocatedPassing(backend, plan.index, plan.direction, block)
    if not isinstance(form, Elements | Bytes):
        what = f"parameter '{plan.name}' of {signature.name}"
        return ByValue(plan.index, by_value(backend, space.converter(form), what))
    return ElementsPassing(
        backend,
        space.tools.places,
        plan.index,
        plan.direction,
        _many(space, form),
        counter,
        _counter(space, signature, length_of(form)),
        nullable=isinstance(form, Bytes) or form.nullable,
    )


def _edited(space: Space, index: int, form: EditedText) -> Passing:
    text = space.converter(Text() if form.scalar == "char" else Wide(form.scalar))
    assert isinstance(text, TextConverter)  # it is what these forms have
    backend = space.tools.backend
    units = Many(backend, space.converter(Integer("u1")), bytes_only=True)
    width = backend.sizeof(space.converter(Integer(form.scalar)).ctype)
    return EditedPassing(backend, space.tools.places, index, units, text, width)


def _instance(space: Space, plan: ParameterPlan, form: Instance) -> Passing:
    free = space.deallocator(form.free) if form.free else None
    owner = Owner(free, space.heap.suspect, shared=form.free == "free")
    many = Many(space.tools.backend, space.converter(form.element))
    return InstancePassing(space.tools, plan.index, plan.direction, many, owner)


def _deallocator(space: Space, form: Allocated) -> Callable[[int], None] | None:
    return space.deallocator(form.free) if form.free else None


def result_of(space: Space, signature: Signature) -> Converter | ElementsResult:
    """How the result of a function comes back."""
    form = signature.result
    content = form.content if isinstance(form, Allocated) else form
    if isinstance(content, Elements | Bytes):
        free = _deallocator(space, form) if isinstance(form, Allocated) else None
        counter = _counter(space, signature, content.count)
        return ElementsResult(space.tools.backend, OwnedBlock(space.tools, _many(space, content), counter, free))
    return result_by_value(space.tools.backend, space.converter(form), f"the result of {signature.name}")


def _many(space: Space, form: Elements | Bytes) -> Many:
    if isinstance(form, Bytes):
        return Many(space.tools.backend, space.converter(Integer("u1")), bytes_only=True)
    return Many(space.tools.backend, space.converter(form.element))


def _counter(space: Space, signature: Signature, count: Count | None) -> Counter | None:
    if count is None:
        return None
    if not count.parameter:
        return ConstantCount(count.constant)
    plan = next(other for other in signature.parameters if other.name == count.parameter)
    if not count.dereference:
        return ParameterCount(plan.index, plan.name, count.constant)
    element: Any = plan.form.element if isinstance(plan.form, Elements) else None
    if not isinstance(element, Integer | Enumeration):
        raise Fault("MarshalDirectiveError", f"size_is(*{plan.name}) of {signature.name} does not point to an integer")
    pointer_type = space.tools.backend.pointer_to(space.converter(element).ctype)
    return PointedCount(space.tools.backend, plan.index, plan.name, pointer_type, count.constant)
