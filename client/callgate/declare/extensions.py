"""Words of compilers that say nothing about a call: `__attribute__((…))`, `__asm__(…)`, `__declspec(…)`."""

from __future__ import annotations

from callgate.declare.state import State
from callgate.declare.words import LAYOUT_WORDS, ROLES

__all__ = ["skip_attribute", "skip_extension", "skip_extensions"]


def skip_extensions(state: State) -> None:
    """Step over what may follow a declarator."""
    while (role := ROLES.get(state.word)) in ("attribute", "extension"):
        if role == "attribute":
            skip_attribute(state)
        else:
            skip_extension(state)


def skip_extension(state: State) -> None:
    """Step over one word and its parentheses."""
    word = state.take()
    _skip_parentheses(state, word)


def skip_attribute(state: State, *, record: bool = False) -> bool:
    """Step over `__attribute__((…))`, any number of them; the answer is whether they pack the struct they stand on.

    What changes the layout of memory is refused where callgate cannot follow it.
    """
    packed = False
    while ROLES.get(state.word) == "attribute":
        word = state.take()
        begin = state.index
        _skip_parentheses(state, word)
        for index in range(begin, state.index):
            name = state.texts[index].strip("_")
            if name not in LAYOUT_WORDS:
                continue
            if name != "packed" or not record:
                raise state.error(
                    f"attribute {name!r} changes the layout here, which callgate cannot express{_advice(name)}", index
                )
            packed = True
    return packed


def _advice(name: str) -> str:
    if name == "packed":
        return "; put __attribute__((packed)) right behind 'struct' or behind the '}' of the members"
    return "; leave it out if it does not matter, or pass the struct by an opaque pointer"


def _skip_parentheses(state: State, word: str) -> None:
    opened = state.index
    state.expect("(", f"after {word!r}")
    depth = 1
    while depth:
        inner = state.take()
        if not inner:
            raise state.error(f"the parenthesis after {word!r} is never closed; add ')'", opened)
        depth += (inner == "(") - (inner == ")")
