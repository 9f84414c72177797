"""Two channels joined in memory: every message passes both ends, and both must agree on what happened."""

from __future__ import annotations

from callgate_protocol.channel import Channel, Frames, Received
from callgate_protocol.limits import DEFAULT_LIMITS, Limits
from callgate_protocol.turns import Role, State

__all__ = ["Pair", "other"]

_MIRRORED = {State.IDLE: State.IDLE, State.WAITING: State.SERVING, State.SERVING: State.WAITING}


def other(role: Role) -> Role:
    """The role at the opposite end."""
    return Role.HOST if role is Role.CLIENT else Role.CLIENT


class Pair:
    """A client's and a host's channel. `deliver` carries one message across, with chunks and credit."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, pipelined: bool = False) -> None:
        self.limits = limits
        self.ends = {role: Channel(role, limits, pipelined=pipelined) for role in Role}
        self.most_under_way = 0
        """The most bytes of chunks that were sent and not yet given credit for."""

    def deliver(self, sender: Role, frames: Frames) -> Received | None:
        """Carry a message and everything that belongs to it; returns what the receiver makes of it."""
        here, there = self.ends[sender], self.ends[other(sender)]
        received = there.receive([_copy(frame) for frame in frames])
        under_way = 0
        while here.sending:
            chunks = here.chunks()
            assert chunks, "chunks wait, the receiver has taken all there was, and gave no credit for it"
            under_way += sum(len(chunk[1]) for chunk in chunks)
            self.most_under_way = max(self.most_under_way, under_way)
            for chunk in chunks:
                received = there.receive([_copy(frame) for frame in chunk])
                if (credit := there.credit()) is not None:
                    assert here.receive(credit) is None
                    under_way = 0
        if (credit := there.credit()) is not None:
            assert here.receive(credit) is None
        return received

    def assert_agreement(self) -> None:
        """Both ends are in mirrored states, equally deep."""
        client, host = self.ends[Role.CLIENT], self.ends[Role.HOST]
        assert client.depth == host.depth
        assert client.state is _MIRRORED[host.state]


def _copy(frame: object) -> bytes:
    return bytes(frame)  # type: ignore[call-overload,no-any-return]
