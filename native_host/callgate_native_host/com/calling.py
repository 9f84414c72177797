"""How methods are called where that differs from functions: the object in front, other conventions, hidden results.

Libraries that were written for Windows headers pass arguments as Windows does, and C++ returns some structs through a
pointer that stands before or behind the object (appendix F of the rule book).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from callgate_native_host.backend import Backend, BackendType
from callgate_protocol.interfaces import Shape

__all__ = ["MethodCalling"]


class MethodCalling:
    """The calling of methods of one binary shape."""

    def __init__(self, backend: Backend, shape: Shape) -> None:
        self._backend = backend
        self._shape = shape

    @property
    def is_foreign(self) -> bool:
        """Whether the convention is not the platform's."""
        return bool(self._shape.convention)

    def is_hidden(self, result: BackendType) -> bool:
        """Whether the caller brings the memory of a result of this type."""
        return bool(self._shape.hidden_result) and self._backend.is_record(result)

    def types(self, parameters: Sequence[BackendType], result: BackendType) -> list[BackendType]:
        """The parameters as native code has them."""
        pointer = self._backend.pointer
        return [pointer, pointer, *parameters] if self.is_hidden(result) else [pointer, *parameters]

    def function_type(self, types: Sequence[BackendType], result: BackendType) -> BackendType:
        """The type of a function with these. Raises Fault for a convention that this machine cannot speak."""
        given = self._backend.pointer if self.is_hidden(result) else result
        return self._backend.function_type(types, given, variadic=False, convention=self._shape.convention)

    def bound(self, function: Any, this: int, result: BackendType) -> Callable[..., Any]:
        """The method of one object; it takes the arguments and gives the result."""
        if not self.is_hidden(result):
            return partial(function, this)
        backend, before = self._backend, self._shape.hidden_result == "before"
        record = backend.pointer_to(result)

        def call(*natives: Any) -> Any:
            memory = backend.newp(record)
            place = backend.address_of(memory)
            function(*((place, this) if before else (this, place)), *natives)
            return memory[0]

        return call

    def stub(self, answer: Callable[..., Any], result: BackendType) -> Callable[..., Any]:
        """What native code calls: `answer` takes the object and the arguments, and gives the result."""
        if not self.is_hidden(result):
            return answer
        backend, before = self._backend, self._shape.hidden_result == "before"
        record = backend.pointer_to(result)

        def called(first: int, second: int, *natives: Any) -> int:
            place, this = (first, second) if before else (second, first)
            value = answer(this, *natives)
            if place:
                backend.memmove(backend.at(record, place), backend.newp(record, value), backend.sizeof(result))
            return place

        return called
