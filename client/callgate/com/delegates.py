"""A Python callable as an object with `_Delegate`: what a delegate is in an interface (R9.1, R9.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

from callgate_protocol.automation import DELEGATE, WELL_KNOWN
from callgate_protocol.model import Function

__all__ = ["MEMBERS", "DelegateObject", "is_wanted", "members_of", "object_of"]

IID: Final = WELL_KNOWN[DELEGATE].iid


class DelegateObject:
    """What native code holds of a callable: it is called with `DynamicInvoke`, or as the object's default member.

    An exception of the callable is told as it is, not as one of the invocation (R9.2).
    """

    __slots__ = ("__weakref__", "function")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        """The default member as well: DISPID_VALUE, called as a method."""

    def DynamicInvoke(self, args: Sequence[Any] | None) -> Any:  # noqa: N802 - COM's name
        """Call it with the arguments of an array."""
        return self.function(*(args or ()))

    @property
    def ToString(self) -> str:  # noqa: N802
        """How Python shows it."""
        return repr(self.function)

    def Equals(self, obj: Any) -> bool:  # noqa: N802
        """Whether another object is about the same callable."""
        return bool(obj == self.function)

    def GetHashCode(self) -> int:  # noqa: N802
        """A number that is the same for what is equal."""
        return hash(self.function) & 0x7FFFFFFF


def members_of(methods: Iterable[Function]) -> dict[str, tuple[int, str]]:
    """What is called by name: DISPID and kind, "method" or "property"."""
    return {
        method.name: (int(word.argument), "property" if method.result.has("propget") else "method")
        for method in methods
        if (word := method.result.attribute("id")) is not None
    }


MEMBERS: Final = members_of(each for each in WELL_KNOWN[DELEGATE].methods if hasattr(DelegateObject, each.name))

_OBJECTS: Final[WeakValueDictionary[Any, DelegateObject]] = WeakValueDictionary()


def is_wanted(iid: str, value: Any) -> bool:
    """Whether `_Delegate` is asked for, and the value is no object that offers it itself."""
    return iid == IID and not hasattr(value, "DynamicInvoke")


def object_of(function: Callable[..., Any]) -> DelegateObject:
    """The object of a callable: the same one while native code holds it, also of a method bound anew (R14.14)."""
    try:
        return _OBJECTS.setdefault(function, DelegateObject(function))
    except TypeError:  # what cannot be hashed is an object of its own each time
        return DelegateObject(function)
