"""What native code finds behind a pointer to a client's object: a vtable per interface, made once (R14.14, R14.20)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from callgate_native_host.backend import Backend
from callgate_protocol.interfaces import UNKNOWN_SLOTS, Shape
from callgate_protocol.rpccodes import Code

__all__ = ["Method", "UnknownMethods", "Vtable", "Vtables"]

Method: TypeAlias = Any
"""Code that native code can call, as the backend made it; None for a slot that nobody serves."""


class UnknownMethods(NamedTuple):
    """The first slots of every vtable."""

    query: Callable[[int, int, int], int]
    add_ref: Callable[[int], int]
    release: Callable[[int], int]


class Vtable(NamedTuple):
    """One vtable. Its code is never unmapped: native code may call it as long as the host lives."""

    address: int
    memory: Any
    code: list[Method]


class Vtables:
    """Makes vtables."""

    def __init__(self, backend: Backend, methods: UnknownMethods) -> None:
        self._backend = backend
        self._methods = methods
        self._cells = backend.array_of(backend.pointer_to(backend.pointer), None)
        self._known: dict[str, list[Method]] = {}

    def make(self, methods: Sequence[Method], shape: Shape) -> Vtable:
        """IUnknown's methods, the extra slots of the family, and these. Those of None answer E_NOTIMPL."""
        *unknown, not_there = self._unknown(shape.convention)
        code = [*unknown, *[None] * shape.extra_slots, *methods]
        served = [each if each is not None else not_there for each in code]
        memory = self._backend.newp(self._cells, [self._backend.address_of(each) for each in served])
        return Vtable(self._backend.address_of(memory), memory, served)

    def _unknown(self, convention: str) -> list[Method]:
        """The code of IUnknown's methods, and of a slot that nobody serves, in a calling convention."""
        known = self._known.get(convention)
        if known is None:
            backend = self._backend
            pointer, count, result = backend.pointer, backend.primitive("uint32_t"), backend.primitive("int32_t")
            counting = backend.function_type((pointer,), count, variadic=False, convention=convention)
            asking = backend.function_type((pointer, pointer, pointer), result, variadic=False, convention=convention)
            nothing = backend.function_type((pointer,), result, variadic=False, convention=convention)
            known = [
                backend.callback(asking, self._methods.query),
                backend.callback(counting, self._methods.add_ref),
                backend.callback(counting, self._methods.release),
                backend.callback(nothing, lambda _this: Code.E_NOTIMPL.signed),
            ]
            assert len(known) == UNKNOWN_SLOTS + 1
            self._known[convention] = known
        return known
