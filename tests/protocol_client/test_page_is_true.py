"""What `docs/protocol.md` promises of a host, asked of a real one with raw messages."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zmq

from callgate.process import current
from tests.protocol_client.minimal_client import (
    CALL,
    CALLBACK,
    GREETING,
    HELLO,
    NOTICE,
    RAISE,
    RETURN,
    WELCOME,
    Failed,
    Host,
    pack,
    unpack,
)
from tests.protocol_client.minimal_client import declare as function

REFUSE, CHUNK, CREDIT, CANCEL, CANCELLED, RELEASE, OPEN, OPENED, CLOSE, GOODBYE = 3, 14, 15, 20, 21, 22, 23, 24, 25, 27
LOAD, NEW, BUFFER, FREE, READ, WRITE, STRING, GET, SET, CALLBACK_MADE, SIZE, INFO, LAYOUT, INVOKE = range(1, 15)
MIB = 1 << 20

CONTEXT: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
TEXT = ["pointer", "char", True]


def library(
    *functions: list[Any],
    records: list[Any] | None = None,
    delegates: list[Any] | None = None,
    opaques: list[Any] | None = None,
) -> list[Any]:
    """A type library with its functions in the order in which the page wants them."""
    return [sorted(functions), records or [], [], delegates or [], opaques or []]


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, Any]]:
    """A host, kept alive by a session that nobody else uses."""
    answer = current().embedded_broker().start("page")
    host = {"host": answer.host, "link": answer.link}
    keeper = Host(CONTEXT, host)
    yield host
    keeper.close()


@pytest.fixture
def host(started: dict[str, Any]) -> Iterator[Host]:
    """A session of its own."""
    session = Host(CONTEXT, started)
    yield session
    session.close()


def heard(channel: zmq.Socket[bytes]) -> list[Any]:
    """The next message, which must come soon."""
    assert channel.poll(10_000), "nothing came"
    message = unpack(channel.recv_multipart()[0])
    assert isinstance(message, list)
    return message


def secret_of(host: Host) -> bytes:
    identity = host.control.get(zmq.ROUTING_ID)
    assert isinstance(identity, bytes)
    return identity[:16]


def open_channel(host: Host, *, pipelined: bool) -> tuple[int, zmq.Socket[bytes]]:
    host.control.send(pack([OPEN, 77, pipelined]))
    kind, request, number, endpoint = heard(host.control)
    assert (kind, request) == (OPENED, 77)
    secret = secret_of(host)
    return number, host.dealer(CONTEXT, secret + number.to_bytes(4, "big"), endpoint)


def greet(started: dict[str, Any], datagram: bytes) -> tuple[list[Any], list[int]]:
    """What a host answers to the first datagram on a link."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.connect(started["link"])
        link.send(datagram)
        answer, descriptors, _, _ = socket.recv_fds(link, 65536, 8)
        return unpack(answer), descriptors


# -- sessions ----------------------------------------------------------------------------------------------------


def test_a_later_session_has_a_secret_of_its_own_and_no_pipes(started: dict[str, Any], host: Host) -> None:
    """Sessions share the incarnation and nothing else; the two descriptors go to the first session only."""
    welcome, descriptors = greet(started, pack(GREETING))

    assert welcome[0] == WELCOME
    assert welcome[8].hex() == started["host"]
    assert welcome[9] != secret_of(host)
    assert descriptors == host.pipes == []


def test_the_first_session_gets_the_pipes() -> None:
    """What the library prints can be read by whoever came first."""
    answer = current().embedded_broker().start("pipes")
    host = Host(CONTEXT, {"host": answer.host, "link": answer.link})
    puts = host.load("libc.so.6", library(function("puts", "int", ["s", TEXT, []])))
    host.call(puts, 0, b"printed")

    assert len(host.pipes) == 2
    assert (host.output or os.read(host.pipes[0], 100)) == b"printed\n"
    host.close()


def test_features_and_limits_meet(started: dict[str, Any]) -> None:
    """The welcome names what both can do, and the smaller of each figure."""
    hello = [HELLO, "callgate", 1, 9, ["chunks", "teleport"], {"depth": 9, "nodes": 1 << 40, "moons": "x"}, {}]
    welcome, _ = greet(started, pack(hello))

    assert welcome[:5] == [WELCOME, "callgate", 1, 0, ["chunks"]]
    assert (welcome[5]["depth"], welcome[5]["nodes"]) == (9, 100_000)
    assert set(welcome[7]) == {"name", "byte_order", "sizes", "signed"}


@pytest.mark.parametrize(
    "datagram",
    [
        pack([HELLO, "callgate", 2, 0, [], {}, {}]),
        pack([HELLO, "somebody", 1, 0, [], {}, {}]),
        pack([HELLO, "callgate", 1, 0, [], {"depth": 0}, {}]),
        pack([GOODBYE, ""]),
        b"\xc1",
    ],
)
def test_what_is_no_hello_is_refused(started: dict[str, Any], datagram: bytes) -> None:
    """Another major version, another magic word, odd limits and noise are answered with `refuse`."""
    refusal, _ = greet(started, datagram)

    assert refusal[0] == REFUSE
    assert refusal[1] == "ProtocolError"


def test_goodbye_ends_the_session(host: Host) -> None:
    """After `goodbye` the link reads end-of-file."""
    host.control.send(pack([GOODBYE, "enough"]))
    host.link.settimeout(10)

    assert host.link.recv(1) == b""


def test_without_the_secret_nothing_is_heard(host: Host) -> None:
    """Messages of an unknown routing id are dropped, and the session goes on."""
    endpoint = host.channel.get_string(zmq.LAST_ENDPOINT).rstrip("\0")
    stranger = host.dealer(CONTEXT, bytes(19) + b"\1", endpoint)
    stranger.send(pack([CALL, 1, 0, INFO, [], [], None, None]))

    assert host.call(0, INFO)[0]["channels"] >= 1
    assert not stranger.poll(0)
    stranger.close()


# -- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [b"\xc1", pack([CREDIT, 1]), pack([RETURN, -1, None, [], 0, []]), pack([99])])
def test_a_bad_message_on_the_control_channel_is_ignored(host: Host, message: bytes) -> None:
    """A `notice` says so, and the session goes on."""
    host.control.send(message)

    assert heard(host.control)[:2] == [NOTICE, "ERROR"]
    assert host.call(0, INFO)


@pytest.mark.parametrize("message", [b"\xc1", pack([CALL, -1, 0, INFO, [], [], None, None]), pack([GOODBYE, ""])])
def test_a_bad_message_on_a_call_channel_closes_it(host: Host, message: bytes) -> None:
    """A `notice` names the channel, later messages on it are dropped, and other channels go on."""
    number, channel = open_channel(host, pipelined=False)
    channel.send(message)

    kind, level, text = heard(host.control)
    assert (kind, level) == (NOTICE, "ERROR")
    assert f"channel {number} " in text
    channel.send(pack([CALL, 1, 0, INFO, [], [], None, None]))
    assert host.call(0, INFO)
    assert not channel.poll(0)
    channel.close()


def test_a_deadline_that_has_passed_is_not_begun(host: Host) -> None:
    """With `remaining` 0 the answer is NotExecuted."""
    host.channel.send(pack([CALL, 1, 0, INFO, [], [], 0, None]))

    assert heard(host.channel)[:3] == [RAISE, 1, "NotExecuted"]


def test_a_cancel_may_overtake_its_call(host: Host) -> None:
    """A call that was cancelled before it came is not begun; one that is over had begun."""
    host.control.send(pack([CANCEL, 1, 1]))
    assert heard(host.control) == [CANCELLED, 1, 1, False]
    host.channel.send(pack([CALL, 1, 0, INFO, [], [], None, None]))
    assert heard(host.channel)[:3] == [RAISE, 1, "NotExecuted"]

    host.control.send(pack([CANCEL, 1, 1]))
    assert heard(host.control) == [CANCELLED, 1, 1, True]


@pytest.mark.parametrize(
    ("function_number", "arguments", "fault"),
    [
        (99, [], "ProtocolError"),
        (SIZE, [], "ArgumentError"),
        (READ, ["x", 1], "MarshalError"),
        (READ, [{"at": [1 << 40, 0]}, 1], "ObjectGone"),
        (READ, [{"constant": 8}, 1], "ArgumentError"),
        (SIZE, [99, "x"], "ProtocolError"),
        (LAYOUT, [99, "x"], "ProtocolError"),
        (INVOKE, [1, "x"], "ArgumentError"),
        (INVOKE, [1, "x", {"at": [1 << 40, 0]}, []], "ObjectGone"),
        (INVOKE, [1, "x", {"constant": 8}, []], "ArgumentError"),
        (INVOKE, [1, b"x", {"constant": 8}, []], "MarshalError"),
        (LOAD, ["libm.so.6", bytes(32), b"\x90"], "ArgumentError"),
        (LOAD, ["libm.so.6", hashlib.sha256(b"\x90").digest(), b"\x90"], "DeclarationError"),
        (LOAD, ["no-such-library", hashlib.sha256(pack([[]] * 5)).digest(), pack([[]] * 5)], "DllNotFoundError"),
    ],
)
def test_requests_that_fail(host: Host, function_number: int, arguments: list[Any], fault: str) -> None:
    """Each mistake in a call of library 0 has its fault, and the channel goes on."""
    with pytest.raises(Failed, match=fault):
        host.call(0, function_number, *arguments)
    assert host.call(0, INFO)


# -- channels ----------------------------------------------------------------------------------------------------


def test_pipelined_calls_are_answered_in_order(host: Host) -> None:
    """Calls that are sent together are performed one after the other."""
    number, channel = open_channel(host, pipelined=True)
    for call in range(1, 6):
        channel.send(pack([CALL, call, 0, INFO, [], [], None, None]))

    assert [heard(channel)[1] for _ in range(5)] == [1, 2, 3, 4, 5]
    host.control.send(pack([CLOSE, number]))
    channel.close()


def test_long_data_travels_in_chunks_under_credit(host: Host) -> None:
    """20 MiB go there as chunks within the window, and come back as chunks that wait for credit."""
    data = os.urandom(MIB) * 20
    host.channel.send(pack([CALL, 1, 0, BUFFER, [len(data), {"payload": 0}], [len(data)], None, None]))
    under_way = 0
    for offset in range(0, len(data), MIB):
        while under_way + MIB > 16 * MIB:
            kind, given = heard(host.channel)
            assert kind == CREDIT
            under_way -= given
        host.channel.send_multipart([pack([CHUNK, 1, 0, offset]), data[offset : offset + MIB]])
        under_way += MIB
    message = heard(host.channel)
    while message[0] == CREDIT:
        under_way -= message[1]
        message = heard(host.channel)
    assert under_way == 0
    number = message[2]["ref"][1]

    host.channel.send(pack([CALL, 2, 0, READ, [{"at": [number, 0]}, len(data)], [], None, None]))
    assert heard(host.channel) == [RETURN, 2, {"payload": 0}, [], 0, [len(data)]]
    back = bytearray()
    while len(back) < len(data):
        header, piece = host.channel.recv_multipart()
        assert unpack(header) == [CHUNK, 2, 0, len(back)]
        assert len(piece) <= MIB
        back += piece
        if len(back) % (4 * MIB) == 0:
            host.channel.send(pack([CREDIT, 4 * MIB]))
    assert back == data


def test_bulk_frames_travel_with_their_message(host: Host) -> None:
    """Up to `inline_bytes` a payload is a frame of the same message, in both directions."""
    data = os.urandom(5000)
    header = pack([CALL, 1, 0, BUFFER, [len(data), {"payload": 0}], [len(data)], None, None])
    host.channel.send_multipart([header, data])
    host.calls = 1
    number = heard(host.channel)[2]["ref"][1]

    assert host.call(0, READ, {"at": [number, 0]}, 5000)[0] == data
    assert host.call(0, READ, {"at": [number, 4]}, 10)[0] == data[4:14]


# -- objects -----------------------------------------------------------------------------------------------------


def test_memory_is_made_used_and_given_back(started: dict[str, Any], host: Host) -> None:
    """A reference has the six fields, no offset; once it is released the object is gone."""
    before = host.call(0, INFO)[0]["objects"]
    answer, _ = host.call(0, BUFFER, 8, b"abc")
    incarnation, number, interface, times, token, routes = answer["ref"]

    assert list(answer) == ["ref"]
    assert (incarnation.hex(), interface, times, token, routes) == (started["host"], "", 1, None, [])
    assert host.call(0, READ, {"at": [number, 0]}, 8)[0] == b"abc" + bytes(5)
    assert host.call(0, WRITE, {"at": [number, 3]}, b"def")[0] is None
    assert host.call(0, STRING, {"at": [number, 1]}, 3)[0] == b"bcd"
    assert host.call(0, STRING, {"at": [number, 1]}, 99)[0] == b"bcdef"
    for wrong in ([number, 9], [number, -1]):
        with pytest.raises(Failed, match="ArgumentError"):
            host.call(0, READ, {"at": wrong}, 1)

    host.control.send(pack([RELEASE, [[number, 1]]]))
    host.control.send(pack([OPEN, 1, False]))  # what comes on one channel is handled in order
    assert heard(host.control)[0] == OPENED
    assert host.call(0, INFO)[0]["objects"] == before
    with pytest.raises(Failed, match="ObjectGone"):
        host.call(0, READ, {"at": [number, 0]}, 1)


@pytest.mark.parametrize("count", [0, 2])
def test_only_what_was_sent_is_taken_back(host: Host, count: int) -> None:
    """Releasing none, or more than was sent, is refused with a notice; releasing what is gone already is not."""
    number = host.call(0, BUFFER, 8, None)[0]["ref"][1]
    host.control.send(pack([RELEASE, [[number, count]]]))
    assert heard(host.control)[:2] == [NOTICE, "ERROR"]
    assert host.call(0, FREE, {"at": [number, 0]})[0] is None

    host.control.send(pack([RELEASE, [[number, 1]]]))
    host.control.send(pack([OPEN, 1, False]))
    assert heard(host.control)[0] == OPENED


def test_a_struct_that_stays_is_read_and_written_by_path(host: Host) -> None:
    """NEW, SIZE, GET and SET work on members, elements and the whole."""
    point = ["point", False, 0, 0, [["x", "int", [], 0, -1], ["y", "int", [], 0, -1]]]
    line = [
        "line",
        False,
        0,
        0,
        [["ends", ["array", ["struct", "point"], 2], [], 0, -1], ["name", ["array", "char", 8], [], 0, -1]],
    ]
    number = host.load("libc.so.6", library(records=[line, point]))
    size = host.call(0, SIZE, number, "line")[0]
    answer, _ = host.call(0, NEW, number, "line", 0)
    at = {"at": [answer["ref"][1], 0]}

    assert size == 4 * host.abi["sizes"]["int"] + 8
    assert answer["ref"][2] == "line"
    assert host.call(0, LAYOUT, number, "line")[0] == [size, 4, [[0, 16, 0, 0], [16, 8, 0, 0]]]
    host.call(0, SET, number, "line", at, ["ends", 1, "y"], -5)
    host.call(0, SET, number, "line", at, ["name"], b"axis")
    assert host.call(0, GET, number, "line", at, [])[0] == [[[0, 0], [0, -5]], b"axis"]
    assert host.call(0, GET, number, "line", at, ["ends", 1])[0] == [0, -5]
    host.call(0, FREE, at)


def test_a_library_is_known_by_file_and_hash(host: Host) -> None:
    """LOAD with nil asks; the same file and hash have one number; functions that are missing are listed."""
    declared = library(function("abs", "int", ["j", "int", []]), function("no_such_function", "void"))
    encoded = pack(declared)
    digest = hashlib.sha256(encoded).digest()

    assert host.call(0, LOAD, "libc.so.6", digest, None)[0] is None
    number, missing = host.call(0, LOAD, "libc.so.6", digest, encoded)[0]
    assert missing == [1]
    assert host.call(0, LOAD, "libc.so.6", digest, None)[0] == [number, missing]
    assert host.call(number, 0, -3)[0] == 3
    with pytest.raises(Failed, match="EntryPointNotFoundError"):
        host.call(number, 1)


# -- values ------------------------------------------------------------------------------------------------------

SIZE_IS_N = [["out", ""], ["size_is", "n"]]
OUT = [["out", ""]]


def test_what_only_comes_out_is_asked_for_by_its_length(host: Host) -> None:
    """For `[out, size_is(n)]` the caller sends how much room to make, and gets all of it."""
    declared = function(
        "memset", "void", ["s", ["pointer", "void", False], SIZE_IS_N], ["c", "int", []], ["n", "size", []]
    )
    number = host.load("libc.so.6", library(declared))

    assert host.call(number, 0, 6, 65, 4) == (None, [b"AAAA\0\0"])
    with pytest.raises(Failed, match="ArgumentError"):
        host.call(number, 0, 3, 65, 4)


def test_an_end_pointer_is_a_distance(host: Host) -> None:
    """`[out, offset(s)]` comes back as the distance from what was given."""
    end = ["end", ["pointer", ["pointer", "char", False], False], [["offset", "s"], ["out", ""]]]
    number = host.load("libc.so.6", library(function("strtol", "long", ["s", TEXT, []], end, ["base", "int", []])))

    assert host.call(number, 0, b"123 apples", 10) == (123, [3])


def test_handles_come_and_close(host: Host) -> None:
    """A pointer to an opaque type is a reference of that type, NULL is nil, and `closes` ends it."""
    stream = ["pointer", ["opaque", "FILE"], False]
    declared = library(
        ["fopen", ["", stream, []], [["path", TEXT, []], ["mode", TEXT, []]], False],
        function("fclose", "int", ["stream", stream, [["closes", ""]]]),
        opaques=[["FILE", "", [0], ""]],
    )
    number = host.load("libc.so.6", declared)
    fclose, fopen = 0, 1
    reference = host.call(number, fopen, b"/dev/null", b"r")[0]["ref"]

    assert reference[2] == "FILE"
    assert host.call(number, fopen, b"/no/such/file", b"r")[0] is None
    assert host.call(number, fclose, {"at": [reference[1], 0]})[0] == 0
    with pytest.raises(Failed, match="ObjectGone"):
        host.call(number, fclose, {"at": [reference[1], 0]})
    with pytest.raises(Failed, match="ArgumentError"):
        host.call(number, fclose, None)


def test_arguments_after_the_named_ones_bring_their_type(host: Host) -> None:
    """Each further argument of a variadic function is a tag and a value."""
    declared = function(
        "snprintf", "int", ["s", ["pointer", "char", False], SIZE_IS_N], ["n", "size", []], ["f", TEXT, []]
    )
    declared[3] = True
    number = host.load("libc.so.6", library(declared))
    result, outs = host.call(number, 0, 32, 32, b"%d %s %.1f", ["int", -7], ["text", b"x"], ["double", 0.5])

    assert (result, outs[0].partition(b"\0")[0]) == (8, b"-7 x 0.5")


def test_errno_comes_with_the_answer(host: Host) -> None:
    """`errno` is what native code left, and 0 if it set nothing."""
    number = host.load(
        "libc.so.6", library(function("close", "int", ["fd", "int", []]), function("abs", "int", ["j", "int", []]))
    )
    answers = []
    for call, which in ((2, 1), (3, 0)):
        host.channel.send(pack([CALL, call, number, which, [-1], [], None, None]))
        answers.append(heard(host.channel)[:5])

    assert answers == [[RETURN, 2, -1, [], 9], [RETURN, 3, 1, [], 0]]


# -- callbacks ---------------------------------------------------------------------------------------------------

ANY = ["pointer", "void", False]
INT_POINTER = ["pointer", "int", True]


def test_a_context_is_carried_into_the_callback(host: Host) -> None:
    """What was given for `[context]` is handed to the callback as it was."""
    compare = function(
        "compare", "int", ["a", INT_POINTER, []], ["b", INT_POINTER, []], ["arg", ANY, [["context", ""]]]
    )
    declared = function(
        "qsort_r",
        "void",
        ["base", ["pointer", "int", False], [["in", ""], ["out", ""], ["size_is", "n"]]],
        ["n", "size", []],
        ["size", "size", []],
        ["compare", ["function", "compare"], []],
        ["arg", ANY, [["context", ""]]],
    )
    number = host.load("libc.so.6", library(declared, delegates=[compare]))
    seen = []

    def descending(a: list[int], b: list[int], context: Any) -> int:
        seen.append(context)
        return b[0] - a[0]

    host.functions[3] = descending
    size = host.abi["sizes"]["int"]
    _, outs = host.call(number, 0, struct.pack("3i", 1, 3, 2), 3, size, {"delegate": 3}, {"context": 1234})

    assert struct.unpack("3i", outs[0]) == (3, 2, 1)
    assert seen
    assert all(each == {"context": 1234} for each in seen)


NUMBER_CALLBACK = function("number_cb", "int", ["value", "int", []])
CALLBACK_PARAMETER = ["callback", ["function", "number_cb"], []]


def faults(path: str, host: Host) -> tuple[int, dict[str, int]]:
    """The library of `tests/native/faults.c`: its number, and the numbers of its functions."""
    declared = library(
        function("call_from_thread", "int", CALLBACK_PARAMETER, ["value", "int", []]),
        function("call_it", "int", CALLBACK_PARAMETER, ["value", "int", []]),
        function("call_stored", "int", ["value", "int", []]),
        function("store", "void", CALLBACK_PARAMETER),
        delegates=[NUMBER_CALLBACK],
    )
    return host.load(path, declared), {each[0]: index for index, each in enumerate(declared[0])}


def test_a_callback_may_call(compiled: Callable[[str], str], host: Host) -> None:
    """Inside a callback the client calls on the same channel, and the host serves it on the waiting thread."""
    number, names = faults(compiled("faults"), host)
    host.functions[1] = lambda value: 10 * host.call(number, names["call_it"], {"delegate": 2}, value)[0]
    host.functions[2] = lambda value: value + 1
    host.channel.send(pack([CALL, 2, number, names["call_it"], [{"delegate": 1}, 4], [], None, None]))

    assert heard(host.channel) == [CALLBACK, -1, 1, [4], []]
    host.channel.send(pack([CALL, 3, number, names["call_it"], [{"delegate": 2}, 4], [], None, None]))
    assert heard(host.channel) == [CALLBACK, -2, 2, [4], []]
    host.channel.send(pack([RETURN, -2, 5, [], 0, []]))
    assert heard(host.channel) == [RETURN, 3, 5, [], 0, []]
    host.channel.send(pack([RETURN, -1, 50, [], 0, []]))
    assert heard(host.channel) == [RETURN, 2, 50, [], 0, []]


def test_a_callback_that_raises_is_named_by_the_call(compiled: Callable[[str], str], host: Host) -> None:
    """Native code gets zero; the call around it raises CallbackFailed with the number of the callback."""
    number, names = faults(compiled("faults"), host)
    host.channel.send(pack([CALL, 2, number, names["call_it"], [{"delegate": 1}, 4], [], None, None]))
    assert heard(host.channel)[0] == CALLBACK
    host.channel.send(pack([RAISE, -1, "CallbackFailed", "no", {}]))

    assert heard(host.channel) == [RAISE, 2, "CallbackFailed", "no", {"callback": -1}]


def test_a_thread_of_the_library_calls_over_the_control_channel(compiled: Callable[[str], str], host: Host) -> None:
    """Its callback comes there, is answered there, and has a number of the control channel's own."""
    number, names = faults(compiled("faults"), host)
    host.channel.send(pack([CALL, 2, number, names["call_from_thread"], [{"delegate": 8}, 4], [], None, None]))
    kind, call, delegate, arguments, _ = heard(host.control)

    assert (kind, delegate, arguments) == (CALLBACK, 8, [4])
    assert call < 0
    host.control.send(pack([RETURN, call, 40, [], 0, []]))
    assert heard(host.channel) == [RETURN, 2, 40, [], 0, []]


def test_a_callback_ends_with_its_call_unless_it_was_made_to_stay(compiled: Callable[[str], str], host: Host) -> None:
    """The call in which one is called too late fails; a pointer made with CALLBACK can be called until FREE."""
    number, names = faults(compiled("faults"), host)
    host.functions[5] = lambda value: value + 100
    host.call(number, names["store"], {"delegate": 5})
    with pytest.raises(Failed, match="CallbackOnCollectedDelegateError"):
        host.call(number, names["call_stored"], 1)

    reference = host.call(0, CALLBACK_MADE, number, "number_cb", 5)[0]["ref"]
    pointer = {"at": [reference[1], 0]}
    assert reference[2] == "code:number_cb"
    host.call(number, names["store"], pointer)
    assert host.call(number, names["call_stored"], 1)[0] == 101
    assert host.call(0, INVOKE, number, "number_cb", pointer, [1])[0] == 101
    host.call(0, FREE, pointer)
    with pytest.raises(Failed, match="CallbackOnCollectedDelegateError"):
        host.call(number, names["call_stored"], 1)
