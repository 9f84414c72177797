"""The steps of a call channel: what may follow what, at both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from callgate_protocol.channel import Channel
from callgate_protocol.codec import encode
from callgate_protocol.errors import LocalProtocolError, RemoteProtocolError
from callgate_protocol.limits import Limits
from callgate_protocol.messages import (
    Call,
    Callback,
    Cancel,
    Chunk,
    Credit,
    Goodbye,
    Message,
    Raise,
    Release,
    Return,
    to_wire,
)
from callgate_protocol.turns import ALLOWED, Role, State
from tests.protocol.pair import Pair, other
from tests.protocol.vectors import VECTORS

CLIENT, HOST = Role.CLIENT, Role.HOST


def frame(message: Message) -> list[Any]:
    return [encode(to_wire(message))]


def call(number: int = 1, payloads: list[int] | None = None) -> Call:
    return Call(number, 1, 0, [], payloads or [], None, None)


def waiting_for_callback_answer() -> Pair:
    """A call has been sent and has called back."""
    pair = Pair()
    pair.deliver(CLIENT, pair.ends[CLIENT].call(1, 0, [])[1])
    pair.deliver(HOST, pair.ends[HOST].callback(7, [])[1])
    return pair


def in_state(role: Role, state: State) -> Channel:
    """One end of a conversation that has come to this state."""
    if state is State.IDLE:
        return Channel(role)
    calling = (role is CLIENT) is (state is State.WAITING)
    if calling:
        pair = Pair()
        pair.deliver(CLIENT, pair.ends[CLIENT].call(1, 0, [])[1])
    else:
        pair = waiting_for_callback_answer()
    return pair.ends[role]


def test_a_call_and_its_answer() -> None:
    """Arguments arrive as they were given, the result as it was answered, and both ends are idle again."""
    pair = Pair()
    client, host = pair.ends[CLIENT], pair.ends[HOST]
    number, frames = client.call(3, 4, [1, "a"], [b"bulk"], 250, bytes(16))
    received = pair.deliver(CLIENT, frames)

    assert received is not None
    assert Call(1, 3, 4, [1, "a"], [4], 250, bytes(16)) == received.message
    assert received.payloads == [b"bulk"]
    assert (client.state, host.state) == (State.WAITING, State.SERVING)

    answered = pair.deliver(HOST, host.answer(number, 2.5, [None], 11, [b"out", b""]))

    assert answered is not None
    assert Return(1, 2.5, [None], 11, [3, 0]) == answered.message
    assert answered.payloads == [b"out", b""]
    assert client.state is host.state is State.IDLE


def test_calls_inside_callbacks_are_answered_from_the_inside() -> None:
    """Call, callback, call, callback: answers come in the opposite order, and depth counts up and down at both ends."""
    pair, numbers = Pair(), []
    for level in range(6):
        role = CLIENT if level % 2 == 0 else HOST
        end = pair.ends[role]
        number, frames = end.call(1, 0, []) if role is CLIENT else end.callback(1, [])
        pair.deliver(role, frames)
        numbers.append((number, other(role)))
        assert level + 1 == pair.ends[CLIENT].depth == pair.ends[HOST].depth

    assert [number for number, _ in numbers] == [1, -1, 2, -2, 3, -3]
    for number, role in reversed(numbers):
        pair.deliver(role, pair.ends[role].answer(number, None, []))
        pair.assert_agreement()
    assert pair.ends[CLIENT].state is State.IDLE


def test_numbers_are_never_used_twice() -> None:
    """A channel counts its calls up, also past calls that could not be encoded."""
    pair = Pair()
    client, host = pair.ends[CLIENT], pair.ends[HOST]
    seen = []
    for arguments in ([], [object()], []):
        try:
            number, frames = client.call(1, 0, arguments)
        except LocalProtocolError:
            continue
        pair.deliver(CLIENT, frames)
        pair.deliver(HOST, host.fail(number, "NotExecuted", "no"))
        seen.append(number)

    assert sorted(set(seen)) == seen
    assert len(seen) == 2


@pytest.mark.parametrize("pipelined", [False, True])
def test_a_call_that_cannot_be_sent_is_not_under_way(pipelined: bool) -> None:
    """After an argument that cannot be encoded, or is too long, the channel is as idle as before."""
    client = Channel(CLIENT, Limits(header_bytes=500), pipelined=pipelined)
    for arguments in ([object()], ["x" * 600]):
        with pytest.raises(LocalProtocolError):
            client.call(1, 0, arguments)

    assert client.depth == client.under_way == 0
    assert client.state is State.IDLE
    assert client.call(1, 0, [])


def test_a_callback_that_cannot_be_sent_is_not_under_way() -> None:
    """A host that could not encode a callback still owes the answer to the call around it."""
    host = in_state(HOST, State.SERVING)
    with pytest.raises(LocalProtocolError):
        host.callback(1, [object()])

    assert host.depth == 1
    assert host.answer(1, None, [])


def test_an_answer_that_cannot_be_sent_is_still_owed() -> None:
    """After a result that cannot be encoded the same call can be answered with a fault."""
    host = in_state(HOST, State.SERVING)
    with pytest.raises(LocalProtocolError):
        host.answer(1, object(), [])

    assert host.fail(1, "InternalError", "the result cannot be encoded")


def test_more_values_than_the_peer_takes_are_refused_here() -> None:
    """A header within its length but with too many values is an error of the sender, not of the connection."""
    client = Channel(CLIENT, Limits(nodes=100))
    assert client.call(1, 0, [[0] * 80])

    with pytest.raises(LocalProtocolError, match="values"):
        Channel(CLIENT, Limits(nodes=100)).call(1, 0, [[0] * 120])


@pytest.mark.parametrize(
    "message", ["x" * 3_000_000, "broken \udcff name", "\udcff" * 1_000_000, "\U0001f600" * 900_000]
)
def test_whatever_a_fault_says_can_be_sent(message: str) -> None:
    """A text that is too long or not UTF-8 is made to fit, because a failure must reach who waits for it."""
    pair = Pair()
    number, frames = pair.ends[CLIENT].call(1, 0, [])
    pair.deliver(CLIENT, frames)
    received = pair.deliver(HOST, pair.ends[HOST].fail(number, "InternalError", message))

    assert received is not None
    assert isinstance(received.message, Raise)
    assert received.message.message[:6] in {message[:6], "\\udcff", "broken"}


SENDS: dict[type[Message], Callable[[Channel], object]] = {
    Call: lambda channel: channel.call(1, 0, []),
    Callback: lambda channel: channel.callback(1, []),
    Return: lambda channel: channel.answer(-1 if channel.depth == 2 else 1, None, []),
    Raise: lambda channel: channel.fail(-1 if channel.depth == 2 else 1, "InternalError", ""),
}


@pytest.mark.parametrize("kind", SENDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("role", Role)
def test_each_end_may_say_what_the_table_allows(role: Role, state: State, kind: type[Message]) -> None:
    """In every state, sending what `ALLOWED` does not list raises LocalProtocolError and changes nothing."""
    channel = in_state(role, state)
    if kind in ALLOWED[state].get(f"{role.value} sends", ()):
        assert SENDS[kind](channel)
        return
    before = channel.state, channel.depth
    with pytest.raises(LocalProtocolError):
        SENDS[kind](channel)
    assert before == (channel.state, channel.depth)


ARRIVALS: dict[type[Message], Callable[[int], Message]] = {
    Call: lambda depth: call(depth + 1),
    Callback: lambda depth: Callback(-depth - 1, 1, [], []),
    Return: lambda depth: Return(-1 if depth == 2 else 1, None, [], 0, []),
    Raise: lambda depth: Raise(-1 if depth == 2 else 1, "InternalError", "", {}),
}


@pytest.mark.parametrize("kind", ARRIVALS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("role", Role)
def test_each_end_takes_what_the_table_allows(role: Role, state: State, kind: type[Message]) -> None:
    """In every state, receiving what `ALLOWED` does not list raises RemoteProtocolError."""
    channel = in_state(role, state)
    allowed = ALLOWED[state].get(f"{role.value} receives", frozenset())
    if role is HOST and state is State.IDLE:
        allowed = ALLOWED[state]["client sends"]
    message = ARRIVALS[kind](channel.depth)
    if kind in allowed:
        assert channel.receive(frame(message)) is not None
        return
    with pytest.raises(RemoteProtocolError):
        channel.receive(frame(message))


@pytest.mark.parametrize(
    "message",
    [message for message, _ in VECTORS if not isinstance(message, Call | Callback | Return | Raise | Chunk | Credit)],
    ids=lambda message: type(message).__name__,
)
@pytest.mark.parametrize("role", Role)
def test_messages_of_the_control_channel_do_not_belong_here(role: Role, message: Message) -> None:
    """A message of the link or the control channel is refused in every state."""
    for state in State:
        with pytest.raises(RemoteProtocolError, match="out of turn"):
            in_state(role, state).receive(frame(message))


@pytest.mark.parametrize("number", [2, -1, -2, 5])
def test_an_answer_to_another_call_is_refused(number: int) -> None:
    """Only the innermost call of ours can be answered."""
    client = in_state(CLIENT, State.WAITING)
    with pytest.raises(RemoteProtocolError, match="not waiting"):
        client.receive(frame(Return(number, None, [], 0, [])))


@pytest.mark.parametrize("number", [2, -1])
def test_only_the_innermost_call_can_be_answered(number: int) -> None:
    """Answering another number than that of the innermost call is an error of ours."""
    host = in_state(HOST, State.SERVING)
    with pytest.raises(LocalProtocolError, match="innermost"):
        host.answer(number, None, [])


def test_the_sign_of_a_number_says_who_chose_it() -> None:
    """A call with a negative number and a callback with a positive one are refused."""
    with pytest.raises(RemoteProtocolError, match="positive"):
        Channel(HOST).receive(frame(call(-1)))
    with pytest.raises(RemoteProtocolError, match="negative"):
        in_state(CLIENT, State.WAITING).receive(frame(Callback(1, 1, [], [])))


@pytest.mark.parametrize(
    ("message", "bulk"),
    [
        (call(payloads=[]), [b"x"]),
        (call(payloads=[1]), []),
        (call(payloads=[1]), [b"xy"]),
        (call(payloads=[1]), [b"x", b""]),
        (call(payloads=[0]), []),
        (call(payloads=[1] * 257), [b"x"] * 257),
        (call(payloads=[1 << 40]), []),
        (call(payloads=[(4 << 20) + 1]), [bytes((4 << 20) + 1)]),
        (Credit(0), [b"x"]),
        (Goodbye(""), [b"x"]),
        (Release([]), [b"x"]),
        (Cancel(1, 1), [b"x"]),
        (Chunk(1, 0, 0), [b"x"]),
    ],
)
def test_bulk_frames_are_those_that_are_announced(message: Message, bulk: list[bytes]) -> None:
    """Missing, additional, longer, too many and too long bulk frames are refused."""
    with pytest.raises(RemoteProtocolError):
        Channel(HOST).receive([*frame(message), *bulk])


def test_more_bulk_than_the_peer_takes_is_refused_here() -> None:
    """Too many bulk frames, or too many bytes in them, raise before anything is sent."""
    limits = Limits(payloads=2, payload_bytes=100)
    for payloads in ([b"", b"", b""], [bytes(101)]):
        client = Channel(CLIENT, limits)
        with pytest.raises(LocalProtocolError, match="more than the peer takes"):
            client.call(1, 0, [], payloads)
        assert client.depth == 0


def test_a_memoryview_of_wide_elements_is_measured_in_bytes() -> None:
    """A payload's length is its bytes, whatever its elements are."""
    pair = Pair()
    view = memoryview(bytes(range(16))).cast("I")
    received = pair.deliver(CLIENT, pair.ends[CLIENT].call(1, 0, [], [view])[1])

    assert received is not None
    assert [bytes(range(16))] == received.payloads


# -- pipelined channels ------------------------------------------------------------------------------------------


def test_pipelined_calls_are_served_in_order_and_answered_in_any() -> None:
    """The host hears of the next call when it asks; the client takes answers by number."""
    pair = Pair(pipelined=True)
    client, host = pair.ends[CLIENT], pair.ends[HOST]
    arrivals = [pair.deliver(CLIENT, client.call(1, function, [])[1]) for function in range(3)]

    assert [arrival is not None for arrival in arrivals] == [True, False, False]
    assert client.under_way == 3
    assert client.state is State.IDLE

    served = [arrivals[0]]
    for number in (1, 2, 3):
        pair.deliver(HOST, host.answer(number, None, []))
        served.append(host.next_parked())
    assert [each.message.call for each in served if each is not None and isinstance(each.message, Call)] == [1, 2, 3]
    assert served[3] is None
    assert client.under_way == 0

    client = Channel(CLIENT, pipelined=True)
    numbers = [client.call(1, 0, [])[0] for _ in range(3)]
    for number in (numbers[1], numbers[2], numbers[0]):
        assert client.receive(frame(Return(number, None, [], 0, []))) is not None
    with pytest.raises(RemoteProtocolError, match="not waiting"):
        client.receive(frame(Return(numbers[0], None, [], 0, [])))


def test_a_pipelined_call_may_call_back() -> None:
    """A callback arrives although no call is innermost at the client, and its answer goes to the host's call."""
    pair = Pair(pipelined=True)
    client, host = pair.ends[CLIENT], pair.ends[HOST]
    first, frames = client.call(1, 0, [])
    pair.deliver(CLIENT, frames)
    pair.deliver(CLIENT, client.call(1, 1, [])[1])
    number, frames = host.callback(9, ["hello"])
    received = pair.deliver(HOST, frames)

    assert received is not None
    assert Callback(-1, 9, ["hello"], []) == received.message
    assert pair.deliver(CLIENT, client.answer(number, 5, [])) is not None
    assert pair.deliver(HOST, host.answer(first, 5, [])) is not None
    assert host.next_parked() is not None


def test_an_idle_pipelined_client_cannot_be_called_back() -> None:
    """Without a call under way there is nobody who could have called back."""
    with pytest.raises(RemoteProtocolError, match="out of turn"):
        Channel(CLIENT, pipelined=True).receive(frame(Callback(-1, 1, [], [])))


def test_the_window_of_pipelined_calls_has_an_end() -> None:
    """One call more than `credit_calls` is refused by the sender, and by a host whose peer does not care."""
    limits = Limits(credit_calls=3)
    client = Channel(CLIENT, limits, pipelined=True)
    for _ in range(3):
        client.call(1, 0, [])
    with pytest.raises(LocalProtocolError, match="more than 3"):
        client.call(1, 0, [])

    host = Channel(HOST, limits, pipelined=True)
    for number in range(1, 5):
        host.receive(frame(call(number)))
    with pytest.raises(RemoteProtocolError, match="more than 3"):
        host.receive(frame(call(5)))


def test_a_call_that_waits_for_its_turn_has_come() -> None:
    """It counts as heard (R17.27) when it arrives, and not once more when its service starts."""
    client, host = Channel(Role.CLIENT, pipelined=True), Channel(Role.HOST, pipelined=True)
    calls = [client.call(1, 0, [])[1] for _ in range(3)]

    assert [host.receive(frames) is not None for frames in calls] == [True, False, False]
    assert host.accepted == 3
    host.answer(1, None, [], 0)
    assert host.next_parked() is not None
    assert host.accepted == 3
