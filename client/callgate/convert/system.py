"""System types of fixed size (R12): which number or which bytes travel for a Python value, and back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from callgate.hresults import HResult
from callgate.variant import Color
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import CARRIERS, SystemValue

from .base import CallContext, Decoder, Encoder, TypeSpace, wrong_type
from .colors import color_from, color_to
from .dates import DATE_ZERO, FILE_ZERO, date_from, date_to, filetime_from, filetime_to
from .decimals import currency_from, currency_to, decimal_from, decimal_to

__all__ = ["SYSTEM", "SystemCode", "decode_system", "encode_system", "zero_of"]

_BLOCK: Final = 16
_GUIDS: Final = "a uuid.UUID, its text, or an interface"


class SystemCode(NamedTuple):
    """How the values of one type travel: as the number of `CARRIERS`, or as 16 bytes."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    zero: Callable[[], Any]


def _guid_from(value: Any) -> bytes:
    """R12.9: the first three fields in the host's order, as `bytes_le` has them."""
    if isinstance(value, str):
        try:
            value = uuid.UUID(value)
        except ValueError:
            raise wrong_type(_GUIDS, value) from None
    if isinstance(value, type):
        value = _guid_of(value)
    if not isinstance(value, uuid.UUID):
        raise wrong_type(_GUIDS, value)
    return value.bytes_le


def _guid_of(cls: type[Any]) -> Any:
    """R14.4: the IID of an interface, the CLSID of a class that has one; other classes have no GUID."""
    from callgate.com.classes import words_of  # noqa: PLC0415 - most GUIDs are written as such
    from callgate.com.declared import find_declared  # noqa: PLC0415

    declared = find_declared(cls)
    text = words_of(cls).clsid if declared is None else declared.iid
    return uuid.UUID(text) if text else cls


def _hresult_from(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 31) <= value < 1 << 32:
        raise wrong_type("an HRESULT: an int of 32 bits", value)
    return int(HResult(value))


SYSTEM: Final[dict[str, SystemCode]] = {
    "CURRENCY": SystemCode(currency_from, currency_to, lambda: Decimal("0.0000")),
    "DATE": SystemCode(date_from, date_to, lambda: DATE_ZERO),
    "DECIMAL": SystemCode(decimal_from, decimal_to, lambda: Decimal(0)),
    "FILETIME": SystemCode(filetime_from, filetime_to, lambda: FILE_ZERO),
    "GUID": SystemCode(_guid_from, lambda data: uuid.UUID(bytes_le=data), lambda: uuid.UUID(int=0)),
    "HRESULT": SystemCode(_hresult_from, HResult, lambda: HResult(0)),
    "OLE_COLOR": SystemCode(color_from, color_to, lambda: Color(0, 0, 0)),
}
"""Type -> how its values travel, by value, behind pointers, in arrays, structs and callbacks alike (R12.12)."""

_OPTIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "exact": lambda value: date_from(value, exact=True),
    "round": lambda value: decimal_from(value, rounded=True),
}
"""Attribute -> what it makes of the encoder (R12.5, R12.7)."""


def zero_of(name: str) -> Any:
    """The value of zeroed memory."""
    return SYSTEM[name].zero()


def encode_system(form: SystemValue, _types: TypeSpace) -> Encoder:
    """See SYSTEM."""
    encode = _OPTIONS.get(form.option, SYSTEM[form.name].encode)
    return lambda value, _context: encode(value)


def decode_system(form: SystemValue, _types: TypeSpace) -> Decoder:
    """See SYSTEM."""
    scalar, decode = CARRIERS.get(form.name), SYSTEM[form.name].decode
    kind: type[float | int | bytes] = float if scalar == "double" else int if scalar else bytes

    def decode_one(wire: Any, _context: CallContext) -> Any:
        if type(wire) is not kind or (type(wire) is bytes and len(wire) != _BLOCK):
            raise RemoteProtocolError(f"expected the {kind.__name__} of a {form.name}, got {type(wire).__name__}")
        return decode(wire)

    return decode_one
