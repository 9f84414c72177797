"""Handles with a life: which of them the caller owns, and where they cannot stand (R10)."""

from __future__ import annotations

from .directives import DirectiveError
from .forms import Elements, Form, Handle, Series
from .model import CType, Delegate, Function, Opaque, OpaqueType, Parameter, TypeLibrary
from .signatures import Member, ParameterPlan

__all__ = ["is_hidden", "lived_member", "lived_parameter", "lived_result"]


def is_hidden(library: TypeLibrary, ctype: CType) -> bool:
    """Whether only pointers to the type are values; handles that are numbers are values themselves (R10.10)."""
    return isinstance(ctype, Opaque) and not any(each.name == ctype.name and each.base for each in library.opaques)


def _type_of(library: TypeLibrary, form: Handle) -> OpaqueType:
    try:
        return library.opaque(form.opaque)
    except KeyError:
        return OpaqueType(form.opaque)


def lived_parameter(
    library: TypeLibrary, entry: Function | Delegate, parameter: Parameter, plan: ParameterPlan
) -> ParameterPlan:
    """R10.3, R10.4: what comes out of a function through `T **` is the caller's to end. Raises DirectiveError."""
    form = plan.form
    if not isinstance(form, Elements) or not isinstance(form.element, Handle):
        return plan
    if not _type_of(library, form.element).release:
        return plan
    if form.count is not None:
        where = f"parameter {plan.index + 1} '{parameter.name}' of {entry.name}"
        raise DirectiveError(
            f"{where}: an array of {form.element.opaque} handles, which end by themselves, is not marshalled "
            "(R10.5, R19.28); pass them one by one, or declare the type without [release(…)]"
        )
    if isinstance(entry, Delegate) or not plan.direction.travels_out or parameter.has("borrowed"):
        return plan
    return plan.replace(form=form.replace(element=form.element.replace(owned=True)))


def lived_result(library: TypeLibrary, entry: Function | Delegate, form: Form) -> Form:
    """R10.3: a handle that a function returns is the caller's to end, unless it is `[borrowed]`."""
    if not isinstance(form, Handle) or isinstance(entry, Delegate) or entry.result.has("borrowed"):
        return form
    return form.replace(owned=True) if _type_of(library, form).release else form


def lived_member(library: TypeLibrary, record: str, member: Member) -> Member:
    """R10.5: a handle inside a struct only goes in. Raises DirectiveError for an array of them."""
    form = member.form
    if isinstance(form, Handle) and _type_of(library, form).release:
        return member.replace(form=form.replace(lent=True))
    while isinstance(form, Series):
        form = form.element
        if isinstance(form, Handle) and _type_of(library, form).release:
            raise DirectiveError(
                f"member '{member.name}' of {record}: an array of {form.opaque} handles, which end by themselves, "
                "is not marshalled (R10.5, R19.28); declare the type without [release(…)]"
            )
    return member
