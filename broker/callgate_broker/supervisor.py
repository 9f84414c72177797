"""The warden's decisions: requests, deaths and timers in, actions out. No system call is made here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from callgate_broker.actions import Action, Discard, Observe, Reply, Report, Stop, Tell
from callgate_broker.hosts import Asker, End, Host, calls_of
from callgate_broker.nursery import Nursery
from callgate_broker.policy import Death, Policy
from callgate_broker.requests import BadRequest, Request, failure, parse, success

if TYPE_CHECKING:
    from callgate_broker.desk import Desk

__all__ = ["Supervisor"]

_RECORDS_KEPT = 256
_STOP_SECONDS = 2.0
"""How long `stop` waits for the end of a killed host: one in an uninterruptible system call may never end."""
_UNCOUNTED = frozenset({"closed", "lapsed"})
"""Stops that say nothing about the library."""
_ADMITTED_AT_ONCE = 32
"""Names of clients have up to 255 characters, and an answer has to fit into a datagram."""
_SIGKILL = 9
_KINDS = ("", "python")
_HOSTS_PER_OWNER = 64
"""Hosts that a client of another machine may have at a time."""


def _new_incarnation() -> str:
    return os.urandom(16).hex()


_NOBODY = "of this name"
"""What a client is told of that asks for a host of another one: no more than if there were none."""


class Supervisor:
    """Knows every host, living or dead, and answers for them."""

    def __init__(self, policy: Policy | None = None, new_incarnation: Callable[[], str] = _new_incarnation) -> None:
        self.nursery = Nursery(policy or Policy(), new_incarnation)
        self.hosts: dict[str, Host] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self._has_desk = False
        self._operations: dict[str, Callable[[Asker, Request, float], Iterator[Action]]] = {
            "start": self._start,
            "record": self._record,
            "stop": self._stop,
            "list": self._list,
            "resolve": self._resolve,
            "admit": self._pass_on,
            "expel": self._pass_on,
            "admitted": self._admitted,
        }

    @cached_property
    def desk(self) -> Desk:
        """Classes and running objects; most brokers are never asked for any."""
        from callgate_broker.desk import Desk  # noqa: PLC0415 - costs every program milliseconds, and few need it
        from callgate_transport.registryfiles import read_registry  # noqa: PLC0415 - as above

        self._has_desk = True
        return Desk(lambda: read_registry(project=False))

    def serves_others(self) -> bool:
        """Whether there is a host for a client of another machine."""
        return any(host.remote for host in self.hosts.values())

    def request(self, peer: int, number: int, message: dict[str, Any], now: float) -> Iterator[Action]:
        """A peer asks for something."""
        asker = Asker(peer, number)
        try:
            request = parse(number, message)
        except BadRequest as error:
            yield Reply(asker, failure(number, "ProtocolError", str(error)))
            return
        perform = self._operations.get(request.operation) or self.desk.operations[request.operation]
        yield from perform(asker, request, now)

    def _start(self, asker: Asker, request: Request, now: float) -> Iterator[Action]:
        fields, owner = request.fields, request.owner
        kind = fields["kind"] or ""
        if kind not in _KINDS:
            text = f"{kind!r} is no kind of host; leave it out for native libraries, or write python"
            yield Reply(asker, failure(asker.request, "ProtocolError", text))
            return
        # one client's names mean nothing to another, so the owner is a part of its own
        share = repr((kind, owner, fields["share"])) if fields["share"] else ""
        if share:
            self._found_gone(fields["gone"], owner)
            host = next((host for host in self.hosts.values() if host.share == share and host.reason is None), None)
            if host is not None:
                yield from _admit(host, request.remote)
                yield Reply(asker, success(asker.request, _born(host)))
                return
            if self.nursery.join(asker, share):
                return
        if owner and self._count(owner) >= _HOSTS_PER_OWNER:
            text = f"{owner} has {_HOSTS_PER_OWNER} hosts already; close some libraries first"
            yield Reply(asker, failure(asker.request, "Overloaded", text))
            return
        place = (fields["label"], fields["key"], fields["client"])
        yield from self.nursery.start(asker, *place, now, owner, request.remote, share, kind)

    def _found_gone(self, incarnation: str | None, owner: str) -> None:
        """Somebody could not join this shared host, which is about to end: nobody else is sent there."""
        host = self.hosts.get(incarnation or "")
        if host is not None and host.owner == owner:
            host.share = ""

    def _count(self, owner: str) -> int:
        return sum(host.owner == owner for host in self.hosts.values()) + self.nursery.count(owner)

    def _record(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        name, host = self._find(request)
        if name in self.records:
            yield Reply(asker, success(asker.request, self.records[name]))
        elif host is None:
            yield self._unknown(asker, name)
        elif request.fields["wait"]:
            host.waiters.append(asker)
        else:
            yield Observe(asker, host)

    def _stop(self, asker: Asker, request: Request, now: float) -> Iterator[Action]:
        name, host = self._find(request)
        if name in self.records:
            record = self.records[name]
            answer = {"where": record["where"] or "it had ended before", "phase": None, "dead": True}
            yield Reply(asker, success(asker.request, answer))
        elif host is None:
            yield self._unknown(asker, name)
        else:
            host.stoppers[asker] = now + _STOP_SECONDS
            if host.reason is None:
                host.reason = request.fields["reason"]
                yield Stop(host, request.fields["channel"], request.fields["call"])

    def _list(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        yield Report(asker, request.fields["offset"] or 0, request.owner)

    def _resolve(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        name, host = self._find(request)
        if name in self.records:
            yield _unheard(asker, self.records[name])
        elif host is None or host.remote is None:
            yield self._unknown(asker, name)
        else:
            yield from _admit(host, request.remote)
            if host.route is None:
                host.seekers.append(asker)
            else:
                yield Reply(asker, success(asker.request, host.route))

    def _pass_on(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        """A client may do less than before, or more, or nothing any longer: its hosts are told."""
        for host in self.hosts.values():
            if host.owner == request.owner and host.remote:
                change = host.admitted.add if request.operation == "admit" else host.admitted.discard
                change(request.fields["key"])
                yield Tell(host, {"op": request.operation, **request.fields})
        yield Reply(asker, success(asker.request, {}))

    def _admitted(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        """Whom hosts let in, for a gateway that begins: some keys with their owners, in order, after those it knows."""
        after = request.fields["after"] or ""
        pairs = sorted({(key, host.owner) for host in self.hosts.values() for key in host.admitted})
        told = [pair for pair in pairs if "".join(pair) > after][:_ADMITTED_AT_ONCE]
        yield Reply(asker, success(asker.request, {"clients": told}))

    def _find(self, request: Request) -> tuple[str, Host | None]:
        """The name of the host that is asked for, and the host if it lives. A stranger's is not found."""
        name = request.fields["host"]
        host = self.hosts.get(name)
        known = host.owner if host is not None else self.records.get(name, {}).get("owner", "")
        return (name, host) if request.owner in ("", known) else (_NOBODY, None)

    def announced(self, host: Host, route: dict[str, Any]) -> Iterator[Action]:
        """A host says where it listens."""
        remote = host.remote or {}
        where = {"bind": remote.get("host"), "relay": bool(remote.get("relay"))}
        host.route = {"host": host.incarnation, **where, **route}
        for asker in host.seekers:
            yield Reply(asker, success(asker.request, host.route))
        host.seekers = []

    def _unknown(self, asker: Asker, name: str) -> Reply:
        return Reply(asker, failure(asker.request, "ObjectGone", f"there is no host {name}, nor a record of it"))

    def forked(self, number: int, pid: int, link: str, now: float) -> Iterator[Action]:
        """The template has made the process of request `number`, and it is being watched."""
        host = self.nursery.answered(number)
        if host is None:
            return
        host.pid, host.link, host.started = pid, link, now
        self.hosts[host.incarnation] = host
        askers = host.askers()
        if not askers:
            host.reason = "closed"
            yield Stop(host)
        for asker in askers:
            yield Reply(asker, success(asker.request, _born(host)))

    def fork_refused(self, number: int, message: str) -> Iterator[Action]:
        """The template answered that it could not."""
        host = self.nursery.answered(number)
        if host is not None:
            yield from self.nursery.failed(host, message)

    def died(self, host: Host, end: End, now: float) -> Iterator[Action]:
        """The host has been reaped."""
        del self.hosts[host.incarnation]
        record = _record_of(host, end)
        self.records[host.incarnation] = record
        if len(self.records) > _RECORDS_KEPT:
            del self.records[next(iter(self.records))]
        if record["reason"] not in _UNCOUNTED and not end.orderly:
            self.nursery.remember(host.key, Death(now, end.answered > 0, end.status == 0))
        yield Discard(host.number)
        for asker in host.seekers:
            yield _unheard(asker, record)
        for asker in host.waiters:
            yield Reply(asker, success(asker.request, record))
        for asker in host.stoppers:
            yield _stopped(asker, host, dead=True)

    def peer_gone(self, peer: int) -> None:
        """A connection has ended; nobody waits for its answers."""
        self.nursery.peer_gone(peer)
        if self._has_desk:
            self.desk.peer_gone(peer)
        for host in self.hosts.values():
            host.seekers = [asker for asker in host.seekers if asker.peer != peer]
            host.waiters = [asker for asker in host.waiters if asker.peer != peer]
            host.stoppers = {asker: until for asker, until in host.stoppers.items() if asker.peer != peer}

    def due(self) -> float | None:
        """When `tick` has something to do."""
        times = [until for host in self.hosts.values() for until in host.stoppers.values()]
        others = (self.nursery.due(), self.desk.due() if self._has_desk else None)
        return min([*times, *(due for due in others if due is not None)], default=None)

    def tick(self, now: float) -> Iterator[Action]:
        """Time has passed."""
        yield from self.nursery.tick(now)
        if self._has_desk:
            yield from self.desk.tick(now)
        for host in self.hosts.values():
            for asker in [asker for asker, until in host.stoppers.items() if until <= now]:
                del host.stoppers[asker]
                yield _stopped(asker, host, dead=False)


def _admit(host: Host, remote: Mapping[str, Any] | None) -> Iterator[Action]:
    """Whoever asks may have another key of the owner than before; a host that is relayed to knows the gateway only."""
    own = host.remote or {}
    key = str(remote["key"]) if remote else ""
    if remote and key not in host.admitted and bool(own.get("relay")) == bool(remote.get("relay")):
        host.admitted.add(key)
        yield Tell(host, {"op": "admit", "key": key, "rights": remote["rights"]})


def _born(host: Host) -> dict[str, Any]:
    """What whoever asked for a host is told."""
    answer: dict[str, Any] = {"host": host.incarnation, "pid": host.pid, "link": host.link}
    return answer | ({"delayed": round(host.delay, 3)} if host.delay else {})


def _unheard(asker: Asker, record: dict[str, Any]) -> Reply:
    text = f"the host of {record['label']} ended before anybody connected. {record['output']}"
    return Reply(asker, failure(asker.request, "NotExecuted", text.strip()))


def _stopped(asker: Asker, host: Host, *, dead: bool) -> Reply:
    return Reply(asker, success(asker.request, {"where": host.where, "phase": host.phase, "dead": dead}))


def _reason(host: Host, end: End) -> str | None:
    """Why it was stopped; None if it ended by itself, be it a moment before it would have been stopped."""
    left_as_asked = host.reason in _UNCOUNTED and end.signal is None
    return host.reason if end.signal == _SIGKILL or left_as_asked else None


def _record_of(host: Host, end: End) -> dict[str, Any]:
    return {
        "host": host.incarnation,
        "pid": host.pid,
        "label": host.label,
        "client": host.client,
        "owner": host.owner,
        "state": "dead",
        "signal": end.signal,
        "status": end.status,
        "reason": _reason(host, end),
        "where": host.where,
        "answered": end.answered,
        "calls": calls_of(end.slots),
        "output": end.output,
    }
