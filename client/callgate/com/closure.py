"""Declarations put together: everything that some interfaces reach, as one type library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from callgate.declare.python import C_ONLY, PLAIN, Face, PythonSide
from callgate.equivalents import why_not_equivalent
from callgate.errors import DeclarationError, MarshalDirectiveError, TypeLoadError
from callgate_protocol.automation import OBJECT, WELL_KNOWN
from callgate_protocol.interfaces import chain_of, method_places
from callgate_protocol.layout import LayoutError, check_records
from callgate_protocol.marshal import DirectiveError, members_of, resolve
from callgate_protocol.model import (
    Array,
    Delegate,
    Function,
    Interface,
    InterfaceType,
    Pointer,
    SafeArray,
    TypeLibrary,
    Void,
)
from callgate_protocol.standard import IIDS
from callgate_protocol.value import Value

from .declared import Contents, Declared, Method, Piece, Property

__all__ = ["Reached", "contents_of", "family_of", "methods_of", "of_model", "reach"]

_GROUPS = ("records", "enums", "delegates", "opaques", "coclasses")
_CLASSES = ("structs", "enums", "handles")


class Reached(Value):
    """Some interfaces with everything that they reach."""

    library: TypeLibrary
    python: PythonSide
    interfaces: Mapping[str, Declared]


def reach(start: Iterable[Declared], label: str, types: TypeLibrary = TypeLibrary()) -> Reached:  # noqa: B008 - a value
    """Follow the mentions of interfaces to the last one; `types` are a library's own types, which join them.

    Raises DeclarationError when one name means two things.
    """
    found: dict[str, Declared] = {}
    waiting = [(declared.name, declared) for declared in start]
    groups: dict[str, dict[str, Any]] = {group: {} for group in _GROUPS}
    classes: dict[str, dict[str, Any]] = {kind: {} for kind in _CLASSES}
    _join(groups, types, label)
    interfaces: dict[str, Interface] = {}
    while waiting:
        name, declared = waiting.pop()
        known = found.setdefault(name, declared)
        if known is not declared and known.iid != declared.iid:
            raise DeclarationError(
                f"{label}: two interfaces are called {name}, {known.label} and {declared.label}; "
                f"give one of them another name="
            )
        if known is not declared or name in interfaces:
            continue
        piece = declared.piece
        interfaces[name] = piece.interface
        _join(groups, piece.types, label)
        for kind in _CLASSES:
            classes[kind] = dict(getattr(piece.python, kind)) | classes[kind]
        _refuse_members(piece, classes["structs"], label)
        waiting.extend(piece.mentions.items())
    named = {group: tuple(entries[name] for name in sorted(entries)) for group, entries in groups.items()}
    library = types.replace(**named, interfaces=tuple(interfaces[name] for name in sorted(interfaces)))
    return Reached(library, PythonSide(**classes, interfaces=found), found)


def _join(groups: dict[str, dict[str, Any]], types: TypeLibrary, label: str) -> None:
    for group in _GROUPS:
        for entry in getattr(types, group):
            if groups[group].setdefault(entry.name, entry) != entry:
                raise TypeLoadError(
                    f"{label}: {group} called {entry.name} differ between the interfaces that it reaches; "
                    f"give one of them another name= (R14.29)"
                )


def _refuse_members(piece: Piece, known: Mapping[str, Any], label: str) -> None:
    """R19.46: of two classes for one struct, neither may have what the other one lacks."""
    for name, cls in piece.python.structs.items():
        other = known[name]
        why = "" if cls is other else why_not_equivalent(cls) or why_not_equivalent(other)
        if why:
            raise TypeLoadError(
                f"{label}: two classes stand for the struct {name}, and {why}; use one of them for both, or leave "
                f"everything out but public members (R14.29, R19.46)"
            )


def contents_of(declared: Declared) -> Contents:
    """Everything that an interface reaches, with its methods by name. Raises DeclarationError."""
    reached = reach([declared], declared.name)
    library = reached.library
    try:
        check_records(library)
        for record in library.records:
            members_of(library, record)
        for entry in library.delegates:
            resolve(library, entry)
        for method in library.interface(declared.name).methods:
            resolve(library, method)
        methods = _methods(reached, declared)
    except LayoutError as error:
        raise TypeLoadError(f"{declared.name}: {error}") from None
    except DirectiveError as error:
        raise MarshalDirectiveError(f"{declared.name}: {error}") from None
    return Contents(library, reached.python, methods, _properties(methods.values()), reached.interfaces)


def _methods(reached: Reached, declared: Declared) -> dict[str, Method]:
    library = reached.library
    numbers: dict[str, int] = {}
    for place in method_places(library):
        numbers.setdefault(place.interface.name, place.number)
    found = {}
    for interface in chain_of(library, library.interface(declared.name)):
        for method in reached.interfaces[interface.name].piece.methods:
            found[method.key] = method.replace(number=numbers[interface.name] + method.index)
    return found


def _properties(methods: Iterable[Method]) -> dict[str, Property]:
    found: dict[str, Property] = {}
    for method in methods:
        if method.kind != "method" and method.python != method.key:
            found[method.python] = found.get(method.python, Property()).replace(**{method.kind: method})
    return found


# -- interfaces that a model describes ---------------------------------------------------------------------------------

_LEFT_OUT = frozenset({"defaultvalue", "optional", "lcid"})
_HIDDEN = frozenset({IIDS["IUnknown"], IIDS["IDispatch"], WELL_KNOWN[OBJECT].iid})
"""What a proxy does itself (R14.8)."""
_KINDS = {"propget": "get", "propput": "put", "propputref": "putref"}


def of_model(library: TypeLibrary, name: str) -> Declared:
    """An interface of a type library as a declaration; IUnknown and the like have no methods that Python sees (R14.8).

    Raises KeyError when the library does not describe it.
    """
    return _all_of(library)[name]


def family_of(library: TypeLibrary, python: PythonSide = C_ONLY) -> Mapping[str, Declared]:
    """All interfaces of a text as declarations that know each other, with the classes of its types."""
    made = _all_of(library, python)
    for declared in made.values():
        declared.family = made
    return made


def _all_of(library: TypeLibrary, python: PythonSide = C_ONLY) -> Mapping[str, Declared]:
    made: dict[str, Declared] = {}
    for interface in library.interfaces:
        read = partial(_piece, library, interface, made, python)
        made[interface.name] = Declared(interface.name, interface.iid, None, read)
    return made


def _piece(library: TypeLibrary, interface: Interface, made: Mapping[str, Declared], python: PythonSide) -> Piece:
    count = 0 if interface.iid in _HIDDEN else len(interface.methods)
    methods = tuple(_method(library, interface, index) for index in range(count))
    names = _mentions(library, interface)
    coclasses = tuple(each for each in library.coclasses if each.name in names)
    names |= {each.interface for coclass in coclasses for each in coclass.interfaces} - {interface.name}
    mentions = {name: made[name] for name in names if name in made}
    types = library.replace(functions=(), interfaces=(), coclasses=coclasses)
    return Piece(interface, methods, types, python, mentions)


def _mentions(library: TypeLibrary, interface: Interface) -> set[str]:
    """What an interface names: its base, interfaces and classes in its signatures, and those inside its structs."""
    found = {interface.base}
    places: list[Function | Delegate] = [*interface.methods, *library.delegates]
    types = [each.type for place in places for each in (place.result, *place.parameters)]
    types += [field.type for record in library.records for field in record.fields]
    for ctype in types:
        inner = ctype
        while isinstance(inner, Pointer | Array | SafeArray):
            inner = inner.target if isinstance(inner, Pointer) else inner.element
        if isinstance(inner, InterfaceType):
            found.add(inner.name)
        elif isinstance(inner, Void):
            found.add("IUnknown")  # behind [iid_is(…)] void *
    return found - {interface.name, ""}


def _defaults(library: TypeLibrary, function: Function) -> Mapping[str, Any]:
    if not any(word.name in _LEFT_OUT for each in function.parameters for word in each.attributes):
        return {}
    from .defaults import defaults_of  # noqa: PLC0415 - brings VARIANTs in, which few interfaces need

    return defaults_of(library, function)


def methods_of(interface: Interface, indices: Iterable[int]) -> tuple[Method, ...]:
    """Methods of an interface that need nothing but it, without numbers."""
    return tuple(_method(TypeLibrary(), interface, index) for index in indices)


def _method(library: TypeLibrary, interface: Interface, index: int) -> Method:
    function = interface.methods[index]
    defaults = _defaults(library, function)
    kind = next((_KINDS[word.name] for word in function.result.attributes if word.name in _KINDS), "method")
    plain = kind == "method" or len(function.parameters) > 1  # an indexed property is called like a method
    key = function.name if kind == "method" else f"{kind}_{function.name}"
    return Method(
        key,
        key if plain else function.name,
        kind,
        interface.name,
        index,
        -1,
        function,
        Face(defaults) if defaults else PLAIN,
    )
