"""Call channels: order, cancelling, long payloads, many calls under way, shared threads, and those who break rules."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
import zmq

from callgate_protocol.codec import encode
from callgate_protocol.limits import Limits
from callgate_protocol.messages import Callback, Cancel, CloseChannel, Hello, Message, Notice, Raise, Release, to_wire
from callgate_protocol.slots import Phase, read_slots
from callgate_protocol.system import HostFunction
from tests.conftest import wait_until

from .gallery import GALLERY
from .rig import ClientSession, Library, Line, RunningHost

MIB = 1 << 20


class Gate:
    """A native call that waits until it is let through."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)

    def enter(self, line: Line, gallery: Library) -> int:
        """Begin the call on a channel and wait until native code runs."""
        number = line.start(gallery.number, gallery.index["wait_for_file"], [str(self.path).encode()])
        slots = line.session.host.slots
        assert wait_until(lambda: any(each.phase == Phase.NATIVE for each in read_slots(slots)))
        return number

    def let_through(self) -> None:
        self.path.write_bytes(b"!")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


# -- cancelling ----------------------------------------------------------------------------------------------------


def test_a_call_that_has_not_come_yet_can_be_cancelled(client: ClientSession, gallery: Library) -> None:
    """Cancel before the call is read: it answers NotExecuted and native code never ran."""
    line = client.open()

    assert not client.cancel(line, 1)
    number = line.start(gallery.number, gallery.index["touch"], [1, 2])
    answer = line.finish(number).message

    assert isinstance(answer, Raise)
    assert answer.name == "NotExecuted"
    assert gallery("times_called") == 0
    assert line.call(gallery.number, gallery.index["touch"], 1, 2).result == 3


def test_a_call_that_has_begun_cannot_be_cancelled(client: ClientSession, gallery: Library, gate: Gate) -> None:
    """Cancel while native code runs says so, and so it does after the answer; the call is not disturbed."""
    number = gate.enter(client.line, gallery)

    assert client.cancel(client.line, number)
    gate.let_through()
    assert client.line.finish(number).message.result == ord("!")  # type: ignore[union-attr]
    assert client.cancel(client.line, number)


def test_a_call_behind_another_can_be_cancelled(client: ClientSession, gallery: Library, gate: Gate) -> None:
    """On a pipelined channel the calls that wait behind one in native code are cancelled one by one."""
    line = client.open(pipelined=True)
    first = gate.enter(line, gallery)
    others = [line.start(gallery.number, gallery.index["touch"], [0, each]) for each in range(3)]

    assert not client.cancel(line, others[1])
    gate.let_through()
    answers = {each.message.call: each.message for each in (line.receive() for _ in range(4))}  # type: ignore[union-attr]

    assert [type(answers[number]).__name__ for number in (first, *others)] == ["Return", "Return", "Raise", "Return"]
    assert gallery("times_called") == 2


def test_a_deadline_that_has_passed_is_not_begun(gallery: Library) -> None:
    """`remaining` 0 means that nobody waits any more."""
    line = gallery.line
    number = line.start(gallery.number, gallery.index["touch"], [1, 2], remaining=0)

    assert line.finish(number).message.name == "NotExecuted"  # type: ignore[union-attr]
    assert gallery("times_called") == 0


def test_cancelling_what_cannot_be_under_way_is_a_notice(client: ClientSession, gallery: Library) -> None:
    """A client cannot make the host remember numbers without end."""
    client.say(Cancel(1, 1 << 40))

    assert "beyond the calls" in client.hear(Notice).message
    assert gallery("touch", 1, 2) == 3


# -- long payloads -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1000, 2000, 3 * MIB, 20 * MIB + 17])
def test_payloads_of_every_length_cross(gallery: Library, size: int) -> None:
    """Inline, as a bulk frame, and as chunks under credit: the bytes C sees and gives are the right ones."""
    data = random.Random(size).randbytes(size)

    echoed = gallery("negate_bytes", {"payload": 0}, size, payloads=[data])[1][0]

    assert echoed == data.translate(bytes(255 - each for each in range(256)))


def test_long_payloads_both_ways_leave_nothing(client: ClientSession, gallery: Library) -> None:
    """After 20 MiB in and out the host owns nothing."""
    data = bytes(20 * MIB)

    assert gallery("checksum", {"payload": 0}, 4, payloads=[data]) == 31**4 % (1 << 32)
    gallery("pattern", 20 * MIB, 20 * MIB)

    assert client.info()["allocations"] == 0


# -- many calls ----------------------------------------------------------------------------------------------------


def test_a_thousand_calls_under_way(client: ClientSession, gallery: Library) -> None:
    """A pipelined channel answers a thousand calls in order."""
    line = client.open(pipelined=True)
    numbers = [line.start(gallery.number, gallery.index["touch"], [each, 1]) for each in range(1000)]

    answers: list[Any] = [line.receive().message for _ in numbers]

    assert [answer.call for answer in answers] == numbers
    assert [answer.result for answer in answers] == list(range(1, 1001))


def test_pipelined_calls_may_call_back(client: ClientSession, gallery: Library) -> None:
    """Calls that arrive while an earlier one waits for a callback are served afterwards, in order."""
    line = client.open(pipelined=True)
    apply = gallery.index["apply"]
    numbers = [line.start(gallery.number, apply, [{"delegate": each}, each]) for each in range(20)]
    results: list[Any] = []
    while len(results) < len(numbers):
        received = line.receive()
        if isinstance(received.message, Callback):
            line.serve(received.message, [], dict.fromkeys(range(20), lambda given: given[0] * 10))
        else:
            results.append(received.message.result)  # type: ignore[union-attr]

    assert results == [each * 10 for each in range(20)]


def test_long_answers_of_pipelined_calls_keep_their_order(client: ClientSession, gallery: Library) -> None:
    """An answer in chunks is not interrupted by the calls behind it."""
    line = client.open(pipelined=True)
    pattern, touch = gallery.index["pattern"], gallery.index["touch"]
    for _ in range(3):
        line.start(gallery.number, pattern, [20 * MIB, 20 * MIB])
        line.start(gallery.number, touch, [1, 1])

    received = [line.receive() for _ in range(6)]

    assert [[len(each) for each in one.payloads] for one in received] == [[20 * MIB], []] * 3


def test_more_channels_than_threads_share(client: ClientSession, gallery: Library) -> None:
    """The 33rd channel and later ones use threads that exist already, and all of them work."""
    lines = [client.line, *(client.open() for _ in range(39))]

    results = [line.call(gallery.number, gallery.index["touch"], index, 0).result for index, line in enumerate(lines)]

    assert results == list(range(40))
    assert (client.info()["channels"], client.info()["threads"]) == (40, 32)


def test_a_shared_thread_parks_what_it_cannot_serve(client: ClientSession, gallery: Library) -> None:
    """While one channel's callback is under way, another one's call on the same thread waits and is then served."""
    lines = [client.open() for _ in range(32)]
    first, sharing = client.line, lines[-1]
    touch = gallery.index["touch"]
    seen = []

    def busy(_given: list[Any]) -> int:
        waiting = sharing.start(gallery.number, touch, [4, 5])
        seen.append(first.call(gallery.number, touch, 1, 1).result)  # nested: served at once
        seen.append(sharing.socket.poll(0))
        self_check.append(waiting)
        return 6

    self_check: list[int] = []
    assert first.call(gallery.number, gallery.index["apply"], {"delegate": 1}, 1, delegates={1: busy}).result == 6
    assert seen == [2, 0]
    assert sharing.finish(self_check[0]).message.result == 9  # type: ignore[union-attr]


def test_a_closed_channel_is_free_for_another(client: ClientSession, gallery: Library) -> None:
    """CloseChannel gives its thread back; numbers are not used again."""
    line = client.open()
    client.say(CloseChannel(line.number))
    again = client.open()

    assert (again.number, client.info()["channels"], client.info()["threads"]) == (line.number + 1, 2, 2)
    assert again.call(gallery.number, gallery.index["touch"], 1, 1).result == 2


# -- those who break rules -----------------------------------------------------------------------------------------

MALFORMED: list[list[bytes]] = [
    [b""],
    [b"\xc1"],
    [b"\x93\x0a\x01"],
    [encode([99, 1])],
    [encode(to_wire(Hello("callgate", 1, 0, [], {}, {})))],
    [encode([10, 0, 1, 0, [], [], None, None])],
    [encode([10, -5, 1, 0, [], [], None, None])],
    [encode([10, 1, 1, 0, [], [5], None, None])],
    [encode([10, 1, 1, 0, [], [5], None, None]), b"four"],
    [encode([10, 1, 1, 0, [], [], None, None]), b"unannounced"],
    [encode([10, 1, 1, 0, [], [2 * MIB] * 1000, None, None])],
    [encode([12, 1, None, [], 0, []])],
    [encode([14, 1, 0, 0]), b"chunk"],
    [encode([15, 1 << 40])],
    [b"\x91" * 100 + b"\x00"],
    [encode([10, 1, 1, 0, [], [], None, None])] + [b""] * 300,
]


@pytest.mark.parametrize("frames", MALFORMED, ids=range(len(MALFORMED)))
def test_a_broken_channel_hurts_nobody_else(
    host: RunningHost, client: ClientSession, gallery_file: str, frames: list[bytes]
) -> None:
    """A message that breaks the protocol closes its channel with a notice; other channels and sessions go on."""
    with ClientSession(host) as other:
        gallery = other.load(gallery_file, GALLERY)
        line = client.open()
        line.put(frames)

        notice: Notice = client.hear(Notice)

        assert (notice.level, f"channel {line.number} was closed: it broke the protocol" in notice.message) == (
            "ERROR",
            True,
        )
        assert gallery("touch", 1, 2) == 3
        assert client.info()["channels"] == 2


def test_strangers_are_not_heard(client: ClientSession, gallery: Library) -> None:
    """Without the session's secret a DEALER gets no answer, on call channels and on control."""
    dealers = []
    for endpoint in (client.welcome.calls, client.welcome.control):
        stranger = client.context.socket(zmq.DEALER)
        stranger.set(zmq.ROUTING_ID, b"x" * 20)
        stranger.set(zmq.LINGER, 0)
        stranger.connect(endpoint)
        stranger.send(encode([10, 1, 0, HostFunction.INFO, [], [], None, None]))
        stranger.send(encode(to_wire(Cancel(1, 1))))
        dealers.append(stranger)

    assert gallery("touch", 1, 2) == 3
    assert [dealer.poll(0) for dealer in dealers] == [0, 0]
    for dealer in dealers:
        dealer.close(0)


ON_CONTROL: list[Message] = [
    Release([[99, 1]]),
    Notice("ERROR", "from a client"),
    Callback(-1, 1, [], []),
    Raise(-7, "CallbackFailed", "nobody asked", {}),
]


@pytest.mark.parametrize("message", ON_CONTROL)
def test_nonsense_on_control_is_ignored(client: ClientSession, gallery: Library, message: Message) -> None:
    """The control channel survives what does not belong on it."""
    client.say(message)

    assert gallery("touch", 1, 2) == 3
    assert client.open().number == 2


def test_garbage_on_control_is_a_notice(client: ClientSession) -> None:
    """Bytes that are no message are answered with a notice."""
    client.control.send(b"\xc1")

    assert "ignored" in client.hear(Notice).message


def test_smaller_limits_are_kept(host: RunningHost, gallery_file: str) -> None:
    """What the client's limits do not hold is a fault for that call."""
    with ClientSession(host, Limits(payload_bytes=10_000_000)) as session:
        gallery = session.load(gallery_file, GALLERY)
        with pytest.raises(Exception, match="a message holds 10000000") as caught:
            gallery("pattern", 11_000_000, 11_000_000)

        assert getattr(caught.value, "name", "") == "ArgumentError"
        assert gallery("touch", 1, 2) == 3
