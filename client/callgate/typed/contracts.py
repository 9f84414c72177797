"""Interfaces read: methods as functions of the model, with the types they mention (R14.1, R11.4, R11.5, R7.21)."""

from __future__ import annotations

import inspect
from typing import Final

from callgate.com.declared import Declared, Method, Piece, find_declared
from callgate.com.defaults import word_of
from callgate.com.wellknown import wellknown
from callgate.declare.modes import CLASSIC
from callgate.declare.python import PythonSide
from callgate.errors import MarshalDirectiveError, TypeLoadError
from callgate.memory import opaque_of
from callgate_protocol.automation import DELEGATE
from callgate_protocol.contracts import ContractBroken, Said, as_delegate, check_contracts
from callgate_protocol.layout import LayoutError, check_records
from callgate_protocol.marshal import DirectiveError, members_of, resolve
from callgate_protocol.model import (
    Attribute,
    Function,
    Interface,
    InterfaceType,
    Parameter,
    Pointer,
    SystemType,
    TypeLibrary,
    Void,
)

from .bodies import Entry
from .callables import Read, read_delegate, read_inline, read_method
from .interfaces import InterfaceSpec
from .members import read_record
from .space import Readers, Space
from .values import lower
from .where import Where

__all__ = ["read_interface"]

_READERS: Final = Readers(lower, read_record, read_delegate, read_inline)
_WORDS: Final = {"get": "propget", "put": "propput", "putref": "propputref"}
_FIRST_DISPID: Final = 0x60000000
"""Where the numbers of members begin that have none of their own; each level of bases has 65536 more."""
_HRESULT: Final = SystemType("HRESULT")


def read_interface(spec: InterfaceSpec) -> Piece:
    """What an interface's class says. Raises DeclarationError naming the method, the parameter and the rule."""
    space = Space(spec.name, CLASSIC, _READERS)
    space.interface(spec.base)
    methods = [_method(space, spec, index, entry) for index, entry in enumerate(spec.entries)]
    space.settle()
    functions = tuple(method.function for method in methods)
    _refuse_one_number(spec, functions)
    found = Interface(spec.name, spec.iid, spec.base.name, functions, spec.attributes)
    types = _types(space)
    _check(spec, space, types, found)
    mentions = {name: each for name, each in space.interfaces.items() if name != spec.name}
    side = PythonSide(space.structs, space.enum_classes, space.handles)
    return Piece(found, tuple(methods), types, side, mentions)


def _types(space: Space) -> TypeLibrary:
    opaques = {opaque.name: opaque for opaque in map(opaque_of, space.handles.values())}
    return TypeLibrary(
        records=tuple(space.records[name] for name in sorted(space.records)),
        enums=tuple(space.enums[name] for name in sorted(space.enums)),
        delegates=tuple(space.delegates[name] for name in sorted(space.delegates)),
        opaques=tuple(opaques[name] for name in sorted(opaques)),
        coclasses=tuple(space.coclasses[name] for name in sorted(space.coclasses)),
    )


def _method(space: Space, spec: InterfaceSpec, index: int, entry: Entry) -> Method:
    label = f"{spec.name}.{entry.key}"
    path = f"{spec.name}.{entry.c_name}"  # function pointers are called after the place where they stand
    where = Where(label, "", "", path, "unicode", space.modes, com=True, local=spec.local)
    read = read_method(space, entry.function, where, spec.scope, throws=not entry.words.preserve_sig)
    _check_result(label, read, entry)
    words = {"id": str(_dispid(spec, label, index, entry))} if _numbered(spec, entry) else {}
    if entry.kind in _WORDS:
        words[_WORDS[entry.kind]] = ""
    attributes = (*read.result.attributes, *(Attribute(word, argument) for word, argument in words.items()))
    result = read.result.replace(attributes=tuple(sorted(attributes)))
    text = f"{entry.key}{inspect.signature(entry.function)}"
    parameters = tuple(map(as_delegate, read.parameters))
    if parameters != read.parameters and any(_is_delegate(each) for each in parameters):
        space.interface(wellknown(DELEGATE))
    function = Function(entry.c_name, result, _with_defaults(parameters, read), read.variadic, text)
    return Method(entry.key, entry.python, entry.kind, spec.name, index, -1, function, read.face)


def _with_defaults(parameters: tuple[Parameter, ...], read: Read) -> tuple[Parameter, ...]:
    """Defaults as IDL has them, for those who read the type library: behind them stands the result only (R1.20)."""
    marked = list(parameters)
    for index in reversed(range(len(marked))):
        each = marked[index]
        word = word_of(read.face.defaults.get(each.name))
        if not word and not each.has("retval"):
            break
        if word:
            marked[index] = each.replace(attributes=tuple(sorted((*each.attributes, Attribute("defaultvalue", word)))))
    return tuple(marked)


def _is_delegate(parameter: Parameter) -> bool:
    """R9.2: a delegate is an object here."""
    ctype = parameter.type
    while isinstance(ctype, Pointer):
        ctype = ctype.target
    return ctype == InterfaceType(DELEGATE)


def _numbered(spec: InterfaceSpec, entry: Entry) -> bool:
    return entry.words.dispid is not None or any(word.name in ("dual", "dispatch") for word in spec.attributes)


def _dispid(spec: InterfaceSpec, label: str, index: int, entry: Entry) -> int:
    if entry.words.dispid is not None:
        return entry.words.dispid
    twin = next((each for each in spec.entries if each.c_name == entry.c_name and each.words.dispid is not None), None)
    if twin is not None:  # the getter and the setter of a property have one number
        return int(twin.words.dispid or 0)
    if any(word.name == "dispatch" for word in spec.attributes):
        raise MarshalDirectiveError(
            f"{label} has no number, and a dispatch interface has nothing else: write @callgate.dispid(n) "
            f"(R14.1, R14.22)"
        )
    first = next(place for place, each in enumerate(spec.entries) if each.c_name == entry.c_name)
    level = len(_bases(spec.base))
    return _FIRST_DISPID + (level << 16) + min(index, first)


def _refuse_one_number(spec: InterfaceSpec, functions: tuple[Function, ...]) -> None:
    """A number is one member, or the accessors of one property (R14.22)."""
    owners: dict[str, str] = {}
    for each in functions:
        word = each.result.attribute("id")
        if word is not None and owners.setdefault(word.argument, each.name) != each.name:
            raise MarshalDirectiveError(
                f"{spec.name}.{each.name} and {spec.name}.{owners[word.argument]} have one number, {word.argument}; "
                f"give one of them another @callgate.dispid (R14.22)"
            )


def _check_result(label: str, read: Read, entry: Entry) -> None:
    """The result against what a method of this kind has."""
    if read.variadic:
        raise MarshalDirectiveError(f"{label}: a method has a fixed number of parameters; write list[object] (R14.4)")
    retval = next((each for each in read.parameters if each.has("retval")), None)
    if entry.kind == "get" and retval is None and (read.result.type == Void() or read.result.has("throws")):
        raise MarshalDirectiveError(f"{label}: what reads a property has a result; annotate it (R14.16)")
    if entry.kind in ("put", "putref") and (retval is not None or not read.parameters):
        raise MarshalDirectiveError(f"{label}: what sets a property takes its value and returns None (R14.16)")
    if retval is not None and getattr(retval.type, "target", None) == _HRESULT:
        raise MarshalDirectiveError(
            f"{label}: the HRESULT is hidden, and a failure raises; write '-> None', @callgate.preserve_sig above the "
            f"method to see it, or '-> Out[HRESULT]' for another one that is a value (R11.4, R11.5)"
        )


def _check(spec: InterfaceSpec, space: Space, types: TypeLibrary, found: Interface) -> None:
    """Each method by itself; interfaces that are mentioned only need their names here."""
    named = {name: Interface(name, each.iid, "", ()) for name, each in space.interfaces.items()} | _bases(spec.base)
    named[spec.name] = found
    library = types.replace(interfaces=tuple(named[name] for name in sorted(named)))
    try:
        check_records(library)
        for record in library.records:
            members_of(library, record)
        for delegate in library.delegates:
            resolve(library, delegate)
        check_contracts(library, _said(spec))
        for method in found.methods:
            resolve(library, method)
    except LayoutError as error:
        raise TypeLoadError(f"{spec.name}: {error}") from None
    except ContractBroken as error:
        raise MarshalDirectiveError(str(error)) from None
    except DirectiveError as error:
        raise MarshalDirectiveError(f"{spec.name}: {error}") from None


def _said(spec: InterfaceSpec) -> Said:
    kept = {(spec.name, index) for index, entry in enumerate(spec.entries) if entry.words.preserve_sig}
    return Said(frozenset({spec.name} if spec.local else ()), preserved=frozenset(kept))


def _bases(base: Declared) -> dict[str, Interface]:
    """The bases by name; their methods are their own matter."""
    chain = [each for each in map(find_declared, base.cls.__mro__) if each is not None]
    names = [*(each.name for each in chain[1:]), ""]
    return {each.name: Interface(each.name, each.iid, above, ()) for each, above in zip(chain, names, strict=True)}
