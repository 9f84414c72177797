"""What IDispatch is asked with: how a member is meant, and the numbers that mean something by themselves (R14.22)."""

from __future__ import annotations

from typing import Final

__all__ = [
    "FIRST_OWN_DISPID",
    "GET",
    "METHOD",
    "NEW_ENUM",
    "OWN_CODES",
    "PROPERTY_PUT",
    "PUT",
    "PUTREF",
    "PUTS",
    "UNKNOWN",
    "VALUE",
    "place_of",
    "slot_of",
]

METHOD, GET, PUT, PUTREF = 1, 2, 4, 8
"""DISPATCH_METHOD, DISPATCH_PROPERTYGET, DISPATCH_PROPERTYPUT, DISPATCH_PROPERTYPUTREF."""
PUTS: Final = PUT | PUTREF

VALUE, UNKNOWN, PROPERTY_PUT, NEW_ENUM = 0, -1, -3, -4
"""DISPID_VALUE, DISPID_UNKNOWN, DISPID_PROPERTYPUT (the name of the value that a property gets), DISPID_NEWENUM."""
FIRST_OWN_DISPID: Final = 0x60020004
"""R14.17: the members of a class follow those of `_Object`."""
OWN_CODES: Final = 0x80040200
"""R14.23: FACILITY_ITF, where codes mean what their interface says; small numbers in EXCEPINFO count from here."""


def slot_of(place: int, given: int, named: int) -> int:
    """R14.22: where an argument lies in the array of DISPPARAMS: the named ones first, then the others, last first.

    Its place counts as people write: those without a name, then the named ones.
    """
    return given + named - 1 - place if place < given else place - given


def place_of(slot: int, given: int, named: int) -> int:
    """The place of the argument that lies there."""
    return given + slot if slot < named else given + named - 1 - slot
