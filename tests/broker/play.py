"""A supervisor without processes, fed by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from callgate_broker.actions import Action, Fork, Reply
from callgate_broker.hosts import End, Host
from callgate_broker.policy import Policy
from callgate_broker.supervisor import Supervisor

PEER = 1
SEGV = End(11, None, 0, [])
KILLED = End(9, None, 0, [])


class Play:
    """A supervisor with a clock, fed by hand."""

    def __init__(self, policy: Policy | None = None) -> None:
        names = itertools.count(1)
        self.supervisor = Supervisor(policy, lambda: f"host{next(names)}")
        self.now = 100.0
        self._numbers = itertools.count(1)

    def request(self, operation: str, peer: int = PEER, **fields: Any) -> list[Action]:
        message = {"op": operation, **fields}
        return list(self.supervisor.request(peer, next(self._numbers), message, self.now))

    def start(self, key: str = "key", peer: int = PEER, **more: Any) -> list[Action]:
        return self.request("start", peer, label="lib.so", key=key, client=1, **more)

    def forked(self, number: int) -> list[Action]:
        return list(self.supervisor.forked(number, 1000 + number, f"/run/h{number}/link", self.now))

    def born(self, key: str = "key") -> Host:
        """A living host, whose policy had no objection."""
        fork = only(self.start(key), Fork)
        self.forked(fork.number)
        return self.supervisor.hosts[fork.incarnation]

    def died(self, host: Host, end: End = SEGV) -> list[Action]:
        return list(self.supervisor.died(host, end, self.now))

    def template_died(self) -> list[Action]:
        return list(self.supervisor.nursery.template_died("It ended.", self.now))

    def tick(self, seconds: float = 0.0) -> list[Action]:
        self.now += seconds
        return list(self.supervisor.tick(self.now))


def only(found: Iterable[Action], kind: type[Any]) -> Any:
    """The one action of that kind."""
    (match,) = [action for action in found if isinstance(action, kind)]
    return match


def kinds(found: Iterable[Action]) -> list[type]:
    return [type(action) for action in found]


def answer(found: Iterable[Action]) -> dict[str, Any]:
    """The result in the one reply."""
    body: dict[str, Any] = only(found, Reply).body
    result: dict[str, Any] = body.get("ok") or body["error"]
    return result
