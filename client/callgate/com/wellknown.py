"""The well-known interfaces as declarations: IUnknown and IDispatch show nothing of themselves (R14.8)."""

from __future__ import annotations

from functools import cache
from typing import Final

from callgate_protocol.standard import STANDARD

from .closure import of_model
from .declared import Declared

__all__ = ["wellknown"]

_HIDDEN: Final = frozenset({"IUnknown", "IDispatch"})


@cache
def wellknown(name: str) -> Declared:
    """The declaration of a standard interface. Raises KeyError."""
    return of_model(STANDARD, name, hidden=name in _HIDDEN)
