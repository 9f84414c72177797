"""Clients of the talker: what each has said, and what may be answered. No socket: bytes in, bytes out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import FAULTS, RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import MAGIC, Call, Hello, Raise, Refuse, Return, Welcome, from_wire, to_wire
from callgate_protocol.system import BrokerFunction
from callgate_protocol.version import FEATURES, MAJOR, MINOR

__all__ = ["Guest", "Guests", "Question", "refusal"]

_MOST_GUESTS: Final = 1024
"""Beyond this the one that was silent for longest is forgotten; it says hello again when it comes back."""


class Question(NamedTuple):
    """A guest's call, for the warden."""

    call: int
    operation: str
    arguments: Mapping[str, Any]


class Guest:
    """One connection of a client. Its questions are answered in whatever order the answers come."""

    def __init__(self, routing_id: bytes) -> None:
        self.routing_id = routing_id
        self.key = b""
        """The public key of a client of another machine."""
        self._greeted = False
        self._open: set[int] = set()

    def hear(self, frames: Sequence[bytes]) -> Question | list[bytes]:
        """Take a message: a question for the warden, or the frames of an answer. Raises RemoteProtocolError."""
        if len(frames) != 1:
            raise RemoteProtocolError("messages to a broker have no bulk frames")
        message = from_wire(decode(frames[0], DEFAULT_LIMITS))
        if isinstance(message, Hello):
            return self._greet(message)
        if not self._greeted or not isinstance(message, Call):
            raise RemoteProtocolError("after hello, a client of a broker sends calls")
        return self._question(message)

    def answer(self, call: int, answer: Mapping[str, Any]) -> list[bytes]:
        """The frames of the warden's answer to a question; none when it is not waited for any more."""
        if call not in self._open:
            return []
        self._open.remove(call)
        if "error" not in answer:
            return [encode(to_wire(Return(call, answer.get("ok") or {}, [], 0, [])))]
        error = answer["error"]
        name = str(error.get("name", ""))
        fault = name if name in FAULTS else "InternalError"
        return [encode(to_wire(Raise(call, fault, str(error.get("message", "")), {"error": name})))]

    def refuse(self, call: int, why: str) -> list[bytes]:
        """The frames of an answer to a question that cannot be asked."""
        return self.answer(call, {"error": {"name": "ArgumentError", "message": why}})

    def _greet(self, hello: Hello) -> list[bytes]:
        if hello.magic != MAGIC or hello.major != MAJOR:
            theirs = f"{hello.major}.{hello.minor} of {hello.magic}"
            return refusal(f"this broker speaks version {MAJOR}.{MINOR} of {MAGIC}, not {theirs}")
        self._greeted = True
        self._open.clear()  # it starts anew, and will repeat what it still wants to know
        limits = DEFAULT_LIMITS.as_map()
        welcome = Welcome(MAGIC, MAJOR, MINOR, list(FEATURES), limits, {}, {}, bytes(16), bytes(16), "", "")
        return [encode(to_wire(welcome))]

    def _question(self, call: Call) -> Question | list[bytes]:
        if call.call < 0 or call.call in self._open or len(self._open) >= DEFAULT_LIMITS.credit_calls:
            raise RemoteProtocolError(f"call {call.call} cannot be started: a wrong number, or too many under way")
        self._open.add(call.call)
        if call.library != 0 or call.function not in set(BrokerFunction):
            asked = f"a broker has no function {call.function} of library {call.library}"
            return self.refuse(call.call, f"{asked}; docs/protocol.md, chapter 9, lists those of library 0 that it has")
        function = BrokerFunction(call.function)
        if len(call.arguments) != 1 or not isinstance(call.arguments[0], dict):
            why = f"{function.name} of a broker takes one argument, which is a map (docs/protocol.md, chapter 9)"
            return self.refuse(call.call, why)
        return Question(call.call, function.name.lower(), call.arguments[0])


class Guests:
    """All of them, by routing id."""

    def __init__(self) -> None:
        self._guests: OrderedDict[bytes, Guest] = OrderedDict()

    def of(self, routing_id: bytes) -> Guest:
        """The guest that speaks; a new one the first time."""
        guest = self._guests.get(routing_id)
        if guest is None:
            guest = self._guests[routing_id] = Guest(routing_id)
            if len(self._guests) > _MOST_GUESTS:
                self._guests.popitem(last=False)
        self._guests.move_to_end(routing_id)
        return guest

    def knows(self, guest: Guest) -> bool:
        """Whether it is still this guest that would get what is sent there."""
        return self._guests.get(guest.routing_id) is guest

    def forget(self, guest: Guest) -> None:
        """It has gone."""
        if self.knows(guest):
            del self._guests[guest.routing_id]


def refusal(why: str, name: str = "ProtocolError") -> list[bytes]:
    """The frames that end the conversation with one that broke the protocol, or may not speak."""
    return [encode(to_wire(Refuse(name, why)))]
