from __future__ import annotations

from typing import Any

import pytest

from callgate_broker.guests import Guest, Guests, Question
from callgate_broker.requests import OPERATIONS
from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import MAGIC, Call, Hello, Raise, Refuse, Return, Welcome, from_wire, to_wire
from callgate_protocol.system import BrokerFunction
from callgate_protocol.version import MAJOR


def hello(major: int = MAJOR, magic: str = MAGIC) -> bytes:
    return encode(to_wire(Hello(magic, major, 0, [], DEFAULT_LIMITS.as_map(), {})))


def call(number: int, function: int = BrokerFunction.LIST, *arguments: Any, library: int = 0) -> bytes:
    return encode(to_wire(Call(number, library, function, list(arguments or ({},)), [], None, None)))


def said(frames: object) -> Any:
    """The message in the one frame of an answer."""
    assert isinstance(frames, list)
    (frame,) = frames
    return from_wire(decode(frame, DEFAULT_LIMITS))


@pytest.fixture
def guest() -> Guest:
    """One that has said hello."""
    guest = Guest(b"id")
    assert isinstance(said(guest.hear([hello()])), Welcome)
    return guest


def test_every_function_is_an_operation_of_the_warden() -> None:
    """Talker and warden agree on what can be asked."""
    assert {function.name.lower() for function in BrokerFunction} == set(OPERATIONS)


def test_a_call_is_a_question_and_its_answer_a_return(guest: Guest) -> None:
    """Function and map go to the warden, its result comes back under the number of the call."""
    question = guest.hear([call(7, BrokerFunction.RECORD, {"host": "x", "wait": True})])
    assert question == Question(7, "record", {"host": "x", "wait": True})
    answer = said(guest.answer(7, {"id": 1, "ok": {"state": "dead"}}))
    assert isinstance(answer, Return)
    assert (answer.call, answer.result) == (7, {"state": "dead"})


@pytest.mark.parametrize(
    ("name", "fault"), [("ObjectGone", "ObjectGone"), ("HostQuarantined", "InternalError"), ("?", "InternalError")]
)
def test_errors_are_raised_under_their_name(guest: Guest, name: str, fault: str) -> None:
    """A name that is no fault of the protocol travels in the details."""
    guest.hear([call(1)])
    answer = said(guest.answer(1, {"id": 1, "error": {"name": name, "message": "why"}}))
    assert answer == Raise(1, fault, "why", {"error": name})


def test_other_versions_are_refused() -> None:
    """A hello of another major version, or of another protocol, is refused and opens nothing."""
    for frame in (hello(major=MAJOR + 1), hello(magic="other")):
        guest = Guest(b"id")
        assert isinstance(said(guest.hear([frame])), Refuse)
        with pytest.raises(RemoteProtocolError):
            guest.hear([call(1)])


@pytest.mark.parametrize(
    "frames",
    [[], [b""], [b"\xc1"], [hello(), b"bulk"], [encode(to_wire(Return(1, {}, [], 0, [])))], [encode(["call"])]],
    ids=["nothing", "empty", "no msgpack", "bulk frame", "not a call", "no fields"],
)
def test_what_is_no_call_breaks_the_protocol(guest: Guest, frames: list[bytes]) -> None:
    """Malformed frames and messages out of place are one exception."""
    with pytest.raises(RemoteProtocolError):
        guest.hear(frames)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (call(1, 99), "a broker has no function 99 of library 0; "),
        (call(1, library=3), "a broker has no function 4 of library 3; "),
        (call(1, 4, []), "LIST of a broker takes one argument, which is a map "),
        (call(1, 4, {}, {}), "LIST of a broker takes one argument, which is a map "),
    ],
    ids=["function", "library", "not a map", "two maps"],
)
def test_calls_that_cannot_be_asked_are_raised(guest: Guest, frame: bytes, why: str) -> None:
    """An unknown function or other arguments than one map fail that call only."""
    refused = said(guest.hear([frame]))
    assert refused.name == "ArgumentError"
    assert refused.message.startswith(why)
    assert isinstance(guest.hear([call(2)]), Question)


def test_a_number_is_not_used_twice_at_once(guest: Guest) -> None:
    """A call under the number of one that is not answered breaks the protocol; afterwards it is free."""
    guest.hear([call(1)])
    with pytest.raises(RemoteProtocolError):
        guest.hear([call(1)])
    guest.answer(1, {"ok": {}})
    assert isinstance(guest.hear([call(1)]), Question)


def test_open_calls_are_bounded(guest: Guest) -> None:
    """More unanswered calls than the credit allows break the protocol."""
    for number in range(1, DEFAULT_LIMITS.credit_calls + 1):
        guest.hear([call(number)])
    with pytest.raises(RemoteProtocolError):
        guest.hear([call(DEFAULT_LIMITS.credit_calls + 1)])


def test_after_a_new_hello_old_answers_are_not_sent(guest: Guest) -> None:
    """Whoever says hello again will repeat its calls; answers to the old ones would be taken for theirs."""
    guest.hear([call(1)])
    guest.hear([hello()])
    assert guest.answer(1, {"ok": {}}) == []


def test_the_number_of_guests_is_bounded() -> None:
    """The one that was silent for longest is forgotten, and is asked for its hello when it comes back."""
    guests = Guests()
    first, second = guests.of(b"first"), guests.of(b"second")
    for number in range(1023):
        guests.of(b"%d" % number)
        assert guests.of(b"second") is second
    assert guests.of(b"first") is not first
