"""A header as a Python module that a person goes on editing: constants, classes, and a Protocol with the functions."""

from __future__ import annotations

import keyword
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from callgate.declare import Declarations
from callgate.headers.annotations import Annotations, Unwritable, spelled
from callgate.headers.demote import demote
from callgate.headers.naming import class_names, method_name, sorted_names
from callgate.headers.prune import reached
from callgate.values import Constant
from callgate_protocol.blittable import check_result
from callgate_protocol.marshal import DirectiveError, resolve
from callgate_protocol.model import (
    Array,
    CType,
    Delegate,
    Enum,
    Field,
    Function,
    FunctionPointer,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    Scalar,
    StructType,
    TypeLibrary,
    Void,
)

__all__ = ["Module", "generate", "tidied"]

_LONGEST_TEXT: Final = 200
_WORD: Final = r'(?<!["\w])[A-Za-z_]\w*(?!["\w])'
"""A name in an annotation, and not in a text."""
_Entry = TypeVar("_Entry", Record, Delegate, Enum, Function, OpaqueType)


class Module(NamedTuple):
    """What the module is about."""

    library: str
    """As the loader takes it."""
    headers: tuple[str, ...]
    class_name: str


def generate(declared: Declarations, about: Module) -> str:
    """The source of the module."""
    return _Writer(declared, about).write()


def tidied(source: str, name: str = "module.py") -> str:
    """The source as `ruff format` would write it, where ruff is installed; else as it is."""
    ruff = shutil.which("ruff", path=f"{sys.exec_prefix}/bin") or shutil.which("ruff")
    if ruff is None:
        return source
    done = subprocess.run(
        [ruff, "format", "--isolated", "--line-length", "120", "--stdin-filename", name, "-"],
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else source


class _Writer:
    """One module while it is written."""

    def __init__(self, declared: Declarations, about: Module) -> None:
        self._order = declared.order
        self._constants = declared.constants
        self._about = about
        self._skipped: dict[str, str] = dict(declared.refused)
        self._library, gone = demote(declared.library, _unwritable(declared.library))
        self._skipped |= gone
        self._functions = {function.name for function in self._library.functions}
        self._names = class_names(self._library, about.class_name)
        self._notes = Annotations(self._names)
        self._hidden: dict[str, str] = {}
        """Types with the name of a member of some struct → what they are called there."""

    def write(self) -> str:
        """The whole source."""
        body = "\n".join([*self._write_enums(), *self._write_handles(), *self._write_types(), *self._write_functions()])
        constants = "\n".join(self._write_constants())
        whole = f"{constants}\n{body}"
        return "\n".join([*self._head(whole), whole, *self._tail()]) + "\n"

    # -- around ------------------------------------------------------------------------------------------------------

    def _head(self, text: str) -> Iterator[str]:
        yield f'"""{self._about.library}, made from {", ".join(self._about.headers)}.\n'
        yield "What C does not say was guessed; correct it here. `callgate.load` takes the class at the end."
        yield '"""\n'
        yield "from __future__ import annotations\n"
        if "(IntEnum)" in text:
            yield "from enum import IntEnum"
        typing = [
            name for name in ("Annotated", "Any", "Final", "Protocol", "TypeAlias") if re.search(rf"\b{name}\b", text)
        ]
        yield f"from typing import {', '.join(typing)}\n"
        used = self._notes.used | {"library"} | ({"Handle"} if "(Handle)" in text else set())
        used |= {"constant"} if re.search(r"= constant\(", text) else set()
        yield f"from callgate import {', '.join(sorted_names(used))}\n"

    def _tail(self) -> Iterator[str]:
        if self._skipped:
            yield "\n# What the header has besides, and why it is not here:\n#"
        for name, reason in self._skipped.items():
            yield f"# {name}: {reason}"

    # -- constants, enums, handles -----------------------------------------------------------------------------------

    def _write_constants(self) -> Iterator[str]:
        known = {name for enum in self._library.enums for name, _ in enum.members} | set(self._names.values())
        for name, value in self._constants.items():
            written = _literal(value)
            if written and name not in known and not keyword.iskeyword(name):
                yield f"{name}: Final = {written}"

    def _write_enums(self) -> Iterator[str]:
        for enum in self._sorted(self._library.enums):
            yield f"\n\nclass {self._names[enum.name]}(IntEnum):"
            yield from (f"    {spelled(name)} = {value}" for name, value in enum.members)

    def _write_handles(self) -> Iterator[str]:
        for opaque in self._sorted(self._library.opaques):
            name = self._names[opaque.name]
            yield f"\n\nclass {name}(Handle):"
            yield f'    """A pointer to `{opaque.name}`, whose members only the library knows."""'
            if name != opaque.name:
                yield f'\n    __opaque__ = "{opaque.name}"'

    # -- structs and callbacks ---------------------------------------------------------------------------------------

    def _write_types(self) -> Iterator[str]:
        records = {record.name: record for record in self._library.records}
        written: set[str] = set()
        for record in self._sorted(self._library.records):
            yield from self._with_members(record, records, written)
        for delegate in self._sorted(self._library.delegates):
            yield from self._delegate(delegate)

    def _with_members(self, record: Record, records: Mapping[str, Record], written: set[str]) -> Iterator[str]:
        """A struct, after those that it holds by value."""
        if record.name in written:
            return
        written.add(record.name)
        for field in record.fields:
            held = _held(field.type)
            if held:
                yield from self._with_members(records[held], records, written)
        yield from self._record(record)

    def _record(self, record: Record) -> Iterator[str]:
        name = self._names[record.name]
        options = [f'name="{record.name}"'] if name != record.name else []
        options += [f"pack={record.pack}"] if record.pack else []
        word = self._notes.use("union" if record.union else "struct")
        yield f"\n\n@{word}" + (f"({', '.join(options)})" if options else "")
        yield f"class {name}:"
        members = self._unhidden([self._member(field, index) for index, field in enumerate(record.fields, 1)])
        required = max([index for index, (_, default) in enumerate(members) if not default], default=-1)
        for index, (line, default) in enumerate(members):
            # A member without a default cannot follow one that has it.
            yield f"    {line} = {default}" if default and (record.union or index > required) else f"    {line}"

    def _unhidden(self, members: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """In a class with a member called `point`, the type `point` has to be called something else."""
        parts = [line.partition(": ") for line, _ in members]
        hidden = {name for name, _, _ in parts} & {word for *_, note in parts for word in re.findall(_WORD, note)}
        for name in sorted(hidden):
            alias = f"_{name}"
            while alias in self._names.values() or alias in self._constants:
                alias += "_"
            self._hidden[name] = alias
        changed = []
        for (name, _, note), (_, default) in zip(parts, members, strict=True):
            written = re.sub(_WORD, lambda word: self._hidden[word[0]] if word[0] in hidden else word[0], note)
            changed.append(
                (
                    f"{name}: {written}",
                    re.sub(r"^bytes\((\d+)\)$", r'b"\\0" * \1', default) if "bytes" in hidden else default,
                )
            )
        return changed

    def _member(self, field: Field, index: int) -> tuple[str, str]:
        note = self._notes.field(field)
        if field.name and not field.name.startswith("__"):
            return f"{spelled(field.name)}: {note}", _default(field.type)
        mark = f'{self._notes.use("named")}("{field.name}")'
        return f"member_{index}: Annotated[{note}, {mark}]", _default(field.type)

    def _delegate(self, delegate: Delegate) -> Iterator[str]:
        name = self._names[delegate.name]
        option = f'(name="{delegate.name}")' if name != delegate.name else ""
        parameters, result = self._signature(delegate)
        given = [*parameters, "/"] if parameters else []
        if delegate.variadic:
            given.append("*arguments: Any")
        yield f"\n\n@{self._notes.use('delegate')}{option}"
        yield f"class {name}(Protocol):"
        yield f"    def __call__({', '.join(['self', *given])}) -> {result}: ..."

    # -- functions ---------------------------------------------------------------------------------------------------

    def _write_functions(self) -> Iterator[str]:
        written, methods = [], []
        for function in self._sorted(self._library.functions):
            try:
                methods.append("\n".join(["", *self._function(function)]))
                written.append(function)
            except DirectiveError as error:
                self._skipped[function.name] = str(error)
            except Unwritable as error:
                self._skipped[function.name] = f"no annotation says {error}; declare it with @prototype"
        if self._hidden:
            yield "\n"
        for name, alias in self._hidden.items():
            yield f"{alias}: TypeAlias = {name}"
        yield f'\n\n@library("{self._about.library}"{self._unreached(written)})'
        yield f"class {self._about.class_name}(Protocol):"
        yield f'    """The functions of {self._about.library}."""'
        yield from methods

    def _unreached(self, functions: Sequence[Function]) -> str:
        """The library has to be told of the types that none of its functions leads to."""
        library, known = self._library, reached(self._library, functions)
        names = [
            *(each.name for each in self._sorted(library.enums)),
            *(each.name for each in self._sorted(library.opaques)),
            *(each.name for each in self._sorted(library.records)),
            *(each.name for each in self._sorted(library.delegates)),
        ]
        classes = "".join(f"{self._names[name]}, " for name in names if name not in known)
        return f", types=({classes})" if classes else ""

    def _function(self, function: Function) -> list[str]:
        check_result(self._library, function)
        given, result = self._signature(function)
        if function.variadic:
            given.append("*arguments: Any")
        name = method_name(function.name, self._functions)
        renamed = name not in (function.name, spelled(function.name))
        return [
            *([f'    @{self._notes.use("native")}(entry_point="{function.name}")'] if renamed else []),
            f"    def {name}({', '.join(['self', *given])}) -> {result}:",
            f'        """{function.prototype}"""',
            "        ...",
        ]

    def _signature(self, entry: Function | Delegate) -> tuple[list[str], str]:
        """Parameters that are passed, and the result with everything that comes back. Raises Unwritable."""
        given: list[str] = []
        backs: list[str] = []
        plans = resolve(self._library, entry).parameters
        for index, (plan, parameter) in enumerate(zip(plans, entry.parameters, strict=True)):
            if plan.passed:
                given.append(f"{_argument_name(parameter)}: {self._notes.parameter(parameter)}")
            if plan.returned and plan.passed:
                backs.append(self._notes.back(parameter))
            elif plan.returned:
                behind = any(each.passed for each in plans[index:])
                backs.append(self._notes.out(parameter, index if behind else None))
        results = backs if isinstance(entry.result.type, Void) else [self._notes.result(entry.result), *backs]
        return given, f"tuple[{', '.join(results)}]" if len(results) > 1 else "".join(results) or "None"

    def _sorted(self, entries: Iterable[_Entry]) -> Sequence[_Entry]:
        """In the header's order."""
        last = len(self._order)
        return sorted(entries, key=lambda each: self._order.get(each.name.partition(".")[0], last))


def _unwritable(library: TypeLibrary) -> set[str]:
    """Structs with members that no annotation describes."""
    names = {
        each.name: each.name
        for group in (library.records, library.enums, library.delegates, library.opaques)
        for each in group
    }
    notes = Annotations(names)
    found = set()
    for record in library.records:
        try:
            for field in record.fields:
                notes.field(field)
        except Unwritable:
            found.add(record.name)
    return found


def _held(ctype: CType) -> str:
    while isinstance(ctype, Array):
        ctype = ctype.element
    return ctype.name if isinstance(ctype, StructType) else ""


def _default(ctype: CType) -> str:
    """What a member holds when nobody says; "" when it has to be said."""
    if isinstance(ctype, Scalar):
        return _ZEROS.get(ctype.name, "0")
    if isinstance(ctype, Array):
        name = ctype.element.name if isinstance(ctype.element, Scalar) else ""
        return {"char": '""', "uchar": f"bytes({ctype.length})"}.get(name, "")
    return "None" if isinstance(ctype, Pointer | FunctionPointer) else ""


_ZEROS: Final = dict.fromkeys(("float", "double", "ldouble"), "0.0") | dict.fromkeys(
    ("bool", "BOOL", "VARIANT_BOOL"), "False"
)


def _argument_name(parameter: Parameter) -> str:
    if parameter.name == "self" or parameter.name.startswith("__"):
        raise Unwritable(f"a parameter called {parameter.name}")
    return spelled(parameter.name)


def _literal(value: Any) -> str:
    """A constant as Python writes it; "" for what is not worth a line."""
    if isinstance(value, Constant):
        return f"constant({value.value})"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    written = repr(value)
    return written if len(written) < _LONGEST_TEXT else ""
