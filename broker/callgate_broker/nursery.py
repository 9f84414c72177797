"""Hosts on their way into the world: held back by the restart policy, or asked of the template. Pure decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from callgate_broker.actions import Action, Discard, Fork, KillTemplate, Reply, StartTemplate
from callgate_broker.hosts import Asker, History, Host
from callgate_broker.policy import Death, GiveUp, Policy, decide
from callgate_broker.requests import failure

__all__ = ["Nursery"]

_TEMPLATE_ATTEMPTS = 3
"""Templates in a row that died without an answer before starting fails."""
_FORK_SECONDS = 30.0
"""A template that is silent for longer is replaced. Generous, because the first answer waits for its imports."""
_KEYS_REMEMBERED = 1024


class Nursery:
    """Decides when a host is forked, and what becomes of the requests when the template dies."""

    def __init__(self, policy: Policy, new_incarnation: Callable[[], str]) -> None:
        self._policy = policy
        self._new_incarnation = new_incarnation
        self._numbers = 0
        self._histories: dict[str, History] = {}
        self._waiting: list[Host] = []
        self._forking: dict[int, Host] = {}
        self._answered_once = False
        self._failed_attempts = 0
        self._template_down: str | None = None
        self._template_killed = False
        self.template_restarts = 0

    @property
    def forking(self) -> bool:
        """Whether an answer of the template is due."""
        return bool(self._forking)

    def history(self, key: str) -> History:
        """What happened to earlier hosts of this key."""
        return self._histories.get(key) or History()

    def remember(self, key: str, death: Death) -> None:
        """Add a death to the history of its key; the key that was quiet for longest is forgotten."""
        history = self._histories.pop(key, None) or History()
        history.add(death)
        self._histories[key] = history
        if len(self._histories) > _KEYS_REMEMBERED:
            del self._histories[next(iter(self._histories))]

    def join(self, asker: Asker, share: str) -> bool:
        """Have a host that is on its way with this share given to one more (R16.9); False when there is none."""
        for host in (*self._forking.values(), *self._waiting):
            if host.share == share:
                host.joining.append(asker)
                return True
        return False

    def count(self, owner: str) -> int:
        """How many hosts are on their way for a client of another machine."""
        return sum(host.owner == owner for host in [*self._waiting, *self._forking.values()])

    def start(
        self,
        asker: Asker,
        label: str,
        key: str,
        client: int,
        now: float,
        owner: str = "",
        remote: dict[str, Any] | None = None,
        share: str = "",
        kind: str = "",
    ) -> Iterator[Action]:
        """Somebody wants a host."""
        decision = decide(self._policy, self.history(key).deaths, now)
        if isinstance(decision, GiveUp):
            text = f"{label} is not started again: {decision.reason}"
            yield Reply(asker, failure(asker.request, "HostQuarantined", text))
            return
        host = Host(self._new_incarnation(), self._next_number(), asker, label=label, key=key, client=client, kind=kind)
        host.share = share
        host.owner, host.remote = owner, remote
        host.admitted = {str(remote.get("key"))} if remote else set()
        if decision.delay > 0:
            host.delay, host.due = decision.delay, now + decision.delay
            self._waiting.append(host)
        else:
            yield from self._fork(host, now)

    def answered(self, number: int) -> Host | None:
        """The template has dealt with request `number`; None when nobody waits for it any more."""
        self._answered_once = True
        self._failed_attempts = 0
        return self._forking.pop(number, None)

    def failed(self, host: Host, message: str) -> Iterator[Action]:
        """The host will not come into being."""
        self._forking.pop(host.number, None)
        yield Discard(host.number)
        text = f"no host for {host.label}: {message}"
        for asker in host.askers():
            yield Reply(asker, failure(asker.request, "NotExecuted", text))

    def template_died(self, account: str, now: float) -> Iterator[Action]:
        """The template is gone; `account` says how it ended and what it wrote last."""
        self.template_restarts += 1
        self._failed_attempts = 0 if self._answered_once else self._failed_attempts + 1
        stranded = list(self._forking.values())
        if self._failed_attempts >= _TEMPLATE_ATTEMPTS:
            self._template_down = account
            for host in stranded:
                yield from self.failed(host, f"the template process died {_TEMPLATE_ATTEMPTS} times. {account}")
            return
        yield from self._start_template()
        for host in stranded:
            yield from self._fork_again(host, now)

    def _start_template(self) -> Iterator[Action]:
        self._answered_once = self._template_killed = False
        self._template_down = None
        yield StartTemplate()

    def _fork_again(self, host: Host, now: float) -> Iterator[Action]:
        """With a new name and new files: the dead template may have left a process behind that has the old ones."""
        yield Discard(host.number)
        del self._forking[host.number]
        if not host.askers():
            return
        host.incarnation, host.number = self._new_incarnation(), self._next_number()
        yield from self._fork(host, now)

    def _fork(self, host: Host, now: float) -> Iterator[Action]:
        if self._template_down is not None and not host.kind:
            self._failed_attempts = 0
            yield from self._start_template()
        host.asked = now
        self._forking[host.number] = host
        yield Fork(host.number, host.incarnation, host.label, host.kind, host.remote)

    def peer_gone(self, peer: int) -> None:
        """Nobody is left to hear about this peer's hosts: do not start them; those being forked are unwanted."""
        for host in (*self._waiting, *self._forking.values()):
            host.forget(peer)
        self._waiting = [host for host in self._waiting if host.askers()]

    def due(self) -> float | None:
        """When `tick` has something to do."""
        times = [host.due for host in self._waiting]
        if not self._template_killed:
            times += [host.asked + _FORK_SECONDS for host in self._forking.values()]
        return min(times, default=None)

    def tick(self, now: float) -> Iterator[Action]:
        """Time has passed."""
        ripe = [host for host in self._waiting if host.due <= now]
        self._waiting = [host for host in self._waiting if host.due > now]
        for host in ripe:
            yield from self._fork(host, now)
        if not self._template_killed and any(host.asked + _FORK_SECONDS <= now for host in self._forking.values()):
            self._template_killed = True
            yield KillTemplate()

    def _next_number(self) -> int:
        self._numbers += 1
        return self._numbers
