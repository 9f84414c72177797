"""What a Python type means in a method of an interface, where that is not what it means to a C function (R1.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_origin

from callgate.com.classes import declared_interfaces, words_of
from callgate.com.declared import Declared, find_declared
from callgate.memory import Handle
from callgate_protocol.model import Coclass, Implemented, InterfaceType, Pointer, Scalar, SystemType

from .delegates import Callback, callback_of
from .marks import AsAttribute, Borrow, Native
from .reading import Note
from .space import Lowered, Space
from .where import Where

__all__ = ["com_default", "delegate_words", "interface_pointer", "refuse_for_com"]

_DEFAULTS: Final[dict[Any, Any]] = {
    bool: Scalar("VARIANT_BOOL"),
    str: SystemType("BSTR"),
    object: SystemType("VARIANT"),
    Any: SystemType("VARIANT"),
}

_PLATFORM_ONLY: Final = frozenset({"VBByRefStr", "TBStr", "LPTStr"})
"""Markers of platform invoke: their meaning belongs to a library's charset."""


def com_default(note: Note) -> Lowered | None:
    """The native type of a plain Python type in COM; None where it is that of platform invoke."""
    try:
        found = _DEFAULTS.get(note.python)
    except TypeError:  # what cannot be hashed is no such type
        return None
    return Lowered(found, {}) if found is not None else None


def refuse_for_com(note: Note, where: Where) -> None:
    """Raises MarshalDirectiveError for what exists in platform invoke only (R1.4, R19.28)."""
    native = note.find(Native)
    if native is not None and native.name in _PLATFORM_ONLY:
        raise where.refusal(note, f"{native.name} is for C functions; interfaces have BStr and LPWStr", "R1.4, R14.4")
    if any(mark.name == "ansi" for mark in note.every(AsAttribute)):
        raise where.refusal(note, "text of interfaces is Unicode; write BStr", "R1.4, R14.4")
    if isinstance(note.python, type) and issubclass(note.python, Handle) and not where.local:
        raise where.refusal(
            note, "a handle has no meaning where the interface goes; write an interface, or a local one", "R19.28"
        )


def interface_pointer(space: Space, note: Note, where: Where) -> Lowered | None:
    """`IFoo` is `IFoo *`; None for what is no interface. NULL is None, whatever the annotation says.

    For a class its default interface stands (R14.11).
    """
    declared = find_declared(note.python) or _of_class(note.python)
    if declared is None:
        return None
    if where.modes.raw:
        raise where.refusal(note, "raw: objects are not passed; write NativePtr", "R1.24, R19.45")
    space.interface(declared)
    clsid = words_of(note.python).clsid
    name = _coclass(space, note.python, clsid, declared) if clsid else declared.name
    return Lowered(Pointer(InterfaceType(name)), _words(note, where))


def _of_class(cls: Any) -> Declared | None:
    if not isinstance(cls, type):
        return None
    return words_of(cls).default or next(iter(declared_interfaces(cls)), None)


def _coclass(space: Space, cls: Any, clsid: str, default: Declared) -> str:
    """The class by its name, with all its interfaces; what comes as one is of the Python class."""
    others = [each for each in declared_interfaces(cls) if each.iid != default.iid]
    sources = words_of(cls).sources
    for each in (*others, *sources):
        space.interface(each)
    implemented = [Implemented(default.name, default=True), *(Implemented(each.name) for each in others)]
    implemented += [Implemented(each.name, index == 0, source=True) for index, each in enumerate(sources)]
    space.coclass(Coclass(cls.__name__, clsid, tuple(implemented)))
    return str(cls.__name__)


def _words(note: Note, where: Where) -> dict[str, str]:
    """R14.3: a result is counted, unless it is said to be borrowed."""
    if note.find(Borrow) is None:
        return {}
    if where.kind not in ("result", "out"):
        raise where.refusal(note, "only what comes back is borrowed; nothing is taken of an argument", "R14.3")
    return {"borrowed": ""}


def delegate_words(note: Note, where: Where, written: dict[str, str]) -> dict[str, str]:
    """R9.1: in an interface a delegate is an object with `_Delegate`; `attribute("function")` makes it an address.

    Raises MarshalDirectiveError for one of the two words beside anything else (R19.20).
    """
    inner = note.element if note.shape == "ref" and note.element is not None else note
    is_delegate = get_origin(inner.python) is Callable or callback_of(inner.python) or inner.find(Callback)
    for word in ("function", "interface"):
        if word in written and not is_delegate:
            raise where.refusal(note, f"{word} says what a delegate is, and this is none", "R9.1, R19.20")
    return {word: argument for word, argument in written.items() if word != "interface"}
