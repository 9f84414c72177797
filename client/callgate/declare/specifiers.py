"""The left part of a declaration: storage words, qualifiers, and the type they surround, in any order C allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callgate.declare.attributes import Written, read_attributes
from callgate.declare.enums import read_enumerators
from callgate.declare.errors import PrototypeError, fault, line_of, shown
from callgate.declare.extensions import skip_attribute, skip_extension
from callgate.declare.idl_words import IDL_BASE_WORDS, IDL_BASES
from callgate.declare.lexer import is_name
from callgate.declare.nodes import VOID, EnumTag, InterfaceTag, Node, PointerTo, RecordTag, SafeArrayOf, Typedef
from callgate.declare.state import SAFEARRAY, State
from callgate.declare.words import BASES, REFUSED_TYPES, ROLES, SCALARS
from callgate.errors import NotSupportedError

__all__ = ["Specifiers", "begins_type", "read_specifiers"]

_WINDOWS_RUNTIME: Final = frozenset({"HSTRING", "IInspectable"})
_TYPE_ROLES: Final = frozenset({"base", "const", "qualifier", "storage", "typedef", "record", "enum", "refused"})
_SIGNS: Final = frozenset({"signed", "unsigned"})
_ALIASES: Final = {"__signed": "signed", "__signed__": "signed", "__complex__": "_Complex", "complex": "_Complex"}


class Specifiers:
    """What was read: `type` is None until a type is found; `fresh` is the struct or enum that is defined right here."""

    __slots__ = ("attributes", "bases", "const", "convention", "fresh", "start", "type", "typedef")

    def __init__(self, start: int) -> None:
        self.start = start
        self.type: Node | None = None
        self.const = False
        self.typedef = False
        self.convention = ""
        self.bases: list[str] = []
        self.attributes: list[Written] = []
        self.fresh: RecordTag | EnumTag | None = None


def begins_type(state: State, word: str) -> bool:
    """Whether a declaration can begin with the token."""
    return ROLES.get(word, "") in _TYPE_ROLES or word in state.typedefs


def read_specifiers(state: State) -> tuple[Node, Specifiers]:
    """The type at the cursor, with everything that was said around it."""
    spec = Specifiers(state.index)
    while _step(state, spec):
        pass
    if spec.bases:
        spec.type = _base_type(state, spec)
    if spec.type is None:
        raise _no_type(state)
    return spec.type, spec


def _step(state: State, spec: Specifiers) -> bool:
    """Read one word; False when the next token is not part of the specifiers."""
    word = state.texts[state.index]
    role = ROLES.get(word)
    if role is not None:
        _HANDLERS[role](state, spec, word)
        return True
    if _is_base_here(state, spec, word):
        _base(state, spec, word)
        return True
    if spec.type is not None or spec.bases:
        return False
    known = state.typedefs.get(word) or _behind_keyword(state, word)
    if known is not None:
        spec.type = known.type
        spec.const = spec.const or known.const
        state.index += 1
        if known.type is SAFEARRAY and state.word == "(":
            spec.type = _safe_array(state)
        return True
    if word == "[":
        spec.attributes.extend(read_attributes(state))
        return True
    return False


def _is_base_here(state: State, spec: Specifiers, word: str) -> bool:
    """Whether the word is one of a type's by where it stands: `double complex` of C, `unsigned hyper` of IDL."""
    if word == "complex":
        return spec.bases in (["double"], ["float"]) and _goes_on(state)
    return bool(state.idl) and word in IDL_BASE_WORDS and spec.type is None and set(spec.bases) <= _SIGNS


def _behind_keyword(state: State, word: str) -> Typedef | None:
    """`interface IFoo`, as IDL may spell the type IFoo; the cursor is at its name then."""
    known = state.typedefs.get(state.texts[state.index + 1]) if word == "interface" else None
    if known is None or not isinstance(known.type, InterfaceTag):
        return None
    state.index += 1
    return known


def _safe_array(state: State) -> Node:
    """`(element)` behind `SAFEARRAY`; IDL means a pointer to it by that."""
    state.enter()
    state.index += 1
    element, inner = read_specifiers(state)
    if inner.attributes or inner.typedef:
        raise state.error("only a type stands in SAFEARRAY(…); attributes come before it", inner.start)
    while state.accept("*"):
        pointer = PointerTo()
        pointer.attach(element, inner.const)
        element = pointer
    state.expect(")", "to end SAFEARRAY(")
    state.leave()
    array = SafeArrayOf(element)
    if not state.idl:
        return array
    handled = PointerTo()
    handled.attach(array, const=False)
    return handled


def _goes_on(state: State) -> bool:
    """Whether `complex` is <complex.h>'s word here, rather than the name of what is declared."""
    following = state.texts[state.index + 1]
    return following == "*" or is_name(following)


def _base(state: State, spec: Specifiers, word: str) -> None:
    if spec.type is not None:
        raise _second_type(state)
    spec.bases.append(_ALIASES.get(word, word))
    state.index += 1


def _const(state: State, spec: Specifiers, word: str) -> None:  # noqa: ARG001 - handlers share a shape
    spec.const = True
    state.index += 1


def _typedef(state: State, spec: Specifiers, word: str) -> None:  # noqa: ARG001
    spec.typedef = True
    state.index += 1


def _ignored(state: State, spec: Specifiers, word: str) -> None:  # noqa: ARG001
    state.index += 1


def _convention(state: State, spec: Specifiers, word: str) -> None:
    """R2.9: every platform here has one convention, whatever it is called; but nothing is called in two ways."""
    if spec.convention not in ("", word):
        raise state.error(f"{spec.convention} and {word} contradict each other (R2.9, R19.31); leave one of them out")
    spec.convention = word
    state.index += 1


def _storage(state: State, spec: Specifiers, word: str) -> None:  # noqa: ARG001
    state.index += 1
    if state.word[:1] == '"':
        raise state.error("callgate reads C, not C++; remove 'extern \"C\"' and its braces")


def _attribute(state: State, spec: Specifiers, word: str) -> None:  # noqa: ARG001
    skip_attribute(state)


def _extension(state: State, spec: Specifiers, word: str) -> None:  # noqa: ARG001
    skip_extension(state)


def _refused(state: State, spec: Specifiers, word: str) -> None:  # noqa: ARG001
    raise state.error(f"{word!r} cannot be used{state.within()}: {REFUSED_TYPES[word]}")


def _record(state: State, spec: Specifiers, word: str) -> None:
    name, offset, packed = _tag_name(state, spec, record=True)
    tag = _find(state, word, name, offset)
    assert isinstance(tag, RecordTag)
    spec.type = tag
    if state.word == "{":
        _refuse_second(state, tag, offset)
        spec.fresh = tag
        state.members(state, tag)
        if skip_attribute(state, record=True) or packed:
            tag.pack = 1


def _enum(state: State, spec: Specifiers, word: str) -> None:
    name, offset, _ = _tag_name(state, spec, record=False)
    tag = _find(state, word, name, offset)
    assert isinstance(tag, EnumTag)
    spec.type = tag
    if state.word == "{":
        _refuse_second(state, tag, offset)
        spec.fresh = tag
        read_enumerators(state, tag)


def _tag_name(state: State, spec: Specifiers, *, record: bool) -> tuple[str, int, bool]:
    """The name behind struct, union or enum (maybe empty), where the tag stands, and whether it is packed."""
    if spec.type is not None or spec.bases:
        raise _second_type(state)
    offset = state.offset
    keyword = state.take()
    packed = skip_attribute(state, record=record)
    if is_name(state.word) and state.word not in ROLES:
        offset = state.offset
        return state.take(), offset, packed
    if state.word != "{":
        raise state.unexpected(f"expected a name or '{{' after '{keyword}'")
    return "", offset, packed


def _find(state: State, kind: str, name: str, offset: int) -> RecordTag | EnumTag:
    """The tag of that name; it comes into being where it is first named, as C has it."""
    tag = state.tags.get(name)
    if tag is None:
        tag = EnumTag(name, offset) if kind == "enum" else RecordTag(kind, name, offset)
        if name:
            state.tags[name] = tag
        else:
            state.anonymous.append(tag)
    if tag.kind != kind:
        line = line_of(state.source, tag.offset)
        raise fault(state.source, offset, f"{name!r} is a {tag.kind} on line {line}, not a {kind}; use one keyword")
    return tag


def _refuse_second(state: State, tag: RecordTag | EnumTag, offset: int) -> None:
    if tag.members is not None and tag.offset >= 0:  # what a header defined gives way
        line = line_of(state.source, tag.offset)
        raise fault(
            state.source, offset, f"{tag.kind} {tag.tag} is already defined on line {line}; remove one definition"
        )
    tag.offset = offset


_HANDLERS: Final[dict[str, Callable[[State, Specifiers, str], None]]] = {
    "base": _base,
    "const": _const,
    "qualifier": _ignored,
    "storage": _storage,
    "convention": _convention,
    "attribute": _attribute,
    "extension": _extension,
    "refused": _refused,
    "typedef": _typedef,
    "record": _record,
    "enum": _enum,
}


def _second_type(state: State) -> PrototypeError:
    return state.error(f"{state.word!r} follows a complete type{state.within()}; is a ';' or ',' missing before it?")


def _base_type(state: State, spec: Specifiers) -> Node:
    key = " ".join(sorted(spec.bases))
    name = (state.idl and IDL_BASES.get(key)) or BASES.get(key)
    if name is None:
        words = " ".join(spec.bases[:8])
        raise state.error(f"'{words}' is not a type of C{state.within()}; write e.g. 'unsigned long'", spec.start)
    return VOID if name == "void" else SCALARS[name]


def _no_type(state: State) -> PrototypeError:
    word = state.word
    if not is_name(word):
        return state.unexpected(f"expected a type{state.within()}")
    if word in _WINDOWS_RUNTIME:
        raise NotSupportedError(f"{word}{state.within()}: the Windows Runtime's types are not marshalled (R19.19)")
    if not state.trail and state.texts[state.index + 1] == "(" and not state.similar_type(word):
        return state.error(f"{shown(word)} has no result type; write e.g. 'int {word[:60]}(...)'")
    return state.error(state.unknown_type(word))
