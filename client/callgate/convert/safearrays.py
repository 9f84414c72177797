"""SAFEARRAY (R6.17 to R6.22): lists for vectors, NdArr for everything with bounds of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callgate.errors import ArgumentError, SafeArrayRankMismatchError
from callgate.ndarr import NdArr, column_major, row_major
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Integer, SafeElements

from .arrays import decode_many, encode_many
from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, wrong_type
from .buffers import is_buffer
from .pointers import as_place

__all__ = ["decode_safe_elements", "encode_safe_elements"]

_BYTES = frozenset({"u1", "uchar"})


def encode_safe_elements(form: SafeElements, types: TypeSpace) -> Encoder:
    """None, a sequence or buffer, or an NdArr; `[bounds]` takes more than a vector from 0 (R6.19)."""
    many = encode_many(form.element, types)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if (place := as_place(value, context)) is not None:
            return place
        bounds, elements = _parts(value)
        if not form.bounds and (len(bounds) != 1 or bounds[0][1]):
            shape = " x ".join(str(length) for length, _ in bounds)
            text = f"an array of {shape} elements, where a vector from 0 is declared; [bounds] takes any (R6.19)"
            raise Mismatch(SafeArrayRankMismatchError, text)
        return [bounds, many(elements, context)]

    return encode


def _parts(value: Any) -> tuple[list[list[int]], Any]:
    """Bounds, and the elements in column-major order (R6.17)."""
    if isinstance(value, NdArr):
        return [list(bound) for bound in zip(value.dims, value.lbounds, strict=True)], column_major(value)
    if is_buffer(value):
        view = memoryview(value)
        if view.ndim == 1:
            return [[len(view), 0]], value
        flat: Any = memoryview(view.tobytes("F"))
        if len(view.format) != 1:
            raise Mismatch(ArgumentError, f"a buffer of {view.format!r} has no plain numbers")
        return [[length, 0] for length in view.shape or ()], flat.cast(view.format)
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise wrong_type("a sequence, a buffer of numbers, an NdArr or None", value)
    return [[len(value), 0]], value


def decode_safe_elements(form: SafeElements, types: TypeSpace) -> Decoder:
    """A list, bytes for a vector of bytes, or with `[bounds]` always an NdArr."""
    many = decode_many(form.element, types)
    is_bytes = isinstance(form.element, Integer) and form.element.scalar in _BYTES and not form.bounds

    def decode(wire: Any, context: CallContext) -> Any:
        if wire is None:
            return None
        if type(wire) is not list or len(wire) != 2 or type(wire[0]) is not list:
            raise RemoteProtocolError(f"expected bounds and elements, got {type(wire).__name__}")
        bounds, elements = wire[0], list(many(wire[1], context))
        if not form.bounds:
            return bytes(elements) if is_bytes else elements
        return row_major(elements, [length for length, _ in bounds], [low for _, low in bounds])

    return decode
