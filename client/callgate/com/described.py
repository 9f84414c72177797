"""An interface as one host knows it: its number there, and how its methods are called, both ways."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from callgate.binding import Binding
from callgate.declare import Declarations
from callgate.declare.python import Face
from callgate.errors import ObjectGone
from callgate.functions import NativeFunction
from callgate.lines import Opened
from callgate.plan import DelegatePlan
from callgate_protocol.forms import SystemValue
from callgate_protocol.interfaces import method_places
from callgate_protocol.signatures import Signature
from callgate_protocol.system import HostFunction

from .declared import Declared, Method
from .object_members import is_of_object, object_member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future

    from callgate.convert import CallContext
    from callgate.host import Host

__all__ = ["BoundMethod", "Described", "member_of"]


class Described(Binding):
    """One declaration in one host. It goes with the host: its objects die with it."""

    def __init__(self, host: Host, declared: Declared) -> None:
        super().__init__(
            declared.name, Declarations(declared.library, {}, {}, python=declared.python), _nowhere, None, None
        )
        self.declared_interface = declared
        self.host = host
        self.number = self._introduce(host)
        self.index = [each.name for each in self.declared.interfaces].index(declared.name)
        """The interface's index in its library."""
        self._calls: dict[int, NativeFunction] = {}
        self._stubs: dict[int, _Stub] = {}

    def _introduce(self, host: Host) -> int:
        """Tell the host of it: the library's number there."""
        encoded, digest = self.encoded
        number: int = host.system(HostFunction.LOAD, "", digest, encoded)[0]
        return number

    def ready(self) -> Host:
        """The host. Raises ObjectGone when it has died."""
        assert self.host is not None
        if self.host.dead:
            raise ObjectGone(f"{self.label} was used on an object of a host that is gone")
        return self.host

    @cached_property
    def _methods(self) -> Mapping[int, Method]:
        found = {method.number: method for method in self.declared_interface.methods.values()}
        assert found.keys() <= {place.number for place in method_places(self.declared)}
        return found

    def entry(self, number: int) -> Any:
        """The function of a method."""
        return self._methods[number].function

    def whole_name(self, number: int) -> str:
        """R11.15: a code means what its interface says it does, so the interface stands beside it."""
        method = self._methods[number]
        return f"{method.interface}.{method.key}"

    def signature(self, number: int) -> Signature:
        """A method, decided; in messages it is known with its interface."""
        return super().signature(number).replace(name=self.whole_name(number))

    def face(self, number: int) -> Face:
        """How a method looks to a caller."""
        return self._methods[number].face

    @property
    def interfaces(self) -> Mapping[str, Declared]:
        """The interfaces that its methods mention, and those of the same text, which they may give (R1.23)."""
        declared = self.declared_interface
        return {**declared.family, **declared.contents.interfaces}

    def call(self, method: Method) -> NativeFunction:
        """What calls a method; its first argument is the object."""
        known = self._calls.get(method.number)
        if known is None:
            known = self._calls.setdefault(method.number, NativeFunction(self, method.number))
        return known

    def stub(self, number: int) -> _Stub:
        """How native code calls a method of a Python object. Raises KeyError."""
        known = self._stubs.get(number)
        if known is None:
            plan = DelegatePlan(self.signature(number))
            plan.compile(self.types)
            known = self._stubs.setdefault(number, _Stub(self._methods[number], plan))
        return known


class _Stub:
    """One method as native code calls it (R14.20)."""

    def __init__(self, method: Method, plan: DelegatePlan) -> None:
        self._method = method
        self._of_object = is_of_object(method) and method.python != "GetType"  # whose result would be a Type
        self._plan = plan
        signature = plan.signature
        self._answers_codes = signature.throws or signature.result == SystemValue("HRESULT")

    def perform(self, target: Any, arguments: Sequence[Any], context: CallContext) -> tuple[Any, list[Any]]:
        """Run it on wire arguments; its result and outs as wire values. Raises Refused where native code gets codes."""
        method = self._method

        def call(*values: Any) -> Any:
            if self._of_object:
                return object_member(target, method.python, values)
            if method.manner == "method":
                return member_of(target, method.python)(*values)
            if method.manner == "get":
                return member_of(target, method.python)
            return setattr(target, method.python, values[0])

        perform = self._plan.perform_coded if self._answers_codes else self._plan.perform
        return perform(call, arguments, context)


def member_of(target: Any, name: str) -> Any:
    """R14.24: what an object does not have is not implemented, and its caller is told so."""
    try:
        return getattr(target, name)
    except AttributeError:
        if hasattr(type(target), name):
            raise  # it is there, and failed itself
        raise NotImplementedError(f"{type(target).__name__} has no {name}") from None


class BoundMethod:
    """`proxy.Area`: a method and its object."""

    __slots__ = ("__self__", "function")

    def __init__(self, function: NativeFunction, proxy: Any) -> None:
        self.function = function
        self.__self__ = proxy

    @property
    def interface(self) -> Declared:
        """The interface that it is a method of."""
        described = self.function._binding  # noqa: SLF001 - made for it
        assert isinstance(described, Described)
        return described.declared_interface

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it."""
        return self.function.call_on(self.__self__, arguments, named)

    def submit(self, *arguments: Any, **named: Any) -> Future[Any]:
        """Have it called without waiting: see `NativeFunction.submit`."""
        return self.function.submit_on(self.__self__, arguments, named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)

    def __repr__(self) -> str:
        return f"<method {self.function.__name__} of {self.__self__!r}>"


def _nowhere(label: str) -> Opened:
    raise ObjectGone(f"the host of {label} is gone")
