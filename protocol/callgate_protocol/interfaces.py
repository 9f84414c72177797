"""Where the methods of a library's interfaces stand: their numbers, their slots, and what objects look like (R14.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from .directives import DirectiveError
from .model import Array, CType, Function, Interface, InterfaceType, Pointer, TypeLibrary

__all__ = [
    "PLAIN",
    "UNKNOWN_SLOTS",
    "MethodPlace",
    "Shape",
    "chain_of",
    "iids_of",
    "is_late",
    "method_places",
    "shape_of",
    "takes_objects",
]

UNKNOWN_SLOTS: Final = 3
"""QueryInterface, AddRef, Release: the first slots of every interface."""


class MethodPlace(NamedTuple):
    """One method of a library."""

    number: int
    """By which a `call` names it."""
    interface: Interface
    slot: int
    """Its index in the vtable; -1 for members of a pure dispinterface, which have none."""
    method: Function


class Shape(NamedTuple):
    """What objects behind an interface look like where that is not COM's own (appendix F of the rule book)."""

    big_guids: bool = False
    """IIDs are big-endian in all their bytes, as VST3 writes them."""
    extra_slots: int = 0
    """Slots between Release and the first method: destructors of a C++ base class."""
    vtable_offset: int = 0
    """Where in the object the pointer to the vtable lies."""
    convention: str = ""
    """The calling convention when it is not the platform's."""
    hidden_result: str = ""
    """`before` or `after` `this`: where the address of a result that is an aggregate is passed, if it always is."""
    loose_identity: bool = False
    """Its objects answer different IUnknown pointers, so the pointer itself is the identity."""


PLAIN: Final = Shape()
"""COM's own."""


def chain_of(library: TypeLibrary, interface: Interface) -> list[Interface]:
    """The interface with all its bases, the root first. Raises DirectiveError for a base that is not there."""
    chain, names = [interface], {interface.name}
    while (base := chain[-1].base) != "":
        try:
            found = library.interface(base)
        except KeyError:
            raise DirectiveError(f"{chain[-1].name} derives from {base}, which is not described (R14.1)") from None
        if base in names:
            raise DirectiveError(f"{interface.name} derives from itself (R14.1)")
        chain.append(found)
        names.add(base)
    return chain[::-1]


def method_places(library: TypeLibrary) -> list[MethodPlace]:
    """Every method of every interface; their numbers follow those of the functions. Raises DirectiveError."""
    return list(_places(library))


def _places(library: TypeLibrary) -> Iterator[MethodPlace]:
    number = len(library.functions)
    for interface in library.interfaces:
        chain = chain_of(library, interface)
        slot = UNKNOWN_SLOTS + shape_of(library, interface).extra_slots
        slot += sum(len(base.methods) for base in chain[:-1] if not is_late(base))
        for index, method in enumerate(interface.methods):
            yield MethodPlace(number + index, interface, -1 if is_late(interface) else slot + index, method)
        number += len(interface.methods)


def is_late(interface: Interface) -> bool:
    """A pure dispinterface: its members have no slots (R14.1)."""
    return any(word.name == "dispatch" for word in interface.attributes)


def iids_of(library: TypeLibrary, interface: Interface) -> list[str]:
    """The IIDs that an object of this interface answers: its own and those of its bases."""
    return [each.iid for each in chain_of(library, interface)]


def shape_of(library: TypeLibrary, interface: Interface) -> Shape:
    """What the objects look like; a derived interface has the shape of its base and may add to it."""
    words = {word.name: word.argument for each in chain_of(library, interface) for word in each.attributes}
    try:
        return Shape(
            words.get("guid", "") == "big",
            int(words.get("extra_slots", "0")),
            int(words.get("vtable_offset", "0")),
            words.get("convention", ""),
            words.get("hidden_result", ""),
            "loose_identity" in words,
        )
    except ValueError:
        raise DirectiveError(f"extra_slots and vtable_offset of {interface.name} are numbers") from None


def takes_objects(library: TypeLibrary, interface: Interface) -> bool:
    """Whether callers of its methods pass objects, which are called back."""
    return any(
        _is_of_objects(parameter.type) and (parameter.attribute("in") or not parameter.attribute("out"))
        for each in chain_of(library, interface)
        if each.base  # not those of IUnknown
        for method in each.methods
        for parameter in method.parameters
    )


def _is_of_objects(ctype: CType) -> bool:
    while isinstance(ctype, Pointer | Array):
        ctype = ctype.target if isinstance(ctype, Pointer) else ctype.element
    return isinstance(ctype, InterfaceType)
