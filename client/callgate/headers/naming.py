"""Names of C as names of a Python module."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from callgate.headers.annotations import spelled
from callgate_protocol.model import TypeLibrary

__all__ = ["class_name", "class_names", "method_name", "sorted_names"]

_TAKEN: Final = frozenset(
    {"Annotated", "Any", "Final", "IntEnum", "Protocol", "bool", "bytes", "bytearray", "float", "int", "list"}
    | {"str", "tuple"}
    | {"Buffer", "Constant", "Decimal", "Memory", "Sequence", "TypeAlias", "UUID", "datetime"}
)


def class_names(library: TypeLibrary, own: str) -> dict[str, str]:
    """The class of every type, by its name in the model. None is called as something else in the module is."""
    import callgate  # noqa: PLC0415 - the package is complete by now

    groups = (library.enums, library.opaques, library.records, library.delegates)
    taken = {*_TAKEN, *callgate.__all__, own, *(function.name for function in library.functions)}
    names: dict[str, str] = {}
    for group in groups:
        for each in group:
            name = spelled(re.sub(r"\W", "_", each.name))
            while name in taken or name.startswith("__"):
                name = name.lstrip("_") if name.startswith("__") else f"{name}_t"
            taken.add(name)
            names[each.name] = name
    return names


def class_name(library: str) -> str:
    """The class for a library: `libsqlite3.so.0` is `Sqlite3`."""
    stem = re.sub(r"^lib|\.so.*$", "", library.rpartition("/")[2])
    words = re.findall(r"[A-Za-z0-9]+", stem) or ["library"]
    name = "".join(word[0].upper() + word[1:] for word in words)
    return name if name[0].isalpha() else f"Lib{name}"


def method_name(name: str, functions: Collection[str]) -> str:
    """The method of a function: a name that begins with two underscores would be the class's own."""
    if not name.startswith("__"):
        return spelled(name)
    method = name.lstrip("_") or "underscores"
    while method in functions:
        method += "_"
    return spelled(method)


def sorted_names(names: Iterable[str]) -> list[str]:
    """As an import lists them: constants, classes, and the rest."""
    return sorted(names, key=lambda name: (not name.isupper(), not name[:1].isupper(), name))
