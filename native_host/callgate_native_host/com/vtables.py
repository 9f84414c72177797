"""What native code finds behind a pointer to a client's object: a vtable per interface, made once (R14.14, R14.20)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from callgate_native_host.backend import Backend
from callgate_protocol.interfaces import UNKNOWN_SLOTS
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
        pointer, count = backend.pointer, backend.primitive("uint32_t")
        result = backend.primitive("int32_t")
        self._backend = backend
        self._cells = backend.array_of(backend.pointer_to(pointer), None)
        counting = backend.function_type((pointer,), count, variadic=False)
        asking = backend.function_type((pointer, pointer, pointer), result, variadic=False)
        self._unknown = [
            backend.callback(asking, methods.query),
            backend.callback(counting, methods.add_ref),
            backend.callback(counting, methods.release),
        ]
        assert len(self._unknown) == UNKNOWN_SLOTS
        nothing = backend.function_type((pointer,), result, variadic=False)
        self._not_there = backend.callback(nothing, lambda _this: Code.E_NOTIMPL.signed)

    def make(self, methods: Sequence[Method], extra_slots: int) -> Vtable:
        """IUnknown's methods, the extra slots of the family, and these. Those of None answer E_NOTIMPL."""
        code = [*self._unknown, *[None] * extra_slots, *methods]
        served = [each if each is not None else self._not_there for each in code]
        memory = self._backend.newp(self._cells, [self._backend.address_of(each) for each in served])
        return Vtable(self._backend.address_of(memory), memory, served)
