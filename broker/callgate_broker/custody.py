"""The warden's custody of processes and files: it carries out what `supervisor` decides, in one thread and one loop.

When it ends, everything below it has ended before.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from callgate_broker import actions, processes, report
from callgate_broker.files import HostFiles, make_host_files
from callgate_broker.hatchery import spawn_host
from callgate_broker.hosts import End, Host
from callgate_broker.loop import Connection, Loop
from callgate_broker.requests import failure, success
from callgate_broker.seedling import TEMPLATE, Seedling
from callgate_broker.supervisor import Supervisor
from callgate_broker.talker_process import TalkerProcess, listen_at
from callgate_broker.template_process import TemplateProcess
from callgate_protocol.value import Value
from callgate_transport import rundir

if TYPE_CHECKING:
    from callgate_broker.doorway import Doorway
    from callgate_broker.programs import Programs
    from callgate_broker.warrants import Warrant

__all__ = ["Settings", "Warden", "run"]

_END_SECONDS = 2.0
_RUNDOWN_SECONDS = 1.5
_TALKER_IDLE_SECONDS = 30
_UNSOLICITED = 0


class Settings(Value):
    """What distinguishes one warden from another. An embedded one has a mode of "embedded" and no name."""

    mode: str
    roots: list[str]
    name: str | None = None
    template: str = TEMPLATE
    doorway: Doorway | None = None
    """How other machines are let in."""


class Warden:
    """Owns the processes and their files, and lives until `ended` says why it does not."""

    def __init__(self, settings: Settings, template: Seedling | None = None) -> None:
        self.loop = Loop()
        self.ended: str | None = None
        self._client_ended = False
        self.supervisor = Supervisor()
        self._settings = settings
        self._started = time.monotonic()
        self._peers: dict[int, Connection] = {}
        self._peer_numbers = 0
        self._files: dict[int, HostFiles] = {}
        self._warrants: dict[int, Warrant] = {}
        self._pidfds: dict[int, int] = {}
        self._todo: deque[actions.Action] = deque()
        self._strangers_ended = False
        self._carry_out: dict[type, Callable[[Any], None]] = {
            actions.Reply: self._reply,
            actions.Fork: self._fork,
            actions.Discard: self._discard,
            actions.Stop: self._stop,
            actions.Execute: self._execute,
            actions.Watch: self._watch,
            actions.Tell: self._tell,
            actions.Observe: self._observe,
            actions.Report: self._report,
            actions.StartTemplate: lambda _: self._template.start(),
            actions.KillTemplate: lambda _: self._template.kill(),
        }
        self._template = TemplateProcess(
            self.loop, settings.template, settings.roots, self._template_answered, self._template_died
        )
        _watch_signals(self)  # before there is anything that a signal could leave behind
        self.run_directory = rundir.create_broker_directory(settings.name)
        self._template.start(template)
        listener = listen_at(self.address)
        words = [self.address, settings.mode, str(_TALKER_IDLE_SECONDS)]
        module = "callgate_broker.talker"
        self._talker = TalkerProcess(self.loop, module, listener, settings.roots, words, self.add_peer)
        self._fronts = [self._talker]
        if settings.doorway is not None:
            module, words = "callgate_broker.gateway", [settings.doorway.as_text()]
            gateway = settings.doorway.listener
            # whoever is struck off the allow-list has no reason to knock
            needed = self.supervisor.serves_others
            self._fronts.append(TalkerProcess(self.loop, module, gateway, settings.roots, words, self.add_peer, needed))

    @cached_property
    def _programs(self) -> Programs:
        from callgate_broker.programs import Programs  # noqa: PLC0415 - with the desk, which few programs need

        return Programs(self.loop, lambda: self.supervisor.desk, self.address, self._perform)

    @property
    def address(self) -> str:
        """The path of the socket at which clients reach this broker."""
        return rundir.broker_socket(self.run_directory.path)

    def end(self, reason: str) -> None:
        """Leave the loop when what is being done is done."""
        self.ended = self.ended or reason

    def client_ended(self) -> None:
        """The one client of an embedded broker is gone: hosts get a moment to end what its handles own (R10.8)."""
        self._client_ended = True
        self.end("the client has ended")

    def add_peer(self, peer: socket.socket, on_end: Callable[[str], None] | None = None) -> None:
        """Serve requests on this connection."""
        self._peer_numbers += 1
        number = self._peer_numbers

        def message(body: dict[str, Any]) -> None:
            self._requested(number, body)

        def gone(reason: str) -> None:
            del self._peers[number]
            self.supervisor.peer_gone(number)
            if on_end:
                on_end(reason)

        self._peers[number] = Connection(self.loop, peer, message, gone)

    def _requested(self, peer: int, message: dict[str, Any]) -> None:
        number = message.get("id")
        if type(number) is not int:
            self._peers[peer].end("it sent a request without a number")
            return
        self._perform(self.supervisor.request(peer, number, message, time.monotonic()))

    def run(self) -> None:
        """Serve until there is a reason to end."""
        while self.ended is None:
            awaited = [self.supervisor.due(), *(front.due() for front in self._fronts)]
            dues = [due for due in awaited if due is not None]
            now = time.monotonic()
            self.loop.step(max(0.0, min(dues) - now) if dues else None)
            now = time.monotonic()
            self._perform(self.supervisor.tick(now))
            for front in self._fronts:
                front.tick(now)
            self._reap_strangers()

    def close(self) -> None:
        """End every process below, and remove what they used."""
        if self._client_ended:
            busy = [pidfd for number, pidfd in self._pidfds.items() if self._files[number].read_handles()]
            processes.await_ends(busy, _RUNDOWN_SECONDS)
        for pidfd in self._pidfds.values():  # ending needs descriptors, and these may be all there are
            os.close(pidfd)
        processes.end_all_children(_END_SECONDS)
        self.run_directory.remove()

    def announce(self, trouble: str) -> None:
        """Tell every peer what the warden dies of."""
        for peer in list(self._peers.values()):
            peer.send(failure(_UNSOLICITED, "InternalError", trouble[-4096:]))

    def child_ended(self) -> None:
        """SIGCHLD: perhaps a process that nobody watches."""
        self._strangers_ended = True

    def _reap_strangers(self) -> None:
        # While a fork is under way an unknown child may be the new host, whose number must stay taken.
        if self._strangers_ended and not self.supervisor.nursery.forking:
            with suppress(OSError):  # no descriptor to look with: they are reaped when there is one
                processes.reap_strangers(self._known_children())
                self._strangers_ended = False

    def _known_children(self) -> frozenset[int]:
        hosts = (host.pid for host in self.supervisor.hosts.values())
        return frozenset([*hosts, self._template.pid, *(front.pid for front in self._fronts)])

    def _perform(self, decided: Iterable[actions.Action]) -> None:
        """Carry out actions in order. What these lead to comes after them, never in between."""
        busy = bool(self._todo)
        self._todo.extend(decided)
        if busy:
            return
        while self._todo:
            action = self._todo[0]
            self._carry_out[type(action)](action)
            self._todo.popleft()

    def _reply(self, action: actions.Reply) -> None:
        peer = self._peers.get(action.asker.peer)
        if peer:
            peer.send(action.body)

    def _fork(self, action: actions.Fork) -> None:
        try:
            files = make_host_files(self.run_directory.path, action.number, action.label)
            self._files[action.number] = files
            descriptors = self._warrant(action.number, action.remote) if action.remote else []
            if action.kind:
                pid = spawn_host(action, files, self._settings.roots, descriptors, self.address)
                self._born(action.number, pid)
            else:
                self._template.fork(action.number, action.incarnation, action.label, files, action.remote, descriptors)
            if action.remote:
                self._warrants[action.number].handed_over()
            files.link.close()  # from here on only the host, or the template and its fork, hold it
        except OSError as error:  # descriptors or space have run out
            self._perform(self.supervisor.fork_refused(action.number, str(error)))

    def _warrant(self, number: int, remote: dict[str, Any]) -> list[int]:
        """The descriptors of a line to a host that is about to be born."""
        from callgate_broker.warrants import Warrant  # noqa: PLC0415 - only brokers of other machines have any

        warrant = self._warrants[number] = Warrant(self.loop, lambda: self._announced(number))
        warrant.tell({"op": "admit", "key": remote.get("key"), "rights": remote.get("rights")})
        return warrant.descriptors

    def _announced(self, number: int) -> None:
        """A host listens for its client; it may say so before the template has said that there is one."""
        host = next((host for host in self.supervisor.hosts.values() if host.number == number), None)
        route = self._warrants[number].route
        if host is not None and route is not None:
            self._perform(self.supervisor.announced(host, route))

    def _tell(self, action: actions.Tell) -> None:
        if action.host.number in self._warrants:
            self._warrants[action.host.number].tell(action.message)

    def _discard(self, action: actions.Discard) -> None:
        warrant = self._warrants.pop(action.number, None)
        if warrant:
            warrant.close()
        files = self._files.pop(action.number, None)
        if files:
            files.discard()

    def _stop(self, action: actions.Stop) -> None:
        host = action.host
        _, slots = self._files[host.number].read_slots()
        host.where, host.phase = report.whereabouts(host, slots, action.channel, action.call)
        processes.kill(self._pidfds[host.number])

    def _execute(self, action: actions.Execute) -> None:
        self._programs.execute(action)

    def _watch(self, action: actions.Watch) -> None:
        self._programs.watch(action)

    def _observe(self, action: actions.Observe) -> None:
        host = action.host
        record = report.living_record(host, self._files[host.number]) | {"output": self._printed(host.number)}
        self._reply(actions.Reply(action.asker, success(action.asker.request, record)))

    def _report(self, action: actions.Report) -> None:
        hosts, following = report.list_hosts(
            self.supervisor, self._files, action.offset, time.monotonic(), action.owner
        )
        answer = {
            "broker": self._own_state(),
            "hosts": hosts,
            "next": following,
            "deaths": report.recent_deaths(self.supervisor, action.owner),
        }
        self._reply(actions.Reply(action.asker, success(action.asker.request, answer)))

    def _own_state(self) -> dict[str, Any]:
        return {
            "name": os.path.basename(self.run_directory.path),
            "directory": self.run_directory.path,
            "pid": os.getpid(),
            "version": report.version(),
            "mode": self._settings.mode,
            "uptime": round(time.monotonic() - self._started, 3),
            **{
                name: {"pid": front.pid, "restarts": front.restarts}
                for name, front in zip(("talker", "gateway"), self._fronts, strict=False)
            },
            "template": {"pid": self._template.pid, "restarts": self.supervisor.nursery.template_restarts},
        }

    def _template_answered(self, message: dict[str, Any]) -> None:
        number, pid = message.get("id"), message.get("pid")
        if type(number) is not int:
            self._template.kill()
        elif type(pid) is int and pid > 0:
            self._born(number, pid)
        else:
            refusal = str(message.get("error") or "the template gave no process id")
            self._perform(self.supervisor.fork_refused(number, refusal))

    def _born(self, number: int, pid: int) -> None:
        if number not in self._files:
            return
        try:
            pidfd = processes.watch_child(pid)
        except (processes.NotOurChild, OSError) as error:
            processes.kill_child(pid)
            self._perform(self.supervisor.fork_refused(number, str(error)))
            return
        self._pidfds[number] = pidfd
        self.loop.watch(pidfd, lambda: self._host_ended(number))
        self._perform(self.supervisor.forked(number, pid, self._files[number].link_path, time.monotonic()))
        if number in self._warrants:
            self._announced(number)

    def _host_ended(self, number: int) -> None:
        end = processes.reap(self._pidfds[number])
        if end is None:
            return
        pidfd = self._pidfds.pop(number)
        self.loop.unwatch(pidfd)
        os.close(pidfd)
        answered, slots = self._files[number].read_slots()
        host, output = self._host(number), self._printed(number)
        if number in self._warrants:
            self._warrants[number].settle()
            host.reason = host.reason or self._warrants[number].reason
        self._perform(
            self.supervisor.died(host, End(end.signal, end.status, answered, slots, output), time.monotonic())
        )

    def _printed(self, number: int) -> str:
        return self._warrants[number].printed() if number in self._warrants else ""

    def _host(self, number: int) -> Host:
        return next(host for host in self.supervisor.hosts.values() if host.number == number)

    def _template_died(self, account: str) -> None:
        if self.supervisor.nursery.forking:
            processes.kill_copies_of(self._template.command, self._known_children())
        self._perform(self.supervisor.nursery.template_died(account, time.monotonic()))


def run(warden: Warden) -> None:
    """Serve until the end and clean up, whatever the end is."""
    processes.adopt_orphans()
    try:
        warden.run()
    except Exception:
        import traceback  # noqa: PLC0415 - slow to import and hopefully never needed

        warden.announce(traceback.format_exc())
        raise
    finally:
        warden.close()


def _watch_signals(warden: Warden) -> None:
    """Signals become bytes in a pipe of the loop: none is lost, and no handler interrupts a decision."""
    read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def arrived() -> None:
        for number in os.read(read_end, 4096):
            if number == signal.SIGCHLD:
                warden.child_ended()
            else:
                warden.end(signal.Signals(number).name)

    warden.loop.watch(read_end, arrived)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays in force
            signal.signal(number, lambda *_: None)
