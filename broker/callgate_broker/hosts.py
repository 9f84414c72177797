"""What the warden knows about one host, and about the earlier hosts of the same key."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from callgate_broker.policy import Death
from callgate_protocol.slots import Phase, Slot
from callgate_protocol.value import Value

__all__ = ["Asker", "End", "History", "Host", "calls_of", "in_flight"]


class Asker(Value):
    """Who waits for an answer: a connection of the warden and the number of the request on it."""

    peer: int
    request: int


class End(Value):
    """How a host ended, as the kernel and its call slots tell it. One of `signal` and `status` is None."""

    signal: int | None
    status: int | None
    answered: int
    slots: Sequence[Slot]
    output: str = ""
    """The end of what a host printed that no client could read from."""

    @property
    def orderly(self) -> bool:
        """Whether it left by itself with nothing to do, as a host does when its last session closes."""
        return self.status == 0 and not in_flight(self.slots)


class History:
    """The deaths behind one restart key. Only the latest matter to a policy, all are counted."""

    __slots__ = ("deaths", "restarts")

    def __init__(self) -> None:
        self.deaths: deque[Death] = deque(maxlen=64)
        self.restarts = 0

    def add(self, death: Death) -> None:
        """Remember one more death."""
        self.deaths.append(death)
        self.restarts += 1


class Host:
    """One host, from the request to start it until its record is all that is left."""

    __slots__ = (
        "admitted",
        "asked",
        "asker",
        "client",
        "delay",
        "due",
        "incarnation",
        "joining",
        "key",
        "kind",
        "label",
        "link",
        "number",
        "owner",
        "phase",
        "pid",
        "reason",
        "remote",
        "route",
        "seekers",
        "share",
        "started",
        "stoppers",
        "waiters",
        "where",
    )

    def __init__(
        self, incarnation: str, number: int, asker: Asker, *, label: str, key: str, client: int, kind: str = ""
    ) -> None:
        self.incarnation = incarnation
        self.number = number
        self.asker: Asker | None = asker
        self.label = label
        self.key = key
        self.client = client
        self.share = ""
        """What may have this host as well asks for it by this (R16.9); empty for a host of one client's own."""
        self.joining: list[Asker] = []
        """Who asked for it while it was not there yet."""
        self.kind = kind
        """What it is to be: "" forks a host of native libraries, "python" starts one of Python classes."""
        self.delay = 0.0
        self.due = 0.0
        self.asked = 0.0
        self.pid = 0
        self.link = ""
        self.started = 0.0
        self.reason: str | None = None
        """Why the warden was asked to stop it."""
        self.where: str | None = None
        self.phase: int | None = None
        self.owner = ""
        """The client of another machine that it was started for."""
        self.remote: dict[str, Any] | None = None
        self.admitted: set[str] = set()
        """Keys of that client that it was told to let in."""
        self.route: dict[str, Any] | None = None
        """Where it listens for that client."""
        self.seekers: list[Asker] = []
        """Who wants to know."""
        self.waiters: list[Asker] = []
        """Who waits for its record."""
        self.stoppers: dict[Asker, float] = {}
        """Who asked to stop it, and until when each waits for its end."""

    def askers(self) -> list[Asker]:
        """Who waits for it to be there."""
        return [*([self.asker] if self.asker else ()), *self.joining]

    def forget(self, peer: int) -> None:
        """A connection has ended; nobody waits for its answers."""
        if self.asker and self.asker.peer == peer:
            self.asker = None
        self.joining = [asker for asker in self.joining if asker.peer != peer]


def in_flight(slots: Sequence[Slot]) -> list[Slot]:
    """The slots of threads that are inside a call."""
    return [slot for slot in slots if slot.phase != Phase.IDLE]


def calls_of(slots: Sequence[Slot]) -> list[dict[str, Any]]:
    """The calls of these slots as they appear in records and lists."""
    return [
        {
            "channel": slot.channel,
            "call": slot.call,
            "library": slot.library,
            "function": slot.function,
            "phase": slot.phase,
        }
        for slot in slots
    ]
