"""VARIANT: two tables, from Python values to types and back (R13.3, R13.4).

A value may change its type on the way there and back (R13.5), and a declaration has to say VARIANT: `object` alone says
nothing about C (R13.1).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from callgate.errors import ArgumentError, InvalidOleVariantTypeError, OutOfRange
from callgate.hresults import HResult
from callgate.memory import Remote
from callgate.records import Struct
from callgate.variant import (
    BStrWrapper,
    Char16,
    CurrencyWrapper,
    DBNull,
    DispatchWrapper,
    ErrorWrapper,
    Missing,
    NdArr,
    Typed,
    UnknownWrapper,
    VariantWrapper,
)
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import SafeElements, Variant
from callgate_protocol.vartypes import (
    ARRAY,
    BYREF,
    DATE,
    DISPATCH,
    EMPTY,
    ERROR,
    FILETIME,
    NULL,
    UNKNOWN,
    VALUES,
    VARIANT,
    values_of,
)

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace
from .buffers import is_buffer

__all__ = ["decode_variant", "encode_variant"]

_MISSING: Final = HResult(0x80020004)
_BSTR, _BOOL, _CY, _DATE, _DECIMAL, _R8, _UI1, _UI2 = 8, 11, 6, 7, 14, 5, 17, 18
_WIDTHS: Final = ((3, -(1 << 31), 1 << 31), (20, -(1 << 63), 1 << 63), (21, 0, 1 << 64))
"""R13.3 row 12: the first type that holds an int."""
_BY_FORMAT: Final = {
    ("f", 4): 4,
    ("f", 8): 5,
    ("b", 1): _BOOL,
    ("i", 1): 16,
    ("i", 2): 2,
    ("i", 4): 3,
    ("i", 8): 20,
    ("u", 1): 17,
    ("u", 2): 18,
    ("u", 4): 19,
    ("u", 8): 21,
}
"""(kind, bytes) of a NumPy scalar or the elements of a buffer -> VARTYPE."""
_KINDS: Final = {"?": "b", **dict.fromkeys("fd", "f"), **dict.fromkeys("bhilqn", "i"), **dict.fromkeys("BHILQN", "u")}
_CONVERTIBLE: Final = frozenset({NULL, EMPTY, *VALUES}) - {_CY, DISPATCH, UNKNOWN, 22, 23}
"""R13.3: what a conversion hook may produce."""
_DEPTH: Final = 32

Chosen = tuple[int, Any]
"""A VARTYPE, and the Python value that the converter of that type takes."""


def _int(value: int) -> Chosen:
    for vartype, low, end in _WIDTHS:
        if low <= value < end:
            return vartype, value
    raise Mismatch(OutOfRange, f"{value} does not fit into 64 bits, the widest of a VARIANT (R13.3)")


def _enum(value: Enum) -> Chosen:
    if not isinstance(value.value, int):
        kind = type(value.value).__name__
        raise Mismatch(InvalidOleVariantTypeError, f"an enum of {kind} has no VARIANT form (R13.14)")
    return _int(int(value.value))


def _proxy(value: Remote) -> Chosen:
    """R13.3 row 22: an object that answers IDispatch says so (Q4 of the rule book)."""
    from callgate.com.objects import answers  # noqa: PLC0415 - most VARIANTs hold no objects
    from callgate.com.wellknown import wellknown  # noqa: PLC0415 - as above

    late = answers(value, wellknown("IDispatch"))
    if late is None:
        kind = type(value).__name__
        raise Mismatch(InvalidOleVariantTypeError, f"{kind} has no VARIANT form (R13.14): it has no interfaces")
    return (DISPATCH if late else UNKNOWN), value


def _struct(value: Struct) -> Chosen:
    text = f"{type(value).__name__} has no record info, so it has no VARIANT form (R13.12)"
    raise Mismatch(ArgumentError, text)


_ROWS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], Chosen]], ...]] = (
    (type(None), lambda _: (EMPTY, None)),
    (Remote, _proxy),
    (ErrorWrapper, lambda value: (ERROR, value.code)),
    (CurrencyWrapper, lambda value: (_CY, value.value)),
    (UnknownWrapper, lambda value: (UNKNOWN, value.value)),
    (DispatchWrapper, lambda value: (DISPATCH, value.value)),
    (BStrWrapper, lambda value: (_BSTR, value.value)),
    (VariantWrapper, lambda value: (BYREF | VARIANT, value.value)),
    (Typed, lambda value: (value.vartype, value)),
    (Char16, lambda value: (_UI2, ord(value))),
    (Enum, _enum),
    (bool, lambda value: (_BOOL, value)),
    (int, _int),
    (float, lambda value: (_R8, value)),
    (str, lambda value: (_BSTR, value)),
    (Decimal, lambda value: (_DECIMAL, value)),
    ((date, time), lambda value: (_DATE, value)),
    ((bytes, bytearray), lambda value: (ARRAY | _UI1, value)),
    (NdArr, lambda value: (ARRAY | VARIANT, value)),
    ((list, tuple), lambda value: (ARRAY | VARIANT, value)),
    (Struct, _struct),
)
"""R13.3, in its order: a bool before an int, an enum before both. NumPy and buffers come before, hooks behind."""

_TYPED: Final[dict[int, Callable[[Any], Any]]] = {
    **Typed.kinds,
    _CY: CurrencyWrapper,
    ERROR: lambda code: ErrorWrapper(int(code)),
}
"""R13.4: what `[keep_types]` makes of a value, so that it is sent again with the same type."""


def _typed(value: Any, depth: int = 0) -> Chosen:
    """The type of a value (R13.3). Raises Mismatch when it has none (R13.14)."""
    if value is DBNull:
        return NULL, None
    if value is Missing:
        return ERROR, int(_MISSING)
    if not isinstance(value, Remote) and getattr(value, "shape", None) == () and hasattr(value, "dtype"):
        return _numpy(value)
    for kinds, row in _ROWS:
        if isinstance(value, kinds):
            return row(value)
    return _buffer(value) if is_buffer(value) else _other(value, depth)


def _other(value: Any, depth: int) -> Chosen:
    """Objects with interfaces, and those that can say what they are."""
    if _has_interfaces(type(value)):
        return _object(value)
    hook = getattr(type(value), "__variant__", None)
    if hook is None or depth == _DEPTH:
        kind = type(value).__name__
        raise Mismatch(InvalidOleVariantTypeError, f"{kind} has no VARIANT form (R13.14); give the class a __variant__")
    vartype, given = _typed(hook(value), depth + 1)
    if vartype not in _CONVERTIBLE:
        text = f"{type(value).__name__}.__variant__ gave {type(hook(value)).__name__}, which no conversion may (R13.3)"
        raise Mismatch(InvalidOleVariantTypeError, text)
    return vartype, given


def _has_interfaces(kind: type[Any]) -> bool:
    """Whether objects of the class were meant to be seen by native code."""
    classes = sys.modules.get("callgate.com.classes")  # nothing says so where it was never imported
    return classes is not None and classes.is_exposed(kind)


def _object(value: Any) -> Chosen:
    from callgate.com.classes import class_interface_of  # noqa: PLC0415 - whoever has such an object has imported it

    return (UNKNOWN if class_interface_of(type(value)) == "none" else DISPATCH), value


def _numpy(value: Any) -> Chosen:
    vartype = _BY_FORMAT.get((value.dtype.kind, value.dtype.itemsize))
    if vartype is None:
        raise Mismatch(InvalidOleVariantTypeError, f"NumPy's {value.dtype} has no VARIANT form (R13.14)")
    return vartype, value.item()


def _buffer(value: Any) -> Chosen:
    view = memoryview(value)
    vartype = _BY_FORMAT.get((_KINDS.get(view.format.lstrip("@=<>!"), ""), view.itemsize))
    if vartype is None:
        raise Mismatch(InvalidOleVariantTypeError, f"a buffer of {view.format!r} has no VARIANT form (R13.14)")
    if vartype == _BOOL:  # two bytes each there, one here
        return ARRAY | _BOOL, NdArr(view.tolist())
    return ARRAY | vartype, value


class _Types:
    """The converters of the values of one library's VARIANTs, made at first use. Arrays hold any bounds."""

    def __init__(self, make: Callable[[Any], Any], variant: Any) -> None:
        self._make = make
        self._variant = variant
        self._values = values_of(variant)
        self._known: dict[int, Any] = {}

    def __getitem__(self, vartype: int) -> Any:
        """The converter of a type; None for one that has no value (R19.25)."""
        known = self._known.get(vartype)
        if known is None:
            form: Any = self._values.get(vartype & ~ARRAY)
            if vartype == ARRAY | VARIANT:
                form = SafeElements(self._variant, bounds=True)
            elif vartype & ARRAY and form is not None:
                form = SafeElements(form, bounds=True)
            known = self._known[vartype] = None if form is None else self._make(form)
        return known


def encode_variant(form: Variant, types: TypeSpace) -> Encoder:
    """`[vt, value]` by the table of R13.3."""
    encoders = _Types(types.encoder, form)

    def encode(value: Any, context: CallContext) -> list[Any]:
        vartype, given = _typed(value)
        if vartype in (EMPTY, NULL):
            return [vartype, None]
        if vartype == BYREF | VARIANT:
            return [vartype, encode(given, context)]
        if form.small and vartype == DATE and getattr(given, "tzinfo", None) is not None:
            vartype = FILETIME
        convert = encoders[vartype]
        if convert is None:
            text = f"{type(value).__name__} does not fit into a PROPVARIANT, whose values have 8 bytes (R13.14)"
            raise Mismatch(InvalidOleVariantTypeError, text)
        return [vartype, convert(given, context)]

    return encode


def decode_variant(form: Variant, types: TypeSpace) -> Decoder:
    """The Python value by the table of R13.4; with `[keep_types]` one that says its width."""
    decoders = _Types(types.decoder, form)
    special: dict[int, Any] = {EMPTY: None, NULL: DBNull}

    def decode(wire: Any, context: CallContext) -> Any:
        if type(wire) is not list or len(wire) != 2 or type(wire[0]) is not int:
            raise RemoteProtocolError("expected a VARTYPE and a value")
        vartype, value = wire
        if vartype == BYREF | VARIANT:
            return decode(value, context)
        vartype &= ~BYREF
        if vartype in special:
            return special.get(vartype)
        convert = decoders[vartype]
        if convert is None:
            raise Mismatch(InvalidOleVariantTypeError, f"{vartype:#06x} is no type of a VARIANT (R19.25)")
        return _finished(vartype, convert(value, context))

    def _finished(vartype: int, value: Any) -> Any:
        if vartype == ERROR and value == _MISSING:
            return Missing
        if form.keep_types and vartype in _TYPED:
            return _TYPED[vartype](value)
        if isinstance(value, NdArr) and len(value.dims) == 1 and value.lbounds == (0,):
            return bytes(value.values) if vartype == ARRAY | _UI1 else value.values
        return value

    return decode
