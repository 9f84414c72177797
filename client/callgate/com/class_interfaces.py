"""The class interface of a Python class: `_Calc` for Calc, as other languages are told of it (R14.17).

Its members begin with those of `_Object`. Their numbers follow the order of the class, so that whoever reorders or
renames members makes another interface: its IID is made of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from callgate.errors import DeclarationError, MarshalDirectiveError
from callgate.typed.bodies import Entry, entries_of
from callgate.typed.contracts import read_interface
from callgate.typed.interfaces import IDispatch, InterfaceSpec
from callgate.typed.scope import Scope, Unresolved
from callgate_protocol.automation import OBJECT, OBJECT_MEMBERS
from callgate_protocol.dispatch import FIRST_OWN_DISPID
from callgate_protocol.model import Attribute, Coclass, Implemented

from .classes import class_interface_of, declared_interfaces, default_interface, visible_members, words_of
from .closure import methods_of
from .declared import Declared, Piece, declared_of, register
from .object_members import OBJECT_NAMES

__all__ = [
    "FORMS",
    "class_interface_declared",
    "coclass_of",
    "declare_dual",
    "described_interfaces",
    "dual_interfaces",
]

FORMS: Final = ("dispatch", "dual", "none")
"""AutoDispatch: members are called by name and not described. AutoDual: they are listed. None: there are none."""

_NAMES: Final = uuid.UUID("0b9c1a54-4b0e-4f4e-9f3e-0d3a7c7f5a10")
_DUAL: Final = (Attribute("dual"),)


def class_interface_declared(cls: type[Any], form: str) -> Declared | None:
    """`_ClassName` in a form; None when there is none. Raises DeclarationError for members that cannot be described."""
    if form not in FORMS:
        raise MarshalDirectiveError(f"a class interface is {', '.join(map(repr, FORMS))}, not {form!r} (R14.17)")
    if form == "none" or class_interface_of(cls) == "none":
        return None
    members = _members(cls) if form == "dual" else ()
    name = f"_{cls.__name__}"
    shown = " ".join([f"{cls.__module__}.{cls.__qualname__}", form, *(f"{each.kind} {each.key}" for each in members)])
    iid = f"{{{uuid.uuid5(_NAMES, shown)}}}".upper()
    local = {cls.__name__: cls}
    spec = InterfaceSpec(cls, name, iid, declared_of(IDispatch), _DUAL, members, Scope(cls.__module__, local))
    return Declared(name, iid, None, lambda: _described(spec, form))


def _described(spec: InterfaceSpec, form: str) -> Piece:
    piece = read_interface(spec)
    if form != "dual":
        return piece
    whole = piece.interface.replace(methods=(*OBJECT_MEMBERS, *piece.interface.methods))
    first = methods_of(whole, range(len(OBJECT_MEMBERS)))
    own = (method.replace(index=method.index + len(first)) for method in piece.methods)
    return piece.replace(interface=whole, methods=(*first, *own))


# -- called by slot ----------------------------------------------------------------------------------------------------

_DUAL_OF: Final[dict[type[Any], Declared]] = {}


def declare_dual(cls: type[Any]) -> None:
    """R14.17: make the class interface of a class known by its IID.

    Raises DeclarationError for members without types, and for a class that has no class interface.
    """
    declared = class_interface_declared(cls, "dual")
    if declared is None:
        raise DeclarationError(
            f"{cls.__name__} has no class interface, because it is generic or hidden; derive it from an interface "
            f"(R14.19)"
        )
    with suppress(Unresolved):  # what stands further below is there when the interface is used
        _ = declared.piece
    _DUAL_OF[cls] = declared
    register(declared)


def dual_interfaces(cls: type[Any]) -> list[Declared]:
    """Those by which native code calls objects of a class early bound: its own and those of its bases (R14.17)."""
    return [_DUAL_OF[base] for base in cls.__mro__ if base in _DUAL_OF and class_interface_of(base) == "dual"]


def _members(cls: type[Any]) -> tuple[Entry, ...]:
    """The public members as entries of an interface, with their numbers."""
    written = [(name, _found(cls, name)) for name in visible_members(cls) if name not in OBJECT_NAMES]
    entries = entries_of(type(cls.__name__, (), {}), written)
    order = list(dict.fromkeys(each.python for each in entries))
    return tuple(
        each.replace(words=each.words.replace(dispid=FIRST_OWN_DISPID + order.index(each.python)))
        if each.words.dispid is None
        else each
        for each in entries
    )


def _found(cls: type[Any], name: str) -> Any:
    return next(vars(base)[name] for base in cls.__mro__ if name in vars(base))


def described_interfaces(cls: type[Any], form: str) -> Iterator[Declared]:
    """Everything that tells of a class: its class interface and those of its bases, then its interfaces (R14.17)."""
    for base in cls.__mro__:
        if base is object or not _is_own(base):
            continue
        found = class_interface_declared(base, form or class_interface_of(base))
        if found is not None:
            yield found
    yield from declared_interfaces(cls)
    yield from words_of(cls).sources


def _is_own(base: type[Any]) -> bool:
    """Whether objects are of this class, rather than of an interface that it derives from."""
    return all(base is not each.cls for each in declared_interfaces(base)) and base.__module__ not in (
        "typing",
        "builtins",
    )


def coclass_of(cls: type[Any], form: str) -> Coclass | None:
    """The class as a coclass, if it has a CLSID: the interface that stands for it is its default one (R14.18)."""
    words = words_of(cls)
    if not words.clsid:
        return None
    sources = {each.name for each in words.sources}
    names = [each.name for each in described_interfaces(cls, form) if each.name not in sources]
    default = default_interface(cls)
    first = default.name if default is not None else names[0]
    own = [Implemented(name, default=name == first) for name in dict.fromkeys(names)]
    if form == "dual" or any(each.interface[0] == "_" for each in own):
        own.append(Implemented(OBJECT))
    events = [Implemented(each.name, default=not index, source=True) for index, each in enumerate(words.sources)]
    return Coclass(cls.__name__, words.clsid, (*own, *events))
