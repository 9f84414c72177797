"""Random conversations: whatever two channels do in the order they like, both ends agree on it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from callgate_protocol.channel import Received
from callgate_protocol.codec import encode
from callgate_protocol.errors import LocalProtocolError, RemoteProtocolError
from callgate_protocol.limits import Limits
from callgate_protocol.messages import Call, Callback, Chunk, Credit, Goodbye, Message, Raise, Return, to_wire
from callgate_protocol.turns import Role, State
from tests.protocol.pair import Pair, other
from tests.protocol.strategies import plain_values, quick

CLIENT, HOST = Role.CLIENT, Role.HOST
TIGHT = Limits(inline_bytes=32, chunk_bytes=10, credit_bytes=40, credit_calls=4)

values = plain_values
bulk = st.lists(st.binary(max_size=60), max_size=3)


class Conversation(RuleBasedStateMachine):
    """A strict channel. The model is a list of who was called, the innermost last."""

    @initialize()
    def begin(self) -> None:
        self.pair = Pair(TIGHT)
        self.stack: list[tuple[int, Role]] = []
        """(number, role of who has to answer)."""
        self.broken = False

    @property
    def turn(self) -> Role:
        """Who may speak."""
        return self.stack[-1][1] if self.stack else CLIENT

    def carried(self, sender: Role, frames: list[Any], payloads: list[bytes]) -> Received:
        received = self.pair.deliver(sender, frames)
        assert received is not None
        assert payloads == received.payloads
        assert self.pair.most_under_way <= TIGHT.credit_bytes
        return received

    @precondition(lambda self: not self.broken and len(self.stack) < 12)
    @rule(value=values, payloads=bulk)
    def start(self, value: Any, payloads: list[bytes]) -> None:
        """Whoever's turn it is calls the other."""
        role = self.turn
        end = self.pair.ends[role]
        if role is CLIENT:
            number, frames = end.call(3, 4, [value], payloads, 5)
            expected: Message = Call(number, 3, 4, [value], list(map(len, payloads)), 5, None)
        else:
            number, frames = end.callback(6, [value], payloads)
            expected = Callback(number, 6, [value], list(map(len, payloads)))
        assert expected == self.carried(role, frames, payloads).message
        self.stack.append((number, other(role)))

    @precondition(lambda self: not self.broken and self.stack)
    @rule(value=values, payloads=bulk, errno=st.integers(0, 200))
    def answer(self, value: Any, payloads: list[bytes], errno: int) -> None:
        """The innermost call succeeds."""
        number, role = self.stack.pop()
        frames = self.pair.ends[role].answer(number, value, [value], errno, payloads)
        expected = Return(number, value, [value], errno, list(map(len, payloads)))
        assert expected == self.carried(role, frames, payloads).message

    @precondition(lambda self: not self.broken and self.stack)
    @rule(text=st.text(max_size=9))
    def fail(self, text: str) -> None:
        """The innermost call fails."""
        number, role = self.stack.pop()
        frames = self.pair.ends[role].fail(number, "OutOfRange", text, {"n": 1})
        assert Raise(number, "OutOfRange", text, {"n": 1}) == self.carried(role, frames, []).message

    @precondition(lambda self: not self.broken)
    @rule(role=st.sampled_from(Role), wrong=st.integers(-20, 20))
    def speak_out_of_turn(self, role: Role, wrong: int) -> None:
        """Everything that is not this end's to say raises LocalProtocolError."""
        end = self.pair.ends[role]
        if role is not self.turn:
            with pytest.raises(LocalProtocolError):
                end.call(1, 0, []) if role is CLIENT else end.callback(1, [])
        with pytest.raises(LocalProtocolError):
            end.callback(1, []) if role is CLIENT else end.call(1, 0, [])
        if not self.stack or (wrong, role) != self.stack[-1]:
            with pytest.raises(LocalProtocolError):
                end.answer(wrong, None, [])
            with pytest.raises(LocalProtocolError):
                end.fail(wrong, "OutOfRange", "")

    @precondition(lambda self: not self.broken)
    @rule(
        role=st.sampled_from(Role),
        message=st.sampled_from(
            [
                Call(99, 1, 0, [], [], None, None),
                Callback(-99, 1, [], []),
                Return(77, None, [], 0, []),
                Raise(-77, "OutOfRange", "", {}),
                Chunk(1, 0, 0),
                Credit(1),
                Goodbye(""),
            ]
        ),
    )
    def hear_out_of_turn(self, role: Role, message: Message) -> None:
        """What the other end has no right to say raises RemoteProtocolError, and ends the conversation."""
        starts = isinstance(message, Call) if role is HOST else isinstance(message, Callback)
        if starts and self.turn is not role and (self.stack or role is HOST):
            return
        with pytest.raises(RemoteProtocolError):
            self.pair.ends[role].receive([encode(to_wire(message))])
        self.broken = True

    @precondition(lambda self: self.broken)
    @rule()
    def start_over(self) -> None:
        """A broken conversation is given up."""
        self.begin()

    @invariant()
    def both_ends_agree(self) -> None:
        """States are mirrored, and both stacks are as deep as the model's."""
        if self.broken:
            return
        self.pair.assert_agreement()
        for role, end in self.pair.ends.items():
            assert len(self.stack) == end.depth
            expected = State.IDLE if not self.stack else State.SERVING if self.turn is role else State.WAITING
            assert expected is end.state


class PipelinedConversation(RuleBasedStateMachine):
    """A pipelined channel: the model is a queue of calls, the first of which is being served."""

    @initialize()
    def begin(self) -> None:
        self.pair = Pair(TIGHT, pipelined=True)
        self.queue: list[tuple[int, list[bytes]]] = []
        self.callback = 0

    @precondition(lambda self: len(self.queue) < TIGHT.credit_calls)
    @rule(payloads=bulk)
    def call(self, payloads: list[bytes]) -> None:
        """The client calls, whatever else is under way; the host hears of it when it has nothing to do."""
        number, frames = self.pair.ends[CLIENT].call(1, 0, [number_of(self.queue)], payloads)
        received = self.pair.deliver(CLIENT, frames)
        assert (received is not None) is (not self.queue)
        self.queue.append((number, payloads))

    @precondition(lambda self: len(self.queue) == TIGHT.credit_calls)
    @rule()
    def call_too_much(self) -> None:
        """One call more than the window raises LocalProtocolError."""
        with pytest.raises(LocalProtocolError):
            self.pair.ends[CLIENT].call(1, 0, [])

    @precondition(lambda self: self.queue and not self.callback)
    @rule(payloads=bulk)
    def call_back(self, payloads: list[bytes]) -> None:
        """The call that is being served calls back."""
        self.callback, frames = self.pair.ends[HOST].callback(1, [], payloads)
        received = self.pair.deliver(HOST, frames)
        assert received is not None
        assert payloads == received.payloads

    @precondition(lambda self: self.callback)
    @rule(value=values)
    def answer_callback(self, value: Any) -> None:
        """The callback is answered."""
        received = self.pair.deliver(CLIENT, self.pair.ends[CLIENT].answer(self.callback, value, []))
        assert received is not None
        assert Return(self.callback, value, [], 0, []) == received.message
        self.callback = 0

    @precondition(lambda self: self.queue and not self.callback)
    @rule(payloads=bulk, failing=st.booleans())
    def answer(self, payloads: list[bytes], failing: bool) -> None:
        """The call is answered, and the next one is served with what it brought."""
        host = self.pair.ends[HOST]
        number, _ = self.queue.pop(0)
        frames = host.fail(number, "OutOfRange", "") if failing else host.answer(number, 1, [], 0, payloads)
        received = self.pair.deliver(HOST, frames)
        assert received is not None
        assert ([] if failing else payloads) == received.payloads
        following = host.next_parked()
        assert (following is None) is (not self.queue)
        if following is not None:
            assert isinstance(following.message, Call)
            assert self.queue[0] == (following.message.call, following.payloads)

    @precondition(lambda self: self.queue)
    @rule()
    def answer_out_of_order(self) -> None:
        """The host answers only what it serves."""
        with pytest.raises(LocalProtocolError):
            self.pair.ends[HOST].answer(self.queue[-1][0] + 1, None, [])

    @invariant()
    def both_ends_agree(self) -> None:
        """The client counts the calls that are under way, the host is inside at most one of them."""
        assert len(self.queue) == self.pair.ends[CLIENT].under_way
        assert (len(self.queue) > 0) + (self.callback != 0) == self.pair.ends[HOST].depth


def number_of(queue: list[Any]) -> int:
    return len(queue)


TestConversation = Conversation.TestCase
TestConversation.settings = quick(15)
TestPipelinedConversation = PipelinedConversation.TestCase
TestPipelinedConversation.settings = quick(10)
