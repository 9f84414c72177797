"""What a client says first, and what it makes of the answer, whoever it speaks with (`serving.greeting` is theirs)."""

from __future__ import annotations

from typing import Any

from callgate_protocol.abi import Abi
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS, Limits
from callgate_protocol.messages import MAGIC, Hello, Message, Refuse, Welcome
from callgate_protocol.version import FEATURES, MAJOR, MINOR

__all__ = ["abi_of", "hello", "limits_of", "welcomed"]


def hello(about: dict[str, Any]) -> Hello:
    """The first message of a session; `about` says who we are."""
    return Hello(MAGIC, MAJOR, MINOR, list(FEATURES), DEFAULT_LIMITS.as_map(), about)


def welcomed(answer: Message, incarnation: str, where: str) -> Welcome:
    """A host's answer to hello.

    Raises ConnectionRefusedError when it refuses or is another host than that of this incarnation,
    RemoteProtocolError for anything else.
    """
    if isinstance(answer, Refuse):
        raise ConnectionRefusedError(f"the host refused the session: {answer.message}")
    if not isinstance(answer, Welcome) or answer.magic != MAGIC or answer.major != MAJOR:
        raise RemoteProtocolError("the host answered hello with something else")
    if answer.incarnation.hex() != incarnation:
        raise ConnectionRefusedError(f"another host than the one that was started listens at {where}")
    return answer


def limits_of(welcome: Welcome) -> Limits:
    """The limits that both sides keep. Raises RemoteProtocolError."""
    try:
        return Limits.from_map(dict(welcome.limits)).meet(DEFAULT_LIMITS)
    except ValueError as error:
        raise RemoteProtocolError(f"the host's limits are malformed: {error}") from error


def abi_of(welcome: Welcome) -> Abi:
    """What C looks like there. Raises RemoteProtocolError."""
    try:
        return Abi.from_map(welcome.abi)
    except ValueError as error:
        raise RemoteProtocolError(f"the host's abi is malformed: {error}") from error
