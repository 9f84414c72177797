"""User's own classes whose members overlap: unions, and explicit layouts where it so happens (R7.8).

The bytes are the truth, but only a library's host knows where members lie in them. Until a library that uses the class
is loaded, an instance holds what was set; from then on every member is a view.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any, Final

from callgate.errors import Error
from callgate.unions import Views, bytes_of

__all__ = ["make_overlaid"]

_VIEWS: Final = "__callgate_views__"
"""What a binding sets on a class that one of its libraries uses."""


def make_overlaid(cls: Any, members: Mapping[str, Any], own: Container[str], *, union: bool) -> None:
    """Give a class the behaviour of overlapping members (by name, with their defaults), unless it has its `own`."""
    methods = {"__setattr__": _setter(tuple(members), union), "__getattr__": _getter(members)}
    for name in members if union else ():
        if name in vars(cls):
            delattr(cls, name)  # a default on the class would hide that the member is a view
    if union:
        methods["__eq__"] = _equal
    for name, method in methods.items():
        if name not in own:
            setattr(cls, name, method)


def _views(cls: Any) -> Views | None:
    """Where the members lie; None until a library that uses the class can be asked."""
    ask = getattr(cls, _VIEWS, None)
    try:
        return ask() if ask is not None else None
    except Error:
        return None  # it was closed before anybody asked


def _setter(names: tuple[str, ...], union: bool) -> Callable[[Any, str, Any], None]:
    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807 - it becomes the class's
        held = vars(self)
        views = _views(type(self))
        if name not in names:
            object.__setattr__(self, name, value)
        elif views is None:
            for other in names if union else (name,):
                held.pop(other, None)
            held[name] = value
        else:
            data = bytes_of(self, views)
            views.write(data, name, value)
            for other in (*(each for each in names if each != name), name):
                held.pop(other, None)
                if other in views.views:
                    held[other] = views.read(data, other)

    return __setattr__


def _getter(members: Mapping[str, Any]) -> Callable[[Any, str], Any]:
    def __getattr__(self: Any, name: str) -> Any:  # noqa: N807 - it becomes the class's
        if name not in members:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        views = _views(type(self))
        if views is not None:
            return views.read(bytes_of(self, views), name)
        if not vars(self):
            return members[name]
        why = "was not set; it can be shown once a library that uses the class is loaded (R7.8)"
        raise AttributeError(f"{type(self).__name__}.{name} {why}")

    return __getattr__


def _equal(self: Any, other: object) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    views = _views(type(self))
    if views is None:
        return vars(self) == vars(other)
    return bytes_of(self, views) == bytes_of(other, views)
