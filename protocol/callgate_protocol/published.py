"""Type libraries as other processes see them: named, versioned, and known by what they promise (R15.12, R17.15).

The **contract** of an interface is the smallest library that says how to call it. Whoever knows an IID must mean the
same by it: the hash of the contract is registered with the interface, and a description with another one is refused,
since one IID with different slots would call the wrong method (R14.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from .directives import DirectiveError
from .identity import Identity
from .interfaces import chain_of
from .model import (
    Array,
    CType,
    Delegate,
    EnumType,
    FunctionPointer,
    Interface,
    InterfaceType,
    Opaque,
    Parameter,
    Pointer,
    SafeArray,
    StructType,
    TypeLibrary,
)
from .typelib import encode_library, library_hash
from .value import Value

__all__ = ["Published", "contract_hash", "contract_of"]


class Published(Value):
    """A type library with its identity; its hash is that of its canonical bytes."""

    identity: Identity
    library: TypeLibrary

    @property
    def hash(self) -> bytes:
        """SHA-256 of the canonical encoding."""
        return library_hash(encode_library(self.library))


_Entry = TypeVar("_Entry")


# -- the contract of one interface -------------------------------------------------------------------------------------


def contract_of(library: TypeLibrary, interface: Interface) -> TypeLibrary:
    """The smallest library that says how to call the interface: its bases, and all that their parameters name.

    Other interfaces that parameters name are there by name, IID and base only: their own contracts are asked for when
    an object of theirs arrives. Raises DirectiveError when something named is not described.
    """
    chain = chain_of(library, interface)
    gathered = _Gathered(library)
    for each in chain:
        gathered.add_methods(each)
    kept = {each.name: each for each in chain}
    for name in sorted(gathered.interfaces - kept.keys()):
        for each in chain_of(library, library.interface(name)):
            kept.setdefault(each.name, each.replace(methods=(), attributes=()))
    return gathered.made(kept)


def contract_hash(library: TypeLibrary, interface: Interface) -> bytes:
    """What is registered of an interface, and compared (R17.15). Names are part of it: Python calls by them."""
    return library_hash(encode_library(contract_of(library, interface)))


class _Gathered:
    """What the methods of an interface name, through everything that it names itself."""

    def __init__(self, library: TypeLibrary) -> None:
        self.library = library
        self.interfaces: set[str] = set()
        self.coclasses: set[str] = set()
        self.found: set[CType] = set()

    def add_methods(self, interface: Interface) -> None:
        for method in interface.methods:
            self._add_parameters((method.result, *method.parameters))

    def _add_parameters(self, parameters: Iterable[Parameter]) -> None:
        for parameter in parameters:
            self._add(parameter.type)
            if parameter.has("iid_is"):
                self.interfaces.add("IUnknown")

    def _add(self, ctype: CType) -> None:
        while isinstance(ctype, Pointer | Array | SafeArray):
            ctype = ctype.target if isinstance(ctype, Pointer) else ctype.element
        if isinstance(ctype, InterfaceType):
            self._add_interface(ctype.name)
        elif isinstance(ctype, StructType | EnumType | Opaque | FunctionPointer) and ctype not in self.found:
            self.found.add(ctype)
            if isinstance(ctype, StructType):
                for field in _known(self.library.record, ctype.name).fields:
                    self._add(field.type)
            elif isinstance(ctype, FunctionPointer):
                shape: Delegate = _known(self.library.delegate, ctype.delegate)
                self._add_parameters((shape.result, *shape.parameters))

    def _add_interface(self, name: str) -> None:
        coclass = next((each for each in self.library.coclasses if each.name == name), None)
        if coclass is None:
            _known(self.library.interface, name)
            self.interfaces.add(name)
            return
        self.coclasses.add(name)
        self.interfaces |= {each.interface for each in coclass.interfaces}

    def made(self, interfaces: dict[str, Interface]) -> TypeLibrary:
        whole, found = self.library, self.found
        return TypeLibrary(
            records=tuple(each for each in whole.records if StructType(each.name) in found),
            enums=tuple(each for each in whole.enums if EnumType(each.name) in found),
            delegates=tuple(each for each in whole.delegates if FunctionPointer(each.name) in found),
            opaques=tuple(each for each in whole.opaques if Opaque(each.name) in found),
            interfaces=tuple(interfaces[name] for name in sorted(interfaces)),
            coclasses=tuple(each for each in whole.coclasses if each.name in self.coclasses),
        )


def _known(find: Callable[[str], _Entry], name: str) -> _Entry:
    try:
        return find(name)
    except KeyError:
        raise DirectiveError(f"the type {name} is named but not described") from None
