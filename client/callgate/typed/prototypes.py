"""`@prototype("int fill(int *v, int n)")`: one function of a typed library in C, with the library's types at hand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from callgate.declare import PrototypeError, parse_declarations
from callgate.errors import DeclarationError
from callgate_protocol.automation import WELL_KNOWN
from callgate_protocol.model import (
    Array,
    CType,
    Delegate,
    EnumType,
    Function,
    InterfaceType,
    Opaque,
    Parameter,
    Pointer,
    StructType,
)
from callgate_protocol.value import Value

from .space import Space

__all__ = ["Prototype", "preamble", "read_prototypes"]


class Prototype(Value):
    """A method whose meaning is written in C."""

    method: str
    text: str
    entry_point: str


def read_prototypes(
    space: Space, texts: list[Prototype], functions: dict[str, Function], names: dict[str, str]
) -> None:
    """Add the functions that C declares. Raises DeclarationError with C's own line and column."""
    for each in texts:
        declared = _read(space, each)
        if declared.name in functions:
            raise DeclarationError(f"{space.label}.{each.method}: {declared.name} is declared twice; keep one of them")
        functions[declared.name] = declared
        names[each.method] = declared.name


def _read(space: Space, each: Prototype) -> Function:
    before = preamble(space)
    try:
        found = parse_declarations(before + each.text)
    except PrototypeError as error:
        column = error.column - len(before) if error.line == 1 else error.column
        text = f"{space.label}.{each.method}, prototype {each.text!r}: {error.message}"
        raise DeclarationError(text, line=error.line, column=column) from None
    wanted = each.entry_point or each.method
    functions = {function.name: function for function in found.library.functions}
    if len(functions) != 1:
        raise DeclarationError(f"{space.label}.{each.method}: a prototype declares one function, not {len(functions)}")
    (function,) = functions.values()
    if each.entry_point and function.name != wanted:
        raise DeclarationError(f"{space.label}.{each.method}: the prototype declares {function.name}, not {wanted}")
    for delegate in found.library.delegates:
        if delegate.name not in space.delegates:
            space.delegates[delegate.name] = _delegate(space, delegate)
    return Function(
        function.name,
        _parameter(space, function.result),
        tuple(_parameter(space, parameter) for parameter in function.parameters),
        function.variadic,
        each.text,
    )


def preamble(space: Space, without: Collection[str] = ()) -> str:
    """The library's types as C knows them by name; what they hold is in the model. One line: columns are kept.

    Leaves out what is defined elsewhere (`without`).
    """
    groups: list[tuple[str, Collection[str]]] = [
        ("typedef struct {0} {{ char _; }} {0};", space.records),
        ("typedef enum {0} {{ {0}_0_ }} {0};", space.enums),
        ("typedef struct {0} {0};", space.handles),
        ("typedef void (*{0})(void);", space.delegates),
    ]
    text = "".join(
        form.format(name) for form, names in groups for name in names if name.isidentifier() and name not in without
    )
    for name, declared in space.interfaces.items():
        if name.isidentifier() and name not in (*without, *WELL_KNOWN):
            text += f"[object, uuid({declared.iid[1:-1]})] interface {name} : IUnknown {{}};"
    return text


def _delegate(space: Space, delegate: Delegate) -> Delegate:
    parameters = tuple(_parameter(space, parameter) for parameter in delegate.parameters)
    return Delegate(delegate.name, _parameter(space, delegate.result), parameters, delegate.variadic)


def _parameter(space: Space, parameter: Parameter) -> Parameter:
    _check(space, parameter.type)
    return parameter


def _check(space: Space, ctype: CType) -> None:
    """Everything that a prototype names has to be known to the library: its members are not C's to say."""
    while isinstance(ctype, Pointer | Array):
        ctype = ctype.target if isinstance(ctype, Pointer) else ctype.element
    if not isinstance(ctype, StructType | EnumType | Opaque | InterfaceType):
        return
    if isinstance(ctype, InterfaceType) and ctype.name in WELL_KNOWN:
        from callgate.com.wellknown import wellknown  # noqa: PLC0415 - most prototypes name no objects

        space.interface(wellknown(ctype.name))
    known: dict[Any, Collection[str]] = {StructType: space.records, EnumType: space.enums, Opaque: space.handles}
    known[InterfaceType] = space.interfaces
    if ctype.name not in known[type(ctype)]:
        raise DeclarationError(f"{space.label}: a prototype names {ctype.name}, which is no class of this library")
