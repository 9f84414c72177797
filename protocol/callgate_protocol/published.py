"""Type libraries as other processes see them: named, versioned, and asked for an interface by its IID (R15.12, R17.15).

A process that hands out a reference publishes what the interface looks like; one that receives it asks by IID for the
**contract**: the smallest library that says how to call the interface. Two that know the IID must mean the same by it:
the hashes of their contracts are equal, or the crossing is refused, since one IID with different slots would call the
wrong method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from .automation import WELL_KNOWN
from .codec import decode, encode
from .directives import DirectiveError
from .errors import RemoteProtocolError
from .guids import read_guid
from .interfaces import chain_of
from .limits import Limits
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
from .typelib import TYPE_LIBRARY_LIMITS, decode_library, encode_library, library_hash
from .value import Value

__all__ = [
    "UNNAMED",
    "Catalogue",
    "Identity",
    "InterfaceChanged",
    "InterfaceUnknown",
    "Published",
    "contract_hash",
    "contract_of",
    "decode_published",
    "encode_published",
]

REGDB_E_IIDNOTREG: Final = 0x80040155


class Identity(Value):
    """What a type library is called: its name, its LIBID (canonical, or "") and its version, such as "1.0"."""

    name: str = ""
    libid: str = ""
    version: str = ""


UNNAMED: Final = Identity()


class Published(Value):
    """A type library with its identity; its hash is that of its canonical bytes."""

    identity: Identity
    library: TypeLibrary

    @property
    def hash(self) -> bytes:
        """SHA-256 of the canonical encoding."""
        return library_hash(encode_library(self.library))


class InterfaceUnknown(LookupError):
    """Nobody described the interface here: REGDB_E_IIDNOTREG (R14.13, R15.12, R19.36)."""

    hresult: Final = REGDB_E_IIDNOTREG

    def __init__(self, iid: str) -> None:
        super().__init__(
            f"the interface {iid} is not described here, so its objects cannot cross (R15.12, R19.36); declare it, or "
            "register the type library that describes it"
        )
        self.iid = iid


class InterfaceChanged(ValueError):
    """One IID, two contracts: an interface was changed and kept its IID (R14.4, R17.15)."""

    hresult: Final = REGDB_E_IIDNOTREG

    def __init__(self, iid: str, name: str) -> None:
        super().__init__(
            f"{name} {iid} is described in two ways, and interfaces never change: the two ends have different "
            "versions; give the changed one a new IID (R14.4, R17.15)"
        )
        self.iid = iid


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
    """What two processes compare before an object with this interface crosses (R17.15).

    How parameters of the same types are called matters to people only, so it is part of the contract all the same:
    names are what late binding and Python call by.
    """
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


# -- many libraries, asked by IID --------------------------------------------------------------------------------------


class Catalogue:
    """The type libraries that a process or a registry knows, asked by IID and by LIBID (R15.12, R16.17, R17.15)."""

    def __init__(self) -> None:
        self._libraries: dict[tuple[str, str], Published] = {}
        self._by_iid: dict[str, tuple[TypeLibrary, Interface]] = {}
        self._hashes: dict[str, bytes] = {}

    def add(self, published: Published) -> None:
        """Take up a library. Raises InterfaceChanged when it describes an IID otherwise than another does."""
        library = published.library
        fresh = {each.iid: each for each in library.interfaces if WELL_KNOWN.get(each.name) != each}
        hashes = {iid: contract_hash(library, interface) for iid, interface in fresh.items()}
        for iid, made in hashes.items():
            if self._hashes.get(iid, made) != made:
                raise InterfaceChanged(iid, fresh[iid].name)
        self._hashes |= hashes
        self._by_iid |= {iid: (library, interface) for iid, interface in fresh.items()}
        identity = published.identity
        if identity.libid:
            self._libraries[identity.libid, identity.version] = published

    def library(self, libid: str, version: str = "") -> Published:
        """The library of that LIBID; of several versions the highest, unless one is named. Raises KeyError."""
        versions = {each: found for (known, each), found in self._libraries.items() if known == libid}
        if not versions or (version and version not in versions):
            raise KeyError(libid)
        return versions[version or max(versions, key=_version)]

    def knows(self, iid: str) -> bool:
        """Whether objects with this interface may cross: described here, or well known (R15.12)."""
        return iid in self._by_iid or iid in _WELL_KNOWN_IIDS

    def contract(self, iid: str) -> tuple[TypeLibrary, bytes]:
        """What a peer is told about an interface, and its hash. Raises InterfaceUnknown."""
        if iid not in self._by_iid:
            raise InterfaceUnknown(iid)
        return contract_of(*self._by_iid[iid]), self._hashes[iid]

    def check(self, iid: str, theirs: bytes) -> None:
        """Compare a peer's hash with ours. Raises InterfaceUnknown, InterfaceChanged (R17.15)."""
        if iid in _WELL_KNOWN_IIDS:
            return
        if iid not in self._by_iid:
            raise InterfaceUnknown(iid)
        if self._hashes[iid] != theirs:
            raise InterfaceChanged(iid, self._by_iid[iid][1].name)

    def take(self, iid: str, encoded: bytes, limits: Limits = TYPE_LIBRARY_LIMITS) -> Interface:
        """Take up the contract that a peer sent for an IID, and answer the interface.

        Raises RemoteProtocolError when it is no contract of that IID, InterfaceChanged when we know it otherwise.
        """
        library = decode_library(encoded, limits)
        found = next((each for each in library.interfaces if each.iid == iid), None)
        try:
            if found is None or contract_of(library, found) != library:
                raise RemoteProtocolError(f"what arrived is not the contract of {iid}")
        except DirectiveError as error:
            raise RemoteProtocolError(f"the contract of {iid} is not complete: {error}") from error
        made = library_hash(encoded)
        if self._hashes.setdefault(iid, made) != made:
            raise InterfaceChanged(iid, found.name)
        self._by_iid.setdefault(iid, (library, found))
        return found


_WELL_KNOWN_IIDS: Final = frozenset(each.iid for each in WELL_KNOWN.values())


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in text.split("."))


# -- bytes -------------------------------------------------------------------------------------------------------------


def encode_published(published: Published) -> bytes:
    """`[name, libid, version, type library]`: the canonical bytes of a registered type library."""
    identity = published.identity
    return encode([identity.name, identity.libid, identity.version, encode_library(published.library)])


def decode_published(encoded: bytes, limits: Limits = TYPE_LIBRARY_LIMITS) -> Published:
    """Read them back. Raises RemoteProtocolError."""
    value = decode(encoded, limits)
    try:
        name, libid, version, library = value
        if not all(type(each) is str for each in (name, version)) or type(library) is not bytes:
            raise TypeError("expected [name, libid, version, type library]")
        identity = Identity(name, read_guid(libid) if libid != "" else "", version)
    except (ValueError, TypeError) as error:
        raise RemoteProtocolError(f"malformed registered type library: {error}") from error
    published = Published(identity, decode_library(library, limits))
    if encode_published(published) != encoded:
        raise RemoteProtocolError("a registered type library is not in its canonical encoding")
    return published
