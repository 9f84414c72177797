"""Clang's types as the nodes that the reader of prototypes makes: both end in the same model."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from callgate.declare.enums import base_of
from callgate.declare.nodes import VOID, ArrayOf, EnumTag, Node, ParameterNode, PointerTo, RecordTag, Signature, Typedef
from callgate.declare.records import adopt
from callgate.declare.state import State
from callgate.declare.words import BIT_WIDTHS, KNOWN_NAMES, REFUSED_TYPES, SCALARS
from callgate_protocol.model import Attribute

__all__ = ["Inexpressible", "Types", "parameter_nodes"]

_SCALAR_KINDS: Final[dict[str, str]] = {
    "BOOL": "bool",
    "CHAR_S": "char",
    "CHAR_U": "char",
    "SCHAR": "schar",
    "UCHAR": "uchar",
    "SHORT": "short",
    "USHORT": "ushort",
    "INT": "int",
    "UINT": "uint",
    "LONG": "long",
    "ULONG": "ulong",
    "LONGLONG": "llong",
    "ULONGLONG": "ullong",
    "FLOAT": "float",
    "DOUBLE": "double",
    "LONGDOUBLE": "ldouble",
}
"""Kinds of clang's types and the scalar they are."""

_COMPLEX: Final = {"FLOAT": "cfloat", "DOUBLE": "cdouble"}
_OPAQUE: Final = frozenset({"_IO_FILE"})
"""Structs whose members a header shows and nobody may touch: to the program they are opaque."""
_CHARACTERS: Final = "Char"
"""End of the name of a type of `unsigned char` that says that it holds text (`xmlChar`), not bytes."""


class Inexpressible(Exception):
    """A C type that no value of Python can stand for; the message says why, and what to do."""


class Types:
    """Every type of one unit that was asked for. `pending` are the structs whose members nobody read yet."""

    def __init__(self, state: State, aliases: Mapping[str, str], *, own: Callable[[Any], bool]) -> None:
        self.pending: deque[tuple[RecordTag, Any]] = deque()
        self.signatures: list[Signature] = []
        """Every shape of a function that is pointed to."""
        self.pointers: list[PointerTo] = []
        self._state = state
        self._aliases = aliases
        self._own = own
        self._typedefs: dict[str, Typedef] = {}
        self._tags: dict[str, RecordTag | EnumTag] = {}

    def node(self, ctype: Any, cursor: Any) -> tuple[Node, bool]:
        """A type and whether it is const. `cursor` is the declaration that spells it. Raises Inexpressible."""
        kind = ctype.kind.name
        const = ctype.is_const_qualified()
        make = _MAKERS.get(kind)
        if make is not None:
            node, inner_const = make(self, ctype, cursor)
            return node, const or inner_const
        scalar = _SCALAR_KINDS.get(kind)
        if scalar is None:
            raise Inexpressible(f"{ctype.spelling} is not supported; {_ADVICE.get(kind, 'no type of Python fits it')}")
        return SCALARS[scalar], const

    def typedef(self, cursor: Any) -> Typedef:
        """What a type name stands for. Raises Inexpressible."""
        name = cursor.spelling
        known = self._typedefs.get(name)
        if known is None:
            known = self._typedefs[name] = self._read_typedef(cursor, name)
        return known

    def _read_typedef(self, cursor: Any, name: str) -> Typedef:
        underlying = cursor.underlying_typedef_type
        if name in REFUSED_TYPES:
            raise Inexpressible(f"{name}: {REFUSED_TYPES[name]}")
        scalar = KNOWN_NAMES.get(name)
        if scalar is not None and not self._own(cursor) and _same_width(scalar.name, underlying):
            return Typedef(scalar, False, -1)
        if name.endswith(_CHARACTERS) and underlying.get_canonical().kind.name == "UCHAR":
            return Typedef(SCALARS["char"], underlying.is_const_qualified(), -1)
        fresh = len(self.signatures)
        node, const = self.node(underlying, cursor)
        shape = _signature_of(node)
        if shape is not None and shape in self.signatures[fresh:] and not shape.alias:
            shape.alias = name
        adopt(node, None, f"{name}.target")
        return Typedef(node, const, -1)

    def tag(self, decl: Any) -> RecordTag | EnumTag:
        """The struct, union or enum of a declaration."""
        key = decl.get_usr()
        known = self._tags.get(key)
        if known is None:
            known = self._tags[key] = self._make_tag(decl)
        return known

    def constants(self) -> Iterator[tuple[str, int]]:
        """The constants of all enums."""
        for tag in self._tags.values():
            if isinstance(tag, EnumTag):
                yield from tag.members or ()

    def _make_tag(self, decl: Any) -> RecordTag | EnumTag:
        kind = decl.kind.name
        anonymous = decl.is_anonymous()
        name = "" if anonymous else decl.spelling
        tag: RecordTag | EnumTag
        if kind == "ENUM_DECL":
            tag = _enum(name, decl)
        else:
            tag = RecordTag("union" if kind == "UNION_DECL" else "struct", name, -1)
            definition = decl.get_definition()
            if definition is not None and name not in _OPAQUE:
                self.pending.append((tag, definition))
        tag.alias = self._aliases.get(decl.get_usr(), "")
        if anonymous:
            self._state.anonymous.append(tag)
        else:
            self._state.tags[name] = tag
        return tag

    # -- kinds -------------------------------------------------------------------------------------------------------

    def _void(self, _ctype: Any, _cursor: Any) -> tuple[Node, bool]:
        return VOID, False

    def _named(self, ctype: Any, cursor: Any) -> tuple[Node, bool]:
        return self.node(ctype.get_named_type(), cursor)

    def _alias(self, ctype: Any, _cursor: Any) -> tuple[Node, bool]:
        typedef = self.typedef(ctype.get_declaration())
        return typedef.type, typedef.const

    def _tagged(self, ctype: Any, _cursor: Any) -> tuple[Node, bool]:
        return self.tag(ctype.get_declaration()), False

    def _pointer(self, ctype: Any, cursor: Any) -> tuple[Node, bool]:
        """What is pointed to may be inexpressible: then the pointer is one to something unknown."""
        pointer = PointerTo()
        try:
            target, const = self.node(ctype.get_pointee(), cursor)
        except Inexpressible:
            target, const = VOID, ctype.get_pointee().is_const_qualified()
        pointer.attach(target, const)
        self.pointers.append(pointer)
        return pointer, False

    def _array(self, ctype: Any, cursor: Any) -> tuple[Node, bool]:
        length = ctype.get_array_size()
        array = ArrayOf(length if length > 0 else None)
        element, const = self.node(ctype.get_array_element_type(), cursor)
        array.attach(element, const)
        return array, const

    def _function(self, ctype: Any, cursor: Any) -> tuple[Node, bool]:
        types = list(ctype.argument_types()) if ctype.kind.name == "FUNCTIONPROTO" else []
        signature = Signature(parameter_nodes(self, types, _parameters_of(cursor)), _is_variadic(ctype))
        result, _ = self.node(ctype.get_result(), cursor)
        signature.attach(result, False)
        self.signatures.append(signature)
        return signature, False

    def _canonical(self, ctype: Any, cursor: Any) -> tuple[Node, bool]:
        canonical = ctype.get_canonical()
        if canonical.kind == ctype.kind:
            raise Inexpressible(f"{ctype.spelling} is not supported")
        return self.node(canonical, cursor)

    def _complex(self, ctype: Any, _cursor: Any) -> tuple[Node, bool]:
        scalar = SCALARS.get(_COMPLEX.get(ctype.element_type.kind.name, ""))
        if scalar is None:
            raise Inexpressible(f"{ctype.spelling} is not supported; {_ADVICE['COMPLEX']}")
        return scalar, False


_MAKERS: Final[dict[str, Callable[[Types, Any, Any], tuple[Node, bool]]]] = {
    "VOID": Types._void,  # noqa: SLF001 - the table belongs to the class
    "ELABORATED": Types._named,  # noqa: SLF001
    "TYPEDEF": Types._alias,  # noqa: SLF001
    "RECORD": Types._tagged,  # noqa: SLF001
    "ENUM": Types._tagged,  # noqa: SLF001
    "POINTER": Types._pointer,  # noqa: SLF001
    "CONSTANTARRAY": Types._array,  # noqa: SLF001
    "INCOMPLETEARRAY": Types._array,  # noqa: SLF001
    "FUNCTIONPROTO": Types._function,  # noqa: SLF001
    "FUNCTIONNOPROTO": Types._function,  # noqa: SLF001
    "UNEXPOSED": Types._canonical,  # noqa: SLF001
    "ATTRIBUTED": Types._canonical,  # noqa: SLF001
    "COMPLEX": Types._complex,  # noqa: SLF001
}

_ADVICE: Final[dict[str, str]] = {
    "COMPLEX": "write a wrapper that takes two numbers",
    "INT128": "128-bit integers do not fit a register that is known here",
    "UINT128": "128-bit integers do not fit a register that is known here",
    "FLOAT128": "use float, double or long double",
    "VECTOR": "vectors of the processor are not passed between processes",
    "EXTVECTOR": "vectors of the processor are not passed between processes",
    "VARIABLEARRAY": "its length is only known inside the function",
    "BLOCKPOINTER": "blocks belong to one compiler",
}


def parameter_nodes(types: Types, kinds: list[Any], cursors: list[Any]) -> list[ParameterNode]:
    """The parameters of a function, with the names that its declaration gives them. Raises Inexpressible."""
    if len(cursors) != len(kinds):
        cursors = [None] * len(kinds)
    nodes: list[ParameterNode] = []
    for position, (kind, cursor) in enumerate(zip(kinds, cursors, strict=True), 1):
        name = cursor.spelling if cursor is not None else ""
        name = name.removeprefix("__") or name  # as the C library's own headers write them
        try:
            node, const = types.node(cursor.type if cursor is not None else kind, cursor)
        except Inexpressible as error:
            raise Inexpressible(f"parameter {position}{f' {name!r}' if name else ''}: {error}") from None
        nodes.append(_parameter(types, name, node, const))
    _name(nodes)
    return nodes


def _parameter(types: Types, name: str, node: Node, const: bool) -> ParameterNode:
    """A parameter; `T v[n]` is a pointer to at least so many, `T v[]` to one, as C has it (R6.23)."""
    if not isinstance(node, ArrayOf):
        return ParameterNode(name, node, const, -1)
    pointer = PointerTo()
    pointer.attach(VOID if isinstance(node.element, ArrayOf) else node.element, const)
    types.pointers.append(pointer)
    parameter = ParameterNode(name, pointer, False, -1)
    if node.length and pointer.target is not VOID:
        parameter.attributes = (Attribute("size_is", str(node.length)),)
    return parameter


def _name(nodes: list[ParameterNode]) -> None:
    seen = {node.name for node in nodes}
    for position, node in enumerate(nodes, 1):
        if not node.name:
            name = f"arg{position}"
            while name in seen:
                name += "_"
            seen.add(name)
            node.name = name


def _parameters_of(cursor: Any) -> list[Any]:
    if cursor is None:
        return []
    return [each for each in cursor.get_children() if each.kind.name == "PARM_DECL"]


def _enum(name: str, decl: Any) -> EnumTag:
    definition = decl.get_definition()
    if definition is None:
        raise Inexpressible(f"the constants of enum {name} are not in the header")
    tag = EnumTag(name, -1)
    tag.members = [(each.spelling, each.enum_value) for each in definition.get_children() if _is_constant(each)]
    tag.base = base_of([number for _, number in tag.members]) or tag.base
    return tag


def _is_variadic(ctype: Any) -> bool:
    return bool(ctype.kind.name == "FUNCTIONPROTO" and ctype.is_function_variadic())


def _is_constant(cursor: Any) -> bool:
    return bool(cursor.kind.name == "ENUM_CONSTANT_DECL")


def _signature_of(node: Node) -> Signature | None:
    while isinstance(node, PointerTo | ArrayOf):
        node = node.target if isinstance(node, PointerTo) else node.element
    return node if isinstance(node, Signature) else None


def _same_width(scalar: str, ctype: Any) -> bool:
    """Whether a well-known name is what callgate takes it for here, not something of the same name."""
    width = BIT_WIDTHS.get(scalar)
    return width is None or scalar == "bool" or ctype.get_size() * 8 == width
