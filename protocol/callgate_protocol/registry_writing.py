"""Registry files: entries to TOML, by the tables that they are read with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .permissions import Rule
from .registry import Inproc, PythonServer, Registry
from .registry_text import INPROC, MACHINE, PYTHON, TABLES, Keys
from .value import Value

__all__ = ["write_registry"]


def write_registry(registry: Registry) -> str:
    """The text of a file with these entries; `registry_text.parse_registry` gives them back."""
    return "\n".join("\n".join(lines) + "\n" for lines in _tables(registry))


def _tables(registry: Registry) -> Iterator[list[str]]:
    for name, table in TABLES.items():
        for key, entry in getattr(registry, table.field).items():
            yield [f"[{name}.{_quoted(key)}]", *_keys(entry, table.keys)]
    for entry in registry.typelibs.values():
        files = [f"{_quoted(f'{lcid:x}')} = {_quoted(file)}" for lcid, file in sorted(entry.files.items())]
        name_line = [f"Name = {_quoted(entry.name)}"] if entry.name else []
        yield [f"[TypeLib.{_quoted(entry.typelib)}.{_quoted(entry.version)}]", *name_line, *files]
    for machine in registry.machines[:1]:
        yield ["[Machine]", *_keys(machine, MACHINE)]


def _keys(entry: Value, keys: Keys) -> Iterator[str]:
    defaults = type(entry)._defaults  # noqa: SLF001 - what need not be said
    for name, key in keys.items():
        value = getattr(entry, key.field)
        if key.field not in defaults or value != defaults[key.field]:
            yield f"{name} = {_written(value)}"


def _written(value: Any) -> str:
    if isinstance(value, Inproc):
        return _inline(value, INPROC)
    if isinstance(value, PythonServer):
        return _inline(value, PYTHON)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _quoted(str(value) if isinstance(value, Rule) else value)


def _inline(value: Value, keys: Keys) -> str:
    return f"{{ {', '.join(_keys(value, keys))} }}"


def _quoted(text: str) -> str:
    """A basic string. JSON escapes what TOML wants escaped, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
