"""A type library as IDL text (R7.21, R9.3, R12.1, R14.17): what `callgate.export_idl` gives, and IDL's reader takes.

The text is IDL from its first line on (`import`). Interfaces that need no declaration are named and not repeated.
With `plain`, words are left out that only callgate knows; such a text says less than the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .automation import WELL_KNOWN
from .contracts import needs_local
from .identity import UNNAMED, Identity
from .idl_declarations import Declarations, innermost
from .idl_types import Spelling, bracketed
from .model import Attribute, Coclass, CType, Delegate, Function, Interface, Pointer, TypeLibrary, Void

__all__ = ["idl_text"]

_IMPORT: Final = 'import "oaidl.idl";'
_RETVAL: Final = (Attribute("out"), Attribute("retval"))
_PLAIN_WORDS: Final = frozenset({"dual"})
_VISIBLE: Final = frozenset({"id", "propget", "propput", "propputref", "throws"})
"""Words of members that a dispinterface can say."""


def idl_text(library: TypeLibrary, identity: Identity = UNNAMED, *, plain: bool = False) -> str:
    """The whole library; each group is there when it has something."""
    above = Declarations(library, plain=plain)
    objects = _Objects(library, above.spelling, plain=plain)
    body = [
        *objects.forward(),
        *above.shared(objects.mentioned()),
        *above.types(),
        *above.functions(),
        *objects.interfaces(),
        *objects.coclasses(),
    ]
    if identity.name:
        lines = [line for part in body for line in part.split("\n")]
        body = [*_library(identity), *(f"    {line}" if line else "" for line in lines)]
        body = [*body[: -1 if not body[-1] else None], "};"]
    return "\n".join([_IMPORT, "", *body]).rstrip() + "\n"


def _library(identity: Identity) -> list[str]:
    words = [f"uuid({identity.libid[1:-1]})"] if identity.libid else []
    words += [f"version({identity.version})"] if identity.version else []
    return [*([f"[{', '.join(words)}]"] if words else []), f"library {identity.name}", "{"]


class _Objects:
    """The interfaces and classes of a library."""

    def __init__(self, library: TypeLibrary, spelling: Spelling, *, plain: bool) -> None:
        self.library = library
        self.spelling = spelling
        self.plain = plain
        self.own = {each.name: each for each in library.interfaces if WELL_KNOWN.get(each.name) != each}

    def mentioned(self) -> set[CType]:
        """What signatures and structs are about."""
        library = self.library
        shapes: list[Function | Delegate] = [
            *library.functions,
            *library.delegates,
            *(each for one in self.own.values() for each in one.methods),
        ]
        types = [parameter.type for shape in shapes for parameter in (shape.result, *shape.parameters)]
        types += [field.type for record in library.records for field in record.fields]
        return {innermost(ctype) for ctype in types}

    def forward(self) -> Iterator[str]:
        """Names that types and interfaces may use before they are described."""
        yield from (f"interface {each.name};" for each in self.library.interfaces)
        yield from (f"coclass {each.name};" for each in self.library.coclasses)
        if self.library.interfaces or self.library.coclasses:
            yield ""

    def interfaces(self) -> Iterator[str]:
        """Bases stand above what derives from them."""
        done: set[str] = set()
        for first in self.own:
            chain, name = [], first
            while name in self.own and name not in done:
                done.add(name)
                chain.append(self.own[name])
                name = self.own[name].base
            for interface in reversed(chain):
                yield self._late(interface) if _is_dispinterface(interface) else self._interface(interface)

    def coclasses(self) -> Iterator[str]:
        """Classes with the interfaces that stand for them (R14.11)."""
        late = {each.name for each in self.library.interfaces if _is_dispinterface(each)}
        yield from (_coclass(each, late) for each in self.library.coclasses)

    def _interface(self, interface: Interface) -> str:
        words = ["object", f"uuid({interface.iid[1:-1]})", *(["local"] if needs_local(interface) else [])]
        words += [str(word) for word in interface.attributes if not self.plain or word.name in _PLAIN_WORDS]
        base = f" : {interface.base}" if interface.base else ""
        return _block(", ".join(words), f"interface {interface.name}{base}", map(self._method, interface.methods))

    def _method(self, method: Function) -> str:
        words = tuple(word for word in method.result.attributes if word.name != "throws")
        if not method.result.has("throws"):
            words = (*words, Attribute("preserve_sig"))
        return self._member(method, words)

    def _member(self, method: Function, words: tuple[Attribute, ...]) -> str:
        parameters = ", ".join(self.spelling.method_parameter(each) for each in method.parameters)
        declared = self.spelling.declare(method.result.type, f"{method.name}({parameters})")
        return f"{bracketed(words, plain=self.plain)}{declared};"

    def _late(self, interface: Interface) -> str:
        lines = ["properties:", "methods:", *(f"    {self._late_method(each)}" for each in interface.methods)]
        return _block(f"uuid({interface.iid[1:-1]})", f"dispinterface {interface.name}", lines)

    def _late_method(self, method: Function) -> str:
        """R14.1: members without slots give their result plainly; where that says less, as other methods do."""
        names = {word.name for word in method.result.attributes}
        last = method.parameters[-1] if method.parameters else None
        returns = last is not None and last.name == "value" and last.attributes == _RETVAL
        if "throws" not in names or names - _VISIBLE or (last is not None and last.has("retval") and not returns):
            return self._method(method)
        result: CType = Void()
        if returns and last is not None and isinstance(last.type, Pointer):
            result = last.type.target
            method = method.replace(parameters=method.parameters[:-1])
        words = tuple(word for word in method.result.attributes if word.name != "throws")
        return self._member(method.replace(result=method.result.replace(type=result)), words)


def _coclass(coclass: Coclass, late: set[str]) -> str:
    lines = []
    for each in coclass.interfaces:
        words = [word for word, said in (("default", each.default), ("source", each.source)) if said]
        keyword = "dispinterface" if each.interface in late else "interface"
        brackets = f"[{', '.join(words)}] " if words else ""
        lines.append(f"{brackets}{keyword} {each.interface};")
    return _block(f"uuid({coclass.clsid[1:-1]})", f"coclass {coclass.name}", lines)


def _block(words: str, head: str, lines: Iterable[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"[{words}]\n{head}\n{{\n{body}}};\n"


def _is_dispinterface(interface: Interface) -> bool:
    """Whether it can be written as IDL's dispinterface, which always derives from IDispatch."""
    return interface.base == "IDispatch" and interface.attributes == (Attribute("dispatch"),)
