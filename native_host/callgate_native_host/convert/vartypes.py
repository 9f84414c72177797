"""Which VARTYPE the values of a form have (R6.18, R13.3)."""

from __future__ import annotations

from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_protocol import forms
from callgate_protocol.errors import Fault
from callgate_protocol.vartypes import DISPATCH, UNKNOWN

from .base import Converter

__all__ = ["vartype_of"]

_INTEGERS: Final = {
    (1, True): 16,
    (1, False): 17,
    (2, True): 2,
    (2, False): 18,
    (4, True): 3,
    (4, False): 19,
    (8, True): 20,
    (8, False): 21,
}
"""(bytes, signed) -> VT_I1 to VT_UI8."""
_FLOATS: Final = {"float": 4, "double": 5}
_SYSTEM: Final = {"CURRENCY": 6, "DATE": 7, "DECIMAL": 14, "HRESULT": 10, "OLE_COLOR": 19}
_OTHERS: Final[dict[type[Any], int]] = {forms.BStr: 8, forms.Truth: 11, forms.Variant: 12, forms.Structure: 36}


def vartype_of(backend: Backend, form: Any, element: Converter) -> int:
    """The VARTYPE of elements of that form. Raises Fault when they have none."""
    match form:
        case forms.Integer() | forms.Enumeration() | forms.Character():
            signed = int(backend.cast(element.ctype, -1)) < 0
            return _INTEGERS[backend.sizeof(element.ctype), signed]
        case forms.Floating(scalar) if scalar in _FLOATS:
            return _FLOATS[scalar]
        case forms.SystemValue(name) if name in _SYSTEM:
            return _SYSTEM[name]
        case forms.InterfacePointer(interface):
            return DISPATCH if interface == "IDispatch" else UNKNOWN
    vartype = _OTHERS.get(type(form))
    if vartype is None:
        raise Fault("MarshalDirectiveError", f"{type(form).__name__} is no element of a SAFEARRAY (R6.18)")
    return vartype
