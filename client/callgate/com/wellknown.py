"""The well-known interfaces as declarations: IUnknown and IDispatch show nothing of themselves (R14.8)."""

from __future__ import annotations

from functools import cache
from typing import Final

from callgate_protocol.automation import WELL_KNOWN
from callgate_protocol.model import TypeLibrary

from .closure import of_model
from .declared import Declared

__all__ = ["wellknown"]

_LIBRARY: Final = TypeLibrary(interfaces=tuple(WELL_KNOWN[name] for name in sorted(WELL_KNOWN)))


@cache
def wellknown(name: str) -> Declared:
    """The declaration of a standard interface. Raises KeyError."""
    return of_model(_LIBRARY, name)
