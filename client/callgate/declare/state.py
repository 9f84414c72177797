"""What the parser knows at a point of the text: its place, the names declared so far, and what it is inside of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from callgate.declare.cursor import Cursor
from callgate.declare.errors import closest, fault, line_of, shown
from callgate.declare.expressions import Value, evaluate
from callgate.declare.idl_words import IDL_TYPES
from callgate.declare.lexer import Tokens
from callgate.declare.nodes import EnumTag, FunctionNode, InterfaceTag, PointerTo, RecordTag, SafeArrayOf, Typedef
from callgate.declare.words import BASES, CONST_REFERENCES, KNOWN_NAMES, ROLES, SYSTEM_NAMES, WELL_KNOWN_NAMES
from callgate_protocol.identity import Identity
from callgate_protocol.model import SystemType

__all__ = ["SAFEARRAY", "State"]


def _reference(target: SystemType) -> PointerTo:
    pointer = PointerTo()
    pointer.attach(target, const=True)
    return pointer


SAFEARRAY: Final = SafeArrayOf(SYSTEM_NAMES["VARIANT"])
"""What `SAFEARRAY` without a type in parentheses means (R6.21)."""

_BUILT_IN: Final = {
    **{name: Typedef(scalar, False, -1) for name, scalar in KNOWN_NAMES.items()},
    **{name: Typedef(system, False, -1) for name, system in SYSTEM_NAMES.items()},
    **{name: Typedef(_reference(target), False, -1) for name, target in CONST_REFERENCES.items()},
    "SAFEARRAY": Typedef(SAFEARRAY, False, -1),
    **{name: Typedef(InterfaceTag("interface", name, -1), False, -1) for name in WELL_KNOWN_NAMES},
}


class State(Cursor):
    """A cursor with the tables of names. `members` reads the braces of a struct: that needs all of the grammar."""

    __slots__ = (
        "anonymous",
        "defines",
        "functions",
        "identity",
        "idl",
        "interfaces",
        "members",
        "mentioned",
        "names",
        "packing",
        "packs",
        "redefined",
        "tags",
        "trail",
        "typedefs",
        "values",
    )

    def __init__(self, tokens: Tokens, members: Callable[[State, RecordTag], None]) -> None:
        super().__init__(tokens)
        self.members = members
        self.typedefs = _BUILT_IN.copy()
        self.redefined: list[tuple[str, Typedef]] = []
        self.tags: dict[str, RecordTag | EnumTag] = {}
        self.anonymous: list[RecordTag | EnumTag] = []
        self.functions: list[FunctionNode] = []
        self.names: dict[str, tuple[str, int]] = {}
        self.values: dict[str, Value] = {}
        self.defines: deque[tuple[int, str, Cursor]] = deque()
        self.packs: deque[tuple[int, int]] = deque()
        self.packing = 0
        self.trail: list[tuple[str, int]] = []
        self.interfaces: dict[str, InterfaceTag] = {}
        self.mentioned: set[str] = set()
        """Well-known interfaces that the text names by themselves: `interface IUnknown;`."""
        self.identity = Identity()
        self.idl = 0
        """How deep in blocks of IDL the cursor is: names of types mean there what IDL means by them."""

    def enter_idl(self) -> None:
        """From here on IDL's types; blocks may stand in one another."""
        self.idl += 1
        self.typedefs |= {name: known for name, known in IDL_TYPES.items() if self.is_built_in(name)}

    def leave_idl(self) -> None:
        """The end of a block."""
        self.idl -= 1
        if self.idl:
            return
        for name in filter(self.is_built_in, IDL_TYPES):
            del self.typedefs[name]
            if name in _BUILT_IN:
                self.typedefs[name] = _BUILT_IN[name]

    def is_built_in(self, name: str) -> bool:
        """Whether the text has not declared the type name itself."""
        known = self.typedefs.get(name)
        return known is None or known.offset < 0

    def claim(self, name: str, kind: str, offset: int) -> None:
        """Register an ordinary name: C has one space for typedefs, functions and enum constants."""
        known = self.names.setdefault(name, (kind, offset))
        if known[0] != kind:
            line = line_of(self.source, known[1])
            raise fault(
                self.source, offset, f"{name!r} is already {known[0]}, declared on line {line}; rename one of them"
            )

    def forget(self, tag: RecordTag | EnumTag | None) -> None:
        """Drop what was read of a type that is built in, and what stands inside it."""
        if not isinstance(tag, RecordTag) or (tag.tag and self.tags.get(tag.tag) is not tag):
            return
        self.tags.pop(tag.tag, None)
        self.anonymous = [each for each in self.anonymous if each is not tag]
        for member in tag.members or ():
            if isinstance(member.type, RecordTag) and not member.type.tag:
                self.forget(member.type)

    def constant(self, name: str) -> Value | None:
        """The value of an enum constant or `#define` above this place."""
        if name not in self.values:
            self.settle(self.index)
        return self.values.get(name)

    def settle(self, index: int) -> None:
        """Evaluate the `#define` lines above the token at `index`: they may use the constants above them."""
        while self.defines and self.defines[0][0] <= index:
            _, name, body = self.defines.popleft()
            offset = body.offset
            value = evaluate(body, self.values.get)
            if body.word:
                raise body.unexpected(f"expected the end of the line: {name} must be one integer constant")
            self.define(name, value, offset)

    def define(self, name: str, value: Value, offset: int) -> None:
        """Register a constant."""
        if self.values.setdefault(name, value)[0] != value[0]:
            raise fault(
                self.source, offset, f"{name} is already {self.values[name][0]}; give the constant another name"
            )

    def pack(self, index: int) -> int:
        """The `#pragma pack` in force at the token at `index`, which is never before that of the last question."""
        while self.packs and self.packs[0][0] <= index:
            self.packing = self.packs.popleft()[1]
        return self.packing

    def within(self) -> str:
        """What the next token is part of, innermost first, for messages: `" in parameter 2 of f"`."""
        parts = [f"parameter {number} of {owner}" if number else owner for owner, number in reversed(self.trail)]
        return f" in {', '.join(parts)}" if parts else ""

    def similar_type(self, word: str) -> str:
        """`"; did you mean …?"` for an unknown type name."""
        tag = self.tags.get(word)
        if tag is not None:
            return f"; did you mean '{tag.kind} {word}'?"
        bases = [base for base in BASES if " " not in base]
        return closest(word, [*self.typedefs, *bases, *ROLES, *self.tags])

    def unknown_type(self, word: str) -> str:
        """The message for a name that stands where a type is expected."""
        hint = self.similar_type(word)
        if word.isupper() and not hint:
            return f"unknown type {shown(word)}{self.within()}; if it is a macro of the header, remove it"
        example = f'Declare it first, e.g. "typedef struct {word[:60]} {word[:60]};"'
        return f"unknown type {shown(word)}{self.within()}{hint}{' ' if hint else '. '}{example}"
