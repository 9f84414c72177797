"""The statements of IDL around interfaces: `import`, `library`, `coclass`, and which text is IDL at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callgate.declare.attributes import skip_to_close
from callgate.declare.errors import fault, shown
from callgate.declare.idl_words import IMPORTS
from callgate.declare.interfaces import read_dispinterface, read_interface
from callgate.declare.lexer import is_name
from callgate.declare.state import State
from callgate.declare.statements import (
    Declare,
    Words,
    behind_brackets,
    find,
    guid_of,
    name_of,
    open_tag,
    read_words,
    refuse_rest,
)
from callgate_protocol.identity import Identity
from callgate_protocol.model import Implemented

__all__ = ["announce", "read_object"]

_LIBRARY_WORDS: Final = frozenset({"uuid", "version", "lcid", "control"})
_CLASS_WORDS: Final = frozenset(
    {"uuid", "version", "aggregatable", "appobject", "control", "licensed", "noncreatable", "default"}
)
_MEMBER_WORDS: Final = frozenset({"default", "source", "defaultvtable", "restricted"})


def announce(state: State) -> None:
    """Know the interfaces and classes of a text before it is read: they may name each other in any order."""
    for index, word in enumerate(state.texts[:-2]):
        if word in _KINDS and state.texts[index + 2] in (":", "{") and is_name(state.texts[index + 1]):
            open_tag(state, _KINDS[word], state.texts[index + 1], state.starts[index + 1])


def read_object(state: State, declare: Declare) -> bool:
    """Read one statement of IDL; False when the cursor is at something else."""
    index = behind_brackets(state)
    reader = _READERS.get(state.texts[index])
    if reader is None or not _goes_on(state, index):
        return False
    words = read_words(state)
    reader(state, words, declare)
    return True


def _goes_on(state: State, index: int) -> bool:
    """Whether the keyword is one here, and not a name of C's that is spelled so."""
    word, following = state.texts[index], state.texts[index + 1]
    if word in state.typedefs:
        return False
    if word == "import":
        return following[:1] == '"'
    if word in _CALLED:
        return "(" in state.texts[index + 1 : index + 3]
    return is_name(following) and state.texts[index + 2] in (";", ":", "{")


# -- statements --------------------------------------------------------------------------------------------------------


def _import(state: State, words: Words, declare: Declare) -> None:  # noqa: ARG001 - readers share a shape
    """`import "oaidl.idl";` and `importlib("stdole2.tlb");`: what they bring is built in, or refused by name."""
    keyword = state.take()
    listed = keyword == "import"
    if not listed:
        state.expect("(", "after 'importlib'")
    while True:
        written = state.word
        if written[:1] != '"':
            raise state.unexpected(f"expected a file name in quotes after '{keyword}'")
        stem = written.strip('"').replace("\\", "/").rpartition("/")[2].partition(".")[0].lower()
        if stem not in IMPORTS:
            raise state.error(
                f"{keyword} of {shown(written)}: files are not followed; put its declarations above, in this text"
            )
        state.index += 1
        if not (listed and state.accept(",")):
            break
    if not listed:
        state.expect(")", "to end importlib(")
    state.expect(";", f"after {keyword}")
    if not state.idl:
        state.enter_idl()  # a text that imports is IDL to its end


def _skipped(state: State, words: Words, declare: Declare) -> None:  # noqa: ARG001
    """`cpp_quote("…")` and `midl_pragma warning(…)` are for other readers."""
    keyword = state.take()
    if is_name(state.word):
        state.index += 1
    state.expect("(", f"after '{keyword}'")
    skip_to_close(state)
    state.accept(";")


def _library(state: State, words: Words, declare: Declare) -> None:
    opened = state.index
    name, offset = name_of(state, "library")
    refuse_rest(state, words, _LIBRARY_WORDS, f"the library {name}")
    if state.identity.name:
        raise fault(state.source, offset, f"a text describes one library, and {state.identity.name} is one already")
    state.identity = Identity(name, guid_of(state, words, f"library {name}"), words.get("version", ("", 0))[0])
    state.expect("{", f"after 'library {name}'")
    state.enter_idl()
    state.enter()
    while not state.accept("}"):
        if not state.word:
            raise state.error(f"the '{{' of library {name} is never closed; add '}};'", opened)
        state.settle(state.index)
        if not state.accept(";"):
            declare(state)
    state.leave()
    state.leave_idl()
    state.accept(";")


def _coclass(state: State, words: Words, declare: Declare) -> None:  # noqa: ARG001
    name, offset = name_of(state, "coclass")
    refuse_rest(state, words, _CLASS_WORDS, f"the coclass {name}")
    tag = open_tag(state, "coclass", name, offset)
    if state.accept(";"):
        return
    if tag.methods is not None:
        raise fault(state.source, offset, f"coclass {name} is already defined; remove one definition")
    tag.guid = guid_of(state, words, f"coclass {name}")
    if not tag.guid:
        raise fault(state.source, offset, f"coclass {name} needs [uuid(…)]: classes are created by their CLSID (R16.1)")
    opened = state.index
    state.expect("{", f"after 'coclass {name}'")
    found: list[Implemented] = []
    while not state.accept("}"):
        if not state.word:
            raise state.error(f"the '{{' of coclass {name} is never closed; add '}};'", opened)
        found.append(_implemented(state, name))
    state.accept(";")
    tag.methods, tag.implemented = [], _with_default(found)


def _implemented(state: State, owner: str) -> Implemented:
    words = read_words(state)
    refuse_rest(state, words, _MEMBER_WORDS, f"an interface of {owner}")
    if state.word not in ("interface", "dispinterface"):
        raise state.unexpected(f"expected 'interface' or 'dispinterface' in coclass {owner}")
    state.index += 1
    tag = find(state, f"coclass {owner} lists interfaces")
    state.expect(";", f"after an interface of coclass {owner}")
    return Implemented(tag.name, "default" in words, "source" in words)


def _with_default(found: list[Implemented]) -> tuple[Implemented, ...]:
    """R14.11: the first interface stands in for the class when no other is said to."""
    own = [each for each in found if not each.source]
    if own and not any(each.default for each in own):
        index = found.index(own[0])
        found[index] = own[0].replace(default=True)
    return tuple(found)


_KINDS: Final = {"interface": "interface", "dispinterface": "interface", "coclass": "coclass"}
_CALLED: Final = frozenset({"cpp_quote", "importlib", "midl_pragma"})
_READERS: Final[dict[str, Callable[[State, Words, Declare], None]]] = {
    "import": _import,
    "importlib": _import,
    "cpp_quote": _skipped,
    "midl_pragma": _skipped,
    "library": _library,
    "interface": read_interface,
    "dispinterface": read_dispinterface,
    "coclass": _coclass,
}
