"""What pointers of native code point to: functions that can be called, and structs whose members can be used (R9.7)."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from callgate_protocol.forms import Form, Raw, Structure
from callgate_protocol.messages import Return
from callgate_protocol.system import HostFunction
from callgate_transport.callchannel import HungUp

# ruff: noqa: SLF001 - a pointer and the object that it points into belong together
from .convert.base import CallContext, TypeSpace
from .deadline import ambient, expiry
from .errors import DeadlineExceeded
from .memories import HostView
from .memory import Memory, NativePtr
from .promises import promise
from .records import python_name

if TYPE_CHECKING:
    from .host import Host
    from .plan import FunctionPlan

__all__ = ["NativeFunctionPointer", "StructPtr"]


class NativeFunctionPointer(NativePtr):
    """A function that native code handed out: called like a function of the library, given back like a pointer.

    Two are equal when they have the same address (R9.7).
    """

    __slots__ = ("_delegate", "_types")

    def __init__(self, base: Memory, offset: int, delegate: str, types: TypeSpace) -> None:
        super().__init__(base, offset)
        self._delegate = delegate
        self._types = types

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it in its host and wait for it; arguments, result and errors are those of a declared function."""
        host, plan, context = self._open()
        given = self._bind(plan, arguments, named)
        try:
            request = self._request(plan, given, context)
            answer = host.invoke(0, HostFunction.INVOKE, request, context.payloads, self._expiry(), self._delegate)
            return self._finish(plan, given, context, *answer)
        finally:
            context.finish()

    def submit(self, *arguments: Any, **named: Any) -> Future[Any]:
        """Have it called without waiting, in order with the other calls submitted to its library."""
        host, plan, context = self._open()
        given = self._bind(plan, arguments, named)
        try:
            request = self._request(plan, given, context)
            submitted = host.submit(0, HostFunction.INVOKE, request, context.payloads, self._expiry(), self._delegate)
        except HungUp:
            context.finish()
            raise host.obituary() from None
        except BaseException:
            context.finish()
            raise

        def outcome() -> Any:
            return self._finish(plan, given, context, *host.outcome(submitted, self._delegate, of_object=False))

        return promise(host, submitted, outcome, context.finish)

    def _open(self) -> tuple[Host, FunctionPlan, CallContext]:
        host: Host = self._base._host
        return host, self._types.pointed(self._delegate), CallContext(host)

    def _request(self, plan: FunctionPlan, given: tuple[Any, ...], context: CallContext) -> list[Any]:
        wire = plan.encode(given, context)
        return [self._types.number, self._delegate, {"at": [self._base._check(), self._offset]}, wire]

    def _finish(
        self, plan: FunctionPlan, given: tuple[Any, ...], context: CallContext, reply: Return, payloads: list[Any]
    ) -> Any:
        context.received = payloads
        for handle in context.closing:
            handle._gone = f"{self._delegate} closed it"
            context.host.holdings.closed(handle._number)
        return plan.finish(given, reply, context)

    def _bind(self, plan: FunctionPlan, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        names = [python_name(each.name) for each in plan.passed]
        rest = names[len(arguments) :]
        if named.keys() != set(rest) or (len(arguments) > len(names) and not plan.signature.variadic):
            wanted = ", ".join(names) or "nothing"
            got = ", ".join([f"{len(arguments)} values", *named])
            raise TypeError(f"{self._delegate}() of {self._types.library} takes {wanted}; it was given {got}")
        return (*arguments, *(named[name] for name in rest))

    def _expiry(self) -> float | None:
        if self._types.deadline is None and ambient.get() is None:
            return None
        expires = expiry(self._types.deadline)
        if expires is not None and expires <= time.monotonic():
            text = f"the deadline had passed before {self._delegate} was called"
            raise DeadlineExceeded(text, function=self._delegate, began=False)
        return expires

    def __repr__(self) -> str:
        return f"<{self._delegate} at {super().__repr__()}>"


class StructPtr(NativePtr):
    """A pointer to a struct or union in the host: members are attributes, read and written there.

    A pointer to a struct of function pointers is so called like a library. `callgate.cast` makes a copy of the struct.
    """

    __slots__ = ("_form", "_types")

    def __init__(self, base: Memory, offset: int, form: Structure | Raw, types: TypeSpace) -> None:
        object.__setattr__(self, "_base", base)
        object.__setattr__(self, "_offset", offset)
        object.__setattr__(self, "_form", form)
        object.__setattr__(self, "_types", types)

    def _view(self) -> HostView:
        form: Form = self._form
        return HostView(self._base, (self._types.number, self._form.record, self._types), form, (), self._offset)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._view(), name, value)

    def __dir__(self) -> list[str]:
        return dir(self._view())

    def __repr__(self) -> str:
        return f"<{self._form.record} * at {super().__repr__()}>"
