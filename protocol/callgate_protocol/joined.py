"""Two ends of a call channel in one process: what a socket would carry is carried from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .channel import Channel, Frames, Received
from .codec import decode, encode
from .limits import Limits
from .messages import Message, from_wire, to_wire

__all__ = ["carry", "carry_message", "copies"]


def carry(frames: Frames, sender: Channel, receiver: Channel) -> Received:
    """Take one message, its chunks, and the credit for them across, and give what the receiver makes of it.

    Bulk frames arrive as copies: no end sees the other's memory, as none would behind a socket.
    Raises RemoteProtocolError when the receiver would have closed the channel.
    """
    received = receiver.receive([frames[0], *copies(frames[1:])])
    while sender.sending:
        for header, chunk in sender.chunks():
            received = receiver.receive([header, *copies([chunk])])
            credit = receiver.credit()
            if credit is not None:
                sender.receive(credit)
    assert received is not None
    return received


def carry_message(message: Message, limits: Limits) -> Message:
    """A message as it arrives at the other end of a control channel. Raises LocalProtocolError, RemoteProtocolError."""
    return from_wire(decode(encode(to_wire(message)), limits))


def copies(payloads: Sequence[Any]) -> list[Any]:
    """Bulk frames as they arrive: memory of the receiver's own, read-only."""
    return [memoryview(bytes(payload)) for payload in payloads]
