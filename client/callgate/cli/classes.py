"""`callgate register`, `callgate unregister` and `callgate classes` (R16.4)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

import callgate
from callgate_transport import registryfiles

from .modules import find_beside_user

__all__ = ["register", "show", "unregister"]


def show(*, as_json: bool) -> int:
    """Print every class that is registered; returns the exit status."""
    try:
        found = callgate.classes()
        files = registryfiles.hives()
    except (callgate.Error, OSError) as error:
        sys.stderr.write(f"callgate: {error}\n")
        return 1
    if as_json:
        listed = [each._asdict() for each in found]
        sys.stdout.write(json.dumps({"classes": listed, "files": [each.path for each in files]}, indent=2) + "\n")
        return 0
    console = Console()
    if found:
        console.print(_table(found, {each.path: each.kind for each in files}))
    else:
        console.print("No class is registered.", highlight=False)
    for hive in files:
        console.print(f"{hive.kind:8} {_short(hive.path)}", style="dim", highlight=False, markup=False)
    return 0


def _table(found: list[callgate.RegisteredClass], kinds: dict[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for title in ("PROGID", "SERVER", "THREADING", "FROM"):
        table.add_column(title, overflow="fold")
    table.add_column("CLSID", no_wrap=True)
    for each in found:
        table.add_row(each.progid or "-", _short(each.server), each.threading, kinds.get(each.file, "-"), each.clsid)
    return table


def _short(path: str) -> str:
    home = os.path.expanduser("~")
    return f"~{path.removeprefix(home)}" if path.startswith(f"{home}/") else path


def register(server: str, arguments: list[str], options: dict[str, Any]) -> int:
    """Register a class and print the file that was written; returns the exit status."""
    find_beside_user()
    return _told("registered in", lambda: callgate.register(server, *arguments, **options))


def unregister(name: str, *, system: bool) -> int:
    """Take a registration back and print the file that held it; returns the exit status."""
    find_beside_user()
    return _told("unregistered from", lambda: callgate.unregister(name, system=system))


def _told(what: str, act: Callable[[], str]) -> int:
    try:
        path = act()
    except (callgate.Error, OSError) as error:
        sys.stderr.write(f"callgate: {error}\n")
        return 2 if isinstance(error, callgate.ComError) else 1
    Console().print(f"{what} {_short(path)}", highlight=False, markup=False, soft_wrap=True)
    return 0
