"""`callgate.idl` and `callgate.export_idl`: type libraries from text, and as text (`docs/idl.md`)."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from callgate_protocol.automation import OBJECT, WELL_KNOWN, closure
from callgate_protocol.guids import guid_text
from callgate_protocol.identity import Identity
from callgate_protocol.idl_text import idl_text
from callgate_protocol.model import Coclass, TypeLibrary
from callgate_protocol.published import Published

from .binding import Binding
from .com.class_interfaces import coclass_of, described_interfaces
from .com.closure import reach
from .com.declared import find_declared, register
from .declare import Declarations, PrototypeError, parse_declarations
from .errors import DeclarationError
from .lib import Lib
from .libraries import declaration_error
from .typed.libraries import declarations_of

__all__ = ["TypeLib", "export_idl", "idl", "published_of", "read_idl"]

_LARGEST: Final = 4 << 20


class TypeLib:
    """What a text of IDL describes: its interfaces, structs, enums and constants are its attributes."""

    def __init__(self, binding: Binding, identity: Identity) -> None:
        self.__dict__["__callgate__"] = binding
        self.__dict__["__callgate_identity__"] = identity
        names = {
            **binding.constants,
            **binding.handles,
            **binding.enums,
            **binding.structs,
            **binding.interface_classes,
        }
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        near = difflib.get_close_matches(name, self.__dict__, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"{self!r} describes no {name!r}{hint}", name=name, obj=self)

    def __repr__(self) -> str:
        identity: Identity = self.__dict__["__callgate_identity__"]
        binding: Binding = self.__dict__["__callgate__"]
        return f"<type library {identity.name or binding.file}: {len(binding.declared.interfaces)} interfaces>"


def idl(text: str = "", *, file: str | os.PathLike[str] = "") -> TypeLib:
    """Read IDL, from a text or a file, and know its interfaces in this process (R15.12).

    What comes back has them as attributes, for `callgate.query`, `isinstance` and to derive from; structs, enums and
    constants too. The names of types mean what IDL means by them: `long` has four bytes.

    Raises DeclarationError with line and column, MarshalDirectiveError for an interface that breaks what interfaces
    promise (R19.33), TypeLoadError for one that another declaration describes otherwise (R14.29), OSError.
    """
    if bool(text) == bool(file):
        raise TypeError("callgate.idl takes a text, or file=…")
    label = os.fspath(file) or "IDL"
    declared = _parse(_content(label) if file else text, label)
    library = TypeLib(Binding(label, declared, _nowhere, None, None), declared.identity)
    for known in library.__dict__["__callgate__"].interfaces.values():
        if known.name not in WELL_KNOWN:
            register(known)
            _ = known.piece  # an IID that is known with other slots is refused here
    return library


def read_idl(file: str) -> Published:
    """The type library that a file of IDL describes. Raises DeclarationError, OSError."""
    declared = _parse(_content(file), file)
    return Published(declared.identity, declared.library)


def _content(file: str) -> str:
    with open(file, encoding="utf-8") as opened:
        return opened.read(_LARGEST + 1)


def _parse(text: str, label: str) -> Declarations:
    try:
        return parse_declarations(text, idl=True)
    except PrototypeError as error:
        raise declaration_error(label, error) from None


def _nowhere(label: str) -> NoReturn:
    raise TypeError(f"{label} describes and performs nothing; load a library, or create an object")


def published_of(library: TypeLib) -> Published:
    """A type library as the registry and other processes know it (R17.15)."""
    return Published(library.__dict__["__callgate_identity__"], library.__dict__["__callgate__"].declared)


# -- as text -----------------------------------------------------------------------------------------------------------


def export_idl(
    *described: Any, name: str = "", libid: str = "", version: str = "", class_interface: str = "", plain: bool = False
) -> str:
    """IDL for libraries, interfaces and classes: everything that they name is described once.

    `name`, `libid` and `version` make a `library` block of it. A class of objects is described by its class interface
    `_ClassName` and its interfaces; `class_interface="dual"` lists its public members with their numbers (R14.17).
    `plain` leaves out the words that only callgate knows. Raises DeclarationError, TypeError.
    """
    if not described:
        raise TypeError("callgate.export_idl takes libraries, interfaces or classes")
    identity, parts = Identity(), []
    for each in described:
        if isinstance(each, TypeLib):
            identity = each.__dict__["__callgate_identity__"]
        parts.append(_described(each, class_interface))
    if name:
        identity = Identity(name, guid_text(libid) if libid else "", version)
    return idl_text(_joined(parts), identity, plain=plain)


def _described(each: Any, form: str) -> TypeLibrary:
    if isinstance(each, TypeLib | Lib):
        binding: Binding = each.__dict__["__callgate__"]
        return binding.declared
    if isinstance(each, TypeLibrary):
        return each
    declared = find_declared(each)
    if declared is not None:
        return declared.library
    if hasattr(each, "__callgate_library__"):
        return declarations_of(each).library
    if not isinstance(each, type):
        raise TypeError(f"{each!r} is no library, interface or class that IDL could describe")
    return _class(each, form)


def _class(cls: type[Any], form: str) -> TypeLibrary:
    interfaces = list(described_interfaces(cls, form))
    if not interfaces:
        raise DeclarationError(f"{cls.__name__} has no interface, and its class interface is 'none' (R14.17, R14.18)")
    library = reach(interfaces, cls.__name__).library
    coclass = coclass_of(cls, form)
    if coclass is None:
        return library
    return _with_class(library, coclass)


def _with_class(library: TypeLibrary, coclass: Coclass) -> TypeLibrary:
    known = {each.name: each for each in library.interfaces}
    if any(each.interface == OBJECT for each in coclass.interfaces):
        known |= {name: known.get(name, WELL_KNOWN[name]) for name in closure({OBJECT})}
    return library.replace(interfaces=tuple(known[name] for name in sorted(known)), coclasses=(coclass,))


def _joined(parts: Iterable[TypeLibrary]) -> TypeLibrary:
    groups: dict[str, dict[str, Any]] = {group: {} for group in TypeLibrary.__match_args__}
    for part in parts:
        for group, entries in groups.items():
            for entry in getattr(part, group):
                if entries.setdefault(entry.name, entry) != entry:
                    raise DeclarationError(f"two different {group} are called {entry.name}; export them apart (R14.29)")
    return TypeLibrary(**{group: tuple(entries[name] for name in sorted(entries)) for group, entries in groups.items()})
