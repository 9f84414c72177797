"""The outermost level: one declaration after another, into the tables of the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callgate.declare.attributes import Owner, resolve
from callgate.declare.declarators import Declarator, own_signature, read_declarator
from callgate.declare.directives import read_directives
from callgate.declare.errors import PrototypeError, fault, shown
from callgate.declare.expressions import evaluate, value_of
from callgate.declare.layouts import take_size
from callgate.declare.lexer import is_name, tokenise
from callgate.declare.lives import number_handle, take_life
from callgate.declare.nodes import EnumTag, FunctionNode, Node, RecordTag, Signature, Typedef
from callgate.declare.records import adopt, read_members
from callgate.declare.specifiers import Specifiers, begins_type, read_specifiers
from callgate.declare.state import State
from callgate.declare.words import OBJECT_WORDS, SYSTEM_NAMES, WELL_KNOWN_NAMES

__all__ = ["LARGEST", "read"]

LARGEST: Final = 4 << 20
"""Characters of the longest text that is read."""


def read(text: str, prepare: Callable[[State], None] | None = None, *, idl: bool = False) -> State:
    """Everything the text declares. `prepare` may put into the state what is declared before the text begins.

    With `idl`, names of types mean what IDL means by them from the first line on.
    """
    if len(text) > LARGEST:
        raise PrototypeError(f"the text has {len(text)} characters; {LARGEST} are the limit: split it", 1, 1, "")
    tokens = tokenise(text)
    state = State(tokens, read_members)
    if prepare is not None:
        prepare(state)
    if idl:
        state.enter_idl()
    declare = _read_declaration if OBJECT_WORDS.isdisjoint(state.texts) else _idl_reader(state)
    read_directives(state, tokens.directives)
    while state.texts[state.index]:
        state.settle(state.index)
        if not state.accept(";"):
            declare(state)
    state.settle(len(state.texts))
    if prepare is None:
        _refuse_empty(state)
    return state


def _refuse_empty(state: State) -> None:
    if not (state.functions or state.names or state.tags or state.values or state.mentioned):
        raise fault(state.source, 0, 'no functions declared; write prototypes, e.g. "double cos(double x);"')


def _idl_reader(state: State) -> Callable[[State], None]:
    """What reads one statement of IDL, or a declaration of C."""
    from callgate.declare.objects import announce, read_object  # noqa: PLC0415 - most texts are C

    def read_any(state: State) -> None:
        if not read_object(state, read_any):
            _read_declaration(state)

    announce(state)
    return read_any


def _read_declaration(state: State) -> None:
    node, spec = read_specifiers(state)
    end = state.index
    if state.word in (";", "") and not spec.typedef:
        _check_bare(state, node, spec)
    else:
        while True:
            declared = read_declarator(state, node, spec)
            if state.idl and spec.const and state.accept("="):
                _add_constant(state, declared)
                break
            _check_name(state, declared, spec)
            if spec.typedef:
                _add_typedef(state, declared, node, spec)
            else:
                _add_function(state, declared, spec, end)
            if not state.accept(","):
                break
    _end_declaration(state)


def _end_declaration(state: State) -> None:
    """Step over the semicolon; the last one of a text may be left out."""
    word = state.word
    if state.accept(";") or not word:
        return
    last = state.texts[state.index - 1]
    if word == "{":
        raise state.error("function bodies are not read; write ';' instead of the braces")
    if word in ("=", ":"):
        raise state.unexpected("expected ';'")
    if word == "[" or begins_type(state, word) or is_name(word):
        raise state.missing(f"missing ';' after {shown(last)}, before {shown(word)}")
    raise state.unexpected(f"expected ';' after {shown(last)}")


def _check_bare(state: State, node: Node, spec: Specifiers) -> None:
    """A declaration without a name: only a struct, union or enum may stand so."""
    if spec.attributes and not take_size(state, node, spec):
        raise state.error(
            "attributes belong to functions, parameters and members, not to types", spec.attributes[0].index
        )
    named = isinstance(node, RecordTag | EnumTag) and node.tag
    if not (named or isinstance(node, EnumTag)):
        raise state.missing("this declares nothing; a name is missing")


def _check_name(state: State, declared: Declarator, spec: Specifiers) -> None:
    following = state.word
    if not declared.name:
        what = "the new type" if spec.typedef else "the function"
        raise state.unexpected(f"expected the name of {what}")
    if spec.typedef or isinstance(declared.type, Signature):
        return
    if is_name(following) and state.texts[state.index + 1] in ("(", "*"):
        raise fault(
            state.source,
            declared.offset,
            f"{shown(declared.name)} stands between the type and the name {shown(following)}"
            f"{state.similar_type(declared.name)}; if it is a macro of the header, remove it",
        )
    raise fault(
        state.source,
        declared.offset,
        f"{shown(declared.name)} is a variable, and prototypes declare functions; "
        f"for a function write '{declared.name[:60]}(void)', for data of a library declare a function that returns it",
    )


def _add_constant(state: State, declared: Declarator) -> None:
    """`const long LIMIT = 5;` of IDL."""
    state.claim(declared.name, "a constant", declared.offset)
    state.define(declared.name, value_of(evaluate(state, state.constant)[0]), declared.offset)


def _add_typedef(state: State, declared: Declarator, node: Node, spec: Specifiers) -> None:
    name, offset = declared.name, declared.offset
    if _is_known(state, declared):
        state.forget(spec.fresh)
        return
    declared.type = number_handle(state, declared.type, name, offset, spec.attributes)
    typedef = Typedef(declared.type, declared.const, offset)
    _name_parts(state, declared, node, spec)
    known = state.typedefs.get(name)
    if known is not None and known.offset >= 0:
        state.redefined.append((name, typedef))
        return
    state.claim(name, "a type", offset)
    state.typedefs[name] = typedef


def _is_known(state: State, declared: Declarator) -> bool:
    """Whether IDL's texts repeat what is built in: `typedef double DATE;`, `typedef interface IFoo IFoo;` (R12.11)."""
    if declared.name in state.interfaces or declared.name in WELL_KNOWN_NAMES:
        return declared.type is state.typedefs[declared.name].type
    return bool(state.idl) and declared.name in SYSTEM_NAMES and state.is_built_in(declared.name)


def _name_parts(state: State, declared: Declarator, node: Node, spec: Specifiers) -> None:
    """Let the typedef name what has no better name: a struct, an enum, the shape of a callback."""
    name = declared.name
    if isinstance(node, RecordTag | EnumTag) and declared.type is node and not (node.alias or declared.const):
        node.alias = name
    adopt(declared.type, None, f"{name}.target")
    signature = own_signature(declared.type)
    fresh = signature is not None and not signature.alias and own_signature(node) is None
    if signature is not None and fresh:
        signature.alias = name
    if take_size(state, node, spec):
        return
    if spec.attributes and not take_life(state, declared.type, spec.attributes):
        if signature is None or not fresh:
            raise state.error(
                f"attributes do not belong on the type {name[:60]}; write them where it is used",
                spec.attributes[0].index,
            )
        signature.attributes = resolve(state, spec.attributes, _owner(name, signature))


def _add_function(state: State, declared: Declarator, spec: Specifiers, end: int) -> None:
    signature = declared.type
    assert isinstance(signature, Signature)
    name = declared.name
    state.claim(name, "a function", declared.offset)
    attributes = signature.attributes
    if spec.attributes:
        attributes = resolve(state, spec.attributes, _owner(name, signature))
    prototype = _prototype(state, spec.start, end, declared.start)
    state.functions.append(FunctionNode(name, signature, attributes, prototype, declared.offset))


def _owner(name: str, signature: Signature) -> Owner:
    return Owner([parameter.name for parameter in signature.parameters], "parameter", name)


def _prototype(state: State, start: int, end: int, declarator: int) -> str:
    """The source of one function: the common type and its own declarator."""
    if declarator == end:
        return state.stretch(start, state.index)
    return f"{state.stretch(start, end)} {state.stretch(declarator, state.index)}"
