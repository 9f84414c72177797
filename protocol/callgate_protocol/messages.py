"""Every message of the protocol: its kind, its fields, and what a field may hold.

A message is a msgpack array `[kind, field, …]`, optionally followed by bulk frames. The table `MESSAGES` is the whole
grammar; `docs/protocol.md` explains it for other languages. Fields are written from the sender's point of view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from .errors import RemoteProtocolError

__all__ = [
    "ADVICE",
    "KIND_OF",
    "MAGIC",
    "MESSAGES",
    "Call",
    "Callback",
    "Cancel",
    "Cancelled",
    "Chunk",
    "CloseChannel",
    "Credit",
    "GiveBack",
    "GivenBack",
    "Goodbye",
    "Hello",
    "Message",
    "Notice",
    "Open",
    "Opened",
    "Ping",
    "Pong",
    "Raise",
    "Refuse",
    "Release",
    "Resume",
    "Resumed",
    "Return",
    "Welcome",
    "from_wire",
    "to_wire",
]

MAGIC: Final = "callgate"


class Hello(NamedTuple):
    """First message of whoever connects."""

    magic: str
    major: int
    minor: int
    features: list[str]
    limits: dict[str, int]
    about: dict[str, Any]
    """For people and for `ps`: `{"process": pid, "name": …}`."""


class Welcome(NamedTuple):
    """Answer to `Hello`: the session is open."""

    magic: str
    major: int
    minor: int
    features: list[str]
    limits: dict[str, int]
    about: dict[str, Any]
    abi: dict[str, Any]
    incarnation: bytes
    secret: bytes
    """First 16 bytes of the routing id of every channel of this session."""
    control: str
    """zmq endpoint of the control channel."""
    calls: str
    """zmq endpoint of the first call channel, whose number is 1."""


class Refuse(NamedTuple):
    """Answer to `Hello`: no session, and why."""

    name: str
    message: str


class Call(NamedTuple):
    """Perform a function. `library` 0 is the peer's own (`system`), others were numbered by its `load` (R17.5)."""

    call: int
    library: int
    function: int
    arguments: list[Any]
    payloads: list[int]
    """Lengths of the bulk frames."""
    remaining: int | None
    """Milliseconds until the caller's deadline, counted from sending; None without one."""
    causality: bytes | None
    """Chain of calls this one belongs to; None for the chain of the channel."""


class Callback(NamedTuple):
    """Native code called a delegate; the receiver runs it and answers with `Return` or `Raise`."""

    call: int
    delegate: int
    arguments: list[Any]
    payloads: list[int]


class Return(NamedTuple):
    """A call or callback came back: its result, then the outs in signature order."""

    call: int
    result: Any
    outs: list[Any]
    errno: int
    payloads: list[int]


class Raise(NamedTuple):
    """A call or callback failed; `name` is one of `errors.FAULTS`."""

    call: int
    name: str
    message: str
    details: dict[str, Any]


class Chunk(NamedTuple):
    """Part of a bulk frame that was too long to travel with its message; one bulk frame follows."""

    call: int
    payload: int
    offset: int


class Credit(NamedTuple):
    """So many bytes of chunks were taken in; the sender may send as many more."""

    bytes: int


class Cancel(NamedTuple):
    """Do not begin this call; if it has begun, say so."""

    channel: int
    call: int


class Cancelled(NamedTuple):
    """Answer to `Cancel`. When `begun` is false the call will never run."""

    channel: int
    call: int
    begun: bool


class Release(NamedTuple):
    """References given back, each with the count of times it had been received."""

    references: list[list[int]]


class GiveBack(NamedTuple):
    """A `Release` over a connection that may break: repeated until it is acknowledged, and taken once (R17.9)."""

    number: int
    """Counts those of its sender, from 1."""
    references: list[list[int]]


class GivenBack(NamedTuple):
    """Acknowledges each `GiveBack` up to this number."""

    number: int


class Resume(NamedTuple):
    """The connection of a call channel broke: it is to go on over another (R17.27).

    Sent on the control channel, and then as the first message of the new connection.
    """

    request: int
    channel: int
    received: int
    """How many whole messages the sender has received on the channel."""


class Resumed(NamedTuple):
    """Answer to `Resume`; nothing comes or is heard over the old connection any more."""

    request: int
    routing: int
    """What stands for the channel's number in the routing id of the new connection; 0 when it cannot go on."""
    received: int
    """As in `Resume`, of this end."""


class Open(NamedTuple):
    """Give this session another call channel. A pipelined one may have many calls under way."""

    request: int
    pipelined: bool


class Opened(NamedTuple):
    """Answer to `Open`: number and zmq endpoint of the channel."""

    request: int
    channel: int
    endpoint: str


class CloseChannel(NamedTuple):
    """The channel will not be used again."""

    channel: int


ADVICE: Final = "ADVICE"
"""The level of a notice about the program, which works and could be quicker."""


class Notice(NamedTuple):
    """Something a person may want to know; `level` is a name of Python's logging."""

    level: str
    message: str


class Goodbye(NamedTuple):
    """The session ends; `reason` is for people."""

    reason: str


class Ping(NamedTuple):
    """A client of another machine is still there (R17.20)."""

    number: int
    connection: int
    """Counts the connections of its control channel: what was under way on an earlier one may be lost."""


class Pong(NamedTuple):
    """Answer to `Ping`."""

    number: int


Message: TypeAlias = (
    Hello
    | Welcome
    | Refuse
    | Call
    | Callback
    | Return
    | Raise
    | Chunk
    | Credit
    | Cancel
    | Cancelled
    | Release
    | GiveBack
    | GivenBack
    | Resume
    | Resumed
    | Open
    | Opened
    | CloseChannel
    | Notice
    | Goodbye
    | Ping
    | Pong
)


_Check: TypeAlias = Callable[[Any], bool]


def _number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _call_number(value: Any) -> bool:
    return type(value) is int and value != 0 and -(1 << 63) <= value < 1 << 63


def _small(value: Any) -> bool:
    return type(value) is int and -(1 << 31) <= value < 1 << 31


def _text(value: Any) -> bool:
    return type(value) is str


def _flag(value: Any) -> bool:
    return type(value) is bool


def _sequence(value: Any) -> bool:
    return type(value) is list


def _map(value: Any) -> bool:
    return type(value) is dict


def _any(_value: Any) -> bool:
    return True


def _texts(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _lengths(value: Any) -> bool:
    return type(value) is list and all(map(_number, value))


def _sixteen(value: Any) -> bool:
    return type(value) is bytes and len(value) == 16


def _pairs(value: Any) -> bool:
    return type(value) is list and all(
        type(pair) is list and len(pair) == 2 and all(map(_number, pair)) for pair in value
    )


def _optional(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


_HELLO = (_text, _number, _number, _texts, _map, _map)

MESSAGES: Final[dict[int, tuple[type[Message], tuple[_Check, ...]]]] = {
    1: (Hello, _HELLO),
    2: (Welcome, (*_HELLO, _map, _sixteen, _sixteen, _text, _text)),
    3: (Refuse, (_text, _text)),
    10: (Call, (_call_number, _number, _number, _sequence, _lengths, _optional(_number), _optional(_sixteen))),
    11: (Callback, (_call_number, _number, _sequence, _lengths)),
    12: (Return, (_call_number, _any, _sequence, _small, _lengths)),
    13: (Raise, (_call_number, _text, _text, _map)),
    14: (Chunk, (_call_number, _number, _number)),
    15: (Credit, (_number,)),
    20: (Cancel, (_number, _call_number)),
    21: (Cancelled, (_number, _call_number, _flag)),
    22: (Release, (_pairs,)),
    23: (Open, (_number, _flag)),
    24: (Opened, (_number, _number, _text)),
    25: (CloseChannel, (_number,)),
    26: (Notice, (_text, _text)),
    27: (Goodbye, (_text,)),
    28: (Ping, (_number, _number)),
    29: (Pong, (_number,)),
    30: (GiveBack, (_number, _pairs)),
    31: (GivenBack, (_number,)),
    32: (Resume, (_number, _number, _number)),
    33: (Resumed, (_number, _number, _number)),
}
"""Kind → (class, one check per field)."""

KIND_OF: Final[dict[type[Message], int]] = {message: kind for kind, (message, _) in MESSAGES.items()}


def to_wire(message: Message) -> tuple[Any, ...]:
    """The array that is encoded."""
    return (KIND_OF[type(message)], *message)


def from_wire(value: Any) -> Message:
    """The message of a decoded array. Raises RemoteProtocolError when it is not one."""
    if type(value) is not list or not value or type(value[0]) is not int or value[0] not in MESSAGES:
        raise RemoteProtocolError("a message must be an array that starts with a known kind")
    message, checks = MESSAGES[value[0]]
    values = value[1:]
    if len(values) != len(checks):
        raise RemoteProtocolError(f"a {message.__name__} has {len(checks)} fields, not {len(values)}")
    for position, check in enumerate(checks):
        if not check(values[position]):
            name = message._fields[position]
            raise RemoteProtocolError(f"field {name!r} of a {message.__name__} does not hold what it must")
    return message._make(values)
