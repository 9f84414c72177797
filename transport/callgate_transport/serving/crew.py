"""The worker threads of a serving process, and which of them reads which channel of which session."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

import zmq

from callgate_protocol.messages import Resume, Resumed

from .conversation import Conversation
from .ground import Ground
from .roles import BrokeOff, Perform
from .router import Context, Router
from .session import Session
from .slotwriter import Answered, SlotWriter
from .worker import Worker

__all__ = ["Crew", "Opening"]

_THREADS: Final = 32
"""Channels beyond this many share threads."""

_CLOSED_REMEMBERED: Final = 64


class Opening(NamedTuple):
    """A channel that was opened."""

    channel: int
    endpoint: str


class Crew:
    """Opens and closes channels. Used by the I/O thread only."""

    def __init__(
        self,
        context: Context,
        ground: Ground,
        slots: memoryview,
        perform: Perform,
        broke_off: BrokeOff,
        register: Callable[[int, Worker], None],
    ) -> None:
        self._context = context
        self._ground = ground
        self._slots = slots
        self._answered = Answered(slots)
        self._perform = perform
        self._broke_off = broke_off
        self._register = register
        self._workers: list[Worker] = []
        self._open: dict[bytes, tuple[Conversation, Worker]] = {}
        self._last: dict[bytes, int] = {}
        self._closed: OrderedDict[bytes, Conversation] = OrderedDict()
        """Channels of late: a client whose connection broke asks afterwards what had begun on them (R17.27)."""

    @property
    def channels(self) -> int:
        """Channels that are open; one that broke the protocol is not, though its session has not closed it yet."""
        return sum(conversation.open for conversation, _ in self._open.values())

    @property
    def threads(self) -> int:
        """Threads that serve them."""
        return len(self._workers)

    def open(self, session: Session, *, pipelined: bool) -> Opening:
        """Open a channel for a session. Numbers start at 1 and are not used again."""
        number = self._last.get(session.secret, 0) + 1
        self._last[session.secret] = number
        conversation = Conversation(session, number, pipelined=pipelined)
        worker = self._least_used()
        worker.adopt(conversation)
        self._open[conversation.routing_id] = conversation, worker
        return Opening(number, worker.endpoint)

    def close(self, session: Session, channel: int) -> None:
        """The client uses a channel no more."""
        conversation, worker = self._open.pop(session.routing_id(channel), (None, None))
        if conversation is not None and worker is not None:
            worker.dismiss(conversation)
            worker.wake()
            self._closed[session.routing_id(channel)] = conversation
            if len(self._closed) > _CLOSED_REMEMBERED:
                self._closed.popitem(last=False)

    def close_all(self, session: Session) -> None:
        """A session is gone: whoever waits for it in a callback stops waiting."""
        self._last.pop(session.secret, None)
        mine = [conversation.number for conversation, _ in self._open.values() if conversation.session is session]
        for channel in mine:
            self.close(session, channel)
        for routing_id in [each for each, conversation in self._closed.items() if conversation.session is session]:
            del self._closed[routing_id]

    def resume(self, session: Session, message: Resume) -> Resumed:
        """A channel goes on over another connection, whose routing id has a number that was not used before."""
        conversation, worker = self._open.get(session.routing_id(message.channel), (None, None))
        if conversation is None or worker is None:
            return Resumed(message.request, 0, 0)
        number = self._last[session.secret] + 1
        before = conversation.routing_id
        resumed = conversation.resume(message, number)
        if resumed.routing == number:
            self._last[session.secret] = number
            worker.move(conversation, before)
        return resumed

    def cancel(self, session: Session, channel: int, call: int) -> bool:
        """Whether a call has begun; if not, it never will. A channel that was never open has nothing to begin."""
        routing_id = session.routing_id(channel)
        conversation, _ = self._open.get(routing_id, (self._closed.get(routing_id), None))
        return conversation is not None and conversation.cancel(call)

    def _least_used(self) -> Worker:
        idle = next((worker for worker in self._workers if worker.load == 0), None)
        if idle is not None:
            return idle
        if len(self._workers) < _THREADS:
            try:
                return self._hire()
            except OSError:  # no port or descriptor is left; the threads that there are can be shared
                if not self._workers:
                    raise
        return min(self._workers, key=lambda worker: worker.load)

    def _hire(self) -> Worker:
        index = len(self._workers)
        inside = f"inproc://c{index + 1}"
        socket, endpoint = self._ground.calls(index + 1, inside)
        router = Router(socket)
        bell = self._context.socket(zmq.DEALER)
        bell.set(zmq.LINGER, 0)
        bell.connect(inside)
        worker = Worker(
            router,
            endpoint,
            lambda: _ring(bell),
            lambda: SlotWriter(self._slots, index),
            self._answered,
            self._perform,
            self._broke_off,
        )
        self._workers.append(worker)
        worker.start(self._register)
        return worker


def _ring(bell: zmq.Socket[bytes]) -> None:
    """One message wakes a thread; if it has not read thousands of them, it is in native code and need not be woken."""
    with contextlib.suppress(zmq.Again):
        bell.send(b"", zmq.DONTWAIT)
