"""The members that every class interface begins with: those of `_Object` (R14.17)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from callgate_protocol.automation import OBJECT_MEMBERS

from .declared import Method

__all__ = ["OBJECT_NAMES", "is_of_object", "object_member"]

_CALLS: Final[dict[str, Callable[..., Any]]] = {
    "ToString": str,
    "Equals": lambda target, other: target is other or bool(target == other),
    "GetHashCode": lambda target: hash(target) & 0x7FFFFFFF,
    "GetType": lambda target: type(target).__name__,
}
OBJECT_NAMES: Final = frozenset(_CALLS)


def is_of_object(method: Method) -> bool:
    """Whether it is one of them, as a class interface declares it."""
    return method.function in OBJECT_MEMBERS


def object_member(target: Any, name: str, arguments: Sequence[Any]) -> Any:
    """What an object answers: its class's own member of that name, else what every object of Python can say."""
    if not hasattr(type(target), name):
        return _CALLS[name](target, *arguments)
    value = getattr(target, name)
    return value(*arguments) if callable(value) else value
