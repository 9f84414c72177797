"""From the interfaces that were read to the model: bases and named interfaces are found, well-known ones added."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from callgate.declare.errors import ContractError, PrototypeError, fault, line_of
from callgate.declare.idl_words import FIRST_DISPID, NOT_KEPT
from callgate.declare.interfaces import said_of
from callgate.declare.nodes import FunctionNode, InterfaceTag
from callgate.declare.state import State
from callgate_protocol.automation import DELEGATE, WELL_KNOWN, closure
from callgate_protocol.contracts import ContractBroken, as_delegate, check_contracts
from callgate_protocol.model import (
    Attribute,
    Coclass,
    CType,
    Function,
    FunctionPointer,
    Interface,
    InterfaceType,
    Parameter,
    Pointer,
    Scalar,
    TypeLibrary,
)

__all__ = ["check", "lower_objects"]

_ROOT: Final = "IUnknown"

Lowered = Callable[[FunctionNode, str], Function]
"""A method of an interface of that name, as the model has it."""


def lower_objects(
    state: State, lower: Lowered, typedefs: dict[str, CType], used: dict[str, int]
) -> tuple[tuple[Interface, ...], tuple[Coclass, ...]]:
    """The interfaces and coclasses of a text. `used` are the names met in types and where; lowering adds to it."""
    tags = state.interfaces
    own = [tag for tag in tags.values() if tag.kind == "interface" and tag.methods is not None]
    interfaces = {tag.name: _interface(state, tag, lower, typedefs) for tag in own}
    for tag in own:
        used.setdefault(tag.base, tag.offset)
        for name in _delegates(interfaces[tag.name]):
            used.setdefault(name, tag.offset)
    coclasses = [_coclass(tag) for tag in tags.values() if tag.kind == "coclass" and tag.methods is not None]
    for coclass in coclasses:
        used |= {each.interface: tags[coclass.name].offset for each in coclass.interfaces if each.interface not in used}
        used.setdefault(_ROOT, 0)
    _refuse_undefined(state, used, interfaces, {each.name for each in coclasses})
    standard = closure({*used, *state.mentioned} - interfaces.keys()) - interfaces.keys()
    interfaces |= {name: WELL_KNOWN[name] for name in standard}
    return tuple(interfaces[name] for name in sorted(interfaces)), tuple(sorted(coclasses, key=lambda each: each.name))


def _interface(state: State, tag: InterfaceTag, lower: Lowered, typedefs: dict[str, CType]) -> Interface:
    methods = []
    for node in _methods(state, tag):
        method = lower(node, tag.name)
        parameters = tuple(_parameter(state, each, node, typedefs) for each in method.parameters)
        words = tuple(word for word in method.result.attributes if word.name != "preserve_sig")
        methods.append(method.replace(parameters=parameters, result=method.result.replace(attributes=words)))
    kept = tuple(word for word in tag.attributes if str(word) not in NOT_KEPT)
    return Interface(tag.name, tag.guid, tag.base, tuple(_numbered(state, tag, methods)), kept)


def _numbered(state: State, tag: InterfaceTag, methods: list[Function]) -> list[Function]:
    """R14.22: members that are called late have numbers; where a dual interface says none, they follow the order."""
    words = {word.name for word in tag.attributes}
    if not words & {"dual", "dispatch"}:
        return methods
    given = {method.name: word.argument for method in methods if (word := method.result.attribute("id")) is not None}
    first: dict[str, int] = {}
    for index, method in enumerate(methods):
        first.setdefault(method.name, index)
        if "dispatch" in words and method.name not in given:
            message = f"{method.name} of {tag.name} has no number, and nothing else to be called by; write [id(n)]"
            nodes = tag.methods or []
            raise fault(state.source, nodes[index].offset if index < len(nodes) else tag.offset, message)
    return [_with_id(method, given.get(method.name, str(FIRST_DISPID + first[method.name]))) for method in methods]


def _with_id(method: Function, dispid: str) -> Function:
    if method.result.has("id"):
        return method
    words = tuple(sorted((*method.result.attributes, Attribute("id", dispid))))
    return method.replace(result=method.result.replace(attributes=words))


def _parameter(state: State, parameter: Parameter, node: FunctionNode, typedefs: dict[str, CType]) -> Parameter:
    """R1.19, R9.3: [in] is how it is without a word; what a delegate is here, and a function's address."""
    words = {word.name: word.argument for word in parameter.attributes}
    if words.get("function"):
        shape = typedefs.get(words["function"])
        fitting = _in_place_of_a_number(parameter.type, shape) if isinstance(shape, FunctionPointer) else None
        if fitting is None:
            where = f"{node.name}, parameter {parameter.name!r}"
            message = f"{where}: function({words['function'][:60]}) names a function pointer's typedef, on a UINT_PTR"
            raise fault(state.source, node.offset, message)
        parameter = parameter.replace(type=fitting)
    if "in" in words and "out" not in words:
        kept = tuple(word for word in parameter.attributes if word.name != "in")
        parameter = parameter.replace(attributes=kept)
    return as_delegate(parameter)


def _in_place_of_a_number(ctype: CType, shape: FunctionPointer) -> CType | None:
    match ctype:
        case Scalar("uptr"):
            return shape
        case Pointer(Scalar("uptr"), const):
            return Pointer(shape, const)
        case _:
            return None


def _delegates(interface: Interface) -> set[str]:
    """Interfaces that stand for what was written, and are named nowhere."""
    named = set()
    for method in interface.methods:
        for parameter in method.parameters:
            ctype = parameter.type
            while isinstance(ctype, Pointer):
                ctype = ctype.target
            named |= {ctype.name} if isinstance(ctype, InterfaceType) else set()
    return named & {DELEGATE}


def _methods(state: State, tag: InterfaceTag) -> list[FunctionNode]:
    """Its own; of `dispinterface X { interface Y; }`, those of Y with those of its bases that are not built in."""
    assert tag.methods is not None
    if tag.like is None:
        return tag.methods
    methods: list[FunctionNode] = []
    names, name = set(), tag.like.name
    while name in state.interfaces and name not in names:
        found = state.interfaces[name]
        if found.methods is None:
            raise fault(state.source, tag.offset, f"{tag.name} has the members of {name}, which is not described")
        methods[:0] = found.methods
        names.add(name)
        name = found.base
    return [*methods, *tag.methods]


def _coclass(tag: InterfaceTag) -> Coclass:
    return Coclass(tag.name, tag.guid, tag.implemented)


def _refuse_undefined(state: State, used: dict[str, int], interfaces: Iterable[str], coclasses: set[str]) -> None:
    for name, offset in used.items():
        if name and name not in interfaces and name not in WELL_KNOWN and name not in coclasses:
            tag = state.interfaces[name]
            line = line_of(state.source, tag.offset)
            raise fault(
                state.source,
                offset if offset >= 0 else tag.offset,
                f"{tag.kind} {name} is named on line {line} and never described; write its uuid and its members",
            )


def check(state: State, library: TypeLibrary) -> None:
    """Raise ContractError, with its place, for an interface that breaks what interfaces promise."""
    tags = [tag for tag in state.interfaces.values() if tag.kind == "interface"]
    try:
        check_contracts(library, said_of(tags))
    except ContractBroken as error:
        raise _placed(state, error) from None


def _placed(state: State, error: ContractBroken) -> PrototypeError:
    tag = state.interfaces.get(error.interface)
    offset = tag.offset if tag is not None else 0
    methods = (tag.methods or []) if tag is not None else []
    if 0 <= error.index < len(methods):
        offset = methods[error.index].offset
    return fault(state.source, offset, str(error), ContractError)
