"""Running objects by class: `callgate.get_active_object` and what it finds (R16.16)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from callgate.registrations import current_registry, refusal
from callgate_protocol.activation_codes import ActivationRefused

from .exporting import Export, export, get_object

__all__ = ["get_active_object", "register_active_object"]

T = TypeVar("T")


def register_active_object(value: Any, name: str, *, weak: bool = False) -> Export:
    """Make an object the running one of a class, by ProgID or CLSID; what is given back revokes it (R16.16)."""
    return export(value, _item(name), weak=weak)


def get_active_object(name: str, interface: Callable[..., T]) -> T:
    """The running object of a class, by ProgID or CLSID (R16.16).

    Raises ComError with MK_E_UNAVAILABLE when none is running, InvalidCastError.
    """
    return get_object(_item(name), interface)


def _item(name: str) -> str:
    """The item moniker of a class is its CLSID."""
    try:
        return current_registry().clsid_of(name)
    except ActivationRefused as error:
        raise refusal(error) from None
