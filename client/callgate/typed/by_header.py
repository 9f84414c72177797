"""`@library(…, header="zlib.h")`: methods whose C the header says; Python's annotations only type their face.

The header's types and constants are known to the library as well. Where a class of the user's has the name of one of
them, the class is what Python sees of it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args, get_origin

from callgate.declare import Declarations, PrototypeError
from callgate.declare.python import CountOf, Face
from callgate.errors import DeclarationError
from callgate.sources import FromHeader
from callgate_protocol.marshal import DirectiveError, resolve
from callgate_protocol.model import Function, OpaqueType, TypeLibrary

from .prototypes import Prototype, preamble
from .reading import Note, read
from .space import Space

__all__ = ["Headed", "Method", "says_c"]


class Method(NamedTuple):
    """A method that is declared by the name which it has in C."""

    python: str
    c_name: str
    function: Any


def says_c(hints: Mapping[str, Any]) -> bool:
    """Whether annotations say all of C that there is to say: one of them is marked, and none has no meaning in C."""
    notes = [read(each) for each in hints.values()]
    return any(map(is_marked, notes)) and not any(map(_is_open, notes))


def is_marked(note: Note) -> bool:
    """Whether something of callgate's stands in an annotation."""
    return bool(note.marks) or any(map(is_marked, _parts(note)))


def _is_open(note: Note) -> bool:
    """Whether an annotation leaves to C what only C can say: how wide a number is, what anything is."""
    if note.alternatives or (not note.marks and note.python in (int, float, Any, object)):
        return True
    return any(map(_is_open, _parts(note)))


def _parts(note: Note) -> list[Note]:
    if note.element is not None:
        return [note.element]
    return [read(each) for each in get_args(note.python) if each is not ...] if get_origin(note.python) is tuple else []


class Headed:
    """A library's header, beside what its class says."""

    def __init__(self, library: str, source: FromHeader, label: str) -> None:
        self._library = library
        self._source = source
        self._label = label
        self._plain = _read(library, source)
        self._declared = self._plain
        self._functions = {function.name: function for function in self._plain.library.functions}

    def adopt(self, space: Space, functions: dict[str, Function]) -> list[OpaqueType]:
        """Make the header's types known, where there is no class for them; gives its opaque types.

        A struct that is a handle in Python is a handle. Raises DeclarationError where a class contradicts the header.
        """
        library = self.types.replace(functions=tuple(functions[name] for name in sorted(functions)))
        handles = {record.name for record in library.records if record.name in space.handles}
        if handles:
            from callgate.headers.demote import demote  # noqa: PLC0415 - as in _contradictions

            library, gone = demote(library, handles)
            for name in functions:
                if name in gone:
                    raise DeclarationError(f"{self._label}.{name}: {gone[name]}; write its class as a @struct")
            functions |= {each.name: each for each in library.functions}
        found = [*self._contradictions(space, library)]
        if found:
            raise DeclarationError(f"{self._label}: {'; '.join(found)}. Correct the class, or leave it out")
        for enum in library.enums:
            mine = space.enums.get(enum.name)
            space.enums[enum.name] = enum if mine is None else mine.replace(base=enum.base)
        space.records |= {each.name: each for each in library.records if each.name not in space.records}
        space.delegates |= {each.name: each for each in library.delegates if each.name not in space.delegates}
        return [each for each in library.opaques if each.name not in space.handles]

    def _contradictions(self, space: Space, library: TypeLibrary) -> Iterator[str]:
        from callgate.headers import record_contradictions  # noqa: PLC0415 - it is there: the header was read

        for record in library.records:
            if record.name in space.records:
                yield from record_contradictions(space.records[record.name], record)
        for opaque in library.opaques:
            if opaque.name in space.records:
                yield f"the header does not say what is in {opaque.name}, so it is a Handle and no struct"
        for enum in library.enums:
            mine, theirs = space.enums.get(enum.name), dict(enum.members)
            for name, value in mine.members if mine is not None else ():
                if theirs.get(name) != value:
                    yield f"{enum.name}.{name} is {value} here and {theirs.get(name, 'not there')} in the header"

    @property
    def constants(self) -> Mapping[str, Any]:
        """The header's, and those that prototypes define."""
        return self._declared.constants

    @property
    def refused(self) -> Mapping[str, str]:
        """What of the header cannot be used, and why."""
        return self._declared.refused

    @property
    def types(self) -> TypeLibrary:
        """The header's types."""
        return self._declared.library

    def _undeclared(self, method: Method) -> DeclarationError:
        """Neither the header nor the annotations say what the method is in C."""
        headers = ", ".join(self._source.headers)
        reason = self.refused.get(method.c_name)
        why = (
            f"{headers} has {method.c_name}, but {reason}" if reason else f"{headers} does not declare {method.c_name}"
        )
        return DeclarationError(
            f"{self._label}.{method.python}: {why}, and its annotations do not say what it is in C; "
            f"mark them (i4, LPStr, …), or write @prototype above it"
        )

    def prototypes(self, space: Space, texts: list[Prototype]) -> list[tuple[Prototype, Function]]:
        """The functions that `@prototype` declares, with the header's types and typedefs at hand.

        Raises DeclarationError, also for what the header contradicts.
        """
        if not texts:
            return []
        types = self.types
        known = {each.name for each in types.records} | {each.name for each in types.enums} | set(self._plain.typedefs)
        known |= {each.name for each in types.delegates} | {each.name for each in types.opaques}
        own = preamble(space, known)
        source = self._source._replace(prototypes="\n".join([own, *(f"{each.text.rstrip('; ')};" for each in texts)]))
        try:
            self._declared = _read(self._library, source)
        except PrototypeError as error:
            each, line = _at_line(texts, error.line - 1)
            text = f"{self._label}.{each.method}, prototype {each.text!r}: {error.message}"
            raise DeclarationError(text, line=line, column=error.column) from None
        found = {function.name: function for function in self._declared.library.functions}
        return [(each, self._overruled(found, each)) for each in texts]

    def _overruled(self, found: Mapping[str, Function], each: Prototype) -> Function:
        words = [word for word in re.findall(r"[A-Za-z_]\w*", each.text) if word in found]
        wanted = each.entry_point or each.method
        fresh = [word for word in words if found[word] != self._functions.get(word)]
        name = wanted if wanted in words else next(iter([*fresh, *words]), "")
        if not name or (each.entry_point and name != each.entry_point):
            why = self.refused.get(wanted, f"the prototype {each.text!r} does not declare it")
            raise DeclarationError(f"{self._label}.{each.method}: {wanted} cannot be declared: {why}")
        return found[name].replace(prototype=each.text)

    def function(self, method: Method) -> tuple[Function, Face]:
        """What the header says of a method, with the defaults that Python says. Raises DeclarationError."""
        function = self._functions.get(method.c_name)
        if function is None:
            raise self._undeclared(method)
        return function, Face(_defaults(self._label, method, function, self.types))


def _defaults(label: str, method: Method, function: Function, types: TypeLibrary) -> dict[str, Any]:
    """Defaults by C's names. The arguments have to be as many as C takes: what types a call must not lie about it."""
    written = list(inspect.signature(method.function).parameters.values())[1:]
    given = [each for each in written if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    try:
        passed = [str(plan.name) for plan in resolve(types, function).parameters if plan.passed]
    except DirectiveError as error:
        raise DeclarationError(f"{label}.{method.python}: {error}") from None
    if len(given) != len(passed) and len(given) == len(written):
        raise DeclarationError(
            f"{label}.{method.python} takes {len(given)} arguments, and as the header is read {len(passed)} are given: "
            f"{', '.join(passed) or 'none'}. C is {function.prototype!r}; write the method so, mark its annotations "
            f"(Out[…], Ref[…]), or write @prototype above it"
        )
    names = {each.name: name for each, name in zip(given, passed, strict=False)}
    defaults: dict[str, Any] = {}
    for each in given:
        if each.default is each.empty or each.name not in names:
            continue
        default = each.default
        if isinstance(default, CountOf):
            if default.array not in names:
                known = ", ".join(names)
                raise DeclarationError(f"{label}.{method.python}: count_of({default.array!r}) names none of {known}")
            default = CountOf(names[default.array])
        defaults[names[each.name]] = default
    return defaults


def _at_line(texts: list[Prototype], line: int) -> tuple[Prototype, int]:
    """The prototype that a line of all of them belongs to, and the line of its own."""
    for each in texts:
        length = each.text.count("\n") + 1
        if line <= length:
            return each, line
        line -= length
    return texts[-1], line


def _read(library: str, source: FromHeader) -> Declarations:
    from callgate.headers import read_for  # noqa: PLC0415 - brings libclang in, for those who use a header

    return read_for(library, source)
