"""Which interfaces an object of this process has for others (R14.2): declared ones only, ever."""

from __future__ import annotations

import inspect
from typing import Any, Final
from weakref import WeakKeyDictionary

from callgate.com.declared import MARK, Declared
from callgate.com.implemented import class_interfaces
from callgate.com.objects import ComObject, answers
from callgate.com.served import table_of
from callgate_protocol.standard import IIDS

__all__ = ["has_interface"]

_NOTHING: Final = object()
_NONE: Final[dict[Declared, bool]] = {}


_FOUND: Final[WeakKeyDictionary[type, dict[Declared, bool]]] = WeakKeyDictionary()
"""What all objects of a class have or lack: every call of one asks."""


def has_interface(value: Any, declared: Declared) -> bool:
    """A class that derives from interfaces has those; another object what it has all the methods of.

    A proxy, whose owner others cannot reach, has what its owner says. Stricter than for an object that is handed to
    native code, because others ask for whatever they know.
    """
    known = _FOUND.get(type(value), _NONE).get(declared)
    if known is not None:
        return known
    if isinstance(value, ComObject):
        return bool(answers(value, declared))
    found = _class_has(type(value), declared)
    if found is None:
        return _has_methods(value, declared)
    _FOUND.setdefault(type(value), {})[declared] = found
    return found


def _class_has(cls: type, declared: Declared) -> bool | None:
    """What holds for all objects of a class; None when it depends on the object."""
    if declared.iid == IIDS["IDispatch"]:
        return len(table_of(cls, None, native=False)) > 0
    if any(declared.iid in each.answers for each in class_interfaces(cls)):
        return True
    written = [vars(each)[MARK] for each in cls.__mro__ if MARK in vars(each)]
    if written:
        return any(declared.iid in each.answers for each in written)
    return True if _has_methods(cls, declared) else None


def _has_methods(value: Any, declared: Declared) -> bool:
    wanted = {method.python for method in declared.methods.values()}
    return all(inspect.getattr_static(value, name, _NOTHING) is not _NOTHING for name in wanted)
