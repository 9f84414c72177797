"""Which converter serves which form. This table and its twin in the client are the only places that list all forms."""

from __future__ import annotations

from typing import Any, Final

from callgate_protocol import forms
from callgate_protocol.model import FLOATS

from .base import Converter
from .pointers import AddressConverter, CodeConverter, ContextConverter, HandleConverter
from .records import FixedTextConverter, SeriesConverter
from .scalars import (
    BooleanConverter,
    ComplexConverter,
    FloatingConverter,
    IntegerConverter,
    NothingConverter,
    TruthConverter,
)
from .space import Maker, Space
from .text import TextConverter, WideConverter

__all__ = ["MAKERS"]


def _integer(space: Space, form: forms.Integer | forms.Enumeration | forms.Character) -> Converter:
    return IntegerConverter(space.tools.backend, form)


def _record(space: Space, form: forms.Structure | forms.Raw) -> Converter:
    return space.record(form.record)


def _series(space: Space, form: forms.Series) -> Converter:
    return SeriesConverter(space.tools.backend, form, space.converter(form.element))


def _text(space: Space, form: forms.Text) -> Converter:
    tools = space.tools
    free = space.deallocator(form.free) if form.free else None
    return TextConverter(tools.backend, tools.libc, tools.places, free, form)


def _wide(space: Space, form: forms.Wide) -> Converter:
    tools = space.tools
    width = tools.backend.sizeof(space.converter(forms.Integer(form.scalar)).ctype)
    free = space.deallocator(form.free) if form.free else None
    return WideConverter(tools.backend, tools.libc, tools.places, free, form, width)


def _handle(space: Space, form: forms.Handle) -> Converter:
    opaque = space.opaque(form.opaque)
    release = space.releaser(opaque) if form.owned else None
    return HandleConverter(space.tools.backend, form, space.tools.places, opaque.invalid, release)


def _interface(space: Space, form: forms.InterfacePointer) -> Converter:
    from .interfaces import InterfaceConverter  # noqa: PLC0415 - see `template`

    tools = space.tools
    return InterfaceConverter(tools.backend, space.contract(form.interface), tools.com, borrowed=form.borrowed)


def _code(space: Space, form: forms.Code) -> Converter:
    return CodeConverter(space.tools.backend, form, space.tools.places, space.thunks(form.delegate))


def _system(space: Space, form: forms.SystemValue) -> Converter:
    scalar = forms.CARRIERS.get(form.name)
    if scalar is None:
        from .system import BlockConverter  # noqa: PLC0415 - see `template`

        return BlockConverter(space.tools.backend, form.name)
    return space.converter(forms.Floating(scalar) if scalar in FLOATS else forms.Integer(scalar))


def _safe_array(space: Space, form: forms.SafeElements) -> Converter:
    from .safearray import SafeArrayConverter  # noqa: PLC0415 - see `template`
    from .vartypes import vartype_of  # noqa: PLC0415 - see `template`

    tools, element = space.tools, space.converter(form.element)
    vartype = vartype_of(tools.backend, form.element, element)
    return SafeArrayConverter(tools.backend, tools.libc, tools.places, vartype, element, any_bounds=form.bounds)


def _bstr(space: Space, form: forms.BStr) -> Converter:
    from .bstr import BStrConverter  # noqa: PLC0415 - see `template`

    tools = space.tools
    return BStrConverter(tools.backend, tools.libc, tools.places, wide=form.wide)


def _variant(space: Space, form: forms.Variant) -> Converter:
    from .safearray import SafeArrayConverter  # noqa: PLC0415 - see `template`
    from .variant import VariantConverter  # noqa: PLC0415 - see `template`

    tools = space.tools

    def array(vartype: int, element: Converter) -> Converter:
        return SafeArrayConverter(tools.backend, tools.libc, tools.places, vartype, element, any_bounds=True)

    return VariantConverter(tools.backend, form, space.converter, array)


MAKERS: Final[dict[type[Any], Maker]] = {
    forms.Address: lambda space, form: AddressConverter(space.tools.backend, form, space.tools.places),
    forms.BStr: _bstr,
    forms.Boolean: lambda space, _form: BooleanConverter(space.tools.backend),
    forms.Character: _integer,
    forms.Code: _code,
    forms.Complex: lambda space, form: ComplexConverter(space.tools.backend, form),
    forms.Context: lambda space, _form: ContextConverter(space.tools.backend),
    forms.Enumeration: _integer,
    forms.FixedText: lambda space, form: FixedTextConverter(space.tools.backend, form),
    forms.Floating: lambda space, form: FloatingConverter(space.tools.backend, form),
    forms.Handle: _handle,
    forms.Integer: _integer,
    forms.InterfacePointer: _interface,
    forms.Nothing: lambda space, _form: NothingConverter(space.tools.backend),
    forms.Raw: _record,
    forms.SafeElements: _safe_array,
    forms.Series: _series,
    forms.Structure: _record,
    forms.SystemValue: _system,
    forms.Text: _text,
    forms.Truth: lambda space, form: TruthConverter(space.tools.backend, form),
    forms.Variant: _variant,
    forms.Wide: _wide,
}
"""Form -> its converter. Those that need their neighbours, as `Elements` and `Offset` do, are made by `parameters`."""
