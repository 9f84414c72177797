"""A call-channel thread: reads calls from its ROUTER, has them performed, and waits there for callbacks' answers.

More channels than threads share threads. A thread that waits for one channel parks what arrives for the others and
serves it, in order, when it is free again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from callgate_protocol.channel import Frames, Received
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.kept import Kept
from callgate_protocol.messages import Call
from callgate_protocol.slots import Phase
from callgate_protocol.waypoints import ARMED, reach

from .conversation import Conversation
from .roles import BrokeOff, Gone, Perform
from .router import Router
from .slotwriter import Answered, SlotWriter

__all__ = ["Worker"]


class Worker:
    """One thread with one ROUTER. Implements `roles.Performer`.

    `adopt`, `dismiss` and `wake` are for the I/O thread, all else for its own.
    """

    def __init__(
        self,
        router: Router,
        endpoint: str,
        bell: Callable[[], None],
        slots: Callable[[], SlotWriter],
        answered: Answered,
        perform: Perform,
        broke_off: BrokeOff,
    ) -> None:
        self.endpoint = endpoint
        self.wake = bell
        """Make the thread look whether the channel it waits for is still open."""
        self.active: Any = None
        """What belongs to the code that this thread runs."""
        self.slot: SlotWriter
        self._router = router
        self._make_slot = slots
        self._answered = answered
        self._perform = perform
        self._broke_off = broke_off
        self._conversations: dict[bytes, Conversation] = {}
        self._serving: list[Conversation] = []
        self._parked: deque[tuple[bytes, Frames]] = deque()

    @property
    def load(self) -> int:
        """Channels that this thread reads."""
        return len(self._conversations)

    def adopt(self, conversation: Conversation) -> None:
        """Read this channel from now on."""
        self._conversations[conversation.routing_id] = conversation

    def move(self, conversation: Conversation, before: bytes) -> None:
        """Read this channel by its new routing id, and by the one before no more."""
        self._conversations[conversation.routing_id] = conversation
        self._conversations.pop(before, None)

    def dismiss(self, conversation: Conversation) -> None:
        """The channel has ended; whatever still comes is dropped."""
        conversation.open = False
        self._conversations.pop(conversation.routing_id, None)

    def start(self, register: Callable[[int, Worker], None]) -> None:
        """Start the thread; `register` learns its identity there."""

        def run() -> None:
            register(threading.get_ident(), self)
            self.slot = self._make_slot()
            self._run()

        threading.Thread(target=run, name=self.endpoint.rpartition("/")[2], daemon=True).start()

    def _run(self) -> None:
        while True:
            routing_id, frames = self._parked.popleft() if self._parked else self._router.receive()
            conversation = self._conversations.get(routing_id)
            if conversation is not None:
                self._take(conversation, routing_id, frames)

    def _take(self, conversation: Conversation, routing_id: bytes, frames: Frames) -> None:
        received = self._feed(conversation, routing_id, frames)
        while received is not None:
            self._serve(conversation, received)
            received = conversation.channel.next_parked() if conversation.open else None

    def _feed(self, conversation: Conversation, routing_id: bytes, frames: Frames) -> Received | None:
        """Give a message to its channel. One that breaks the protocol ends the channel, never the process."""
        channel = conversation.channel
        try:
            if conversation.kept is None:
                received = channel.receive(frames)
            else:
                received = self._feed_counted(conversation, conversation.kept, routing_id, frames)
        except RemoteProtocolError as error:
            self._break_off(conversation, f"it broke the protocol: {error}")
            return None
        if len(frames) > 1:  # only chunks earn credit
            credit = channel.credit()
            if credit is not None:
                self._put(conversation, credit)
        return received

    def _feed_counted(
        self, conversation: Conversation, kept: Kept, routing_id: bytes, frames: Frames
    ) -> Received | None:
        """What comes from another machine: one connection may take the place of another at any time."""
        with conversation.wire:
            if routing_id != conversation.routing_id:
                return None  # of the connection before; the client says it again
            if conversation.quiet:
                for missing in conversation.go_on(frames):
                    self._router.send(routing_id, missing)
                return None
            channel = conversation.channel
            before = channel.accepted
            received = channel.receive(frames)
            if channel.accepted > before:  # a call that has to wait for its turn has come as well
                kept.took()
            return received

    def _break_off(self, conversation: Conversation, why: str) -> None:
        self.dismiss(conversation)
        self._broke_off(conversation.session, conversation.number, why)

    def _serve(self, conversation: Conversation, received: Received) -> None:
        call = received.message
        assert isinstance(call, Call)
        self._serving.append(conversation)
        self.slot.accept(conversation.number, call.call, call.library, call.function)
        if ARMED:
            reach("host.received")
        try:
            frames = self._perform(self, conversation, call, received.payloads)
            if ARMED:
                reach("host.before_reply")
            if frames is not None:
                self._send(conversation, frames)
            if ARMED:
                reach("host.after_reply")
        except Exception as error:  # the border: a bug of ours ends one channel, not the thread of many
            text = f"call {call.call} failed inside the host: {type(error).__name__}: {error}"
            self._break_off(conversation, text)
        finally:
            self._answered.add()
            self.slot.done()
            self._serving.pop()

    def run_native(self, function: Any, natives: Sequence[Any], scope: Any) -> Any:
        """See `Performer`."""
        outer, self.active = self.active, scope
        self.slot.phase(Phase.NATIVE)
        if ARMED:
            reach("host.before_native")
        try:
            return function(*natives)
        finally:
            self.active = outer
            self.slot.phase(Phase.RETURNED)

    def elsewhere(self, thread: int | None) -> None:
        """See `single.Bringer`."""
        self.slot.move(thread)

    def passed(self, phase: int) -> None:
        """See `single.Bringer`."""
        self.slot.phase(phase)

    def call_back(self, delegate: int, arguments: list[Any], payloads: Sequence[Any]) -> Received:
        """See `Performer`."""
        conversation = self._serving[-1]
        if not conversation.open:
            raise Gone
        _, frames = conversation.channel.callback(delegate, arguments, payloads)
        self.slot.phase(Phase.CALLBACK)
        if ARMED:
            reach("host.before_callback")
        try:
            self._send(conversation, frames)
            while True:
                received = self._wait(conversation)
                if not isinstance(received.message, Call):
                    if ARMED:
                        reach("host.callback_answered")
                    return received
                self._serve(conversation, received)
        finally:
            self.slot.phase(Phase.NATIVE)

    def _wait(self, conversation: Conversation) -> Received:
        while conversation.open:
            frames = self._next_of(conversation)
            received = self._feed(conversation, *frames) if frames else None
            if received is not None:
                return received
        raise Gone

    def _next_of(self, conversation: Conversation) -> tuple[bytes, Frames] | None:
        """The next message of this channel; None when something else arrived, which may be the end of it."""
        for index, (routing_id, frames) in enumerate(self._parked):
            if routing_id == conversation.routing_id:
                del self._parked[index]
                return routing_id, frames
        routing_id, frames = self._router.receive()
        if routing_id == conversation.routing_id:
            return routing_id, frames
        if routing_id in self._conversations:
            self._parked.append((routing_id, frames))
        return None

    def _send(self, conversation: Conversation, frames: Frames) -> None:
        """Send a message with its chunks, reading credit as they need it."""
        channel = conversation.channel
        if conversation.kept is None:
            self._put(conversation, frames)
        else:
            with conversation.wire:
                conversation.kept.sending(frames, chunked=channel.sending)
                self._put(conversation, frames)
        while channel.sending and conversation.open:
            for chunk in channel.chunks():
                self._put(conversation, chunk)
            if channel.sending:
                self._take_credit(conversation)

    def _take_credit(self, conversation: Conversation) -> None:
        frames = self._next_of(conversation)
        if frames and self._feed(conversation, *frames) is not None:
            self._break_off(conversation, "a message came where credit was due")

    def _put(self, conversation: Conversation, frames: Frames) -> None:
        if not conversation.open or conversation.quiet:
            return
        if not self._router.send(conversation.routing_id, frames) and conversation.kept is None:
            self.dismiss(conversation)
