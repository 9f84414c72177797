"""What joins a `Host` with whoever performs its calls: a process below a broker (`below`), or this process (`direct`).

`Host` converts, serves callbacks and makes every call end; it knows its other side by these types only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol, TypeAlias

from callgate_protocol.abi import Abi
from callgate_protocol.authentication import Level
from callgate_protocol.channel import Channel, Frames, Received
from callgate_protocol.messages import Callback
from callgate_transport.pipeline import Submitted
from callgate_transport.session import SessionOwner

__all__ = ["Keeper", "Line", "Opened", "Opener", "Owner", "Prints", "Queue", "Session"]


class Line(Protocol):
    """A call channel, used by one thread at a time. `callgate_transport.callchannel.CallChannel` is one."""

    number: int
    talk: Channel

    def send(self, frames: Frames) -> None:
        """Send one message."""

    def receive(self, expires: float | None) -> Received:
        """Wait for the next whole message. Raises HungUp, DeadlinePassed, RemoteProtocolError."""

    def receive_or(self, bells: Sequence[int], expires: float | None) -> Received | None:
        """As `receive`; None when one of the descriptors is readable before a message is there."""

    def receive_now(self) -> Received | None:
        """As `receive`, if a message is there already."""

    def descriptors(self) -> Sequence[int]:
        """What is readable when a message may be there; `receive_now` tells."""


class Queue(Protocol):
    """Calls that are performed one after another while nobody waits for them."""

    def submit(
        self, library: int, function: int, arguments: list[Any], payloads: list[Any], expires: float | None
    ) -> Submitted:
        """Have a call performed after those submitted before it."""


class Session(Protocol):
    """A session with one incarnation of a host. `callgate_transport.session.Session` is one."""

    incarnation: bytes
    process: int
    serves: str
    """`python` when its objects are Python's."""
    route: str
    """How third processes reach the host (`callgate_protocol.ways`); empty when they cannot."""
    level: Level
    """What is sure about its two ends (R16.14)."""
    near: bool
    """Whether it is another process of this machine."""
    abi: Abi
    dead: bool
    broken: str
    lapsed: str
    reaction: float

    def start(self, owner: Any) -> None:
        """Begin; `owner` is held weakly and hears what the host has to say."""

    def take(self, expires: float | None = None) -> Any:
        """Borrow a line; give it back with `give` or end it with `abandon`. Raises HungUp, Unreachable."""

    def give(self, channel: Any) -> None:
        """Give a line back on which no call is under way."""

    def abandon(self, channel: Any, call: int) -> None:
        """Give up a call that is under way, and its line."""

    def interrupted(self, channel: Any) -> bool:
        """Whether the connection of a line has broken while the session goes on."""

    def begun(self, channel: int, call: int, expires: float | None) -> bool | None:
        """Whether an interrupted call had begun; None when nobody can say. Raises HungUp at the session's end."""

    def pipeline(self) -> Queue:
        """Where calls are submitted. Raises HungUp, Unreachable."""

    def cancel(self, channel: int, call: int) -> Future[bool]:
        """Ask that a call be not begun; the future says whether it had begun."""

    def call_at(self, expires: float, work: Callable[[], None]) -> None:
        """Have something done at a monotonic time, where waiting can be cut short."""

    def post(self, work: Callable[[], None]) -> None:
        """Have something done soon on a thread that may wait; takes no lock, for the garbage collector."""

    def release(self, references: list[list[int]]) -> None:
        """Give references back."""

    def close(self, reason: str) -> None:
        """End the session: whoever waits gets HungUp."""

    def forget_after_fork(self) -> None:
        """In a forked child: let go of what would keep the parent's session alive."""


class Owner(SessionOwner, Protocol):
    """What a session tells its host."""

    def serve(self, channel: Line, callback: Callback, payloads: list[Any]) -> None:
        """Run a callback on this thread, which has a call under way on the line, and send its answer there."""


class Keeper(Protocol):
    """Who knows of a host's life and death. Every `brokers.Broker` is one."""

    @property
    def same_process(self) -> bool:
        """False in a forked child of the process that connected."""

    def record(self, host: str, seconds: float) -> Mapping[str, Any] | None:
        """What is known of a host; None when nobody says."""

    def stop(self, host: str, reason: str, channel: int = 0, call: int = 0) -> str:
        """Stop a host; what the thread of the given call was doing."""


class Prints(Protocol):
    """What a library has printed. `output.Output` is it for a host process."""

    def start(self) -> None:
        """Begin to read."""

    def settle(self) -> None:
        """Have everything read that was written until now."""

    def drain(self) -> None:
        """Read what is left after the host's death."""

    def tail(self, stream: int) -> str:
        """The end of standard output (0) or standard error (1)."""

    def close_after_fork(self) -> None:
        """In a forked child: let go of descriptors."""


class Opened(NamedTuple):
    """A session that was opened, and what belongs to it."""

    session: Session
    keeper: Keeper
    output: Prints


Opener: TypeAlias = Callable[[str], Opened]
"""Opens a session with a new host for a library, named for people."""
