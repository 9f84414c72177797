"""The plain Python face of a typed module, as a `.pyi`: what type checkers and editors show of it.

Made from the module's source, so that it can be made again when a person has edited the module.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, get_origin

__all__ = ["stub_of"]

_INNER: Final = frozenset({"In", "Out", "InOut", "Borrowed", "Const", "Mutable", "Closes", "Keep"})
"""Words that say nothing to a type checker."""
_LEVELS: Final = {
    "Ref": "{0} | Box[{0}] | _Place",
    "Array": "Sequence[{0}] | Buffer | _Place",
    "SafeArr": "Sequence[{0}] | Buffer",
    "Ptr": "Box[{0}] | _Pointer",
}
_ALIASES: Final = {
    "_Place": "NativePtr | Memory | HostStruct",
    "_Pointer": "NativePtr | Memory | HostStruct | Constant | bytes | bytearray | None",
}
"""What may be given for a value behind a pointer: where it is in the host; and where C takes a pointer as it is."""
_HOMES: Final = {
    "Any": "typing",
    "Final": "typing",
    "TypeAlias": "typing",
    "Sequence": "collections.abc",
    "Buffer": "typing_extensions",
    "Box": "callgate",
    "NativePtr": "callgate",
    "HostStruct": "callgate",
    "Memory": "callgate.memory",
    "Constant": "callgate.values",
    "datetime": "datetime",
    "Decimal": "decimal",
    "UUID": "uuid",
}
"""Names that a stub may need and its module does not import."""
_LAYOUTS: Final = frozenset({"struct", "union", "layout_class"})
_UNSEEN: Final = frozenset({"library", "delegate", "native", "prototype"})
"""Decorators that mean nothing to a type checker."""


def stub_of(source: str, name: str) -> str:
    """The stub of a module's source. `name` is the module's file, for the head. Raises SyntaxError."""
    return _Stub(ast.parse(source)).write(name)


class _Stub:
    """One stub while it is made."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._imports: dict[str, tuple[str, str]] = {}
        """Name in the module → where it comes from, and what it is called there ("" for a module)."""
        self._aliases: dict[str, str] = {}
        """Names for types that a member of some class hides there."""
        for node in tree.body:
            self._note_import(node)
        self._plain = _Plain(self._imports)
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        self._callbacks = {node.name for node in classes if "delegate" in self._words(node.decorator_list)}

    def write(self, name: str) -> str:
        """The whole text."""
        body = [made for node in self._tree.body for made in self._statement(node)]
        text = "\n".join(map(_unparsed, body))
        used = _names(body)
        self._aliases |= {alias: written for alias, written in _ALIASES.items() if alias in used}
        for alias, hidden in self._aliases.items():
            text = f"{alias}: TypeAlias = {hidden}\n{text}"
        doc = (ast.get_docstring(self._tree) or "").partition("\n")[0]
        head = [
            f"# The types of {name} in plain Python, for type checkers and editors. {name} decides what a call means;",
            f"# when you have edited it, make this file anew: callgate bindgen {name} --force",
            *([f'"""{doc}"""'] if doc else []),
            "",
            *self._import_lines(_names([ast.parse(text)])),
            "",
        ]
        return "\n".join([*head, text]) + "\n"

    # -- imports -----------------------------------------------------------------------------------------------------

    def _note_import(self, node: ast.stmt) -> None:
        if isinstance(node, ast.ImportFrom):
            home = "." * node.level + (node.module or "")
            for each in node.names:
                self._imports[each.asname or each.name] = (home, each.name)
        elif isinstance(node, ast.Import):
            for each in node.names:
                self._imports[each.asname or each.name.partition(".")[0]] = (each.name, "")

    def _import_lines(self, used: set[str]) -> list[str]:
        homes: dict[str, list[str]] = {}
        lines = []
        defined = {name for node in self._tree.body for name in _defined(node) if not isinstance(node, ast.Import)}
        for name in sorted(used):
            home, original = self._imports.get(name, (_HOMES.get(name, ""), name))
            if not home or home == "__future__" or name in defined:
                continue
            if original:
                homes.setdefault(home, []).append(name if original == name else f"{original} as {name}")
            else:
                lines.append(f"import {home}" if name == home.partition(".")[0] else f"import {home} as {name}")
        return [*lines, *(f"from {home} import {', '.join(names)}" for home, names in sorted(homes.items()))]

    # -- statements --------------------------------------------------------------------------------------------------

    def _statement(self, node: ast.stmt) -> Iterator[ast.stmt]:
        match node:
            case ast.ClassDef():
                yield self._class(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield self._function(node)
            case ast.AnnAssign(value=value) if value is not None:
                yield self._constant(node, value)
            case ast.AnnAssign():
                yield ast.AnnAssign(node.target, self._plain.annotation(node.annotation), None, 1)
            case ast.Assign():
                yield self._assigned(node)
            case ast.If() | ast.Try():
                yield node

    def _assigned(self, node: ast.Assign) -> ast.stmt:
        """A value as it is; another name for a type in plain Python."""
        value = node.value if isinstance(node.value, ast.Constant) else self._plain.annotation(node.value)
        return ast.Assign(node.targets, value)

    def _constant(self, node: ast.AnnAssign, value: ast.expr) -> ast.stmt:
        kind = self._plain.annotation(node.annotation)
        if ast.unparse(kind) == "TypeAlias":
            return ast.AnnAssign(node.target, kind, self._plain.annotation(value), 1)
        called = value.func if isinstance(value, ast.Call) else None
        if ast.unparse(kind) == "Final" and isinstance(called, ast.Name) and called.id in _MADE:
            return ast.AnnAssign(node.target, _expression(f"Final[{_MADE[called.id]}]"), None, 1)
        return ast.AnnAssign(node.target, kind, value, 1)

    def _class(self, node: ast.ClassDef) -> ast.ClassDef:
        decorators = self._words(node.decorator_list)
        kept = [
            (each.func if word in _LAYOUTS and isinstance(each, ast.Call) else each)
            for each, word in zip(node.decorator_list, decorators, strict=True)
            if word not in _UNSEEN
        ]
        body = [made for each in node.body for made in self._member(each, is_layout=bool(_LAYOUTS & set(decorators)))]
        made = ast.ClassDef(
            name=node.name,
            bases=[self._plain.annotation(base) for base in node.bases],
            keywords=[each for each in node.keywords if each.arg == "metaclass"],
            body=body or [_ELLIPSIS],
            decorator_list=kept,
        )
        self._unhide(made)
        return made

    def _words(self, decorators: Sequence[ast.expr]) -> list[str]:
        """Which of callgate's decorators they are; "" for others."""
        return [self._plain.callgate(each.func if isinstance(each, ast.Call) else each) for each in decorators]

    def _member(self, node: ast.stmt, *, is_layout: bool) -> Iterator[ast.stmt]:
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                yield node
            case ast.ClassDef():
                yield self._class(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield self._function(node)
            case ast.AnnAssign(target, annotation, value):
                given = value is not None and is_layout and not self._is_required(value)
                yield ast.AnnAssign(target, self._plain.annotation(annotation), _DOTS if given else None, 1)
            case ast.Assign(targets=[ast.Name(id=name)]) if not name.startswith("__"):
                yield self._assigned(node)

    def _is_required(self, value: ast.expr) -> bool:
        """Whether a member's `= offset(8)` leaves it without a default."""
        if not isinstance(value, ast.Call) or self._plain.callgate(value.func) != "offset":
            return False
        return all(each.arg != "default" for each in value.keywords)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        made = copy.deepcopy(node)
        arguments = made.args
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if each is not None and each.annotation is not None:
                each.annotation = self._pointing(self._plain.annotation(each.annotation))
        arguments.defaults = [_DOTS for _ in arguments.defaults]
        arguments.kw_defaults = [each and _DOTS for each in arguments.kw_defaults]
        made.returns = self._plain.annotation(made.returns) if made.returns is not None else None
        words = self._words(made.decorator_list)
        made.decorator_list = [
            each for each, word in zip(made.decorator_list, words, strict=True) if word not in _UNSEEN
        ]
        first = made.body[0]
        told = (
            isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
        )
        made.body = [first if told else _ELLIPSIS]
        return made

    def _pointing(self, annotation: ast.expr) -> ast.expr:
        """For a callback there may be a pointer to a function of the host, or a constant such as SQLITE_TRANSIENT."""
        if not self._callbacks & _names([annotation]):
            return annotation
        return _expression(f"{ast.unparse(annotation)} | NativePtr | Constant")

    # -- names that members hide -------------------------------------------------------------------------------------

    def _unhide(self, node: ast.ClassDef) -> None:
        """In a class with a member called `int`, the type has to be called something else."""
        places = [*_annotated(node)]
        used = _names([getattr(place, field) for place, field in places])
        hidden = used & {name for each in node.body for name in _defined(each)}
        for place, field in places:
            setattr(place, field, _renamed(getattr(place, field), hidden))
        self._aliases |= {f"_{name}": name for name in hidden}


_MADE: Final = {"constant": "Constant", "float": "float"}
"""What makes a constant → its type."""
_DOTS: Final = ast.Constant(...)
_ELLIPSIS: Final = ast.Expr(_DOTS)


class _Plain(ast.NodeTransformer):
    """Takes out of annotations what is not for type checkers."""

    def __init__(self, imports: dict[str, tuple[str, str]]) -> None:
        self._imports = imports

    def annotation(self, node: ast.expr) -> ast.expr:
        """The annotation in plain Python."""
        made: ast.expr = self.visit(copy.deepcopy(node))
        return made

    def callgate(self, node: ast.AST) -> str:
        """The name in callgate that an expression stands for; "" for anything else."""
        if isinstance(node, ast.Name):
            home, name = self._imports.get(node.id, ("", ""))
            return name if home.partition(".")[0] == "callgate" else ""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            home, name = self._imports.get(node.value.id, ("", ""))
            return node.attr if (home, name) == ("callgate", "") else ""
        return ""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`Ref[T]`, `Annotated[T, …]`."""
        inside = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        word = self.callgate(node.value)
        if self._is_typing(node.value, "Annotated") or word in _INNER:
            return self.annotation(inside)
        if self._is_typing(node.value, "Literal"):
            return node
        if word == "Ptr" and isinstance(inside, ast.Constant) and inside.value is None:
            return ast.Name("_Pointer")
        if word in _LEVELS:
            return _expression(_LEVELS[word].format(ast.unparse(self.annotation(inside))))
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """`i4`, `LPStr`, `Context`."""
        return self._alias(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`callgate.i4`."""
        return self._alias(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Forward references need no quotes in a stub."""
        if isinstance(node.value, str):
            try:
                return self.annotation(_expression(node.value))
            except SyntaxError:
                return node
        return node

    def _alias(self, node: ast.Name | ast.Attribute) -> ast.AST:
        import callgate  # noqa: PLC0415 - the package is complete by now

        meant: Any = getattr(callgate, self.callgate(node) or "load", None)
        if get_origin(meant) is not Annotated or meant.__parameters__:
            return node
        python: Any = meant.__origin__
        return ast.Name("Any" if python is Any else python.__name__)

    def _is_typing(self, node: ast.AST, name: str) -> bool:
        if isinstance(node, ast.Attribute):
            return node.attr == name
        return isinstance(node, ast.Name) and self._imports.get(node.id, ("", ""))[1] == name


def _expression(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _unparsed(node: ast.stmt) -> str:
    return ast.unparse(ast.fix_missing_locations(node))


def _names(nodes: Sequence[ast.AST]) -> set[str]:
    """All names that are used."""
    found = [each for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in found if not isinstance(getattr(each, "ctx", None), ast.Store)}


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
    return []


def _annotated(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Everything that has an annotation, and the field that holds it."""
    for each in ast.walk(node):
        field = "returns" if isinstance(each, ast.FunctionDef) else "annotation"
        if getattr(each, field, None) is not None:
            yield each, field


def _renamed(node: ast.expr, hidden: set[str]) -> ast.expr:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and each.id in hidden:
            each.id = f"_{each.id}"
    return node
