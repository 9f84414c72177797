"""Interfaces that a text declares, as classes: for `callgate.types(lib).IFoo`, `isinstance` and to derive from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from callgate.typed.interfaces import InterfaceMeta, IUnknown, invoke_on

from .declared import MARK, Declared, Method, Property, declared_of

__all__ = ["interface_classes"]


def interface_classes(interfaces: Mapping[str, Declared]) -> dict[str, Any]:
    """A class for each interface, deriving from that of its base."""
    made: dict[str, Any] = {}

    def make(name: str) -> Any:
        declared = interfaces[name]
        if declared.iid == declared_of(IUnknown).iid:
            return IUnknown
        if name not in made:
            base = declared.interface.base
            made[name] = _class(declared, make(base) if base in interfaces else IUnknown)
        return made[name]

    return {name: make(name) for name in interfaces}


def _class(declared: Declared, base: Any) -> Any:
    own = [method for method in declared.methods.values() if method.interface == declared.name]
    body: dict[str, Any] = {"__doc__": f"{declared.name} {declared.iid}, as its library declares it."}
    for name, accessors in declared.properties.items():
        if any(method.python == name for method in own):
            body[name] = _property(declared, accessors)
    for method in own:
        if method.kind == "method" or method.python == method.key:
            body[method.key] = _caller(declared, method)
    cls = InterfaceMeta(declared.name, (base,), body)
    setattr(cls, MARK, declared)
    declared.cls = cls
    return cls


def _caller(declared: Declared, method: Method) -> Callable[..., Any]:
    def call(self: Any, /, *arguments: Any, **named: Any) -> Any:
        return invoke_on(self, declared, method.key, arguments, named)

    call.__name__ = call.__qualname__ = method.key
    return call


def _property(declared: Declared, accessors: Property) -> property:
    setter = accessors.put or accessors.putref
    return property(
        None if accessors.get is None else _caller(declared, accessors.get),
        None if setter is None else _caller(declared, setter),
    )
