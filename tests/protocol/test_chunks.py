"""Bulk data in pieces: order, credit, and peers that lie about either."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate_protocol.channel import Channel
from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import LocalProtocolError, RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS, Limits
from callgate_protocol.messages import Call, Chunk, Credit, Message, Return, from_wire, to_wire
from callgate_protocol.turns import Role
from tests.protocol.pair import Pair
from tests.protocol.strategies import quick

CLIENT, HOST = Role.CLIENT, Role.HOST
MIB = 1 << 20
TIGHT = Limits(inline_bytes=8, chunk_bytes=4, credit_bytes=12)


def frame(message: Message) -> list[Any]:
    return [encode(to_wire(message))]


def call(lengths: list[int], number: int = 1) -> list[Any]:
    return frame(Call(number, 1, 0, [], lengths, None, None))


def test_twenty_megabytes_travel_both_ways() -> None:
    """20 MB go to the host and come back whole, never more than the window under way, in chunks of at most 1 MiB."""
    pair = Pair()
    data = bytearray(hashlib.shake_128(b"callgate").digest(1_000_000) * 20)
    number, frames = pair.ends[CLIENT].call(1, 0, [], [data])
    received = pair.deliver(CLIENT, frames)

    assert received is not None
    assert [data] == received.payloads

    answer = pair.deliver(HOST, pair.ends[HOST].answer(number, None, [], 0, [received.payloads[0], b"tail"]))

    assert answer is not None
    assert [data, b"tail"] == answer.payloads
    assert 4 * MIB < pair.most_under_way <= DEFAULT_LIMITS.credit_bytes


def test_what_fits_inline_is_not_cut() -> None:
    """Exactly `inline_bytes` travel with their message; one byte more travels as chunks."""
    inline = Channel(CLIENT, TIGHT)
    assert len(inline.call(1, 0, [], [bytes(5), bytes(3)])[1]) == 3
    assert not inline.sending

    cut = Channel(CLIENT, TIGHT)
    assert len(cut.call(1, 0, [], [bytes(5), bytes(4)])[1]) == 1
    assert cut.sending


def test_chunks_name_their_place() -> None:
    """Each chunk carries the call, the payload and the offset; an empty payload has none."""
    client = Channel(CLIENT, TIGHT)
    client.call(1, 0, [], [b"abcde", b"", b"fghij"])
    sent = client.chunks()

    assert [Chunk(1, 0, 0), Chunk(1, 0, 4), Chunk(1, 2, 0), Chunk(1, 2, 4)] == [
        from_wire(decode(chunk[0], TIGHT)) for chunk in sent
    ]
    assert [bytes(chunk[1]) for chunk in sent] == [b"abcd", b"e", b"fghi", b"j"]


def test_no_chunk_is_sent_without_credit() -> None:
    """A sender stops when the window is full, and goes on by exactly the credit that comes back."""
    client = Channel(CLIENT, TIGHT)
    client.call(1, 0, [], [bytes(40)])
    assert sum(len(chunk[1]) for chunk in client.chunks()) == TIGHT.credit_bytes
    assert client.chunks() == []
    assert client.sending

    client.receive(frame(Credit(3)))
    assert client.chunks() == []
    client.receive(frame(Credit(5)))
    assert sum(len(chunk[1]) for chunk in client.chunks()) == 8


def test_nothing_else_is_said_before_the_last_chunk() -> None:
    """While chunks wait for credit a call and an answer with bulk frames are errors of ours."""
    pair = Pair(TIGHT, pipelined=True)
    client, host = pair.ends[CLIENT], pair.ends[HOST]
    client.call(1, 0, [], [bytes(40)])
    with pytest.raises(LocalProtocolError, match="credit"):
        client.call(1, 0, [])

    host.receive(call([]))
    host.receive(call([], 2))
    host.answer(1, None, [], 0, [bytes(40)])
    assert host.next_parked() is not None
    with pytest.raises(LocalProtocolError, match="credit"):
        host.answer(2, None, [], 0, [b"x"])
    assert host.answer(2, None, [])


@pytest.mark.parametrize(
    ("chunk", "size"),
    [
        (Chunk(1, 0, 4), 4),
        (Chunk(1, 0, 1), 4),
        (Chunk(1, 0, 1 << 62), 4),
        (Chunk(1, 1, 0), 4),
        (Chunk(1, 2, 0), 4),
        (Chunk(1, 9, 0), 4),
        (Chunk(2, 0, 0), 4),
        (Chunk(-1, 0, 0), 4),
        (Chunk(1, 0, 0), 0),
        (Chunk(1, 0, 0), 5),
        (Chunk(1, 0, 0), 13),
    ],
)
def test_a_chunk_that_lies_is_refused(chunk: Chunk, size: int) -> None:
    """A chunk of another call, payload or place, an empty one and one that is too long end in RemoteProtocolError."""
    host = Channel(HOST, TIGHT)
    assert host.receive(call([10, 10])) is None
    with pytest.raises(RemoteProtocolError, match="chunk"):
        host.receive([*frame(chunk), bytes(size)])


def test_a_chunk_cannot_come_twice() -> None:
    """A repeated chunk is refused, so that no gap can be hidden behind the right number of bytes."""
    host = Channel(HOST, TIGHT)
    host.receive(call([10]))
    host.receive([*frame(Chunk(1, 0, 0)), bytes(4)])
    with pytest.raises(RemoteProtocolError, match="next piece"):
        host.receive([*frame(Chunk(1, 0, 0)), bytes(4)])


def test_a_chunk_must_not_reach_beyond_its_payload() -> None:
    """The last chunk of a payload ends with it, even if another payload follows."""
    host = Channel(HOST, TIGHT)
    host.receive(call([3, 10]))
    with pytest.raises(RemoteProtocolError, match="outside"):
        host.receive([*frame(Chunk(1, 0, 0)), bytes(4)])


@pytest.mark.parametrize("bulk", [[], [b"abcd", b"e"]])
def test_a_chunk_is_one_bulk_frame(bulk: list[bytes]) -> None:
    """A chunk without a bulk frame or with two is refused."""
    host = Channel(HOST, TIGHT)
    host.receive(call([10]))
    with pytest.raises(RemoteProtocolError):
        host.receive([*frame(Chunk(1, 0, 0)), *bulk])


@pytest.mark.parametrize("lengths", [[], [3], [10]])
def test_no_call_starts_among_chunks(lengths: list[int]) -> None:
    """A call before the last chunk of another is refused, whether or not it has bulk frames."""
    host = Channel(HOST, TIGHT, pipelined=True)
    host.receive(call([10]))
    with pytest.raises(RemoteProtocolError, match="complete"):
        host.receive([*call(lengths, 2), *map(bytes, lengths)])


def test_a_sender_that_does_not_wait_for_credit_is_refused() -> None:
    """More bytes than the window before any credit was given end in RemoteProtocolError."""
    host = Channel(HOST, TIGHT)
    host.receive(call([100]))
    for offset in range(0, TIGHT.credit_bytes, 4):
        host.receive([*frame(Chunk(1, 0, offset)), bytes(4)])
    with pytest.raises(RemoteProtocolError, match="credit"):
        host.receive([*frame(Chunk(1, 0, TIGHT.credit_bytes)), bytes(4)])


def test_credit_for_nothing_is_refused() -> None:
    """A peer that gives back more than it took would disable the window."""
    client = Channel(CLIENT, TIGHT)
    client.call(1, 0, [], [bytes(40)])
    client.chunks()
    client.receive(frame(Credit(TIGHT.credit_bytes)))
    with pytest.raises(RemoteProtocolError, match="more credit"):
        client.receive(frame(Credit(1)))


def test_a_header_makes_room_for_no_more_than_it_may() -> None:
    """Announced lengths beyond `payload_bytes` are refused before memory is taken."""
    host = Channel(HOST, Limits(payload_bytes=1000, inline_bytes=10))
    assert host.receive(call([400, 600])) is None
    with pytest.raises(RemoteProtocolError, match="1001 bytes"):
        Channel(HOST, Limits(payload_bytes=1000, inline_bytes=10)).receive(call([400, 601]))


sizes = st.lists(st.integers(0, 40), min_size=1, max_size=4)
figures = st.integers(1, 30)


@quick(80)
@given(figures, figures, figures, sizes, sizes)
def test_no_limits_stop_the_flow(inline: int, chunk: int, credit: int, there: list[int], back: list[int]) -> None:
    """Whatever figures two sides agree on, chunks arrive whole, in the window, and the sender never waits for ever."""
    pair = Pair(Limits(inline_bytes=inline, chunk_bytes=chunk, credit_bytes=credit))
    payloads = [bytes([index + 1]) * size for index, size in enumerate(there)]
    number, frames = pair.ends[CLIENT].call(1, 0, [], payloads)
    received = pair.deliver(CLIENT, frames)
    assert received is not None
    assert payloads == received.payloads

    results = [bytes([index + 1]) * size for index, size in enumerate(back)]
    answer = pair.deliver(HOST, pair.ends[HOST].answer(number, None, [], 0, results))
    assert answer is not None
    assert isinstance(answer.message, Return)
    assert results == answer.payloads
    assert pair.most_under_way <= credit
