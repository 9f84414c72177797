"""A header to declarations: what it declares, as far as it can be declared, and why not the rest."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from callgate.declare import Declarations
from callgate.declare.expressions import value_of
from callgate.declare.lowering import Lowering
from callgate.declare.nodes import FunctionNode, Node, PointerTo, RecordTag, Signature
from callgate.declare.parser import read
from callgate.declare.state import State
from callgate.errors import DeclarationError
from callgate.headers.clang import Compiler, Number
from callgate.headers.contradictions import contradictions
from callgate.headers.elf import read_exports, where_is
from callgate.headers.family import Family
from callgate.headers.guess import guess_callback, guess_contexts, guess_function, shape_of
from callgate.headers.layout import read_members
from callgate.headers.locate import find
from callgate.headers.prune import Refusals, prune
from callgate.headers.render import prototype
from callgate.headers.soundness import hollow_records, unsound, untype_shapes
from callgate.headers.types import Inexpressible, Types, parameter_nodes
from callgate.sources import FromHeader
from callgate.values import Constant, constant
from callgate_protocol.model import TypeLibrary

__all__ = ["read_for", "read_header"]

_TAGS = frozenset({"STRUCT_DECL", "UNION_DECL", "ENUM_DECL"})


def read_header(source: FromHeader, exports: Collection[str] | None = None) -> Declarations:
    """What the headers declare, overruled by the prototypes beside them, which may use the headers' types.

    Functions of the headers' own family of files are declared, and those of other headers that are in `exports`, the
    names that the library exports. Raises DeclarationError, PrototypeError, ImportError without libclang.
    """
    found = [find(header, source.include_dirs) for header in source.headers]
    directories = [*source.include_dirs, *dict.fromkeys(each.directory for each in found if each.directory)]
    compiler = Compiler([each.path for each in found], directories, source.defines)
    unit = compiler.parse()
    family = Family(unit, [each.path for each in found])
    declared = _Import(compiler, unit, family, exports).perform(source.prototypes)
    if not declared.library.functions:
        names = ", ".join(source.headers)
        raise DeclarationError(f"{names}: no function in it can be declared{_why(declared.refused)}")
    return declared


def _why(refused: Mapping[str, str]) -> str:
    return "; for one, " + ", ".join(f"{name}: {why}" for name, why in [*refused.items()][:1]) if refused else ""


def read_for(library: str, source: FromHeader) -> Declarations:
    """As `read_header`, for a library by the name that the loader takes."""
    return read_header(source, read_exports(library).names if where_is(library) else None)


class _Import:
    """One header while it is read."""

    def __init__(self, compiler: Compiler, unit: Any, family: Family, exports: Collection[str] | None) -> None:
        self._compiler = compiler
        self._family = family
        self._exports = exports or ()
        self.refused: Refusals = {}
        self._functions: dict[str, Any] = {}
        self._typedefs: dict[str, Any] = {}
        self._tags: dict[str, Any] = {}
        self._macros: dict[str, Any] = {}
        self._aliases: dict[str, str] = {}
        self._nodes: list[FunctionNode] = []
        self._order: dict[str, int] = {}
        self._others: dict[str, Number | Constant] = {}
        for cursor in unit.cursor.get_children():
            self._note(cursor)

    def perform(self, text: str) -> Declarations:
        """The declarations."""
        mentioned = frozenset(re.findall(r"[A-Za-z_]\w*", text))
        state = read(text, lambda fresh: self._prepare(fresh, mentioned))
        overruled = {function.name for function in state.functions}
        state.functions += [node for node in self._nodes if node.name not in overruled]
        for name in overruled:
            self.refused.pop(name, None)
        for name in [name for name, cursor in self._typedefs.items() if self._family.has(cursor)]:
            if name in state.typedefs:
                state.typedefs[name].offset = max(state.typedefs[name].offset, 0)
        lowering = Lowering(state)
        self._refuse_contradictions(state, lowering.library, overruled)
        roots = {name for name, cursor in self._tags.items() if self._family.has(cursor)} | mentioned
        library = prune(lowering.library, lowering.typedefs, roots, self.refused)
        for function in library.functions:  # a macro of the same name only saves a call
            self.refused.pop(function.name, None)
        constants: dict[str, Number | Constant] = {name: value for name, (value, _) in state.values.items()}
        constants.update(self._others)
        return Declarations(library, constants, lowering.typedefs, self.refused, order=self._order)

    def _refuse_contradictions(self, state: State, library: TypeLibrary, overruled: Collection[str]) -> None:
        """Prototypes may say more than the header, not something else. Raises DeclarationError."""
        if not overruled:
            return
        state.functions = [node for node in self._nodes if node.name in overruled]
        mine = [function for function in library.functions if function.name in overruled]
        found = list(contradictions(mine, Lowering(state).library.functions))
        if found:
            raise DeclarationError("; ".join(found) + ". Correct the prototype, or load without the header")

    # -- what is there -----------------------------------------------------------------------------------------------

    def _note(self, cursor: Any) -> None:
        kind, name = cursor.kind.name, cursor.spelling
        self._order.setdefault(name, len(self._order))
        if kind == "FUNCTION_DECL":
            self._functions.setdefault(name, cursor)
        elif kind == "TYPEDEF_DECL":
            self._typedefs[name] = cursor
            self._note_alias(cursor)
        elif kind in _TAGS:
            if not cursor.is_anonymous():
                self._tags[name] = cursor
            elif self._family.has(cursor):
                self._tags[cursor.get_usr()] = cursor
        elif kind == "MACRO_DEFINITION":
            if self._family.has(cursor):
                self._macros[name] = cursor
        elif kind == "VAR_DECL" and self._family.has(cursor):
            self.refused[name] = "it is a variable; declare a function that returns it"

    def _note_alias(self, cursor: Any) -> None:
        """Which typedef names a struct or enum: the first that stands for nothing but it."""
        underlying = cursor.underlying_typedef_type
        canonical = underlying.get_canonical()
        if canonical.kind.name in ("RECORD", "ENUM") and not underlying.is_const_qualified():
            key = canonical.get_declaration().get_usr()
            if self._aliases.get(key, "_").startswith("_"):  # `__FILE` stands before FILE, and nobody writes it
                self._aliases[key] = self._aliases.get(key, "") if cursor.spelling.startswith("_") else cursor.spelling
                self._aliases[key] = self._aliases[key] or cursor.spelling

    # -- types and functions -----------------------------------------------------------------------------------------

    def _prepare(self, state: State, mentioned: frozenset[str]) -> None:
        types = Types(state, self._aliases, own=self._family.has)
        for cursor in self._wanted(self._typedefs, mentioned):
            self._add_typedef(state, types, cursor)
        for cursor in self._wanted(self._tags, mentioned):
            self._add_tag(types, cursor)
        for name, cursor in self._functions.items():
            self._add_function(types, name, cursor)
        self._read_members(types)
        self._settle(state, types)
        self._add_constants(state, types)

    def _wanted(self, declared: dict[str, Any], mentioned: frozenset[str]) -> Iterator[Any]:
        return (cursor for name, cursor in declared.items() if name in mentioned or self._family.has(cursor))

    def _add_typedef(self, state: State, types: Types, cursor: Any) -> None:
        try:
            state.typedefs[cursor.spelling] = types.typedef(cursor)
        except Inexpressible as error:
            self.refused[cursor.spelling] = str(error)

    def _add_tag(self, types: Types, cursor: Any) -> None:
        try:
            types.tag(cursor.get_definition() or cursor)
        except Inexpressible as error:
            self.refused[cursor.spelling] = str(error)

    def _add_function(self, types: Types, name: str, cursor: Any) -> None:
        own = self._family.has(cursor)
        if not (own or name in self._exports):
            return
        if cursor.storage_class.name == "STATIC":
            if own:
                self.refused[name] = "it is a static inline function: the library has no code for it"
            return
        try:
            kind = cursor.type
            parameters = parameter_nodes(
                types, list(kind.argument_types()) if _has_list(kind) else [], _arguments(cursor)
            )
            signature = Signature(parameters, _has_list(kind) and kind.is_function_variadic())
            result, _ = types.node(cursor.result_type, None)
        except Inexpressible as error:
            self.refused[name] = str(error)
            return
        signature.attach(result, False)
        self._nodes.append(FunctionNode(name, signature, (), prototype(cursor), -1))

    def _read_members(self, types: Types) -> None:
        while types.pending:
            tag, decl = types.pending.popleft()
            try:
                tag.members = read_members(types, tag, decl)
            except Inexpressible as error:
                tag.pack = 0
                self.refused[tag.alias or tag.tag] = f"{error}; it stays opaque"

    def _settle(self, state: State, types: Types) -> None:
        """Which structs are opaque is known now: what has one as a value cannot be declared."""
        self.refused.update(hollow_records(state))
        self.refused.update(untype_shapes(types, state))
        for shape in types.signatures:
            guess_callback(shape)
        objects = {target for node in self._nodes if (target := _made(node.signature.result)) is not None}
        kept = []
        for node in self._nodes:
            reason = unsound(node.signature)
            if reason:
                self.refused[node.name] = reason
                continue
            guess_function(node, objects)
            kept.append(node)
        self._nodes = kept
        records = [tag for tag in (*state.tags.values(), *state.anonymous) if isinstance(tag, RecordTag)]
        members = [shape_of(member.type) for tag in records for member in tag.members or ()]
        guess_contexts(kept, [shape for shape in members if shape is not None])

    # -- constants ---------------------------------------------------------------------------------------------------

    def _add_constants(self, state: State, types: Types) -> None:
        """Constants of enums and macros; the prototypes may use the integers among them."""
        for name, number in types.constants():
            state.values.setdefault(name, value_of(number))
        for name, value in self._evaluate(state.values).items():
            if isinstance(value, int):
                state.values[name] = value_of(value)
            else:
                self._others[name] = value

    def _evaluate(self, known: Collection[str]) -> dict[str, Number | Constant]:
        plain = []
        for name, cursor in self._macros.items():
            if not self._compiler.takes_arguments(cursor):
                plain += [name] if name not in known else []
            elif not name.startswith("_"):
                self.refused.setdefault(name, "it is a macro with arguments: only a compiler can expand it")
        found = self._compiler.values(plain)
        return {name: value if kind == "value" else constant(int(value)) for name, (kind, value) in found.items()}


def _made(result: Node) -> RecordTag | None:
    """The struct that a function returns a pointer to."""
    target = result.target if isinstance(result, PointerTo) else None
    return target if isinstance(target, RecordTag) else None


def _has_list(ctype: Any) -> bool:
    return bool(ctype.kind.name == "FUNCTIONPROTO")


def _arguments(cursor: Any) -> list[Any]:
    return list(cursor.get_arguments())
