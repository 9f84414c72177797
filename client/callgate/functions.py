"""A C function as a Python function: `lib.cos(0.5)`."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from callgate_protocol.messages import Return
from callgate_protocol.model import c_name
from callgate_protocol.waypoints import ARMED, reach
from callgate_transport.callchannel import HungUp

from .binding import Binding
from .convert import CallContext
from .deadline import ambient, expiry
from .errors import DeadlineExceeded, EntryPointNotFoundError
from .memory import Remote
from .promises import promise
from .records import python_name

if TYPE_CHECKING:
    import inspect

__all__ = ["NativeFunction"]


class NativeFunction:
    """One function of a library. Callable with positional and keyword arguments; thread-safe."""

    def __init__(self, binding: Binding, number: int) -> None:
        declared = binding.entry(number)
        self.errcheck: Callable[[Any, NativeFunction, tuple[Any, ...]], Any] | None = None
        """(result, function, arguments) → what the caller gets; runs in this process."""
        self.__name__, self.__qualname__ = declared.name, binding.whole_name(number)
        self.__doc__ = f"{declared.prototype or declared.name};\n\nA function of {binding.label}, called in its host."
        self._binding = binding
        self._number = number
        self._declared = declared
        self._signature: inspect.Signature | None = None
        self._count = -1
        """How many arguments a plain call has; unknown until the first."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Perform the call in the library's host and wait for it.

        Raises MarshalError and its children before native code is entered, HostLost when the host dies,
        DeadlineExceeded, and what a callback raised.
        """
        return self._call((), arguments, named)

    def call_on(self, proxy: Remote, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call a method on its object. Raises ObjectGone as well."""
        return self._call(({"at": [proxy._check(), 0]},), arguments, named)  # noqa: SLF001 - a proxy's place

    def _call(self, first: tuple[Any, ...], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """`first` is what stands before the arguments in the message: the object of a method."""
        binding = self._binding
        host = binding.ready()
        plan = binding.plan(self._number)
        if named or len(arguments) != self._count:
            arguments = self._bind(arguments, named)
        if ARMED:
            reach("client.before_encode")
        context: Any = CallContext(host) if plan.needs_context else None
        if context is not None and host.lends:
            context.depart()
        expires = None if binding.deadline is None and ambient.get() is None else self._expiry()
        try:
            wire = [*first, *plan.encode(arguments, context)]
            reply, payloads = host.invoke(
                binding.number, self._number, wire, context.payloads if context else [], expires, self.__qualname__
            )
            result = self._finish(reply, payloads, arguments, context)
        finally:
            _finish(context)
        return result if self.errcheck is None else self.errcheck(result, self, arguments)

    def submit(self, *arguments: Any, **named: Any) -> Future[Any]:
        """Have the call performed without waiting: calls submitted to one library run in order, one by one.

        The future gives what the call would have given or raised. Callbacks run on the library's callback executor.
        Raises MarshalError at once when an argument cannot be converted.
        """
        return self._submit(None, arguments, named)

    def submit_on(self, proxy: Remote, arguments: tuple[Any, ...], named: dict[str, Any]) -> Future[Any]:
        """As `submit`, for a method and its object. Raises ObjectGone as well."""
        return self._submit(proxy, arguments, named)

    def _submit(self, proxy: Remote | None, arguments: tuple[Any, ...], named: dict[str, Any]) -> Future[Any]:
        first = () if proxy is None else ({"at": [proxy._check(), 0]},)  # noqa: SLF001 - a proxy's place
        binding = self._binding
        host = binding.ready()
        plan = binding.plan(self._number)
        arguments = self._bind(arguments, named)
        context: Any = CallContext(host) if plan.needs_context else None
        if context is not None and host.lends:
            context.depart()
        try:
            wire = [*first, *plan.encode(arguments, context)]
            payloads = context.payloads if context else []
            submitted = host.submit(binding.number, self._number, wire, payloads, self._expiry(), self.__qualname__)
        except HungUp:
            _finish(context)
            raise host.obituary(of_object=proxy is not None) from None
        except BaseException:
            _finish(context)
            raise

        def finish(reply: Return, payloads: list[Any]) -> Any:
            result = self._finish(reply, payloads, arguments, context)
            return result if self.errcheck is None else self.errcheck(result, self, arguments)

        def outcome() -> Any:
            return finish(*host.outcome(submitted, self.__name__, of_object=bool(first)))

        def done() -> None:
            nonlocal proxy
            proxy = None  # until now the call was on its way, and what is collected would overtake it
            if context is not None and not submitted.number:  # it has never left
                context.take_back()
            _finish(context)

        return promise(host, submitted, outcome, done)

    def __repr__(self) -> str:
        return f"<function {self._declared.prototype or self.__name__} of {self._binding.label}>"

    def _whole(self) -> inspect.Signature:
        """The signature, made once: calls with names need it each time."""
        if self._signature is None:
            self._signature = self.__signature__
        return self._signature

    @property
    def __signature__(self) -> inspect.Signature:
        import inspect  # noqa: PLC0415 - slow to import, and a program that only calls does without

        signature = self._binding.signature(self._number)
        kind, rest = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL
        types = {parameter.name: c_name(parameter.type) for parameter in self._declared.parameters}
        defaults, none = self._binding.face(self._number).defaults, inspect.Parameter.empty
        parameters = [
            inspect.Parameter(
                python_name(plan.name), kind, annotation=types[plan.name], default=defaults.get(plan.name, none)
            )
            for plan in signature.passed
        ]
        if signature.variadic:
            parameters.append(inspect.Parameter("arguments", rest))
        return inspect.Signature(parameters, return_annotation=c_name(self._declared.result.type))

    def _expiry(self) -> float | None:
        expires = expiry(self._binding.deadline)
        if expires is not None and expires <= time.monotonic():
            text = f"the deadline had passed before {self.__name__} was called"
            raise DeadlineExceeded(text, function=self.__name__, began=False)
        return expires

    def _finish(self, reply: Return, payloads: list[Any], arguments: tuple[Any, ...], context: Any) -> Any:
        if context is None:
            return self._binding.plan(self._number).finish(arguments, reply, context)
        context.received = payloads
        for handle in context.closing:
            handle._gone = f"{self.__name__} closed it"  # noqa: SLF001 - the plan decided that the call ends its life
            context.host.holdings.closed(handle._number)  # noqa: SLF001
        return self._binding.plan(self._number).finish(arguments, reply, context)

    def _bind(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Positional arguments, for a call with names or of the wrong length. Raises TypeError."""
        if self._number in self._binding.missing:
            raise EntryPointNotFoundError(f"{self._binding.label} has no function {self.__name__!r}")
        plan = self._binding.plan(self._number)
        signature = plan.signature
        if not signature.variadic:
            self._count = len(signature.passed)
        if not named and len(arguments) == len(signature.passed):
            return arguments
        if not named and plan.defaults is not None and (completed := plan.completed(arguments)) is not None:
            return completed
        try:
            bound = self._whole().bind(*arguments, **named)
        except TypeError as error:
            wanted = ", ".join(python_name(plan.name) for plan in signature.passed) or "nothing"
            raise TypeError(f"{self.__name__}() of {self._binding.label} takes {wanted}: {error}") from None
        if plan.defaults is None:
            return bound.args
        bound.apply_defaults()
        return plan.with_counts(bound.args)


def _finish(context: CallContext | None) -> None:
    if context is not None:
        context.finish()
