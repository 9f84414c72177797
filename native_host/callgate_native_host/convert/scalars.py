"""Numbers, booleans, enums, and nothing (R2, R3)."""

from __future__ import annotations

import math
from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.faults import expected, out_of_range
from callgate_native_host.measure import spelling
from callgate_native_host.scope import Scope
from callgate_protocol import forms

from .base import Converter

__all__ = [
    "BooleanConverter",
    "ComplexConverter",
    "FloatingConverter",
    "IntegerConverter",
    "NothingConverter",
    "TruthConverter",
]

_LARGEST_SINGLE: Final = float.fromhex("0x1.fffffefffffffp127")
"""Above this a finite double becomes an infinite float (R2.2)."""


class NothingConverter(Converter):
    """`void` as a result."""

    def __init__(self, backend: Backend) -> None:
        self.ctype = backend.void

    def from_wire(self, wire: Any, scope: Scope) -> None:
        """Whatever a callback answers, native code takes nothing."""

    def to_wire(self, native: Any, scope: Scope) -> None:
        """Nil."""


class IntegerConverter(Converter):
    """An integer or an enum, with the range of its C type or bit-field (R2.1, R2.5)."""

    packed = True

    def __init__(
        self, backend: Backend, form: forms.Integer | forms.Enumeration | forms.Character, width: int = 0
    ) -> None:
        self.ctype = backend.primitive(spelling(backend, form.scalar))
        bits = width or 8 * backend.sizeof(self.ctype)
        signed = int(backend.cast(self.ctype, -1)) < 0
        self._low = -(1 << (bits - 1)) if signed else 0
        self._high = (1 << (bits - signed)) - 1

    def from_wire(self, wire: Any, _scope: Scope) -> int:
        """R2.5: no wrap-around, whatever the client checked."""
        if type(wire) is not int:
            raise expected("an integer", wire)
        if not self._low <= wire <= self._high:
            raise out_of_range(wire, self._low, self._high)
        return wire

    def to_wire(self, native: int, _scope: Scope) -> int:
        """The number."""
        return native


class FloatingConverter(Converter):
    """A float (R2.2). `long double` crosses as a double, one by one, because no other language packs it."""

    def __init__(self, backend: Backend, form: forms.Floating) -> None:
        self.ctype = backend.primitive(spelling(backend, form.scalar))
        self._single = form.scalar == "float"
        self._wide = form.scalar == "ldouble"
        self.packed = not self._wide

    def from_wire(self, wire: Any, _scope: Scope) -> float:
        """Any number; R2.2: a finite one that `float` would make infinite is refused."""
        if type(wire) is not float:
            if type(wire) is not int:
                raise expected("a float", wire)
            wire = _widened(wire)
        if self._single and abs(wire) > _LARGEST_SINGLE and not math.isinf(wire):
            raise out_of_range(wire, -_LARGEST_SINGLE, _LARGEST_SINGLE)
        return float(wire)

    def to_wire(self, native: Any, _scope: Scope) -> float:
        """The number."""
        return float(native)


class ComplexConverter(Converter):
    """`float _Complex` and `double _Complex`: a pair of floats on the wire."""

    by_value = False
    nodes = 3

    def __init__(self, backend: Backend, form: forms.Complex) -> None:
        self.ctype = backend.primitive(spelling(backend, form.scalar))
        self._part = FloatingConverter(backend, forms.Floating("float" if form.scalar == "cfloat" else "double"))

    def from_wire(self, wire: Any, scope: Scope) -> complex:
        """Both parts are floats, in the range of their type."""
        if type(wire) is not list or len(wire) != 2:
            raise expected("the real and the imaginary part", wire)
        return complex(*(self._part.from_wire(part, scope) for part in wire))

    def to_wire(self, native: Any, _scope: Scope) -> list[float]:
        """The parts."""
        number = complex(native)
        return [number.real, number.imag]


def _widened(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        raise out_of_range(number, "-1.8e308", "1.8e308") from None


class BooleanConverter(Converter):
    """`_Bool`: one byte (R3.2), zero or one when we write it, anything but zero is true when C wrote it (R3)."""

    packed = truth = True

    def __init__(self, backend: Backend) -> None:
        self.ctype = backend.primitive(spelling(backend, "bool"))

    def from_wire(self, wire: Any, _scope: Scope) -> int:
        """R3.4: only a boolean is one."""
        if type(wire) is not bool:
            raise expected("a boolean", wire)
        return int(wire)

    def to_wire(self, native: int, _scope: Scope) -> bool:
        """Its truth."""
        return native != 0


class TruthConverter(Converter):
    """`BOOL` and `VARIANT_BOOL`: wider than a byte, and VARIANT_BOOL's true is all bits (R3.1, R3.4)."""

    def __init__(self, backend: Backend, form: forms.Truth) -> None:
        self.ctype = backend.primitive(spelling(backend, form.scalar))
        self._true = -1 if form.scalar == "VARIANT_BOOL" else 1
        self._only = form.scalar == "VARIANT_BOOL" and not form.lenient

    def from_wire(self, wire: Any, _scope: Scope) -> int:
        """R3.4: only a boolean is one, and C sees exactly 1, -1 or 0."""
        if type(wire) is not bool:
            raise expected("a boolean", wire)
        return self._true if wire else 0

    def to_wire(self, native: int, _scope: Scope) -> bool:
        """Any bit makes a BOOL true; R3.3: of a VARIANT_BOOL only -1 does, unless it is lenient."""
        return native == -1 if self._only else native != 0
