"""The braces of an enum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from callgate.declare.errors import fault
from callgate.declare.expressions import Value, evaluate, value_of
from callgate.declare.extensions import skip_extensions
from callgate.declare.lexer import is_name
from callgate.declare.nodes import EnumTag
from callgate.declare.state import State
from callgate.declare.words import ROLES

__all__ = ["base_of", "read_enumerators"]

_BASES: Final = (
    ("int", -(2**31), 2**31 - 1),
    ("uint", 0, 2**32 - 1),
    ("llong", -(2**63), 2**63 - 1),
    ("ullong", 0, 2**64 - 1),
)
_HIGHEST: Final = 2**64 - 1


def read_enumerators(state: State, tag: EnumTag) -> None:
    """Read `{ A, B = 2, … }` into the tag and its constants into the state."""
    whole = f"enum {tag.tag}".rstrip()
    opened = state.index
    state.expect("{", f"after '{whole}'")
    members: list[tuple[str, int]] = []
    while state.word != "}":
        members.append(_read_member(state, whole, members))
        if not state.accept(","):
            break
    if not state.accept("}"):
        raise state.unexpected(f"expected ',' or '}}' in {whole}")
    if not members:
        raise state.error(f"{whole} has no constants; write e.g. '{{ A, B }}'", opened)
    tag.members = members
    tag.base = _base(state, whole, members, opened)


def _read_member(state: State, whole: str, members: list[tuple[str, int]]) -> tuple[str, int]:
    name, offset = state.word, state.offset
    if not is_name(name) or name in ROLES:
        raise state.unexpected(f"expected the name of a constant in {whole}")
    state.index += 1
    skip_extensions(state)
    value: Value = value_of(members[-1][1] + 1 if members else 0)
    if state.accept("="):
        value = evaluate(state, state.constant)
    elif value[0] > _HIGHEST:
        raise fault(state.source, offset, f"{name} does not fit 64 bits")
    state.settle(state.index)
    if name in state.names:
        state.claim(name, "a constant", offset)
        raise fault(
            state.source, offset, f"{name!r} is declared twice; constants of all enums share one space of names"
        )
    state.claim(name, "a constant", offset)
    state.define(name, value_of(value[0]), offset)
    return name, value[0]


def base_of(numbers: Sequence[int]) -> str:
    """The integer that holds all constants of an enum; "" when there is none."""
    for base, lowest, highest in _BASES:
        if lowest <= min(numbers, default=0) and max(numbers, default=0) <= highest:
            return base
    return ""


def _base(state: State, whole: str, members: list[tuple[str, int]], opened: int) -> str:
    base = base_of([number for _, number in members])
    if not base:
        raise state.error(f"no integer holds all constants of {whole}; split it", opened)
    return base
