"""From what was read to the model: names are settled, structs are known to be opaque or not, values are checked."""

from __future__ import annotations

from typing import TypeGuard

from callgate.declare.errors import PrototypeError, fault, line_of
from callgate.declare.layouts import place
from callgate.declare.lives import hand_down, opaques_of
from callgate.declare.nodes import (
    HANDLE,
    ArrayOf,
    EnumTag,
    FunctionNode,
    InterfaceTag,
    MemberNode,
    Node,
    ParameterNode,
    PointerTo,
    RecordTag,
    SafeArrayOf,
    Signature,
)
from callgate.declare.state import State
from callgate.declare.tags import check_nesting, name_tags
from callgate_protocol.model import (
    Array,
    Attribute,
    Coclass,
    CType,
    Delegate,
    Enum,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    Interface,
    InterfaceType,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
)

__all__ = ["Lowering"]


class Lowering:
    """One pass over everything a text declared: `typedefs` and `library` are the outcome."""

    def __init__(self, state: State) -> None:
        self._source = state.source
        self._delegates: dict[str, Delegate] = {}
        self._used: dict[str, int] = {}
        """Interfaces that types name, and where first."""
        tags = name_tags(state)
        records = [tag for tag in tags if isinstance(tag, RecordTag)]
        enums = [tag for tag in tags if isinstance(tag, EnumTag)]
        check_nesting(state.source, records)
        # Typedefs come first: a callback shape is named by its typedef, not by its first use.
        self.typedefs = self._lower_typedefs(state)
        functions = self._lower_functions(state.functions)
        defined = [self._record(tag) for tag in records if tag.members is not None]
        interfaces, coclasses = self._objects(state)
        self.library = TypeLibrary(
            functions=tuple(functions[name] for name in sorted(functions)),
            records=tuple(sorted(defined, key=_name_of)),
            enums=tuple(sorted([self._enum(tag) for tag in enums if tag.name], key=_name_of)),
            delegates=tuple(self._delegates[name] for name in sorted(self._delegates)),
            opaques=tuple(sorted(opaques_of(state.source, records), key=_name_of)),
            interfaces=interfaces,
            coclasses=coclasses,
        )
        if interfaces:
            from callgate.declare.contracts import check  # noqa: PLC0415 - most texts have functions only

            check(state, self.library)

    def _objects(self, state: State) -> tuple[tuple[Interface, ...], tuple[Coclass, ...]]:
        """The interfaces and classes of a text, and the well-known ones that it names."""
        if not (state.interfaces or state.mentioned or self._used):
            return (), ()
        from callgate.declare.contracts import lower_objects  # noqa: PLC0415 - most texts have functions only

        return lower_objects(state, self._method, self.typedefs, self._used)

    def _fault(self, offset: int, message: str) -> PrototypeError:
        return fault(self._source, offset, message)

    def _lower_typedefs(self, state: State) -> dict[str, CType]:
        typedefs = {
            name: self._type(typedef.type, name, typedef.offset)
            for name, typedef in state.typedefs.items()
            if typedef.offset >= 0 and not isinstance(typedef.type, InterfaceTag)
        }
        for name, again in state.redefined:
            first = state.typedefs[name]
            if self._type(again.type, name, again.offset) != typedefs[name] or again.const != first.const:
                line = line_of(self._source, first.offset)
                raise self._fault(
                    again.offset, f"type {name!r} is declared differently on line {line}; keep one of them"
                )
        return typedefs

    def _lower_functions(self, nodes: list[FunctionNode]) -> dict[str, Function]:
        functions: dict[str, Function] = {}
        lines: dict[str, int] = {}
        for node in nodes:
            function = self._function(node)
            known = functions.setdefault(node.name, function)
            if known != function:
                first, second = line_of(self._source, lines[node.name]), line_of(self._source, node.offset)
                raise self._fault(
                    node.offset,
                    f"{node.name!r} is declared on line {first} and differently on line {second}; keep one of them",
                )
            lines.setdefault(node.name, node.offset)
        return functions

    def _function(self, node: FunctionNode) -> Function:
        result, parameters = self._signature(node.signature, node.name, node.offset)
        return Function(
            node.name,
            Parameter("", result, node.attributes),
            parameters,
            node.signature.variadic,
            node.prototype,
        )

    def _method(self, node: FunctionNode, interface: str) -> Function:
        """R14.1: a method, whose `this` nobody writes."""
        result, parameters = self._signature(node.signature, f"{interface}.{node.name}", node.offset)
        whole = Parameter("", result, node.attributes)
        return Function(node.name, whole, parameters, node.signature.variadic, node.prototype)

    def _signature(self, node: Signature, name: str, offset: int) -> tuple[CType, tuple[Parameter, ...]]:
        if isinstance(node.result, ArrayOf | Signature):
            kind = "an array" if isinstance(node.result, ArrayOf) else "a function"
            raise self._fault(offset, f"{name} cannot return {kind}; return a pointer")
        # `return` is a keyword, so no parameter has that name.
        result = self._type(node.result, f"{name}.return", offset)
        if _is_opaque(node.result):
            raise self._opaque(node.result, f"the result of {name}", offset)
        return result, tuple([self._parameter(parameter, name) for parameter in node.parameters])

    def _parameter(self, node: ParameterNode, owner: str) -> Parameter:
        path = f"{owner}.{node.name}"
        kind = node.type
        node.attributes = hand_down(self._source, kind, node.attributes, node.offset)
        if any(word.name == "iid_is" for word in node.attributes):
            self._used.setdefault("IUnknown", node.offset)
        if isinstance(kind, ArrayOf):
            target = Pointer(self._element(kind, path, node.offset), node.const)
            return Parameter(node.name, target, _with_length(node.attributes, kind.length))
        if isinstance(kind, Signature):
            return Parameter(node.name, self._callback(kind, path, node.offset), node.attributes)
        lowered = self._value(kind, path, node.offset)
        return Parameter(node.name, lowered, node.attributes)

    def _named_type(self, node: RecordTag | EnumTag | InterfaceTag, offset: int) -> CType:
        if isinstance(node, EnumTag):
            return self._enum_type(node, offset)
        if isinstance(node, RecordTag):
            return Opaque(node.name) if node.members is None else StructType(node.name)
        self._used.setdefault(node.name, offset)
        return InterfaceType(node.name)

    def _value(self, node: Node, path: str, offset: int) -> CType:
        """The type of something that has a value."""
        if _is_opaque(node):
            raise self._opaque(node, _said(path), offset)
        if isinstance(node, Void):
            raise self._fault(offset, f"{_said(path)} has type void, which is not a value; write 'void *'")
        if isinstance(node, InterfaceTag):
            raise self._fault(
                offset, f"{_said(path)} is an interface, and only a pointer to it is a value; write '{node.name} *'"
            )
        return self._type(node, path, offset)

    def _opaque(self, node: RecordTag, what: str, offset: int) -> PrototypeError:
        spelling = node.alias or f"{node.kind} {node.tag}"
        return self._fault(
            offset,
            f"{what} has the opaque type '{spelling}' as a value: only a pointer to it can be used; "
            f"write '{spelling} *', or declare its members",
        )

    def _type(self, node: Node, path: str, offset: int) -> CType:
        if isinstance(node, Scalar | Void | SystemType):
            return node
        if isinstance(node, PointerTo):
            return self._pointer(node, path, offset)
        if isinstance(node, RecordTag | EnumTag | InterfaceTag):
            return self._named_type(node, offset)
        if isinstance(node, ArrayOf | SafeArrayOf):
            return self._array(node, path, offset)
        return self._callback(node, path, offset)

    def _array(self, node: ArrayOf | SafeArrayOf, path: str, offset: int) -> CType:
        if isinstance(node, SafeArrayOf):
            return SafeArray(self._value(node.element, path, offset))
        return Array(self._element(node, path, offset), node.length or 0)

    def _pointer(self, node: PointerTo, path: str, offset: int) -> CType:
        if isinstance(node.target, Signature):
            return self._callback(node.target, path, offset)
        return Pointer(self._type(node.target, path, offset), node.const)

    def _enum_type(self, node: EnumTag, offset: int) -> CType:
        if node.members is None:
            raise self._fault(offset, f"enum {node.tag} is used but never defined; write 'enum {node.tag} {{ ... }};'")
        return EnumType(node.name) if node.name else Scalar(node.base)

    def _element(self, node: ArrayOf, path: str, offset: int) -> CType:
        if isinstance(node.element, Signature):
            raise self._fault(
                offset, f"{_said(path)} is an array of functions; write an array of pointers to functions"
            )
        if isinstance(node.element, ArrayOf) and not node.element.length:
            raise self._fault(offset, f"{_said(path)}: only the first brackets of an array may be empty")
        return self._value(node.element, path, offset)

    def _callback(self, node: Signature, path: str, offset: int) -> FunctionPointer:
        """The function pointer of that shape; the shape becomes a delegate when it is met first."""
        if not node.name:
            node.name = self._add_delegate(node, node.alias or path, offset)
        return FunctionPointer(node.name)

    def _add_delegate(self, node: Signature, path: str, offset: int) -> str:
        name, number = path, 1
        while True:
            result, parameters = self._signature(node, name, offset)
            delegate = Delegate(name, Parameter("", result, node.attributes), parameters, node.variadic)
            if self._delegates.setdefault(name, delegate) == delegate:
                return name
            # A struct and a function may share a name, and their parts too.
            number += 1
            name = f"{path}.{number}"

    def _record(self, node: RecordTag) -> Record:
        members = node.members or []
        fields = tuple([self._field(member, node, index) for index, member in enumerate(members, 1)])
        return Record(node.name, fields, node.kind == "union", node.pack, node.size)

    def _field(self, member: MemberNode, owner: RecordTag, index: int) -> Field:
        path = f"{owner.name}.{member.name or index}"
        kind = member.type
        member.attributes = hand_down(self._source, kind, member.attributes, member.offset)
        if isinstance(kind, Signature):
            raise self._fault(member.offset, f"{_said(path)} is a function; write a pointer: '(*{member.name})(...)'")
        if isinstance(kind, ArrayOf) and not kind.length:
            last = owner.members is not None and member is owner.members[-1] and len(owner.members) > 1
            if not last or owner.kind == "union":
                raise self._fault(
                    member.offset,
                    f"{_said(path)} has no length; only the last of several members of a struct may be so",
                )
        offset = place(member)
        return Field(member.name, self._value(kind, path, member.offset), member.attributes, member.bits, offset)

    def _enum(self, node: EnumTag) -> Enum:
        if node.members is None:
            raise self._fault(node.offset, f"enum {node.tag} is used but never defined; write its constants in braces")
        return Enum(node.name, tuple(node.members), node.base)


def _with_length(attributes: tuple[Attribute, ...], length: int | None) -> tuple[Attribute, ...]:
    """`[out] int fds[2]` has room for two (R6.4), although C drops the length of a parameter."""
    names = {attribute.name for attribute in attributes}
    if not length or "out" not in names or "size_is" in names:
        return attributes
    return tuple(sorted((*attributes, Attribute("size_is", str(length)))))


def _name_of(entry: Record | Enum | OpaqueType) -> str:
    return entry.name


def _is_opaque(node: Node) -> TypeGuard[RecordTag]:
    return isinstance(node, RecordTag) and node.members is None and node.kind != HANDLE


def _said(path: str) -> str:
    """A path as a message says it: `'x' of f`, or the name alone."""
    owner, _, name = path.rpartition(".")
    return f"{name!r} of {owner}" if owner else repr(name)
