"""The braces of a struct or union."""

from __future__ import annotations

from callgate.declare.attributes import Owner, Written, resolve
from callgate.declare.declarators import Declarator, read_declarator
from callgate.declare.errors import PrototypeError, fault, shown
from callgate.declare.expressions import evaluate
from callgate.declare.extensions import skip_extensions
from callgate.declare.nodes import ArrayOf, EnumTag, MemberNode, Node, PointerTo, RecordTag
from callgate.declare.specifiers import Specifiers, begins_type, read_specifiers
from callgate.declare.state import State
from callgate.declare.words import BIT_WIDTHS
from callgate_protocol.model import Scalar

__all__ = ["adopt", "read_members"]


def read_members(state: State, tag: RecordTag) -> None:
    """Read `{ int x; … }` into the tag."""
    state.enter()
    whole = f"{tag.kind} {tag.tag}".rstrip()
    opened = state.index
    tag.pack = state.pack(opened)
    state.expect("{", f"after '{whole}'")
    state.trail.append((whole, 0))
    reader = _Members(state, tag, whole)
    while not state.accept("}"):
        if not state.word:
            raise state.error(f"the '{{' of {whole} is never closed; add '}};'", opened)
        reader.read_line()
    state.trail.pop()
    if not reader.members:
        raise state.error(f"{whole} has no members; for a type that only its library knows write '{whole};'", opened)
    reader.finish()
    tag.members = reader.members
    state.leave()


def adopt(node: Node, parent: RecordTag | None, label: str) -> None:
    """Name a struct that has no tag after where it is used, through pointers and arrays."""
    while isinstance(node, PointerTo | ArrayOf):
        node = node.target if isinstance(node, PointerTo) else node.element
    if isinstance(node, RecordTag) and not (node.tag or node.alias or node.label):
        node.parent, node.label = parent, label


class _Members:
    """The members of one struct or union while its lines are read."""

    def __init__(self, state: State, tag: RecordTag, whole: str) -> None:
        self.state = state
        self.tag = tag
        self.whole = whole
        self.members: list[MemberNode] = []
        self.written: list[list[Written]] = []
        self.names: set[str] = set()

    def read_line(self) -> None:
        """One line: a type and the members that have it, or an unnamed struct or union."""
        state = self.state
        if state.accept(";"):
            return
        node, spec = read_specifiers(state)
        if spec.typedef:
            raise state.error(f"'typedef' does not belong in {self.whole}; put it above", spec.start)
        if state.word == ";":
            self._add_unnamed(node, spec)
        else:
            self._read_declarators(node, spec)
        self._end_line()

    def finish(self) -> None:
        """Resolve the attributes, now that all names are known."""
        if any(self.written):
            owner = Owner({member.name: None for member in self.members if member.name}, "member", self.whole)
            for member, written in zip(self.members, self.written, strict=True):
                member.attributes = resolve(self.state, written, owner, member.name)

    def _end_line(self) -> None:
        state = self.state
        if state.accept(";"):
            return
        if state.word in ("", "}") or begins_type(state, state.word):
            raise state.missing(f"missing ';' after a member of {self.whole}")
        raise state.unexpected(f"expected ';' or ',' after a member of {self.whole}")

    def _read_declarators(self, node: Node, spec: Specifiers) -> None:
        while True:
            declared = read_declarator(self.state, node, spec)
            self._add(declared, spec, self._read_width(declared))
            if not self.state.accept(","):
                return

    def _add(self, declared: Declarator, spec: Specifiers, bits: int) -> None:
        if declared.name:
            self._claim(declared.name, declared.offset)
        elif not bits:
            raise self.state.unexpected(f"expected the name of a member of {self.whole}")
        adopt(declared.type, self.tag, declared.name)
        self.members.append(MemberNode(declared.name, declared.type, bits, declared.offset))
        self.written.append(spec.attributes)

    def _claim(self, name: str, offset: int) -> None:
        if name in self.names:
            raise fault(self.state.source, offset, f"{self.whole} has two members {shown(name)}; rename one")
        self.names.add(name)

    def _add_unnamed(self, node: Node, spec: Specifiers) -> None:
        """An unnamed struct or union: its members are members of this one (C11)."""
        if isinstance(node, EnumTag) and spec.fresh is node:
            return
        start = self.state.starts[spec.start]
        if not (isinstance(node, RecordTag) and spec.fresh is node and not node.tag):
            raise fault(self.state.source, start, f"a member of {self.whole} has no name; add one before the ';'")
        for name in _names(node):
            self._claim(name, start)
        # A digit cannot begin the name of a member, so this label is never taken.
        adopt(node, self.tag, str(len(self.members) + 1))
        self.members.append(MemberNode("", node, 0, start))
        self.written.append(spec.attributes)

    def _read_width(self, declared: Declarator) -> int:
        state = self.state
        if not state.accept(":"):
            return 0
        index = state.index
        width = evaluate(state, state.constant)[0]
        skip_extensions(state)
        widest = _widest(declared.type)
        if not widest:
            raise state.error(f"a bit-field needs an integer type in {self.whole}; remove ': {width}'", index - 1)
        if not 1 <= width <= widest:
            raise self._bad_width(width, widest, index)
        return width

    def _bad_width(self, width: int, widest: int, index: int) -> PrototypeError:
        if width == 0:
            return self.state.error("a bit-field of width 0 is not supported; write the bits that pad the unit", index)
        return self.state.error(f"a bit-field of this type has 1 to {widest} bits, not {width}", index)


def _widest(node: Node) -> int:
    if isinstance(node, EnumTag):
        return 64 if node.base.endswith("llong") else 32
    return BIT_WIDTHS.get(node.name, 0) if isinstance(node, Scalar) else 0


def _names(tag: RecordTag) -> list[str]:
    """The names that an unnamed struct adds to the one around it."""
    names: list[str] = []
    for member in tag.members or ():
        if member.name:
            names.append(member.name)
        elif isinstance(member.type, RecordTag):
            names.extend(_names(member.type))
    return names
