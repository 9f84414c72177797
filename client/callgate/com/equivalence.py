"""Two declarations of one IID are interchangeable, and so have to say the same of every slot (R14.29)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from callgate.errors import TypeLoadError
from callgate_protocol.model import (
    Array,
    CType,
    Function,
    Interface,
    InterfaceType,
    Parameter,
    Pointer,
    SafeArray,
    Void,
    c_name,
)

__all__ = ["refuse_difference"]


def refuse_difference(
    label: str, one: Interface, iids: Mapping[str, str], label2: str, two: Interface, iids2: Mapping[str, str]
) -> None:
    """Raises TypeLoadError, naming both declarations and the first slot in which they differ.

    Names of parameters and of interfaces may differ: neither is part of a slot.
    """
    if iids.get(one.base, one.base) != iids2.get(two.base, two.base):
        raise TypeLoadError(
            f"{label} derives from {one.base} and {label2} from {two.base}, but both have the IID {one.iid}; "
            f"another interface needs another IID (R14.4, R14.29)"
        )
    for index, (mine, theirs) in enumerate(zip_longest(one.methods, two.methods)):
        if mine is None or theirs is None or _slot(mine, iids) != _slot(theirs, iids2):
            raise TypeLoadError(
                f"{label} and {label2} have the IID {one.iid}, but method {index + 1} is {_shown(mine)} in the one and "
                f"{_shown(theirs)} in the other; correct one of them, or give it an IID of its own (R14.4, R14.29)"
            )
    if set(one.attributes) != set(two.attributes):
        words = ", ".join(sorted(str(word) for word in set(one.attributes) ^ set(two.attributes)))
        raise TypeLoadError(f"{label} and {label2} have the IID {one.iid}, but differ in: {words} (R14.29)")


def _shown(method: Function | None) -> str:
    if method is None:
        return "not there"
    return f"{c_name(method.result.type)} {method.name}({', '.join(c_name(each.type) for each in method.parameters)})"


_WORDS = frozenset({"out", "propget", "propput", "propputref", "id"})
"""What is part of a slot; who frees, how long an array is, and whether failures raise, each user sees in a way of its
own."""


def _slot(method: Function, iids: Mapping[str, str]) -> Any:
    return method.name, [_entry(each, iids) for each in (method.result, *method.parameters)]


def _entry(parameter: Parameter, iids: Mapping[str, str]) -> Any:
    words = {word for word in parameter.attributes if word.name in _WORDS}
    return _by_iid(parameter.type, iids, chosen=parameter.has("iid_is")), words


def _by_iid(ctype: CType, iids: Mapping[str, str], *, chosen: bool) -> CType:
    """A type by IIDs. What `[iid_is]` stands beside is any interface, whether it says so or not."""
    match ctype:
        case InterfaceType() if chosen:
            return Void()
        case InterfaceType(name):
            return InterfaceType(iids.get(name, name))
        case Pointer(target):
            return Pointer(_by_iid(target, iids, chosen=chosen))
        case Array(element, length):
            return Array(_by_iid(element, iids, chosen=chosen), length)
        case SafeArray(element):
            return SafeArray(_by_iid(element, iids, chosen=chosen))
        case _:
            return ctype
