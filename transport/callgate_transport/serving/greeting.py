"""Hello and welcome, wherever they travel."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from callgate_protocol.abi import Abi
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS, Limits
from callgate_protocol.messages import MAGIC, Hello, Message, Welcome
from callgate_protocol.version import FEATURES, MAJOR, MINOR

from .session import Session

__all__ = ["Plate", "agreed", "welcome"]


class Plate(NamedTuple):
    """What every client is told."""

    abi: Abi
    incarnation: bytes
    control: str
    """zmq endpoint of the control channels."""
    serves: str = "native"
    """What its objects are: `native` or `python`."""


def welcome(plate: Plate, hello: Hello, session: Session, calls: str) -> Welcome:
    """The answer to a hello that is taken: both speak the lower minor version (R17.4)."""
    return Welcome(
        MAGIC,
        MAJOR,
        min(MINOR, hello.minor),
        [feature for feature in FEATURES if feature in hello.features],
        session.limits.as_map(),
        {"process": os.getpid(), "serves": plate.serves},
        plate.abi.as_map(),
        plate.incarnation,
        session.secret,
        plate.control,
        calls,
    )


def agreed(hello: Message) -> Limits:
    """The limits both sides keep. Raises RemoteProtocolError when there is nothing to agree on."""
    if not isinstance(hello, Hello) or hello.magic != MAGIC:
        raise RemoteProtocolError("a link starts with hello")
    if hello.major != MAJOR:
        raise RemoteProtocolError(f"this process speaks version {MAJOR} of the protocol, not {hello.major}")
    offered: dict[str, Any] = hello.limits
    try:
        return Limits.from_map(offered).meet(DEFAULT_LIMITS)
    except ValueError as error:
        raise RemoteProtocolError(str(error)) from error
