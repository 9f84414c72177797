"""Which interfaces an object of this process has for others (R14.2): declared ones only, ever."""

from __future__ import annotations

import inspect
from typing import Any, Final

from callgate.com.declared import MARK, Declared
from callgate.com.implemented import class_interfaces
from callgate.com.objects import ComObject, answers
from callgate.com.served import table_of
from callgate_protocol.standard import IIDS

__all__ = ["has_interface"]

_NOTHING: Final = object()


def has_interface(value: Any, declared: Declared) -> bool:
    """A class that derives from interfaces has those; another object what it has all the methods of.

    A proxy, whose owner others cannot reach, has what its owner says. Stricter than for an object that is handed to
    native code, because others ask for whatever they know.
    """
    if isinstance(value, ComObject):
        return bool(answers(value, declared))
    if declared.iid == IIDS["IDispatch"]:
        return len(table_of(type(value), None, native=False)) > 0
    written = [vars(each)[MARK] for each in type(value).__mro__ if MARK in vars(each)]
    if any(declared.iid in each.answers for each in class_interfaces(type(value))):
        return True
    if written:
        return any(declared.iid in each.answers for each in written)
    wanted = {method.python for method in declared.methods.values()}
    return all(inspect.getattr_static(value, name, _NOTHING) is not _NOTHING for name in wanted)
