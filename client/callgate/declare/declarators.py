"""The right part of a declaration: `*name[3](int)`, read from the name outward."""

from __future__ import annotations

from typing import Final, TypeAlias

from callgate.declare.attributes import ATTRIBUTES, Owner, Written, misplaced, resolve
from callgate.declare.errors import fault, line_of, shown
from callgate.declare.expressions import evaluate
from callgate.declare.extensions import skip_extensions
from callgate.declare.lexer import is_name
from callgate.declare.nodes import VOID, ArrayOf, Node, ParameterNode, PointerTo, Signature
from callgate.declare.specifiers import Specifiers, begins_type, read_specifiers
from callgate.declare.state import State
from callgate.declare.words import ROLES

__all__ = ["Declarator", "own_signature", "read_declarator"]

_Part: TypeAlias = PointerTo | ArrayOf | Signature

_POINTER_ROLES: Final = frozenset({"const", "qualifier", "convention", "attribute"})
_LONGEST_ARRAY: Final = 2**48
_DEEPEST: Final = 32


class Declarator:
    """A name (maybe empty) with its type, where it stands, and its first token."""

    __slots__ = ("const", "name", "offset", "start", "type")

    def __init__(self, name: str, node: Node, const: bool, offset: int, start: int) -> None:
        self.name = name
        self.type = node
        self.const = const
        self.offset = offset
        self.start = start


class _Parts:
    """What stands around a name, the nearest first."""

    __slots__ = ("list", "name", "offset")

    def __init__(self, offset: int) -> None:
        self.name = ""
        self.offset = offset
        self.list: list[_Part] = []


def read_declarator(state: State, base: Node, spec: Specifiers) -> Declarator:
    """The declarator at the cursor, which may be empty where C allows it; the caller judges a missing name."""
    start = state.index
    found = _Parts(state.offset)
    _read_parts(state, found)
    node, const = base, spec.const
    for part in reversed(found.list):
        const = part.attach(node, const)
        node = part
        if part.depth > _DEEPEST:
            raise fault(state.source, found.offset, f"more than {_DEEPEST} levels of pointers, arrays and functions")
    skip_extensions(state)
    return Declarator(found.name, node, const, found.offset, start)


def own_signature(node: Node) -> Signature | None:
    """The function shape that a declarator spells itself, through pointers and arrays."""
    while isinstance(node, PointerTo | ArrayOf):
        node = node.target if isinstance(node, PointerTo) else node.element
    return node if isinstance(node, Signature) else None


def _read_parts(state: State, found: _Parts) -> None:
    pointers = _read_pointers(state)
    word = state.texts[state.index]
    if word == "(" and _is_nested(state):
        _read_nested(state, found)
    elif is_name(word) and word not in ROLES:
        found.name, found.offset = word, state.starts[state.index]
        state.index += 1
    _read_suffixes(state, found)
    found.list.extend(pointers)


def _read_pointers(state: State) -> list[PointerTo]:
    """The stars at the cursor, the nearest to the name first."""
    pointers: list[PointerTo] = []
    while True:
        word = state.texts[state.index]
        if word == "*":
            pointers.append(PointerTo())
            state.index += 1
        elif (role := ROLES.get(word)) not in _POINTER_ROLES:
            break
        elif role == "attribute":
            skip_extensions(state)
        else:
            if role == "const" and pointers:
                pointers[-1].own = True
            state.index += 1
    pointers.reverse()
    return pointers


def _is_nested(state: State) -> bool:
    """Whether the parenthesis groups a declarator, rather than holding the parameters of an unnamed function."""
    word = state.texts[state.index + 1]
    return word not in (")", "[", "...") and not begins_type(state, word)


def _read_nested(state: State, found: _Parts) -> None:
    state.enter()
    opened = state.index
    state.index += 1
    _read_parts(state, found)
    if not state.accept(")"):
        raise state.unexpected(f"expected ')' for the '(' on line {line_of(state.source, state.starts[opened])}")
    state.leave()


def _read_suffixes(state: State, found: _Parts) -> None:
    while True:
        word = state.texts[state.index]
        if word == "(":
            found.list.append(_read_parameters(state, found.name))
        elif word == "[":
            found.list.append(ArrayOf(_read_length(state)))
        else:
            return


def _read_length(state: State) -> int | None:
    if misplaced(state, state.index):
        word = state.texts[state.index + 1]
        given = f"[{word}(...)]" if ATTRIBUTES[word] else f"[{word}]"
        raise state.error(f"{given} stands behind a type{state.within()}; attributes come first: '{given} int *values'")
    state.index += 1
    while state.word == "static" or ROLES.get(state.word) in ("const", "qualifier"):
        state.index += 1
    if state.accept("]"):
        return None
    index, word = state.index, state.word
    if is_name(word) and state.texts[index + 1] == "]" and word != "sizeof" and state.constant(word) is None:
        raise state.error(
            f"{shown(word)} is not an integer constant declared above; "
            f"for a length that a parameter gives, write '[size_is({word[:60]})]' before a pointer"
        )
    length = evaluate(state, state.constant)[0]
    if not 0 <= length <= _LONGEST_ARRAY:
        raise state.error(f"an array cannot have {length} elements", index)
    state.expect("]", "after the length of an array")
    return length


def _read_parameters(state: State, name: str) -> Signature:
    state.enter()
    opened = state.index
    state.index += 1
    parameters: list[ParameterNode] = []
    written: list[list[Written]] = []
    variadic = False
    whole = name or "the function pointer"
    if not _accept_none(state):
        state.trail.append((whole, 1))
        variadic = _read_list(state, parameters, written, opened)
        state.trail.pop()
    _name_parameters(state, parameters, whole)
    if any(written):
        owner = Owner({parameter.name: None for parameter in parameters}, "parameter", whole)
        for parameter, attributes in zip(parameters, written, strict=True):
            parameter.attributes = resolve(state, attributes, owner, parameter.name)
    state.leave()
    return Signature(parameters, variadic)


def _accept_none(state: State) -> bool:
    """Step over `)` or `void)`: no parameters."""
    if state.accept(")"):
        return True
    if state.word == "void" and state.texts[state.index + 1] == ")":
        state.index += 2
        return True
    return False


def _read_list(state: State, parameters: list[ParameterNode], written: list[list[Written]], opened: int) -> bool:
    """Read parameters up to the closing parenthesis; the answer is whether more may follow in a call."""
    owner = state.trail[-1][0]
    while True:
        if state.accept("..."):
            if not parameters:
                raise state.error(f"{owner} needs a parameter before '...'", state.index - 1)
            _close(state, opened, "expected ')' after '...'")
            return True
        state.trail[-1] = (owner, len(parameters) + 1)
        _read_parameter(state, parameters, written)
        if state.texts[state.index] != ",":
            break
        state.index += 1
    _close(state, opened, f"expected ',' or ')' after parameter {len(parameters)} of {owner}")
    return False


def _close(state: State, opened: int, wanted: str) -> None:
    if state.accept(")"):
        return
    wanted = f"{wanted}, to close the '(' on line {line_of(state.source, state.starts[opened])}"
    if state.word == ";" or begins_type(state, state.word):
        raise state.missing(f"{wanted}, before {state.word!r}")
    raise state.unexpected(wanted)


def _read_parameter(state: State, parameters: list[ParameterNode], written: list[list[Written]]) -> None:
    node, spec = read_specifiers(state)
    if spec.typedef:
        raise state.error(f"'typedef' does not belong{state.within()}; remove it", spec.start)
    declared = read_declarator(state, node, spec)
    offset = declared.offset if declared.name else state.starts[spec.start]
    if declared.type is VOID:
        raise fault(
            state.source, offset, f"void is not a value{state.within()}; write 'void *', or '(void)' for no parameters"
        )
    if state.word == "=":
        raise state.error(f"C has no default values{state.within()}; remove it")
    parameters.append(ParameterNode(declared.name, declared.type, declared.const, offset))
    written.append(spec.attributes)


def _name_parameters(state: State, parameters: list[ParameterNode], whole: str) -> None:
    """Give unnamed parameters a name, and refuse names that are there twice."""
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name and parameter.name in seen:
            raise fault(state.source, parameter.offset, f"{whole} has two parameters {parameter.name!r}; rename one")
        seen.add(parameter.name)
    for position, parameter in enumerate(parameters, 1):
        if not parameter.name:
            name = f"arg{position}"
            while name in seen:
                name += "_"
            seen.add(name)
            parameter.name = name
