"""SAFEARRAY: an array that carries its bounds, and owns what its elements own (R6.17 to R6.22)."""

from __future__ import annotations

import struct
import sys
from math import prod
from typing import Any, Final, NamedTuple

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.libc import Libc
from callgate_native_host.scope import Scope
from callgate_protocol.errors import Fault
from callgate_protocol.rpccodes import Code

from .base import Converter
from .many import Many
from .owned import OwnedConverter, free_now, own
from .places import Places, is_place

__all__ = ["SafeArrayConverter"]

_HIDDEN: Final = 16
"""Bytes before the descriptor; the last four hold the VARTYPE."""
_HEAD: Final = struct.Struct("@HHIIP")
"""cDims, fFeatures, cbElements, cLocks, pvData: with this platform's alignment, as C has it."""
_BOUND: Final = struct.Struct("@Ii")
"""cElements, lLbound; the rightmost dimension comes first."""
_AUTO, _STATIC, _EMBEDDED, _FIXED, _RECORD, _HAVE_VARTYPE = 0x1, 0x2, 0x4, 0x10, 0x20, 0x80
_NOT_OURS: Final = _AUTO | _STATIC | _EMBEDDED
_FEATURES: Final = {8: 0x100 | _HAVE_VARTYPE, 12: 0x800 | _HAVE_VARTYPE, 36: _RECORD}
"""VARTYPE -> fFeatures; other elements own nothing."""
_BY_FEATURE: Final = ((0x100, 8), (0x200, 13), (0x400, 9), (0x800, 12), (_RECORD, 36))
_SAME: Final = {22: 3, 23: 19}
"""R6.19: VT_INT is VT_I4, and VT_UINT is VT_UI4."""
_MOST_DIMENSIONS: Final = 32
_MOST_BYTES: Final = 1 << 31
_IS_LOCKED: Final = Code.DISP_E_ARRAYISLOCKED.signed


class _Descriptor(NamedTuple):
    """What the descriptor says; `bounds` are (elements, lower bound), the leftmost dimension first."""

    features: int
    size: int
    locks: int
    data: int
    bounds: tuple[tuple[int, int], ...]

    @property
    def total(self) -> int:
        """How many elements there are."""
        return prod(elements for elements, _ in self.bounds)


class SafeArrayConverter(OwnedConverter):
    """A pointer to a descriptor whose elements have one VARTYPE. `any_bounds`: of any rank and lower bounds (R6.19)."""

    def __init__(
        self, backend: Backend, libc: Libc, places: Places, vartype: int, element: Converter, *, any_bounds: bool
    ) -> None:
        self.ctype = backend.pointer
        self._backend = backend
        self._libc = libc
        self._places = places
        self._vartype = vartype
        self._many = Many(backend, element)
        self._any_bounds = any_bounds
        self._slot_type = backend.pointer_to(backend.pointer)
        self.nodes = 8

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """R6.20: built here, and destroyed when the call is over, unless native code may keep or replace it."""
        if wire is None:
            return 0
        if is_place(wire):
            return self._places.find(wire, scope).address
        bounds, elements = _parts(wire)
        self._check_bounds(bounds)
        array = self._build(bounds, elements, scope)
        own(array, self._free, scope)
        return array

    def _build(self, bounds: list[tuple[int, int]], elements: Any, scope: Scope) -> int:
        block, count = self._many.build(elements, scope)
        wanted = prod(length for length, _ in bounds)
        if count != wanted:
            raise Mismatch(f"the bounds say {wanted} elements, {count} were given", "ArgumentError")
        size = count * self._many.size
        if size > _MOST_BYTES:
            raise Mismatch(f"{count} elements of {self._many.size} bytes are more than {_MOST_BYTES}", "ArgumentError")
        data = self._libc.block(block.view, size)
        features = _FEATURES.get(self._vartype, _HAVE_VARTYPE)
        head = _HEAD.pack(len(bounds), features, self._many.size, 0, data)
        head = head.ljust(_bounds_at(), b"\0") + b"".join(_BOUND.pack(*bound) for bound in reversed(bounds))
        hidden = self._vartype if features & _HAVE_VARTYPE else 0
        content = hidden.to_bytes(4, sys.byteorder).rjust(_HIDDEN, b"\0") + head
        return self._libc.copy(content) + _HIDDEN

    def _check_bounds(self, bounds: Any) -> None:
        if not 0 < len(bounds) <= _MOST_DIMENSIONS:
            raise Mismatch(f"a SAFEARRAY has 1 to {_MOST_DIMENSIONS} dimensions, not {len(bounds)}", "ArgumentError")
        if self._any_bounds or (len(bounds) == 1 and bounds[0][1] == 0):
            return
        shape = ", ".join(f"{low}..{low + length - 1}" for length, low in bounds)
        problem = f"an array of {len(bounds)} dimensions with the bounds {shape}, where a vector from 0 is declared"
        raise Mismatch(f"{problem}; [bounds] takes any (R6.19)", "SafeArrayRankMismatchError")

    def to_wire(self, native: int, scope: Scope) -> Any:
        """R6.19: only of the declared type and, without `bounds`, shape; then destroyed if it is ours (R6.20)."""
        if native == 0:
            return None
        owning, scope.owning = scope.owning, False  # the elements go with the array
        try:
            return self._read(native, scope, owning=owning)
        finally:
            scope.owning = owning
            self.discard(native, scope)

    def _read(self, native: int, scope: Scope, *, owning: bool) -> list[Any]:
        found = self._descriptor(native)
        if owning and found.locks:
            raise Fault(
                "ComError", f"the array that came back is locked {found.locks} times (R6.20)", hresult=_IS_LOCKED
            )
        self._check_type(native, found)
        self._check_bounds(found.bounds)
        view = self._backend.at(self._many.pointer_type, found.data)
        bounds = [list(bound) for bound in found.bounds]
        return [bounds, self._many.read(view, found.total, scope, own=False)]

    def _check_type(self, native: int, found: _Descriptor) -> None:
        """R6.17: the VARTYPE is only there when the features say so."""
        vartype = 0
        if found.features & _HAVE_VARTYPE:
            vartype = int.from_bytes(self._backend.read(native - 4, 4), sys.byteorder)
        else:
            vartype = next((kind for feature, kind in _BY_FEATURE if found.features & feature), 0)
        wanted = _SAME.get(self._vartype, self._vartype)
        same = _SAME.get(vartype, vartype) == wanted or (vartype == 0 and wanted not in _FEATURES)
        if not same or found.size != self._many.size:
            problem = f"VARTYPE {vartype} with {found.size} bytes per element, where {self._vartype} is declared"
            raise Mismatch(f"{problem} (R6.19)", "SafeArrayTypeMismatchError")

    def _descriptor(self, native: int) -> _Descriptor:
        rank, features, size, locks, data = _HEAD.unpack(self._backend.read(native, _HEAD.size))
        if not 0 < rank <= _MOST_DIMENSIONS:
            raise Mismatch(f"a SAFEARRAY of {rank} dimensions: the descriptor makes no sense (R6.17)")
        stored = self._backend.read(native + _bounds_at(), rank * _BOUND.size)
        return _Descriptor(features, size, locks, data or 0, tuple(_BOUND.iter_unpack(stored))[::-1])

    def discard(self, native: int, scope: Scope) -> None:
        """R6.20: destroyed when the call is over, once."""
        if not (native and scope.owning):
            return
        found = self._descriptor(native)
        if found.locks or not scope.ledger.take(native, self._free):
            return
        if found.data and not self._many.element.packed and found.size == self._many.size:
            self._many.discard(self._backend.at(self._many.pointer_type, found.data), found.total, scope)

    def _free(self, native: int) -> None:
        """SafeArrayDestroy, once the elements are seen to: data and descriptor, unless they lie elsewhere."""
        found = self._descriptor(native)
        if found.features & _AUTO:
            return
        if found.data and not found.features & _NOT_OURS:
            self._libc.free(found.data)
        self._libc.free(native - _HIDDEN)

    def store(self, address: int, wire: Any, scope: Scope, /, *, replace: bool) -> None:
        """R19.23: a locked or fixed array of native code is not replaced."""
        slot = self._backend.at(self._slot_type, address)
        old = slot[0]
        if replace and old:
            found = self._descriptor(old)
            if found.locks or found.features & _FIXED:
                raise Fault("ComError", "the array of native code is fixed or locked (R6.20)", hresult=_IS_LOCKED)
        slot[0] = self.from_wire(wire, scope)
        if replace and old:
            free_now(self, old, scope)


def _bounds_at() -> int:
    """Where the bounds start: right behind the pointer to the data."""
    return _HEAD.size


def _parts(wire: Any) -> tuple[list[tuple[int, int]], Any]:
    if type(wire) is not list or len(wire) != 2 or type(wire[0]) is not list:
        raise expected("bounds and elements", wire)
    bounds = []
    for bound in wire[0]:
        if type(bound) is not list or len(bound) != 2 or any(type(number) is not int for number in bound):
            raise expected("a number of elements and a lower bound", bound)
        length, low = bound
        if not (0 <= length < 1 << 32 and -(1 << 31) <= low < 1 << 31):
            raise Mismatch(f"{length} elements from {low} are no bounds", "OutOfRange")
        bounds.append((length, low))
    return bounds, wire[1]
