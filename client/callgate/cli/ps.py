"""`callgate ps`: what all brokers of this user know, as tables or as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

import callgate
from callgate_protocol.slots import Phase
from callgate_transport import rundir

from .amounts import duration, size
from .deaths import cause

__all__ = ["show"]

Report = Mapping[str, Any]
_DEATHS_SHOWN = 5


def show(*, as_json: bool) -> int:
    """Ask every broker and print the answers; returns the exit status."""
    try:
        reports = [_ask(str(path)) for path in rundir.list_brokers()]
    except OSError as error:
        sys.stderr.write(f"callgate: {error}\n")
        return 1
    if as_json:
        sys.stdout.write(json.dumps({"brokers": reports}, indent=2) + "\n")
        return 0
    console = Console()
    if not reports:
        console.print(f"No broker of this user is running (looked in {rundir.base_directory()}).", highlight=False)
    for report in reports:
        _show_broker(console, report)
    return 0


def _ask(path: str) -> Report:
    """What the broker in a runtime directory says; when it does not answer, that."""
    try:
        with callgate.connect(f"ipc://{rundir.broker_socket(path)}") as broker:
            return dict(broker.report())
    except (callgate.Error, OSError) as error:
        return {"broker": {"name": os.path.basename(path), "directory": path}, "error": str(error), "hosts": []}


def _show_broker(console: Console, report: Report) -> None:
    console.print(_headline(report["broker"]))
    if "error" in report:
        console.print(Text(f"  does not answer: {report['error']}", style="red"))
    elif report["hosts"]:
        console.print(_hosts(report["hosts"]))
    else:
        console.print("  no hosts", highlight=False)
    for line in _deaths(report.get("deaths", ())):
        console.print(Text(line, style="dim"))
    console.print()


def _headline(broker: Mapping[str, Any]) -> Text:
    text = Text("broker ").append(str(broker.get("name", "?")), style="bold cyan")
    facts = []
    if "mode" in broker:
        facts.append("embedded in a program" if broker["mode"] == "embedded" else "shared service")
    if "pid" in broker:
        facts.append(f"process {broker['pid']}")
    if "uptime" in broker:
        facts.append(f"up {duration(broker['uptime'])}")
    if "version" in broker:
        facts.append(f"version {broker['version']}")
    return text.append("  " + " · ".join(facts), style="dim")


def _hosts(hosts: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for title in ("  LIBRARY", "CLIENT"):
        table.add_column(title, overflow="fold")
    for title in ("HOST", "IN FLIGHT", "ANSWERED", "RESTARTS", "MEMORY", "UP"):
        table.add_column(title, justify="right")
    for host in sorted(hosts, key=lambda each: (each.get("client", 0), each.get("label", ""))):
        table.add_row(
            "  " + str(host.get("label", "?")),
            host.get("owner") or _program(host.get("client", 0)),
            str(host.get("pid", "")),
            _calls(host.get("calls", ())),
            str(host.get("answered", "")),
            str(host.get("restarts", "")),
            size(host.get("rss") or 0),
            duration(host.get("uptime", 0)),
        )
    return table


def _program(process: int) -> str:
    """A client's process id, and the name of its program when it is still there."""
    name = ""
    with suppress(OSError), open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as comm:
        name = comm.read().strip()
    return f"{name} {process}".strip()


def _calls(calls: Sequence[Mapping[str, Any]]) -> str:
    """The calls in flight: how many, and each by its function's number and phase."""
    if not calls:
        return "-"
    return f"{len(calls)}: " + ", ".join(f"#{call.get('function', '?')} {_phase(call.get('phase'))}" for call in calls)


def _phase(phase: Any) -> str:
    return Phase.NAMES[phase] if isinstance(phase, int) and 0 <= phase < len(Phase.NAMES) else str(phase)


def _deaths(deaths: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"  died: {death.get('label', '?')} ({death.get('pid', '?')}): {cause(death)}" for death in deaths][
        :_DEATHS_SHOWN
    ]
