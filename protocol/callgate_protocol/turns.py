"""Whose turn it is on a call channel: what each end may send and receive, by what the innermost call is."""

from __future__ import annotations

from enum import Enum
from typing import Final

from .messages import Call, Callback, Message, Raise, Return

__all__ = ["ALLOWED", "Role", "State"]


class Role(Enum):
    """Which end this is."""

    CLIENT = "client"
    HOST = "host"


class State(Enum):
    """What the innermost call on the stack is."""

    IDLE = "idle"
    WAITING = "waiting"
    """The last call was ours: an answer must come, or a call back into us."""
    SERVING = "serving"
    """The last call was theirs: we must answer, or call back."""


ALLOWED: Final[dict[State, dict[str, frozenset[type[Message]]]]] = {
    State.IDLE: {
        "client sends": frozenset({Call}),
        "host sends": frozenset(),
    },
    State.WAITING: {
        "client receives": frozenset({Return, Raise, Callback}),
        "host receives": frozenset({Return, Raise, Call}),
    },
    State.SERVING: {
        "client sends": frozenset({Return, Raise, Call}),
        "host sends": frozenset({Return, Raise, Callback}),
    },
}
"""What each end may do in each state; what is not here is a protocol error. An idle host receives what an idle client
sends. `chunk` belongs to the message before it and `credit` to the chunks, so both are allowed whenever those are."""
