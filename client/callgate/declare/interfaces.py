"""The braces of interfaces and dispinterfaces: methods in the order of their slots (R14.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from callgate.declare.attributes import Owner, resolve
from callgate.declare.declarators import Declarator, read_declarator
from callgate.declare.errors import fault, shown
from callgate.declare.idl_words import AUTOMATION_BOOLEAN, IDL_TYPES, INTERFACE_WORDS
from callgate.declare.nodes import FunctionNode, InterfaceTag, ParameterNode, PointerTo, Signature
from callgate.declare.specifiers import Specifiers, read_specifiers
from callgate.declare.state import State
from callgate.declare.statements import (
    Declare,
    Words,
    behind_brackets,
    find,
    guid_of,
    name_of,
    open_tag,
    refuse_rest,
)
from callgate_protocol.contracts import Said
from callgate_protocol.model import Attribute, SystemType, Void

__all__ = ["read_dispinterface", "read_interface", "said_of"]

_HRESULT: Final = SystemType("HRESULT")
_THROWS: Final = Attribute("throws")
_RETVAL: Final = (Attribute("out"), Attribute("retval"))
_OF_EVERY_OBJECT: Final = ("QueryInterface", "AddRef", "Release")
_LATE: Final = "IDispatch"


def read_interface(state: State, words: Words, declare: Declare) -> None:
    """`[object, uuid(…)] interface IFoo : IBase { … };`, or `interface IFoo;`."""
    tag = _opened(state, words, "interface")
    if tag is None:
        return
    if state.accept(":"):
        tag.base = find(state, f"{tag.name} derives from it").name
    automation = any(word in words for word in ("dual", "oleautomation", "dispatch"))
    tag.attributes = _attributes(state, words, tag.name)
    body = _Body(state, tag, declare)
    body.read(automation=automation)
    tag.methods = _own(tag, body.methods)


def read_dispinterface(state: State, words: Words, declare: Declare) -> None:
    """`[uuid(…)] dispinterface X { properties: … methods: … };`, or `{ interface Y; }`: members without slots."""
    tag = _opened(state, words, "dispinterface")
    if tag is None:
        return
    tag.base = _LATE
    tag.attributes = tuple(sorted((Attribute("dispatch"), *_attributes(state, words, tag.name))))
    body = _Body(state, tag, declare)
    body.read(automation=True)
    tag.methods = body.methods


def _opened(state: State, words: Words, keyword: str) -> InterfaceTag | None:
    """The interface whose definition begins at the cursor; None when it was only named."""
    name, offset = name_of(state, keyword)
    refuse_rest(state, words, frozenset({"uuid", *INTERFACE_WORDS}), f"the {keyword} {name}")
    if state.word == ";" and state.is_built_in(name) and name in state.typedefs:
        state.index += 1
        state.mentioned.add(name)
        return None
    tag = open_tag(state, "interface", name, offset)
    if state.accept(";"):
        return None
    if tag.methods is not None:
        raise fault(state.source, offset, f"interface {name} is already defined; remove one definition")
    tag.offset = offset
    tag.guid = guid_of(state, words, f"{keyword} {name}")
    if not tag.guid:
        message = f"{keyword} {name} needs [uuid(…)]: objects are asked for an interface by its IID (R14.4)"
        raise fault(state.source, offset, message)
    tag.methods = []
    return tag


def _attributes(state: State, words: Words, name: str) -> tuple[Attribute, ...]:
    return tuple(
        sorted(Attribute(word, _argument(state, word, *words[word], name)) for word in words if word in INTERFACE_WORDS)
    )


def said_of(tags: Iterable[InterfaceTag]) -> Said:
    """What the text says of its interfaces, and the model does not keep."""
    words = {tag.name: {word.name for word in tag.attributes} for tag in tags}
    preserved = [(tag.name, index) for tag in tags for index, method in enumerate(tag.methods or ()) if _kept(method)]
    return Said(
        frozenset(name for name in words if "local" in words[name]),
        frozenset(name for name in words if "oleautomation" in words[name]),
        frozenset(preserved),
    )


def _kept(method: FunctionNode) -> bool:
    return any(word.name == "preserve_sig" for word in method.attributes)


def _argument(state: State, word: str, written: str, index: int, name: str) -> str:
    allowed = INTERFACE_WORDS[word]
    if not allowed:
        if written:
            raise state.error(f"attribute {word!r} takes no argument; write [{word}]", index)
        return ""
    if allowed == "number":
        if not (written.isascii() and written.isdigit() and int(written) < 1 << 16):
            raise state.error(f"{word}({written[:40]}) of {name} is no number from 0 to 65535", index)
        return str(int(written))
    if written not in allowed.split():
        choice = " or ".join(f"{word}({each})" for each in allowed.split())
        raise state.error(f"{word}({written[:40]}) of {name}: write {choice}", index)
    return written


class _Body:
    """The braces of one interface while they are read."""

    def __init__(self, state: State, tag: InterfaceTag, declare: Declare) -> None:
        self.state = state
        self.tag = tag
        self.declare = declare
        self.methods: list[FunctionNode] = []
        self.section = ""
        """Of a dispinterface: `properties` or `methods`, whichever was named last."""

    def read(self, *, automation: bool) -> None:
        """Up to the closing brace, with IDL's types."""
        state = self.state
        opened = state.index
        state.expect("{", f"after 'interface {self.tag.name}'")
        state.enter_idl()
        state.enter()
        boolean = state.typedefs["boolean"]
        if automation and boolean is IDL_TYPES["boolean"]:
            state.typedefs["boolean"] = AUTOMATION_BOOLEAN
        while not state.accept("}"):
            if not state.word:
                raise state.error(f"the '{{' of interface {self.tag.name} is never closed; add '}};'", opened)
            state.settle(state.index)
            if not state.accept(";"):
                self._read_line()
        state.typedefs["boolean"] = boolean
        state.leave()
        state.leave_idl()
        state.accept(";")

    def _read_line(self) -> None:
        state = self.state
        late = _is_late(self.tag)
        if late and state.word in ("properties", "methods") and state.texts[state.index + 1] == ":":
            self.section = state.take()
            state.index += 1
        elif late and state.word == "interface" and state.texts[state.index + 2 : state.index + 3] == [";"]:
            state.index += 1
            self.tag.like = find(state, f"{self.tag.name} has its members")
            state.index += 1
        elif _is_declaration(state):
            self.declare(state)
        elif self.section == "properties":
            self._property()
        else:
            self._method()

    def _method(self) -> None:
        declared, spec, start = self._declared("a method")
        signature = declared.type
        if not isinstance(signature, Signature):
            raise fault(
                self.state.source,
                declared.offset,
                f"{shown(declared.name)} of {self.tag.name} is no method; an interface has methods only, "
                "and properties are methods with [propget] and [propput]",
            )
        names = [parameter.name for parameter in signature.parameters]
        whole = f"{self.tag.name}.{declared.name}"
        words = resolve(self.state, spec.attributes, Owner(names, "parameter", whole))
        if any(word.name == "call_as" for word in words):
            return  # how another method travels in DCOM: it has no slot
        if _is_late(self.tag):
            _hide_result(signature, declared.offset)
        self._add(declared.name, signature, words, start, declared.offset)

    def _property(self) -> None:
        """R14.1: a property of a dispinterface is read and written by number: two members of one name."""
        declared, spec, start = self._declared("a property")
        words = resolve(self.state, spec.attributes, Owner((), "parameter", f"{self.tag.name}.{declared.name}"))
        kept = tuple(word for word in words if word.name != "readonly")
        pointer = PointerTo()
        pointer.attach(declared.type, const=False)
        self._add_accessor(declared, "propget", kept, start, _returned(pointer, declared.offset))
        if len(kept) == len(words):
            value = ParameterNode("value", declared.type, False, declared.offset)
            self._add_accessor(declared, "propput", kept, start, value)

    def _add_accessor(
        self, declared: Declarator, word: str, words: tuple[Attribute, ...], start: int, parameter: ParameterNode
    ) -> None:
        signature = Signature([parameter], variadic=False)
        signature.attach(_HRESULT, const=False)
        self._add(declared.name, signature, (*words, Attribute(word)), start, declared.offset)

    def _declared(self, what: str) -> tuple[Declarator, Specifiers, int]:
        state = self.state
        start = state.index
        node, spec = read_specifiers(state)
        declared = read_declarator(state, node, spec)
        if not declared.name:
            raise state.unexpected(f"expected the name of {what} of {self.tag.name}")
        if not state.accept(";"):
            raise state.unexpected(f"expected ';' after {what} of {self.tag.name}")
        return declared, spec, start

    def _add(self, name: str, signature: Signature, words: tuple[Attribute, ...], start: int, offset: int) -> None:
        """R11.6: the HRESULT of a method is raised when it tells a failure, unless `[preserve_sig]` keeps it."""
        names = {word.name for word in words}
        if signature.result == _HRESULT and "preserve_sig" not in names:
            words = (*words, _THROWS)
        prototype = self.state.stretch(start, self.state.index - 1)
        self.methods.append(FunctionNode(name, signature, tuple(sorted(set(words))), prototype, offset))


def _is_late(tag: InterfaceTag) -> bool:
    return any(word.name == "dispatch" for word in tag.attributes)


def _own(tag: InterfaceTag, methods: list[FunctionNode]) -> list[FunctionNode]:
    """A root may list what every object has; those slots are always there (R14.1)."""
    if not tag.base and tuple(method.name for method in methods[:3]) == _OF_EVERY_OBJECT:
        return methods[3:]
    return methods


def _is_declaration(state: State) -> bool:
    """Whether a type or constant is declared here, in the middle of an interface."""
    index = behind_brackets(state)
    word, following, next_but_one = (*state.texts[index : index + 3], "", "")[:3]
    if word in ("struct", "union", "enum"):
        return following == "{" or next_but_one in ("{", ";")
    if word in ("import", "cpp_quote", "midl_pragma"):
        return True
    return word == "typedef" or (word == "const" and _is_constant(state, index))


def _is_constant(state: State, index: int) -> bool:
    """Whether an '=' comes before the end of the statement."""
    while state.texts[index] not in (";", "(", "{", "}", ""):
        if state.texts[index] == "=":
            return True
        index += 1
    return False


def _returned(pointer: PointerTo, offset: int) -> ParameterNode:
    parameter = ParameterNode("value", pointer, False, offset)
    parameter.attributes = _RETVAL
    return parameter


def _hide_result(signature: Signature, offset: int) -> None:
    """Members of a dispinterface give their result plainly; a call of theirs answers an HRESULT all the same."""
    if signature.result == _HRESULT:
        return
    if not isinstance(signature.result, Void):
        pointer = PointerTo()
        pointer.attach(signature.result, const=False)
        signature.parameters.append(_returned(pointer, offset))
    signature.result = _HRESULT
