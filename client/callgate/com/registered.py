"""Interfaces that a registered type library describes, found by their IID (R15.12, R17.15)."""

from __future__ import annotations

import uuid
from typing import Any

from callgate.errors import TypeLoadError
from callgate.registrations import current_registry, refusal
from callgate.typelibs import read_idl
from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.automation import WELL_KNOWN
from callgate_protocol.guids import guid_text
from callgate_protocol.published import contract_hash

from .closure import family_of
from .declared import Declared, declared_by_iid, register
from .modelled import interface_classes

__all__ = ["find_by_iid", "interface_of"]


def find_by_iid(iid: str) -> Declared | None:
    """An interface that is declared in this process, or that a registered type library describes; None for others.

    Raises TypeLoadError for an interface that is not what was registered, ComError for registry files that are wrong,
    DeclarationError, OSError.
    """
    known = declared_by_iid(iid)
    if known is not None:
        return known
    registry = current_registry()
    entry = registry.interfaces.get(iid)
    file = registry.typelib_file(entry.typelib, entry.version) if entry is not None and entry.typelib else ""
    if entry is None or not file:
        return None
    library = read_idl(file).library
    found = next((each for each in library.interfaces if each.iid == iid), None)
    if found is None or (entry.contract and contract_hash(library, found).hex() != entry.contract):
        raise TypeLoadError(
            f"{file} describes {entry.name or 'the interface'} {iid} otherwise than when it was registered, and "
            "interfaces never change: give what is new an IID of its own, or register the library again (R14.4, R17.15)"
        )
    for declared in family_of(library).values():
        if declared.name not in WELL_KNOWN:
            register(declared)
    return declared_by_iid(iid)


def interface_of(iid: str | uuid.UUID) -> Any:
    """The class of an interface by its IID: declared in this process, or described by a registered type library.

    Raises ComError with REGDB_E_IIDNOTREG for one that nobody describes (R15.12, R19.36), and what `find_by_iid` does.
    """
    canonical = guid_text(str(iid))
    found = find_by_iid(canonical)
    if found is None:
        text = (
            f"the interface {canonical} is not described here: declare it, or register the type library that describes "
            "it with 'callgate register FILE.idl' (R15.12, R19.36)"
        )
        raise refusal(ActivationRefused("REGDB_E_IIDNOTREG", text))
    if found.cls is None:
        interface_classes(found.family)
    return found.cls
