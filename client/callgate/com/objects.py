"""Proxies of native objects: one per object, whatever its interfaces (R14.6), and what can be done with them."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from callgate.errors import DeadlineExceeded, InvalidCastError, MarshalError, NotExecuted, ObjectGone
from callgate.failures import over_rpc
from callgate.hresults import HResult
from callgate.memory import Remote
from callgate_protocol.rpccodes import Code
from callgate_protocol.system import HostFunction

from . import late, members
from .declared import Declared, declared_of
from .described import BoundMethod
from .enumeration import elements
from .wellknown import wellknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from callgate.functions import NativeFunction
    from callgate.host import Host

__all__ = ["ComObject", "answers", "checked", "final_release", "identity", "invoke", "query", "release_object"]

T = TypeVar("T")


class ComObject(Remote):
    """A proxy of one object (R14.9). Its attributes are the methods and properties of its interfaces.

    `callgate.query(proxy, IFoo)` gives the same proxy, on which those of IFoo are known as well; where two interfaces
    have a method of one name, `IFoo.Method(proxy, …)` says which.
    """

    __slots__ = ("_answers", "_functions", "_interfaces", "_late_methods", "_members")

    def __init__(self, host: Host, number: int) -> None:
        super().__init__(host, number)
        self._interfaces: tuple[Declared, ...] = ()
        """Those that it is known to have, in the order in which that became known."""
        self._answers: dict[str, bool] = {}
        """IID → what it said when asked; it never says otherwise (R14.2)."""
        self._functions: dict[str, NativeFunction] = {}
        """Methods that were called, by name: the first interface that has a name keeps it."""
        self._members: dict[str, int] = {}
        """DISPIDs of the members that were called by name."""
        self._late_methods: set[str] = set()
        """Those of them that are no properties."""

    def _name(self) -> str:
        shown = "/".join(each.name for each in self._interfaces if each.methods) or "object"
        return f"{shown} {self._number} in {self._host.describe()}"

    def _learn(self, declared: Declared) -> None:
        if declared not in self._interfaces:
            self._interfaces = (*self._interfaces, declared)
            self._answers.update(dict.fromkeys(declared.answers, True))

    def _prefer(self, declared: Declared) -> None:
        """Of two declarations of one IID, the one that was asked for last says what its methods look like (R14.29)."""
        first = next(each for each in self._interfaces if each.iid == declared.iid)
        if first is not declared:
            rest = (each for each in self._interfaces if each is not declared)
            self._interfaces = tuple(declared if each is first else each for each in rest)
            self._functions.clear()

    def __getattr__(self, name: str) -> Any:
        function = self._functions.get(name)
        if function is not None:
            return BoundMethod(function, self)
        for declared in self._interfaces:
            found = declared.methods.get(name) or declared.properties.get(name)
            if found is not None:
                value = members.read(self, declared, found)
                if type(value) is BoundMethod:
                    self._functions[name] = value.function
                return value
        if not name.startswith("_") and answers(self, wellknown("IDispatch")):
            return late.read(self, name)
        raise AttributeError(_unknown(self, name), name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
            return
        for declared in self._interfaces:
            found = declared.properties.get(name)
            if found is not None:
                members.write(self, declared, found, value)
                return
        if not answers(self, wellknown("IDispatch")):
            raise AttributeError(_unknown(self, name), name=name, obj=self)
        late.write(self, name, value)

    def __iter__(self) -> Iterator[Any]:
        """The elements of a collection (R14.8)."""
        return elements(self)

    def _died(self, gone: ObjectGone) -> ObjectGone:
        return over_rpc(gone)

    def __dir__(self) -> list[str]:
        own = {name for each in self._interfaces for name in (*each.methods, *each.properties)}
        return sorted(own)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        final_release(self)


def _unknown(proxy: ComObject, name: str) -> str:
    known = ", ".join(each.name for each in proxy._interfaces)  # noqa: SLF001 - the functions of this file know it
    return f"{proxy!r} has no {name!r} in the interfaces known of it ({known or 'none'}); ask with callgate.query"


def checked(value: Any) -> ComObject:
    """The proxy that a function was given. Raises TypeError for anything else."""
    if not isinstance(value, ComObject):
        raise TypeError(f"expected an object of a host, got {type(value).__name__}")
    return value


def answers(value: Any, declared: Declared) -> bool | None:
    """Whether an object has an interface; None for what is no proxy. Asked once: it never changes (R14.2)."""
    if not isinstance(value, ComObject):
        return None
    known = value._answers.get(declared.iid)  # noqa: SLF001
    if known is None:
        known = _ask(value, declared) >= 0
        value._answers[declared.iid] = known  # noqa: SLF001
    if known:
        value._learn(declared)  # noqa: SLF001
    return known


def _ask(proxy: ComObject, declared: Declared) -> int:
    result: int = proxy._host.system(HostFunction.QUERY, {"at": [proxy._check(), 0]}, [declared.iid])[0]  # noqa: SLF001
    return result


@overload
def query(proxy: Any, interface: Callable[[], T]) -> T: ...
@overload
def query(proxy: Any, interface: str) -> Any: ...
def query(proxy: Any, interface: Any) -> Any:
    """QueryInterface: the same proxy, with the methods of `interface` (R14.7): its class, or its name in a text.

    Raises InvalidCastError (a TypeError) with E_NOINTERFACE when the object does not have it (R14.13), ObjectGone.
    """
    declared = _declared_for(proxy, interface)
    if not answers(checked(proxy), declared):
        raise no_interface(proxy, declared)
    proxy._prefer(declared)  # noqa: SLF001
    return proxy


def no_interface(proxy: Any, declared: Declared) -> MarshalError:
    """R14.13, R19.35: E_NOINTERFACE, with the IID."""
    return InvalidCastError(
        f"{proxy!r} does not answer {declared.name} {declared.iid} (E_NOINTERFACE, R14.13)",
        hresult=HResult(Code.E_NOINTERFACE),
        iid=declared.iid,
    )


def _declared_for(proxy: Any, interface: Any) -> Declared:
    """What is asked for; nothing can be called that nobody has declared (R15.12, R19.36)."""
    if isinstance(interface, Declared):
        return interface
    if not isinstance(interface, str):
        return declared_of(interface)
    reached: Mapping[str, Declared] = {
        name: found
        for declared in reversed(getattr(proxy, "_interfaces", ()))
        for name, found in {**declared.family, **declared.contents.interfaces}.items()
    }
    if interface not in reached:
        raise LookupError(f"{proxy!r} is not known to have to do with an interface {interface!r}")
    return reached[interface]


def invoke(proxy: Any, declared: Declared, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """`IFoo.Method(proxy, …)`: a method of that interface, whatever other interfaces have. Raises InvalidCastError."""
    if not isinstance(proxy, ComObject):
        raise TypeError(f"{declared.name}.{name} is called on an object of a host, not on {type(proxy).__name__}")
    query(proxy, declared)  # type: ignore[call-overload]
    return members.call(proxy, declared, declared.methods[name], arguments, named)


def release_object(proxy: ComObject) -> int:
    """R14.12: give one receipt of an object back; how many are left. At 0 using the proxy raises ObjectGone."""
    left = proxy._host.holdings.give_back_one(proxy._check())  # noqa: SLF001
    if left == 0:
        final_release(proxy)
    return left


def final_release(proxy: ComObject) -> None:
    """R14.12, R19.34: give all receipts back, now. Nothing for one that is gone already (R14.30)."""
    if not proxy._gone and not proxy._host.dead:  # noqa: SLF001
        times = proxy._host.holdings.give_back_all(proxy._number)  # noqa: SLF001
        try:
            proxy._host.system(HostFunction.RELEASE, proxy._number, times)  # noqa: SLF001
        except (NotExecuted, DeadlineExceeded) as error:
            if isinstance(error, DeadlineExceeded) and error.began is not False:
                raise
            proxy._host.session.release([[proxy._number, times]])  # noqa: SLF001 - heard when it can be
    proxy._gone = proxy._gone or "it was released (R14.12)"  # noqa: SLF001


def identity(proxy: Any) -> tuple[str, int]:
    """What proxies have in common exactly when they stand for one object: its owner's incarnation and its number."""
    checked(proxy)
    return proxy._host.session.incarnation.hex(), proxy._check()  # noqa: SLF001
