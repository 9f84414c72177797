"""Methods, delegates and `Callable[…]` to functions of the model: parameters, outs in the result, counts, defaults."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from callgate.declare.python import CountOf, Face
from callgate.errors import MarshalDirectiveError
from callgate_protocol.model import (
    INTEGERS,
    Attribute,
    CType,
    Delegate,
    EnumType,
    Parameter,
    Pointer,
    Scalar,
    SystemType,
    Void,
)
from callgate_protocol.value import Value

from .custom import Custom
from .delegates import Callback
from .directions import Part, out_part, parameter_part
from .marks import Borrow, Name, Place, Position
from .reading import Note, automation, read
from .scope import Scope
from .space import Space, attributes_of
from .where import Where

__all__ = ["Read", "c_spelling", "read_delegate", "read_function", "read_inline", "read_method"]

_EMPTY = inspect.Parameter.empty


class Read(Value):
    """A function, read: what the model says of it, and how it looks to a caller."""

    result: Parameter
    parameters: tuple[Parameter, ...]
    variadic: bool
    face: Face


class _Given(Value):
    """A parameter as it was written."""

    name: str
    hint: Any
    default: Any = _EMPTY


def c_spelling(name: str) -> str:
    """C's name of what Python can only spell with an underscore behind it: `from_`, `class_`."""
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name


def read_function(space: Space, function: Any, name: str, charset: str, scope: Scope, *, throws: bool) -> Read:
    """A method of a library; `name` is C's."""
    where = Where(f"{space.label}.{name}", "", "", name, charset, space.modes)
    return read_method(space, function, where, scope, throws=throws)


def read_method(space: Space, function: Any, where: Where, scope: Scope, *, throws: bool) -> Read:
    """A method of a library or interface, whose name and defaults `where` says."""
    owner = where.owner
    hints = scope.hints(function, owner)
    given, variadic = _written(function, owner, 1, hints)
    if "return" not in hints:
        raise MarshalDirectiveError(f"{owner}: the result has no type; write '-> None' when there is none (R1.6)")
    return _read(space, where, given, hints["return"], variadic=variadic, called_back=False, throws=throws)


def read_delegate(space: Space, callback: Callback) -> Delegate:
    """The shape behind `@delegate`."""
    owner = f"{space.label}: delegate {callback.name}"
    hints = callback.scope.hints(callback.function, owner)
    given, variadic = _written(callback.function, owner, callback.skip, hints)
    where = Where(owner, "", "", callback.name, callback.charset or space.modes.charset, space.modes)
    found = _read(space, where, given, hints.get("return", type(None)), variadic=variadic, called_back=True)
    own = {mark.name: mark.argument for mark in callback.attributes} | {
        each.name: each.argument for each in found.result.attributes
    }
    result = Parameter("", found.result.type, attributes_of(own))  # a function pointer's attributes stand there
    return Delegate(callback.name, result, found.parameters, found.variadic)


def read_inline(space: Space, name: str, given: Any, result: Any, around: Where) -> Delegate:
    """The shape of a `Callable[[…], …]`."""
    where = Where(f"{around.owner}, callback {name}", "", "", name, around.charset, space.modes)
    written = [_Given("", hint) for hint in given]
    found = _read(space, where, written, result, variadic=False, called_back=True)
    return Delegate(name, found.result, found.parameters)


def _written(function: Any, owner: str, skip: int, hints: Mapping[str, Any]) -> tuple[list[_Given], bool]:
    given: list[_Given] = []
    variadic = False
    for parameter in list(inspect.signature(function).parameters.values())[skip:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            raise MarshalDirectiveError(f"{owner}: C has no arguments by name; leave out **{parameter.name} (R1.6)")
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            variadic = True
            continue
        if parameter.name not in hints:
            number = len(given) + 1
            raise MarshalDirectiveError(f"{owner}, argument {number} {parameter.name!r}: it has no type (R1.6)")
        given.append(_Given(parameter.name, hints[parameter.name], parameter.default))
    return given, variadic


# -- parameters and outs, in C's order ---------------------------------------------------------------------------------


def _read(
    space: Space,
    where: Where,
    given: list[_Given],
    result: Any,
    *,
    variadic: bool,
    called_back: bool,
    throws: bool = False,
) -> Read:
    entries = _entries(result, where)
    head = entries[0] if entries and not _comes_back(entries[0]) else Note(type(None))
    outs = [entry for entry in entries if entry is not head]
    parts = [_parameter(space, where, index, each) for index, each in enumerate(given, 1)]
    for entry in outs:
        if not _comes_back(entry):
            spot = where.replace(part="the result", kind="result")
            raise spot.refusal(entry, "what follows the result comes back through pointers: write Out[…]", "R1.8")
    made = [out_part(space, entry, where, parts) for entry in outs if _way(entry) == "out"]
    parts = _placed(where, parts, made)
    if throws and head.python is not type(None):
        parts.append(_returned(space, head, where, parts))
    _name_all(parts)
    repeated = _repeated(where, parts, outs, called_back=called_back)
    _apply_counts(parts)
    return Read(
        _THROWING if throws else _result(space, head, where, parts),
        tuple(part.parameter for part in parts),
        variadic,
        _face(parts, head, repeated=repeated),
    )


def _noted(hint: Any, where: Where) -> Note:
    note = read(hint)
    return automation(note) if where.com else note


def _entries(result: Any, where: Where) -> list[Note]:
    """The parts of a result: itself, or the elements of a tuple."""
    whole = _noted(result, where)
    if get_origin(whole.python) is not tuple:
        return [whole]
    return [_noted(each, where) for each in get_args(whole.python) if each is not ...]


def _way(note: Note) -> str:
    mark = note.find(Place)
    return mark.way if mark is not None else ""


def _comes_back(note: Note) -> bool:
    return _way(note) in ("out", "inout")


def _parameter(space: Space, where: Where, index: int, given: _Given) -> Part:
    note = _noted(given.hint, where)
    name = note.find(Name)
    if name is not None and given.name:
        spot = where.replace(part=f"argument {index} {given.name!r}", kind="parameter")
        raise spot.refusal(note, "named(…) is for outs and for Callable; an argument has the name that it has", "R1.6")
    c_name = name.name if name is not None else c_spelling(given.name)
    path = f"{where.path}.{c_name or f'arg{index}'}"
    part = f"argument {index} {given.name!r}" if given.name else f"argument {index}"
    found = parameter_part(space, note, where.replace(part=part, kind="parameter", path=path))
    found.name, found.python, found.default = c_name, given.name, given.default
    return found


def _placed(where: Where, parts: list[Part], outs: list[Part]) -> list[Part]:
    """Outs where `at_position` says, the others behind what the caller passes."""
    placed = list(parts)
    fixed = [(out.note.find(Position).index, out) for out in outs if out.note.find(Position) is not None]
    placed.extend(out for out in outs if out.note.find(Position) is None)
    for index, out in sorted(fixed, key=lambda each: each[0]):
        if not 0 <= index <= len(placed):
            spot = where.replace(part="the result", kind="out")
            raise spot.refusal(out.note, f"there is no position {index} among {len(placed)} parameters", "R1.8")
        placed.insert(index, out)
    order = [part for part in placed if part in outs]
    if order != outs:
        spot = where.replace(part="the result", kind="out")
        raise spot.refusal(order[0].note, "outs stand in the result in the order in which C has them", "R1.15")
    return placed


def _name_all(parts: list[Part]) -> None:
    """Give the unnamed a name, as a prototype does."""
    taken = {part.name for part in parts}
    for position, part in enumerate(parts, 1):
        if not part.name:
            name = f"arg{position}"
            while name in taken:
                name += "_"
            taken.add(name)
            part.name = name


def _repeated(where: Where, parts: list[Part], outs: list[Note], *, called_back: bool) -> bool:
    """Whether the final values of in-out parameters stand in the result: all of them, or none (section 0)."""
    wanted = [entry for entry in outs if _way(entry) == "inout"]
    changed = [part for part in parts if part.changes]
    if not wanted and not called_back:
        return False
    expected = [part.returned for part in parts if part.changes or (part.is_out and "retval" not in part.attributes)]
    stands = [(entry.python if not entry.shape else entry.shape) for entry in outs]
    if len(wanted) != len(changed) or stands != expected:
        names = ", ".join(part.python or part.name for part in parts if part.changes or part.is_out) or "nothing"
        spot = where.replace(part="the result", kind="result")
        reason = f"what comes back is {names}, in this order: write InOut[…] for each Ref and Out[…] for each out"
        raise spot.refusal(wanted[0] if wanted else Note(type(None)), reason, "R1.8, R9.8" if called_back else "R1.8")
    return True


_THROWING = Parameter("", SystemType("HRESULT"), (Attribute("throws"),))


def _returned(space: Space, head: Note, where: Where, parts: list[Part]) -> Part:
    """The result of a function whose HRESULT vanishes: C's last parameter, through a pointer (R1.20)."""
    part = out_part(space, head, where, parts)
    part.attributes["retval"] = ""
    return part


def _result(space: Space, note: Note, where: Where, parts: list[Part]) -> Parameter:
    spot = where.replace(part="the result", kind="result", path=f"{where.path}.return")
    if note.python is type(None) and not note.optional:
        return Parameter("", Void())
    lowered = space.lower(note, spot)
    attributes = dict(lowered.attributes)
    if note.shape == "array" and note.find(Borrow) is None:
        attributes = {"free": "free"} | attributes
    _name_counts(attributes, note, spot, parts)
    return Parameter("", lowered.type, attributes_of(attributes))


# -- counts ------------------------------------------------------------------------------------------------------------


def _apply_counts(parts: list[Part]) -> None:
    by_name = {part.python or part.name: part for part in parts}
    for part in parts:
        if isinstance(part.default, CountOf):
            array = by_name.get(part.default.array)
            if array is None or not array.has_length:
                raise part.where.refusal(
                    part.note, f"count_of({part.default.array!r}) does not name an array among the arguments", "R6.6"
                )
            array.attributes.setdefault("size_is", part.python)
    for part in parts:
        _name_counts(part.attributes, part.note, part.where, parts)
        if part.needs_count and "size_is" not in part.attributes:
            raise part.where.refusal(
                part.note, "what is filled in place needs size_is(…), or a count with count_of(…)", "R6.5"
            )


def _name_counts(attributes: dict[str, str], note: Note, where: Where, parts: list[Part]) -> None:
    """Counts name parameters by C's names, with a star when the number is behind a pointer (R6.6)."""
    by_name = {part.python or part.name: part for part in parts} | {part.name: part for part in parts}
    if (wanted := attributes.get("iid_is")) is not None:
        iid = by_name.get(wanted)
        if iid is None or iid.ctype != _IID:
            raise where.refusal(note, f"iid_is({wanted!r}) names no argument that is In[Ref[Guid]]", "R1.23")
        attributes["iid_is"] = iid.name
    for word in ("size_is", "length_is"):
        given, plus, more = attributes.get(word, "").replace(" ", "").removeprefix("*").partition("+")
        if not given or given.isdigit():
            continue
        part = by_name.get(given)
        if part is None:
            known = ", ".join(name for name in by_name if name) or "none"
            raise where.refusal(note, f"{word}({given!r}) names no argument; there are {known}", "R6.6, R19.29")
        pointer = isinstance(part.ctype, Pointer)
        if not _is_integer(part.ctype.target if isinstance(part.ctype, Pointer) else part.ctype):
            raise where.refusal(note, f"{word}({given!r}) must name an integer", "R6.6, R19.29")
        inner = "," if note.shape == "array" and not pointer and _is_lent(note) else ""
        attributes[word] = f"{inner}{'*' if pointer else ''}{part.name}{plus}{more}"


_IID = Pointer(SystemType("GUID"), const=True)


def _is_lent(note: Note) -> bool:
    """An out array of the library's own that it keeps: `[out, size_is(, n)] T **`."""
    return _way(note) == "out" and note.find(Borrow) is not None


def _is_integer(ctype: CType) -> bool:
    return isinstance(ctype, EnumType) or (isinstance(ctype, Scalar) and ctype.name in INTEGERS)


def _face(parts: list[Part], head: Note, *, repeated: bool) -> Face:
    defaults: dict[str, Any] = {}
    by_name = {part.python or part.name: part.name for part in parts}
    for part in parts:
        if isinstance(part.default, CountOf):
            defaults[part.name] = CountOf(by_name[part.default.array])
        elif part.default is not _EMPTY:
            defaults[part.name] = part.default
    return Face(
        defaults,
        frozenset() if repeated else frozenset(part.name for part in parts if part.changes),
        frozenset(part.name for part in parts if part.filled),
        frozenset(part.name for part in parts if part.filled == "out"),
        _customs(parts, head),
    )


def _customs(parts: list[Part], head: Note) -> dict[str, Any]:
    """Custom marshallers by parameter; that of the result under no name (R19.47)."""
    notes = {"": head} | {part.name: part.note for part in parts}
    return {name: mark.marshaller for name, note in notes.items() if (mark := note.find(Custom)) is not None}
