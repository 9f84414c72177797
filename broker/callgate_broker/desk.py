"""The broker's desk for classes and running objects (R16.5 to R16.7, R16.16): requests in, actions out, no system call.

Every broker belongs to one user, so all local callers have its identity; what the table of running objects holds is
seen by all of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

from callgate_broker.actions import Action, Execute, Reply, Watch
from callgate_broker.hosts import Asker
from callgate_broker.requests import Request, failure, success
from callgate_protocol.activation import (
    Context,
    Executable,
    Surrogate,
    check_access,
    check_launch,
    check_level,
    choose,
)
from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.classobjects import WINDOW_SECONDS, ClassObjects, Launch, Outcome, Refused, Wanted
from callgate_protocol.guids import read_guid
from callgate_protocol.permissions import Caller
from callgate_protocol.registry import Inproc, Registry, RegistryError
from callgate_protocol.running import RunningTable

__all__ = ["Desk"]

_LONGEST_WINDOW: Final = 600
_LIST_BYTES: Final = 40 * 1024
_IDENTITY: Final = "local"

_Operation: TypeAlias = Callable[[Asker, Request, float], Iterator[Action]]


class Desk:
    """Both tables, and the processes that stand in them."""

    def __init__(self, read: Callable[[], Registry] = Registry) -> None:
        self._read = read
        """Reads the registry of this machine and user."""
        self.classes = ClassObjects()
        self.running = RunningTable()
        self._watched: set[int] = set()
        self.operations: dict[str, _Operation] = {
            "activate": self._guarded(self._activate),
            "register_class": self._guarded(self._register_class),
            "resume_classes": self._guarded(self._resume),
            "suspend_classes": self._guarded(self._suspend),
            "revoke_class": self._guarded(self._revoke_class),
            "register_running": self._guarded(self._register_running),
            "revoke_running": self._guarded(self._revoke_running),
            "find_running": self._guarded(self._find_running),
            "list_running": self._guarded(self._list_running),
            "find_class": self._guarded(self._find_class),
        }

    def _guarded(self, perform: _Operation) -> _Operation:
        """What an operation refuses is its answer, with the name of the code (R16.3)."""

        def operation(asker: Asker, request: Request, now: float) -> Iterator[Action]:
            try:
                yield from perform(asker, request, now)
            except (ActivationRefused, RegistryError) as error:
                yield Reply(asker, failure(asker.request, error.name, str(error)))
            except OSError as error:  # of a registry file
                yield Reply(asker, failure(asker.request, "REGDB_E_INVALIDVALUE", f"the registry: {error}"))

        return operation

    def _watch(self, process: int) -> Iterator[Action]:
        if process not in self._watched:
            self._watched.add(process)
            yield Watch(process)

    # -- classes ---------------------------------------------------------------------------------------------------

    def _activate(self, asker: Asker, request: Request, now: float) -> Iterator[Action]:
        fields = request.fields
        window = min(float(fields["window"] or WINDOW_SECONDS), _LONGEST_WINDOW)
        command = tuple(fields["command"] or ())
        wanted = Wanted(asker, _clsid(fields["clsid"]), fields["share"] or "", command, window)
        self._check(wanted.clsid)
        yield from self._tell(self.classes.activate(wanted, now))

    def _register_class(self, asker: Asker, request: Request, now: float) -> Iterator[Action]:
        fields = request.fields
        process, clsid = fields["client"], _clsid(fields["clsid"])
        cookie, outcomes = self.classes.register(
            process, clsid, fields["mode"], fields["where"], now, only_launched=self._has_run_as(clsid)
        )
        yield from self._watch(process)
        yield Reply(asker, success(asker.request, {"cookie": cookie}))
        yield from self._tell(outcomes)

    def _check(self, clsid: str) -> None:
        """R16.12: whoever asks here is this broker's user, and even that may be forbidden. Raises ActivationRefused."""
        registry, user = self._read(), os.geteuid()
        entry = registry.classes.get(clsid)
        if entry is not None:
            caller = Caller(user, tuple(os.getgroups()))
            check_launch(registry, registry.app_of(entry), caller, user)
            check_access(registry, registry.app_of(entry), caller, user)
            check_level(registry.app_of(entry), caller)

    def _has_run_as(self, clsid: str) -> bool:
        """R16.13: such a class takes only the program that was started for it."""
        registry = self._read()
        entry = registry.classes.get(clsid)
        return entry is not None and bool(registry.app_of(entry).run_as)

    def _resume(self, asker: Asker, request: Request, now: float) -> Iterator[Action]:
        yield Reply(asker, success(asker.request, {}))
        yield from self._tell(self.classes.resume(request.fields["client"], now))

    def _suspend(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        suspended = self.classes.suspend(request.fields["client"], request.fields["served"])
        yield Reply(asker, success(asker.request, {"suspended": suspended}))

    def _revoke_class(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        self.classes.revoke(request.fields["client"], request.fields["cookie"])
        yield Reply(asker, success(asker.request, {}))

    def _tell(self, outcomes: Iterable[Outcome | Refused | Launch]) -> Iterator[Action]:
        for outcome in outcomes:
            if isinstance(outcome, Launch):
                yield Execute(outcome.number, outcome.command)
                continue
            asker = outcome.asker
            assert isinstance(asker, Asker)
            if isinstance(outcome, Outcome):
                answer = {"process": outcome.found.process, "where": outcome.found.where}
                yield Reply(asker, success(asker.request, answer))
            else:
                yield Reply(asker, failure(asker.request, outcome.name, outcome.message))

    def executed(self, number: int, process: int) -> Iterator[Action]:
        """The program of `Execute` runs."""
        self.classes.started(number, process)
        yield from self._watch(process)

    def not_executed(self, number: int, name: str, message: str) -> Iterator[Action]:
        """The program of `Execute` could not be started; `name` is one of `CODES`."""
        yield from self._tell(self.classes.not_started(number, name, message))

    def process_gone(self, process: int, how: str) -> Iterator[Action]:
        """A process that was watched has ended: everything that it registered goes with it."""
        self._watched.discard(process)
        self.running.owner_gone(process)
        yield from self._tell(self.classes.process_gone(process, how))

    def _find_class(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        """R16.19: what a client elsewhere needs to have a class made here, by a library or a Python host, if it may."""
        fields, user = request.fields, os.geteuid()
        registry = self._read()
        clsid = registry.clsid_of(fields["name"])
        caller = Caller(key=fields["caller"]) if fields["caller"] else Caller(user)
        choice = choose(registry, clsid, Context.LOCAL_SERVER, identity=f"uid:{user}")
        if not isinstance(choice, Surrogate | Executable):
            text = f"{fields['name']} is served by another machine; ask its broker (R16.19)"
            raise ActivationRefused("CO_E_SERVER_EXEC_FAILURE", text)
        app = registry.app_of(choice.entry)
        inproc = choice.entry.inproc if isinstance(choice, Surrogate) and not choice.program else None
        inproc = inproc or Inproc("", shape="")
        check_launch(registry, app, caller, user)
        check_access(registry, app, caller, user)
        check_level(app, caller)
        answer = {
            "clsid": choice.entry.clsid,
            "library": inproc.library,
            "shape": inproc.shape,
            "factory": inproc.factory,
            "threading": choice.entry.threading,
            "share": choice.share,
        }
        yield Reply(asker, success(asker.request, answer))

    # -- running objects -------------------------------------------------------------------------------------------

    def _register_running(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        fields = request.fields
        entry, already = self.running.register(
            fields["client"], fields["flags"], fields["moniker"], fields["where"], _IDENTITY
        )
        yield from self._watch(entry.owner)
        yield Reply(asker, success(asker.request, {"number": entry.number, "already": already}))

    def _revoke_running(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        self.running.revoke(request.fields["number"], request.fields["client"])
        yield Reply(asker, success(asker.request, {}))

    def _find_running(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        entry = self.running.find(request.fields["moniker"], _IDENTITY)
        answer = {"number": entry.number, "process": entry.owner, "where": entry.where, "flags": entry.flags}
        yield Reply(asker, success(asker.request, answer))

    def _list_running(self, asker: Asker, request: Request, _now: float) -> Iterator[Action]:
        """As many as fit into an answer, and where to go on."""
        offset, listed, room = request.fields["offset"] or 0, [], _LIST_BYTES
        following = None
        for position, entry in enumerate(self.running.visible(_IDENTITY)):
            if position < offset:
                continue
            each: dict[str, Any] = {"number": entry.number, "process": entry.owner, "moniker": entry.moniker}
            room -= len(json.dumps(each)) + 1
            if room < 0:
                following = position
                break
            listed.append(each)
        yield Reply(asker, success(asker.request, {"running": listed, "next": following}))

    # -- what happens meanwhile ------------------------------------------------------------------------------------

    def peer_gone(self, peer: int) -> None:
        """A connection has ended; nobody waits for its answers."""
        self.classes.asker_gone(lambda asker: isinstance(asker, Asker) and asker.peer == peer)

    def due(self) -> float | None:
        """When `tick` has something to do."""
        return self.classes.due()

    def tick(self, now: float) -> Iterator[Action]:
        """Time has passed."""
        yield from self._tell(self.classes.tick(now))


def _clsid(text: str) -> str:
    try:
        return read_guid(text)
    except ValueError as error:
        raise ActivationRefused("CO_E_CLASSSTRING", str(error)) from None
