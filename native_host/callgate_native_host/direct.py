"""A host without a process: the engine, one session, and calls performed on the thread that makes them.

It is what `callgate.load(…, isolation="none")` uses. The conversation is the one that a host process has, over channels
whose ends are joined in memory; only the sockets, the worker threads and the call slots are missing.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, Final, TypeAlias

from callgate_protocol.channel import Channel, Frames, Received
from callgate_protocol.errors import LocalProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import Call, Callback
from callgate_protocol.waypoints import ARMED, reach
from callgate_transport.serving.conversation import Conversation
from callgate_transport.serving.roles import Gone
from callgate_transport.serving.session import Session

from .backend import Backend
from .engine import Engine, Ways, make_engine
from .libc import Libc
from .loading import Libraries
from .measure import measure_abi
from .scope import Scope

__all__ = ["DirectHost", "Exchange"]

Exchange: TypeAlias = Callable[[Frames], Received | None]
"""Takes the message of a callback to the client and comes back with its answer; None when there will be none."""

Question: TypeAlias = Callable[[Callback, list[Any]], tuple[Received, object] | None]
"""The same for a callback that belongs to no call: its message and bulk frames. The answer comes with what it names."""

PassOn: TypeAlias = Callable[[Callback, list[Any], Callable[[], None]], None]
"""The same for a callback whose answer nobody waits for; the last is called when there is one, or never will be."""

Tell: TypeAlias = Callable[[str, str], None]
"""Tells people: a level of Python's logging, and the text."""

GiveBack: TypeAlias = Callable[[list[list[int]]], None]
"""References to objects of the client that are not held here any more."""

_FOR_EVER: Final[list[Libraries]] = []
"""Native code that was loaded stays: threads of it may run, and pointers to its functions may be anywhere."""


class DirectChannel:
    """The host's end of a call channel, served by the thread that calls. Implements `roles.Performer`."""

    def __init__(self, host: DirectHost, conversation: Conversation, engine: Engine, exchange: Exchange) -> None:
        self.active: Scope | None = None
        self._host = host
        self._conversation = conversation
        self._engine = engine
        self._exchange = exchange

    @property
    def talk(self) -> Channel:
        """The conversation on it."""
        return self._conversation.channel

    def perform(self, received: Received) -> Frames | None:
        """Perform a call that arrived: the frames of its answer, or None when the session has ended meanwhile."""
        call = received.message
        assert isinstance(call, Call)
        with self._host.busy(), self._engine.callbacks.lent(self):
            return self._engine.caller.perform(self, self._conversation, call, received.payloads)

    def close(self) -> None:
        """The channel is used no more."""
        self._conversation.open = False

    def run_native(self, function: Any, natives: Sequence[Any], scope: Scope) -> Any:
        """See `Performer`."""
        outer, self.active = self.active, scope
        try:
            return function(*natives)
        finally:
            self.active = outer

    def elsewhere(self, thread: int | None) -> None:
        """See `Performer`: nobody watches over the calls of this process."""

    def passed(self, phase: int) -> None:
        """See `Performer`."""

    def call_back(self, delegate: int, arguments: list[Any], payloads: Sequence[Any]) -> Received:
        """See `Performer`."""
        if not self._conversation.open:
            raise Gone
        _, frames = self.talk.callback(delegate, arguments, payloads)
        answer = self._exchange(frames)
        if answer is None:
            raise Gone
        if ARMED:
            reach("host.callback_answered")
        return answer


class DirectHost:
    """One library's host in this process. Thread-safe."""

    def __init__(self, question: Question, pass_on: PassOn, tell: Tell, give_back: GiveBack) -> None:
        backend = Backend()
        self.incarnation = secrets.token_bytes(16)
        self.abi = measure_abi(backend)
        self.limits = DEFAULT_LIMITS
        self._question = question
        self._pass_on = pass_on
        self._session = Session(secrets.token_bytes(16), self.limits, self.close)
        self._engine = make_engine(
            backend,
            Libc(backend),
            self.incarnation,
            Ways(
                self._ask,
                self._tell,
                lambda _session, level, text: tell(level, text),
                lambda _session, references: give_back(references),
            ),
        )
        self._channels: dict[int, Conversation] = {}
        self._lock = threading.RLock()
        self._running = 0
        self._asked = 0
        self._engine.census.watch({"channels": self._count_open, "threads": lambda: 0, "sessions": lambda: 1})
        _FOR_EVER.append(self._engine.libraries)

    def open(self, exchange: Exchange) -> tuple[int, DirectChannel]:
        """Open a call channel: its number and this end of it."""
        with self._lock:
            number = len(self._channels) + 1
            conversation = self._channels[number] = Conversation(self._session, number, pipelined=False)
            conversation.open = self._session.alive
        return number, DirectChannel(self, conversation, self._engine, exchange)

    def release(self, references: list[list[int]]) -> None:
        """The client gives references back. Raises RemoteProtocolError."""
        self._engine.objects.release([(number, count) for number, count in references], self._session.secret)

    def close(self) -> None:
        """End the session. What it holds is let go of when no call is inside native code any more."""
        with self._lock:
            self._session.alive = False
            for conversation in self._channels.values():
                conversation.open = False
            if not self._running:
                self._let_go()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Native code may be running meanwhile."""
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                if not self._running and not self._session.alive:
                    self._let_go()

    def _count_open(self) -> int:
        return sum(conversation.open for conversation in list(self._channels.values()))

    def _let_go(self) -> None:
        self._engine.objects.drop_session(self._session.secret)
        self._session.end()

    def _ask(
        self, session: Session, reading: ExitStack, delegate: int, arguments: list[Any], payloads: Sequence[Any]
    ) -> Received:
        answered = self._question(self._callback(session, delegate, arguments, payloads), list(payloads))
        if answered is None:
            raise Gone
        answer, named = answered
        reading.enter_context(nullcontext(named))
        if ARMED:
            reach("host.callback_answered")
        return answer

    def _tell(
        self,
        session: Session,
        delegate: int,
        arguments: list[Any],
        payloads: Sequence[Any],
        done: Callable[[], None],
    ) -> None:
        self._pass_on(self._callback(session, delegate, arguments, payloads), list(payloads), done)

    def _callback(self, session: Session, delegate: int, arguments: list[Any], payloads: Sequence[Any]) -> Callback:
        most = session.limits.inline_bytes
        lengths = [len(payload) for payload in payloads]
        if sum(lengths) > most:
            raise LocalProtocolError(f"a callback over the control channel takes {most} bytes at most")
        with self._lock:
            self._asked += 1
            return Callback(-self._asked, delegate, arguments, lengths)
