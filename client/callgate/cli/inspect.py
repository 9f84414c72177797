"""`callgate inspect`: what a library exports and, with its header, how each function is called from Python."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

import callgate
from callgate.declare import Declarations, PrototypeError
from callgate.headers import read_header
from callgate.headers.elf import Export, Exports, read_exports
from callgate.records import python_name
from callgate.sources import FromHeader
from callgate_protocol.marshal import resolve
from callgate_protocol.model import Function, TypeLibrary

from .amounts import size

__all__ = ["Inspection", "inspect"]


_WIDE = 240
"""Columns where no terminal says how many it has, so that `grep` sees whole lines."""


class Inspection(NamedTuple):
    """What was asked on the command line."""

    library: str
    headers: tuple[str, ...]
    include_dirs: tuple[str, ...]
    defines: tuple[str, ...]
    as_json: bool


def inspect(asked: Inspection) -> int:
    """Print the answer; returns the exit status."""
    try:
        exports = read_exports(asked.library)
        declared = _declared(asked, exports)
    except (callgate.Error, PrototypeError, ImportError) as error:
        sys.stderr.write(f"callgate: {error}\n")
        return 1
    if asked.as_json:
        sys.stdout.write(json.dumps(_report(exports, declared), indent=2) + "\n")
        return 0
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    console.print(_headline(exports))
    if declared is None:
        console.print(_exports(exports.symbols))
    else:
        _show_declared(console, exports, declared)
    return 0


def _declared(asked: Inspection, exports: Exports) -> Declarations | None:
    if not asked.headers:
        return None
    return read_header(FromHeader(asked.headers, asked.include_dirs, asked.defines), exports.names)


def _headline(exports: Exports) -> Text:
    text = Text(exports.soname or exports.path, style="bold cyan")
    facts = [exports.path, f"{len(exports.symbols)} exports"]
    if exports.needed:
        facts.append(f"needs {', '.join(exports.needed)}")
    return text.append("  " + " · ".join(facts), style="dim")


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title.strip() == "SIZE" else "left")
    return table


def _exports(symbols: tuple[Export, ...]) -> Table:
    table = _table("  NAME", "KIND", "SIZE", "VERSION")
    for symbol in symbols:
        table.add_row(Text(f"  {symbol.name}"), symbol.kind, size(symbol.size) if symbol.size else "-", symbol.version)
    return table


def _show_declared(console: Console, exports: Exports, declared: Declarations) -> None:
    table = _table("  IN C", "IN PYTHON")
    for function in declared.library.functions:
        missing = "" if function.name in exports.names else "  (not exported)"
        table.add_row(Text(f"  {function.prototype}{missing}"), Text(signature(declared.library, function)))
    console.print(table)
    for title, entries in (
        ("Cannot be declared", declared.refused),
        ("Not in the header", _unknown(exports, declared)),
    ):
        if entries:
            console.print(Text(f"\n{title}: {len(entries)}", style="bold"))
            rows = _table("  NAME", "WHY" if title.startswith("Cannot") else "KIND")
            for name, reason in entries.items():
                rows.add_row(Text(f"  {name}"), Text(reason))
            console.print(rows)


def _unknown(exports: Exports, declared: Declarations) -> dict[str, str]:
    known = {function.name for function in declared.library.functions} | set(declared.refused)
    return {symbol.name: symbol.kind for symbol in exports.symbols if symbol.name not in known}


def signature(library: TypeLibrary, function: Function) -> str:
    """How a function is called from Python: `(name, n) → result, value`; what is filled in place has a star."""
    plans = resolve(library, function)
    passed = [python_name(plan.name) + "*" * plan.in_place for plan in plans.passed]
    if plans.variadic:
        passed.append("…")
    results = ["result"] if not _is_void(function) else []
    results += [python_name(plan.name) for plan in plans.parameters if plan.returned]
    return f"({', '.join(passed)})" + (f" → {', '.join(results)}" if results else "")


def _is_void(function: Function) -> bool:
    return type(function.result.type).__name__ == "Void"


def _report(exports: Exports, declared: Declarations | None) -> Mapping[str, Any]:
    report: dict[str, Any] = {
        "path": exports.path,
        "soname": exports.soname,
        "needed": exports.needed,
        "exports": [symbol._asdict() for symbol in exports.symbols],
    }
    if declared is not None:
        report["functions"] = list(_functions(exports, declared))
        report["refused"] = declared.refused
    return report


def _functions(exports: Exports, declared: Declarations) -> Iterator[Mapping[str, Any]]:
    for function in declared.library.functions:
        yield {
            "name": function.name,
            "prototype": function.prototype,
            "python": signature(declared.library, function),
            "exported": function.name in exports.names,
        }
