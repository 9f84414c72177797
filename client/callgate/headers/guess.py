"""What C does not say and a reader of the header would assume: attributes that cannot do harm.

Every guess is one that, when it is wrong, refuses a call or loses a value, and never lets the library read or write
memory that is not its own. Prototypes given beside the header overrule them all (`docs/headers.md`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from callgate.declare.nodes import VOID, EnumTag, FunctionNode, Node, ParameterNode, PointerTo, RecordTag, Signature
from callgate_protocol.model import FLOATS, Attribute, Scalar, Void

__all__ = ["guess_callback", "guess_contexts", "guess_function", "shape_of"]

_COUNT: Final = re.compile(
    r"(?:[nN]|[lL]en|[lL]ength|[sS]ize|[cC]ount|num|nbytes?|nByte|avail)"
    r"|\w*(?:_|(?<=[a-z0-9]))(?:len|length|size|count|Len|Length|Size|Count)"
    r"|n[A-Z]\w*|(?:n|num|nr)_\w+|n(?:items|memb|elems?|elements|chars)"
)
"""Names of parameters that say how many there are of what stands before them."""
_ITEMS: Final = re.compile(r"(?:[nN]|[cC]ount|num)|\w*(?:_|(?<=[a-z0-9]))(?:count|Count)|n[A-Z]\w*|(?:n|num|nr)_\w+")
"""The same, without those that may count bytes."""
_SIZE: Final = re.compile(r"\w*[sS]ize|width")
"""Names that may be the size of one element, when a number of elements follows."""
_TEXT_OUT: Final = re.compile(
    r"\w*(?:err|msg|Err|Msg)\w*|\w*(?:[tT]ail|[eE]nd|[oO]ut|[rR]esult)(?:_?[pP]tr)?|out_\w+|pp?z[A-Z]\w*"
)
"""Names of `char **` through which a text comes out."""
_CLOSING: Final = frozenset({"close", "delete", "destroy", "dispose", "finalize", "finish", "free"})
"""Last words of the names of functions that end an object's life."""
_TAKING: Final = _CLOSING | {"clear", "put", "release", "unref"}
"""Words of functions that take a `T **` to set it to NULL, not to fill it."""
_KEEPING: Final = frozenset({"add", "callback", "handler", "hook", "install", "on", "register", "set", "subscribe"})
"""Words of functions that remember a function pointer."""
_UNNAMED: Final = re.compile(r"arg\d+_*")
"""Names that parameters got here, because the header gives them none."""
_BYTES: Final = frozenset({"uchar", "schar", "u1", "i1"})

_IN_OUT: Final = (Attribute("in"), Attribute("out"))
_UNIQUE: Final = Attribute("unique")
_OUT: Final = Attribute("out")


def guess_function(node: FunctionNode, objects: Collection[RecordTag]) -> None:
    """Give the parameters of a function the attributes that they should have.

    `objects` are the structs that functions of the header return pointers to: the library makes them, and a pointer to
    one is passed on, not filled.
    """
    parameters = node.signature.parameters
    words = _words(node.name)
    for index, parameter in enumerate(parameters):
        following = parameters[index + 1 : index + 3]
        before = parameters[index - 1] if index else None
        found = _attributes(parameter, following, words, before, objects)
        parameter.attributes = tuple(sorted(set(found)))
    if len(parameters) == 1 and _is_handle(parameters[0].type) and words and words[-1] in _CLOSING:
        parameters[0].attributes = (Attribute("closes"),)


def _attributes(
    parameter: ParameterNode,
    following: list[ParameterNode],
    words: list[str],
    before: ParameterNode | None,
    objects: Collection[RecordTag],
) -> Collection[Attribute]:
    kind = parameter.type
    shape = shape_of(kind)
    if shape is not None:
        return [Attribute("keep")] if _KEEPING.intersection(words) else []
    if not isinstance(kind, PointerTo):
        return []
    if parameter.attributes and not _is_opaque(kind.target):
        writes = not (kind.const or isinstance(kind.target, PointerTo))
        return [*parameter.attributes, *_nullable(kind.target), *(_IN_OUT if writes else ())]
    if _levels(kind) > 2:  # R7.15
        parameter.type = _untyped(kind)
        return []
    if isinstance(kind.target, PointerTo):
        return _of_pointers(parameter, kind.target, following, words, before)
    return _of_values(kind, following, objects)


def _of_values(
    kind: PointerTo, following: list[ParameterNode], objects: Collection[RecordTag]
) -> Collection[Attribute]:
    target = kind.target
    if _is_opaque(target) or _is_text(target, const=kind.const):
        return []
    count = _count_of(target, following, writes=not kind.const)
    if count:
        size = Attribute("size_is", count)
        return [size, *_nullable(target), *(() if kind.const else _IN_OUT)]
    if isinstance(target, Void) or (isinstance(target, Scalar) and target.name == "char"):
        return []
    return [_UNIQUE] if kind.const or _is_bytes(target) or target in objects else [_UNIQUE, *_IN_OUT]


def _nullable(target: Node) -> Collection[Attribute]:
    """Bytes may be NULL in any case."""
    return [] if _is_bytes(target) else [_UNIQUE]


def _of_pointers(
    parameter: ParameterNode,
    inner: PointerTo,
    following: list[ParameterNode],
    words: list[str],
    before: ParameterNode | None,
) -> Collection[Attribute]:
    kind = parameter.type
    assert isinstance(kind, PointerTo)
    if isinstance(inner.target, Scalar) and inner.target.name == "char":
        if before is not None and before.name == "argc":
            return [Attribute("size_is", "argc"), _UNIQUE]
        if _TAKING.intersection(words):
            parameter.type = _untyped(kind)  # what is given back is what the library gave, not a copy
            return []
        if not kind.const and _TEXT_OUT.fullmatch(parameter.name) and not _is_count(following):
            return [_OUT]
        return [_UNIQUE]
    if kind.const or _is_count(following) or _TAKING.intersection(words):
        return [_UNIQUE]
    return [_OUT]


def _count_of(target: Node, following: list[ParameterNode], *, writes: bool) -> str:
    """The argument of `size_is` for a pointer that a count follows, and no second number that may multiply it."""
    if not _is_count(following) or _is_count(following[1:]):
        return ""
    count = following[0]
    if _SIZE.fullmatch(count.name) and len(following) > 1 and _is_integer(following[1].type):
        return ""
    if isinstance(count.type, PointerTo):
        return f"*{count.name}" if writes and not count.type.const else ""
    if isinstance(target, RecordTag) and not _ITEMS.fullmatch(count.name):
        return ""
    return count.name


def _is_count(following: list[ParameterNode]) -> bool:
    if not following or not _COUNT.fullmatch(following[0].name):
        return False
    kind = following[0].type
    return _is_integer(kind.target if isinstance(kind, PointerTo) else kind)


def guess_contexts(nodes: Iterable[FunctionNode], elsewhere: Collection[Signature]) -> None:
    """`[context]` where a function takes one callback and one `void *`, and the callback gets one `void *` (R9.13).

    Not for a callback that only frees what it gets: what is freed is memory. Not for one that is used in another way
    too, or stands in a struct (`elsewhere`): there its `void *` would be something else.
    """
    pairs: dict[Signature, list[ParameterNode]] = {}
    spoiled = set(elsewhere)
    for node in nodes:
        shapes = [shape for each in node.signature.parameters if (shape := shape_of(each.type)) is not None]
        carried = [each for each in node.signature.parameters if _is_context(each)]
        if len(shapes) == 1 and len(carried) == 1:
            pairs.setdefault(shapes[0], []).append(carried[0])
        else:
            spoiled.update(shapes)
    for shape, given in pairs.items():
        received = [each for each in shape.parameters if _is_context(each)]
        if shape not in spoiled and len(received) == 1 and len(shape.parameters) > 1:
            for parameter in (*given, *received):
                parameter.attributes = (Attribute("context"),)


def guess_callback(shape: Signature) -> None:
    """The parameters of a callback: what cannot be read without knowing its length stays a pointer.

    The callable may read and write there itself, with `callgate.read`, `cast` and `write`.
    """
    counted = any(_is_integer(parameter.type) for parameter in shape.parameters)
    for index, parameter in enumerate(shape.parameters):
        kind = parameter.type
        parameter.attributes = ()  # native code may well give fewer than `T v[n]` says
        if not isinstance(kind, PointerTo) or _is_handle(kind) or shape_of(kind) is not None or kind.target == VOID:
            continue
        following = shape.parameters[index + 1 : index + 3]
        count = _count_of(kind.target, following, writes=False) if kind.const else ""
        if count and not isinstance(kind.target, PointerTo):
            parameter.attributes = (Attribute("size_is", count),)
        elif not _is_readable(kind, following, counted=counted):
            parameter.type = _untyped(kind)


def _is_readable(kind: PointerTo, following: list[ParameterNode], *, counted: bool) -> bool:
    """Whether one value, or text up to its end, can be read there whatever the other parameters say."""
    target = kind.target
    if _is_text(target, const=True):
        unnamed = bool(following) and _is_integer(following[0].type) and _UNNAMED.fullmatch(following[0].name)
        return not unnamed if kind.const else not counted
    return kind.const and isinstance(target, Scalar | EnumTag | RecordTag)


def _untyped(kind: PointerTo) -> PointerTo:
    pointer = PointerTo()
    pointer.attach(VOID, kind.const)
    return pointer


def _levels(node: Node) -> int:
    levels = 0
    while isinstance(node, PointerTo):
        node, levels = node.target, levels + 1
    return levels


def shape_of(node: Node) -> Signature | None:
    """The shape of a function, or of what a pointer to one points to."""
    node = node.target if isinstance(node, PointerTo) else node
    return node if isinstance(node, Signature) else None


def _is_context(parameter: ParameterNode) -> bool:
    kind = parameter.type
    return isinstance(kind, PointerTo) and kind.target == VOID and not kind.const and not parameter.attributes


def _is_opaque(node: Node) -> bool:
    return isinstance(node, RecordTag) and node.members is None


def _is_handle(node: Node) -> bool:
    return isinstance(node, PointerTo) and _is_opaque(node.target)


def _is_integer(node: Node) -> bool:
    return isinstance(node, Scalar) and node.name not in FLOATS and node.name != "bool"


def _is_text(node: Node, *, const: bool) -> bool:
    return const and isinstance(node, Scalar) and node.name in ("char", "wchar", "char16")


def _is_bytes(node: Node) -> bool:
    return node == VOID or (isinstance(node, Scalar) and (node.name == "char" or node.name in _BYTES))


def _words(name: str) -> list[str]:
    """The words of a name: `sqlite3_open_v2` has sqlite, open; `xmlFreeDoc` has xml, free, doc."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    return words[:-1] if words[-1:] == ["v"] else words
