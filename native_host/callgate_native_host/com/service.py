"""What converters need of objects, in one value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .callables import Callables, Offered
from .foreign import Foreign
from .handing import Handing
from .wrapped import Wrappers

if TYPE_CHECKING:
    from .error_objects import ErrorObjects

__all__ = ["Com"]


class Com(NamedTuple):
    """Native objects, clients' objects, and the interfaces that were described to this host."""

    wrappers: Wrappers
    callables: Callables
    offered: Callable[[int, int], Offered]
    """(library, index of the interface in it) → how native code calls a client's object through it. Raises Fault."""
    dispatch: Callable[[], Sequence[Any]]
    """Code for the methods of IDispatch, which every object of a client has (R14.15)."""
    errors: Callable[[], ErrorObjects]
    """What native objects and clients' objects tell of their failures (R11.10, R11.11)."""
    foreign: Foreign
    """Objects of other processes."""
    handing: Handing
    """Objects of one client for another (R17.12)."""
    by_iid: Callable[[str], Offered]
    """The same for an interface by its IID, wherever it was described. Raises Fault."""
    incarnation: bytes
    route: str
    """How other processes on this machine reach this one; empty when they cannot."""
