"""What converters need of objects, in one value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .callables import Callables, Offered
from .told import Told
from .wrapped import Wrappers

__all__ = ["Com"]


class Com(NamedTuple):
    """Native objects, clients' objects, and the interfaces that were described to this host."""

    wrappers: Wrappers
    callables: Callables
    offered: Callable[[int, int], Offered]
    """(library, index of the interface in it) → how native code calls a client's object through it. Raises Fault."""
    dispatch: Callable[[], Sequence[Any]]
    """Code for the methods of IDispatch, which every object of a client has (R14.15)."""
    told: Told
    """What goes with the code of a failure (R11.10, R11.11)."""
