"""Function pointers of a raw host: native code calls, and the client's callable answers with plain numbers and bytes.

The same road as declared callbacks take (`callbacks.Callbacks.run`); only the conversions differ.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from callgate_protocol.errors import Fault
from callgate_transport.serving.session import Session

from .backend import Backend
from .faults import Mismatch
from .rawshapes import Shape, Shapes, signed
from .scope import Scope
from .thunks import Thunk, ThunkPool

__all__ = ["RawDelegate", "RawThunks"]


class RawDelegate:
    """One shape as a callback: what `callbacks.Callbacks` needs of a plan."""

    oneway = False

    def __init__(self, backend: Backend, shape: Shape, run: Callable[..., Any]) -> None:
        self.name = "a function pointer of this program"
        self._backend = backend
        self._shape = shape
        self.pool = ThunkPool(backend, shape.function_type, lambda thunk, natives: run(self, thunk, natives))

    @property
    def zero(self) -> Any:
        """What native code gets when there is no answer (R9.9)."""
        return self._shape.result.zero

    def refusal(self, natives: Sequence[Any]) -> int:  # noqa: ARG002 - see delegates.DelegatePlan
        """Addresses go to the client as they are: nothing is refused before it is asked."""
        return 0

    def give_up(self, natives: Sequence[Any]) -> Any:  # noqa: ARG002 - see delegates.DelegatePlan
        """What native code gets when the callback failed."""
        return self.zero

    def offer(self, natives: Sequence[Any], scope: Scope) -> list[Any]:
        """The arguments of the callback message, `errno` before them where the shape asks for it."""
        errno = [self._backend.get_errno()] if self._shape.errno else []
        try:
            values = zip(self._shape.parameters, natives, strict=True)
            return errno + [converter.to_wire(native, scope) for converter, native in values]
        except Mismatch as finding:
            raise finding.fault_of("an argument of a callback") from None

    def accept(self, result: Any, outs: Sequence[Any], _natives: Sequence[Any], scope: Scope) -> Any:
        """The result as C takes it; `errno` where the shape gives it back."""
        if len(outs) != self._shape.errno or any(type(each) is not int for each in outs):
            raise Fault("MarshalError", "the answer to a callback has the wrong outs")
        try:
            native = self._shape.result.from_wire(result, scope)
        except Mismatch as finding:
            raise finding.fault_of("the result of a callback") from None
        for errno in outs:
            self._backend.set_errno(signed(errno))
        return native


class RawThunks:
    """All function pointers of the host, by the client's number."""

    def __init__(self, backend: Backend, shapes: Shapes, run: Callable[..., Any]) -> None:
        self._backend = backend
        self._shapes = shapes
        self._run = run
        self._lock = threading.Lock()
        self._delegates: dict[bytes, RawDelegate] = {}
        self._live: dict[int, Thunk] = {}

    def __len__(self) -> int:
        return len(self._live)

    def make(self, shape: Any, session: Session, number: int) -> int:
        """The address of a function pointer that calls this delegate."""
        key = bytes(shape)
        with self._lock:
            delegate = self._delegates.get(key)
            if delegate is None:
                delegate = self._delegates[key] = RawDelegate(self._backend, self._shapes.get(key), self._run)
            thunk = self._live[number] = delegate.pool.acquire(session, number)
            return thunk.address

    def retire(self, number: Any) -> None:
        """The client's callable is gone: called from now on, the pointer gives zero."""
        with self._lock:
            thunk = self._live.pop(number, None)
        if thunk is not None:
            thunk.release()
