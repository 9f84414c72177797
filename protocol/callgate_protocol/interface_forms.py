"""What interface pointers mean in a declaration (R14.3, R14.11, R1.23)."""

from __future__ import annotations

from collections.abc import Iterable

from .directives import DirectiveError
from .forms import InterfacePointer
from .model import Attribute, CType, InterfaceType, TypeLibrary, Void, c_name

__all__ = ["interface_form", "is_interface"]


def is_interface(target: CType, attributes: Iterable[Attribute]) -> bool:
    """Whether a pointer to `target` is an interface pointer; `[iid_is(…)] void *` is one as well."""
    if isinstance(target, InterfaceType):
        return True
    return isinstance(target, Void) and any(word.name == "iid_is" for word in attributes)


def interface_form(
    library: TypeLibrary, target: CType, attributes: Iterable[Attribute], where: str
) -> InterfacePointer:
    """The form of a pointer to an interface, or to a class, for which its default interface stands (R14.11)."""
    words = {word.name: word.argument for word in attributes}
    name = target.name if isinstance(target, InterfaceType) else "IUnknown"
    stands_in = next((each for each in library.coclasses if each.name == name), None)
    if stands_in is not None:
        name = stands_in.default_interface
    if all(each.name != name for each in library.interfaces):
        what = c_name(target) if isinstance(target, InterfaceType) else name
        raise DirectiveError(f"{where}: the interface {what} is named but not described")
    clsid = "" if stands_in is None else stands_in.clsid
    return InterfacePointer(name, "borrowed" in words, words.get("iid_is", ""), clsid)
