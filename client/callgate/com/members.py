"""Methods and properties of declared interfaces, as attributes of a proxy: by their slots, or by IDispatch (R14.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callgate_protocol.dispatch import GET, METHOD, PROPERTY_PUT, PUT, PUTREF
from callgate_protocol.interfaces import is_late

from . import late
from .declared import Declared, Method, Property
from .described import BoundMethod

if TYPE_CHECKING:
    from .objects import ComObject

__all__ = ["call", "read", "write"]


def read(proxy: ComObject, declared: Declared, found: Method | Property) -> Any:
    """A method to call, or the value of a property. Raises AttributeError for one that is only written."""
    if isinstance(found, Method):
        member = _dispid(declared, found)
        if member is not None:
            return late.LateMethod(proxy, member, found.key, METHOD)
        return BoundMethod(proxy._host.objects.describe(declared).call(found), proxy)  # noqa: SLF001 - its parts
    if found.get is None:
        raise AttributeError(f"a property of {declared.name} that is only written was read", obj=proxy)
    return call(proxy, declared, found.get, (), {})


def write(proxy: ComObject, declared: Declared, found: Property, value: Any) -> None:
    """Set a property. Raises AttributeError for one that is only read."""
    setter = found.put or found.putref
    if setter is None:
        raise AttributeError(f"a property of {declared.name} that is only read was written", obj=proxy)
    call(proxy, declared, setter, (value,), {})


def call(
    proxy: ComObject, declared: Declared, method: Method, arguments: tuple[Any, ...], named: dict[str, Any]
) -> Any:
    """Call a method of a declared interface."""
    member = _dispid(declared, method)
    if member is None:
        return proxy._host.objects.describe(declared).call(method).call_on(proxy, arguments, named)  # noqa: SLF001
    if method.kind in ("put", "putref"):
        flags = PUT if method.kind == "put" else PUTREF
        return late.call_late(proxy, member, flags, arguments[:-1], {PROPERTY_PUT: arguments[-1]}, method.key)
    flags = GET if method.kind == "get" else METHOD
    return late.call_late(proxy, member, flags, arguments, {}, method.key)


def _dispid(declared: Declared, method: Method) -> int | None:
    """The DISPID of a member of a pure dispinterface, which has no slot; None for all others."""
    return method.dispid if is_late(declared.interface) and method.interface == declared.name else None
