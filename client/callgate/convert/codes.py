"""The `struct` codes of numbers that arrays carry packed."""

from __future__ import annotations

from callgate_protocol.forms import CARRIERS, Boolean, Character, Enumeration, Floating, Form, Integer, SystemValue

from .base import TypeSpace

__all__ = ["element_code"]


def element_code(form: Form, types: TypeSpace) -> str:
    """The `struct` code of a number without its byte order; "" for elements that travel one by one."""
    match form:
        case Integer(scalar) | Floating(scalar) | Enumeration(_, scalar) | Character(scalar):
            return types.abi.struct_code(scalar)
        case SystemValue(name):
            return types.abi.struct_code(CARRIERS[name]) if name in CARRIERS else ""
        case Boolean():
            return "?"
        case _:
            return ""
