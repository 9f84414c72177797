"""Short words for what well-known interfaces are made of (`standard`, `automation`)."""

from __future__ import annotations

from typing import Final

from .model import Attribute, CType, Function, InterfaceType, Parameter, Pointer, Scalar, SystemType

__all__ = ["BY_IID", "GUID", "IID", "U4", "given", "method", "object_of", "out", "retval"]

GUID: Final = SystemType("GUID")
U4: Final = Scalar("u4")


def method(name: str, *parameters: Parameter, words: tuple[Attribute, ...] = (), throws: bool = True) -> Function:
    """`HRESULT name(parameters)`, which is raised when it is a failure, unless `throws` says otherwise."""
    words = (*words, Attribute("throws")) if throws else words
    return Function(name, Parameter("", SystemType("HRESULT"), tuple(sorted(words))), parameters)


def given(name: str, ctype: CType, *words: Attribute) -> Parameter:
    """`ctype name`."""
    return Parameter(name, ctype, tuple(sorted(words)))


def out(name: str, ctype: CType, *words: Attribute) -> Parameter:
    """`[out] ctype *name`."""
    return given(name, Pointer(ctype), Attribute("out"), *words)


def retval(name: str, ctype: CType, *words: Attribute) -> Parameter:
    """`[out, retval] ctype *name`."""
    return out(name, ctype, Attribute("retval"), *words)


def object_of(interface: str) -> CType:
    """`interface *`."""
    return Pointer(InterfaceType(interface))


IID: Final = given("iid", Pointer(GUID, const=True))
BY_IID: Final = Attribute("iid_is", "iid")
