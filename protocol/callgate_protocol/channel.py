"""One end of a call channel: what may be said next, and bytes to messages and back. No socket, no thread, no clock.

A call channel joins one calling thread to one apartment. On it calls are a strict stack: call, callback, nested call…;
an answer always belongs to the innermost. Both ends run this class with mirrored roles. A pipelined channel lets the
client have many calls under way; the host still performs them one by one, in order.

Numbers of calls that the client makes are positive, those of the host's callbacks negative, so that a number alone says
who chose it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from .assembly import Assembly
from .codec import Packer, check_bounds, decode
from .errors import LocalProtocolError, RemoteProtocolError
from .limits import DEFAULT_LIMITS, Limits
from .messages import KIND_OF, Call, Callback, Chunk, Credit, Message, Raise, Return, from_wire
from .turns import ALLOWED, Role, State

__all__ = ["Channel", "Frames", "Received"]

Frames: TypeAlias = list[Any]
"""One zmq message: the header as bytes, then bulk frames (anything with the buffer protocol)."""


_TEXT_SHARE = 16
"""A fault's text may fill a 16th of a header, in characters: a quarter of it in the worst case."""

_HOST_IDLE_RECEIVES = ALLOWED[State.IDLE]["client sends"]
_CALL, _CALLBACK, _RETURN, _RAISE = (KIND_OF[kind] for kind in (Call, Callback, Return, Raise))
_CHUNK, _CREDIT = KIND_OF[Chunk], KIND_OF[Credit]
_CARRIERS = (Return, Call, Callback)
"""Messages that may have bulk frames."""
_NONE: Final[frozenset[type[Message]]] = frozenset()


class Received(NamedTuple):
    """A whole message with its bulk frames."""

    message: Message
    payloads: list[Any]


class Channel:
    """The conversation of one call channel. Methods that send return the frames to put on the socket."""

    __slots__ = (
        "_assembly",
        "_available",
        "_kept",
        "_last",
        "_limits",
        "_may_send",
        "_open",
        "_outgoing",
        "_pack",
        "_parked",
        "_pipelined",
        "_positive",
        "_role",
        "_stack",
        "_taken",
        "accepted",
    )

    def __init__(self, role: Role, limits: Limits = DEFAULT_LIMITS, *, pipelined: bool = False) -> None:
        self._role = role
        self._positive = role is Role.CLIENT
        self._may_send = {state: ALLOWED[state].get(f"{role.value} sends", _NONE) for state in State}
        self._limits = limits
        self._pipelined = pipelined
        self._pack = Packer()
        self._stack: list[int] = []
        self._open: set[int] = set()
        self._parked: deque[Received] = deque()
        self._last = 0
        self._kept: object = None
        self.accepted = 0
        """Whole messages that have come, those included that wait for their turn."""
        self._assembly: Assembly | None = None
        self._outgoing: deque[Frames] = deque()
        self._available = limits.credit_bytes
        self._taken = 0

    @property
    def state(self) -> State:
        """What may happen next (`ALLOWED`)."""
        if not self._stack:
            return State.IDLE
        return State.WAITING if self._is_mine(self._stack[-1]) else State.SERVING

    @property
    def depth(self) -> int:
        """Calls inside each other at the moment."""
        return len(self._stack)

    @property
    def under_way(self) -> int:
        """Calls on a pipelined channel that are not answered yet."""
        return len(self._open)

    def call(
        self,
        library: int,
        function: int,
        arguments: list[Any],
        payloads: Sequence[Any] = (),
        remaining: int | None = None,
        causality: bytes | None = None,
    ) -> tuple[int, Frames]:
        """Start a call: its number, and what to send. Only a client calls functions."""
        if self._role is not Role.CLIENT:
            raise LocalProtocolError("a host calls delegates, not functions")
        number = self._begin(1)
        lengths = _lengths(payloads) if payloads else []
        header = (_CALL, number, library, function, arguments, lengths, remaining, causality)
        frames = self._frames(number, header, lengths, payloads)
        if self._pipelined:
            self._open.add(number)
        else:
            self._stack.append(number)
        return number, frames

    def callback(self, delegate: int, arguments: list[Any], payloads: Sequence[Any] = ()) -> tuple[int, Frames]:
        """Start a callback: its number, and what to send. Only a host calls back."""
        if self._role is not Role.HOST:
            raise LocalProtocolError("a client calls functions, not delegates")
        number = self._begin(-1)
        lengths = _lengths(payloads) if payloads else []
        frames = self._frames(number, (_CALLBACK, number, delegate, arguments, lengths), lengths, payloads)
        self._stack.append(number)
        return number, frames

    def answer(
        self,
        call: int,
        result: Any,
        outs: list[Any],
        errno: int = 0,
        payloads: Sequence[Any] = (),
        keep: object = None,
    ) -> Frames:
        """Answer the innermost call with its result and outs.

        `keep` lives until the peer's next message says that the answer was read: what stands in it must not be given
        back before (R17.13).
        """
        self._check_answer(call)
        lengths = _lengths(payloads) if payloads else []
        frames = self._frames(call, (_RETURN, call, result, outs, errno, lengths), lengths, payloads)
        self._stack.pop()
        self._kept = keep
        return frames

    def fail(self, call: int, name: str, message: str, details: dict[str, Any] | None = None) -> Frames:
        """Answer the innermost call with a fault (`errors.FAULTS`). Whatever text an exception had is made to fit."""
        self._check_answer(call)
        text = message[: self._limits.header_bytes // _TEXT_SHARE].encode(errors="backslashreplace").decode()
        frames = self._frames(call, (_RAISE, call, name, text, details or {}), [], ())
        self._stack.pop()
        return frames

    def receive(self, frames: Sequence[Any]) -> Received | None:
        """Take one zmq message. None when it was part of a longer one or only credit.

        Raises RemoteProtocolError for anything malformed or out of turn; the channel is then of no more use.
        """
        message = from_wire(decode(_header(frames), self._limits))
        if isinstance(message, _CARRIERS):
            if message.payloads or len(frames) != 1 or self._assembly is not None:
                return self._receive_carrier(message, frames)
            return self._accept(Received(message, []))
        if isinstance(message, Chunk):
            return self._receive_chunk(message, frames)
        if len(frames) != 1:
            raise RemoteProtocolError(f"a {type(message).__name__} has no bulk frames")
        if isinstance(message, Credit):
            self._receive_credit(message)
            return None
        return self._accept(Received(message, []))

    def next_parked(self) -> Received | None:
        """A pipelined call that arrived while another was being served, oldest first; its service starts now."""
        if not self._parked:
            return None
        received = self._parked.popleft()
        assert isinstance(received.message, Call)
        self._stack.append(received.message.call)
        return received

    def chunks(self) -> list[Frames]:
        """The chunks that credit allows to be sent now. The caller sends them and, while `sending`, keeps reading."""
        ready: list[Frames] = []
        while self._outgoing and len(self._outgoing[0][1]) <= self._available:
            frames = self._outgoing.popleft()
            self._available -= len(frames[1])
            ready.append(frames)
        return ready

    @property
    def sending(self) -> bool:
        """Whether chunks wait for credit."""
        return bool(self._outgoing)

    @property
    def in_pieces(self) -> bool:
        """Whether a message has been sent or has come in part."""
        return bool(self._outgoing) or self._assembly is not None

    def renew(self) -> None:
        """Another connection takes the place of the last; no message is under way in pieces, so all credit is back."""
        self._available = self._limits.credit_bytes
        self._taken = 0

    def credit(self) -> Frames | None:
        """Credit to give back for the chunks taken in; None when there is nothing worth a message yet."""
        if self._taken == 0 or (self._assembly is not None and self._taken < self._limits.credit_bytes // 4):
            return None
        frames = [self._pack((_CREDIT, self._taken))]
        self._taken = 0
        return frames

    def _is_mine(self, number: int) -> bool:
        return (number > 0) is self._positive

    def _begin(self, sign: int) -> int:
        """The number of a call that may be started now. It is under way once its frames are made."""
        if self._outgoing:
            raise LocalProtocolError("chunks of the last message are still waiting for credit")
        self._last += 1
        number = sign * self._last
        if self._pipelined and self._role is Role.CLIENT:
            if len(self._open) >= self._limits.credit_calls:
                raise LocalProtocolError(f"more than {self._limits.credit_calls} calls under way")
            return number
        kind = Call if sign > 0 else Callback
        if kind not in self._may_send[self.state]:
            raise LocalProtocolError(f"a {self._role.value} may not start a call while {self.state.value}")
        return number

    def _check_answer(self, call: int) -> None:
        if not self._stack or self._stack[-1] != call or self._is_mine(call):
            raise LocalProtocolError(f"call {call} is not the innermost one to answer")

    def _frames(self, call: int, header: tuple[Any, ...], lengths: list[int], payloads: Sequence[Any]) -> Frames:
        packed = self._pack(header)
        if len(packed) > self._limits.header_bytes:
            raise LocalProtocolError(f"a message of {len(packed)} bytes is longer than {self._limits.header_bytes}")
        if len(packed) > self._limits.nodes:
            self._check_own(packed)
        if not lengths:
            return [packed]
        if self._outgoing:
            raise LocalProtocolError("chunks of the last message are still waiting for credit")
        total = sum(lengths)
        if total > self._limits.payload_bytes or len(lengths) > self._limits.payloads:
            raise LocalProtocolError(f"{total} bytes in {len(lengths)} bulk frames are more than the peer takes")
        if total <= self._limits.inline_bytes:
            return [packed, *payloads]
        self._outgoing.extend(self._cut(call, payloads))
        return [packed]

    def _check_own(self, packed: bytes) -> None:
        try:
            check_bounds(packed, self._limits)
        except RemoteProtocolError as error:
            raise LocalProtocolError(f"the peer would refuse this message: {error}") from None

    def _cut(self, call: int, payloads: Sequence[Any]) -> list[Frames]:
        step = self._limits.step
        views = [memoryview(payload).cast("B") for payload in payloads]
        return [
            [self._pack((_CHUNK, call, index, offset)), view[offset : offset + step]]
            for index, view in enumerate(views)
            for offset in range(0, len(view), step)
        ]

    def _receive_carrier(self, message: Call | Callback | Return, frames: Sequence[Any]) -> Received | None:
        if not message.payloads:
            if len(frames) != 1:
                raise RemoteProtocolError("a message carries bulk frames that it does not announce")
            if self._assembly is not None and not isinstance(message, Return):
                raise RemoteProtocolError("a message starts before the chunks of the last one are complete")
            return self._accept(Received(message, []))
        total = sum(message.payloads)
        if total > self._limits.payload_bytes or len(message.payloads) > self._limits.payloads:
            raise RemoteProtocolError(f"{total} bytes in {len(message.payloads)} bulk frames are more than allowed")
        if self._assembly is not None:
            raise RemoteProtocolError("a message starts before the chunks of the last one are complete")
        if total > self._limits.inline_bytes:
            if len(frames) != 1:
                raise RemoteProtocolError("long bulk frames must travel as chunks")
            self._assembly = Assembly(message)
            return None
        payloads = list(frames[1:])
        if [len(payload) for payload in payloads] != message.payloads:
            raise RemoteProtocolError("the bulk frames of a message are not those it announces")
        return self._accept(Received(message, payloads))

    def _receive_chunk(self, chunk: Chunk, frames: Sequence[Any]) -> Received | None:
        if self._assembly is None or len(frames) != 2:
            raise RemoteProtocolError("a chunk came without a message that needs it")
        self._taken += self._assembly.take(chunk, frames[1])
        if len(frames[1]) > self._limits.chunk_bytes or self._taken > self._limits.credit_bytes:
            raise RemoteProtocolError("chunks are longer than the limits, or more than the credit that was given")
        if self._assembly.left:
            return None
        assembly, self._assembly = self._assembly, None
        return self._accept(Received(assembly.message, list(assembly.buffers)))

    def _receive_credit(self, credit: Credit) -> None:
        self._available += credit.bytes
        if self._available > self._limits.credit_bytes:
            raise RemoteProtocolError("the peer gave more credit back than it had taken")

    def _accept(self, received: Received) -> Received | None:
        self._kept = None
        self.accepted += 1
        message = received.message
        kind = type(message)
        if kind is Return or kind is Raise:
            self._close(message.call)  # type: ignore[union-attr]
            return received
        if kind is Call and self._role is Role.HOST:
            return self._accept_call(received)
        if kind is not Callback or self._role is not Role.CLIENT or not self._awaits_callback():
            raise RemoteProtocolError(f"a {kind.__name__} is out of turn while {self.state.value}")
        assert isinstance(message, Callback)
        if message.call >= 0:
            raise RemoteProtocolError("the number of a callback must be negative")
        self._stack.append(message.call)
        return received

    def _awaits_callback(self) -> bool:
        return self.state is State.WAITING or (self._pipelined and bool(self._open) and not self._stack)

    def _accept_call(self, received: Received) -> Received | None:
        assert isinstance(received.message, Call)
        number, state = received.message.call, self.state
        if number <= 0:
            raise RemoteProtocolError("the number of a call must be positive")
        if self._pipelined and (state is not State.IDLE or self._parked or self._outgoing):
            too_much = bool(received.payloads) and self._parked_bytes() > self._limits.payload_bytes
            if too_much or len(self._parked) >= self._limits.credit_calls:
                raise RemoteProtocolError(f"more than {self._limits.credit_calls} calls under way, or too much in them")
            self._parked.append(received)
            return None
        allowed = _HOST_IDLE_RECEIVES if state is State.IDLE else ALLOWED[state].get("host receives", frozenset())
        if Call not in allowed:
            raise RemoteProtocolError(f"a Call is out of turn while {state.value}")
        self._stack.append(number)
        return received

    def _parked_bytes(self) -> int:
        return sum(len(payload) for parked in self._parked for payload in parked.payloads)

    def _close(self, number: int) -> None:
        """An answer came: it must be for the innermost call of ours, or for any open one of a pipelined channel."""
        if self._open and number in self._open:
            self._open.remove(number)
            return
        if not self._stack or self._stack[-1] != number or not self._is_mine(number):
            raise RemoteProtocolError(f"an answer to call {number}, which is not waiting for one")
        self._stack.pop()


def _header(frames: Sequence[Any]) -> bytes:
    if not frames:
        raise RemoteProtocolError("an empty message")
    header = frames[0]
    return header if isinstance(header, bytes) else bytes(header)


def _lengths(payloads: Sequence[Any]) -> list[int]:
    return [payload.nbytes if isinstance(payload, memoryview) else len(payload) for payload in payloads]
