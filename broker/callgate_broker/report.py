"""Answers that need a look at living processes: where a call is, and everything that `callgate ps` shows."""

from __future__ import annotations

import json
from typing import Any

from callgate_broker.files import HostFiles
from callgate_broker.hosts import Host, calls_of, in_flight
from callgate_broker.supervisor import Supervisor
from callgate_broker.whereabouts import describe_thread, resident_bytes
from callgate_protocol.slots import Slot

__all__ = ["list_hosts", "living_record", "recent_deaths", "version", "whereabouts"]

_HOSTS_BYTES = 48 * 1024
"""A datagram holds 64 KiB; the rest of the list has to fit as well. More hosts are a question of a new request."""
_DEATHS_SHOWN = 16
_DEATHS_BYTES = 12 * 1024


def whereabouts(host: Host, slots: list[Slot], channel: int | None, call: int | None) -> tuple[str | None, int | None]:
    """What the thread of this call is doing, and the phase the call is in."""
    if channel is None or call is None:
        return None, None
    for slot in in_flight(slots):
        if (slot.channel, slot.call) == (channel, call):
            return describe_thread(host.pid, slot.thread), slot.phase
    return "not in this call any more", None


def living_record(host: Host, files: HostFiles) -> dict[str, Any]:
    """The record of a host that has not died."""
    answered, slots = files.read_slots()
    return {
        "host": host.incarnation,
        "pid": host.pid,
        "label": host.label,
        "client": host.client,
        "owner": host.owner,
        "state": "alive",
        "signal": None,
        "status": None,
        "reason": host.reason,
        "where": host.where,
        "answered": answered,
        "calls": calls_of(slots),
    }


def list_hosts(
    supervisor: Supervisor, files: dict[int, HostFiles], offset: int, now: float, owner: str = ""
) -> tuple[list[dict[str, Any]], int | None]:
    """As many living hosts as fit into an answer, and where to go on."""
    listed: list[dict[str, Any]] = []
    room = _HOSTS_BYTES
    for position, host in enumerate(supervisor.hosts.values()):
        if position < offset or owner not in ("", host.owner):
            continue
        entry = _listed(supervisor, host, files[host.number], now)
        room -= len(json.dumps(entry)) + 1
        if room < 0:
            return listed, position
        listed.append(entry)
    return listed, None


def _listed(supervisor: Supervisor, host: Host, files: HostFiles, now: float) -> dict[str, Any]:
    _, slots = files.read_slots()
    return living_record(host, files) | {
        "calls": calls_of(in_flight(slots)),
        "uptime": round(now - host.started, 3),
        "rss": resident_bytes(host.pid),
        "restarts": supervisor.nursery.history(host.key).restarts,
        "link": host.link,
    }


def recent_deaths(supervisor: Supervisor, owner: str = "") -> list[dict[str, Any]]:
    """The last records, newest first, without calls and output: `record` tells them."""
    shown: list[dict[str, Any]] = []
    room = _DEATHS_BYTES
    records = [record for record in supervisor.records.values() if owner in ("", record["owner"])]
    for record in records[: -_DEATHS_SHOWN - 1 : -1]:
        entry = {name: value for name, value in record.items() if name not in ("calls", "output")}
        room -= len(json.dumps(entry)) + 1
        if room < 0:
            break
        shown.append(entry)
    return shown


def version() -> str:
    """The version of the installed distribution, or "unknown" in a source tree."""
    try:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import, seldom asked for

        return version("callgate")
    except (ImportError, OSError):  # not installed, or no descriptor left to look with
        return "unknown"
