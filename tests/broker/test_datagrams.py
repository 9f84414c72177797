from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from callgate_transport import datagrams

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    left, right = datagrams.pair()
    with left, right:
        yield left, right


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_message_and_descriptors_arrive_together(ends: Ends) -> None:
    """What is sent is received, with descriptors that are open, new and not inherited by children."""
    read_end, write_end = os.pipe()
    datagrams.send(ends[0], {"id": 1, "text": "häuser"}, [write_end, read_end])
    received = datagrams.receive(ends[1])
    assert received is not None
    assert received.message == {"id": 1, "text": "häuser"}
    os.write(received.fds[0], b"through")
    assert os.read(read_end, 10) == b"through"
    assert not any(os.get_inheritable(fd) for fd in received.fds)
    for fd in (read_end, write_end, *received.fds):
        os.close(fd)


def test_messages_keep_their_borders(ends: Ends) -> None:
    """Two messages sent are two messages received, in order."""
    for number in (1, 2):
        datagrams.send(ends[0], {"id": number})
    received = [datagrams.receive(ends[1]) for _ in range(2)]
    assert [datagram and datagram.message["id"] for datagram in received] == [1, 2]


def test_the_end_of_the_connection_is_none(ends: Ends) -> None:
    """After the peer has closed there is nothing to receive."""
    ends[0].close()
    assert datagrams.receive(ends[1]) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xfe",
        b"{",
        b"[1]",
        b"17",
        b"null",
        b"[" * 60_000,
        b'{"id": ' + b"9" * 20_000 + b"}",
        b'{"a": "' + b"x" * datagrams.MAXIMUM_BYTES + b'"}',
    ],
    ids=["not UTF-8", "cut off", "list", "number", "null", "too deep", "huge number", "too long"],
)
def test_malformed_input_is_one_exception(ends: Ends, payload: bytes) -> None:
    """Whatever arrives is either one JSON object or `MalformedDatagram`."""
    ends[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    ends[0].send(payload)
    with pytest.raises(datagrams.MalformedDatagram):
        datagrams.receive(ends[1])


def test_descriptors_of_malformed_messages_are_closed(ends: Ends) -> None:
    """Neither a bad message nor too many descriptors leave one open."""
    before = open_descriptors()
    socket.send_fds(ends[0], [b"no json"], [ends[0].fileno()] * 3)
    socket.send_fds(ends[0], [b"{}"], [ends[0].fileno()] * (datagrams.MAXIMUM_FDS + 5))
    for _ in range(2):
        with pytest.raises(datagrams.MalformedDatagram):
            datagrams.receive(ends[1])
    assert open_descriptors() == before


def test_a_message_that_is_too_long_is_not_sent(ends: Ends) -> None:
    """The sender gets ValueError and the connection stays usable."""
    with pytest.raises(ValueError, match="exceeds the limit"):
        datagrams.send(ends[0], {"text": "x" * datagrams.MAXIMUM_BYTES})
    datagrams.send(ends[0], {"id": 1})
    assert datagrams.receive(ends[1]) == datagrams.Datagram({"id": 1}, [])
