"""Types while they are being read.

The model is immutable, but C names things before it says what they are: whether `struct foo` is opaque, and which
typedef names it, is known only at the end of the text. These nodes hold what was read until `lowering` makes the model.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from callgate_protocol.model import Attribute, Implemented, Scalar, SystemType, Void

__all__ = [
    "VOID",
    "ArrayOf",
    "EnumTag",
    "FunctionNode",
    "InterfaceTag",
    "MemberNode",
    "Node",
    "ParameterNode",
    "PointerTo",
    "RecordTag",
    "SafeArrayOf",
    "Signature",
    "Typedef",
]

VOID: Final = Void()
HANDLE: Final = "handle"
"""The kind of a tag that stands for a number with a life (R10.10)."""


class RecordTag:
    """A struct or union; `members` is None until its braces are read.

    `alias` is the typedef that names it; `parent` and `label` name it when it has neither tag nor alias.
    """

    __slots__ = ("alias", "kind", "label", "life", "members", "name", "offset", "pack", "parent", "size", "tag")

    depth: Final = 0

    def __init__(self, kind: str, tag: str, offset: int) -> None:
        self.kind = kind
        self.tag = tag
        self.offset = offset
        self.alias = ""
        self.label = ""
        self.parent: RecordTag | None = None
        self.members: list[MemberNode] | None = None
        self.pack = 0
        self.size = 0
        self.name = ""
        self.life: dict[str, str] = {}
        """`release` and `invalid`, as a typedef of the opaque type says them."""


class EnumTag:
    """An enum; `members` is None until its braces are read."""

    __slots__ = ("alias", "base", "kind", "members", "name", "offset", "tag")

    depth: Final = 0

    def __init__(self, tag: str, offset: int) -> None:
        self.kind = "enum"
        self.tag = tag
        self.offset = offset
        self.alias = ""
        self.members: list[tuple[str, int]] | None = None
        self.base = "int"
        self.name = ""


class InterfaceTag:
    """An interface or coclass; `methods` is None until its braces are read, and those of a coclass are empty."""

    __slots__ = ("attributes", "base", "guid", "implemented", "kind", "like", "methods", "name", "offset")

    depth: Final = 0

    def __init__(self, kind: str, name: str, offset: int) -> None:
        self.kind = kind
        self.name = name
        self.offset = offset
        self.guid = ""
        self.base = ""
        self.like: InterfaceTag | None = None
        """Of `dispinterface X { interface Y; }`: the interface whose members it has."""
        self.methods: list[FunctionNode] | None = None
        self.attributes: tuple[Attribute, ...] = ()
        self.implemented: tuple[Implemented, ...] = ()


class PointerTo:
    """`target *`. `const` qualifies the target; `own` the pointer itself, as the target of a next one."""

    __slots__ = ("const", "depth", "own", "target")

    def __init__(self, own: bool = False) -> None:
        self.own = own
        self.target: Node = VOID
        self.const = False
        self.depth = 1

    def attach(self, inner: Node, const: bool) -> bool:
        """Set what it points to; the answer is its own constness."""
        self.target = inner
        self.const = const
        self.depth = _depth(inner) + 1
        return self.own


class ArrayOf:
    """`element[length]`; `length` is None when the brackets are empty."""

    __slots__ = ("depth", "element", "length")

    def __init__(self, length: int | None) -> None:
        self.length = length
        self.element: Node = VOID
        self.depth = 1

    def attach(self, inner: Node, const: bool) -> bool:
        """Set what it holds; a const array is an array of const elements."""
        self.element = inner
        self.depth = _depth(inner) + 1
        return const


class SafeArrayOf:
    """`SAFEARRAY(element)`: complete when it is made, because it stands among the words of a type."""

    __slots__ = ("depth", "element")

    def __init__(self, element: Node) -> None:
        self.element = element
        self.depth = _depth(element) + 1


class Signature:
    """The shape of a function: of a declared one, or of one that is pointed to.

    `alias` is the typedef that names it; `name` is the name of its delegate once it has been lowered.
    """

    __slots__ = ("alias", "attributes", "depth", "name", "parameters", "result", "variadic")

    def __init__(self, parameters: list[ParameterNode], variadic: bool) -> None:
        self.parameters = parameters
        self.variadic = variadic
        self.result: Node = VOID
        self.attributes: tuple[Attribute, ...] = ()
        self.alias = ""
        self.name = ""
        self.depth = 1 + max([_depth(parameter.type) for parameter in parameters], default=0)

    def attach(self, inner: Node, const: bool) -> bool:  # noqa: ARG002 - a const result means nothing
        """Set what it returns."""
        self.result = inner
        self.depth = max(self.depth, _depth(inner) + 1)
        return False


Node: TypeAlias = (
    Void | Scalar | SystemType | RecordTag | EnumTag | InterfaceTag | PointerTo | ArrayOf | SafeArrayOf | Signature
)


def _depth(node: Node) -> int:
    return 0 if isinstance(node, Void | Scalar | SystemType) else node.depth


class ParameterNode:
    """A parameter as it was written; `const` qualifies the elements when it is an array."""

    __slots__ = ("attributes", "const", "name", "offset", "type")

    def __init__(self, name: str, node: Node, const: bool, offset: int) -> None:
        self.name = name
        self.type = node
        self.const = const
        self.offset = offset
        self.attributes: tuple[Attribute, ...] = ()


class MemberNode:
    """A member of a struct or union as it was written."""

    __slots__ = ("attributes", "bits", "name", "offset", "type")

    def __init__(self, name: str, node: Node, bits: int, offset: int) -> None:
        self.name = name
        self.type = node
        self.bits = bits
        self.offset = offset
        self.attributes: tuple[Attribute, ...] = ()


class Typedef:
    """A type name: what it stands for, and where it was declared (-1: nowhere, it is one of the known names)."""

    __slots__ = ("const", "offset", "type")

    def __init__(self, node: Node, const: bool, offset: int) -> None:
        self.type = node
        self.const = const
        self.offset = offset


class FunctionNode:
    """A declared function."""

    __slots__ = ("attributes", "name", "offset", "prototype", "signature")

    def __init__(
        self, name: str, signature: Signature, attributes: tuple[Attribute, ...], prototype: str, offset: int
    ) -> None:
        self.name = name
        self.signature = signature
        self.attributes = attributes
        self.prototype = prototype
        self.offset = offset
