"""Bytes to plain values and back: msgpack with every size, depth and count bounded before anything is built.

The only file of the project that imports msgpack. The subset in use is nil, booleans, integers, floats, binary, UTF-8
strings, arrays, and maps with string keys; extension types are refused.
"""

from __future__ import annotations

from typing import Any

import msgpack

from .errors import LocalProtocolError, RemoteProtocolError
from .limits import Limits

__all__ = ["Packer", "check_bounds", "decode", "encode"]

_CONTAINER, _SIZED, _FIXED, _REFUSED = range(4)


def _describe(lead: int) -> tuple[int, int, int]:
    """(kind, bytes of the length field or of the value, members or bytes named by the lead byte itself)."""
    for low, high, kind, width, mask in _LEADS:
        if low <= lead <= high:
            return kind, width, lead & mask
    raise AssertionError(lead)


_LEADS = (
    (0x00, 0x7F, _FIXED, 0, 0),  # small integers
    (0x80, 0x8F, _CONTAINER, 0, 0x0F),  # maps, counted in pairs
    (0x90, 0x9F, _CONTAINER, 0, 0x0F),
    (0xA0, 0xBF, _SIZED, 0, 0x1F),  # short strings
    (0xC0, 0xC0, _FIXED, 0, 0),
    (0xC1, 0xC1, _REFUSED, 0, 0),
    (0xC2, 0xC3, _FIXED, 0, 0),
    (0xC4, 0xC4, _SIZED, 1, 0),
    (0xC5, 0xC5, _SIZED, 2, 0),
    (0xC6, 0xC6, _SIZED, 4, 0),
    (0xC7, 0xC9, _REFUSED, 0, 0),  # extension types
    (0xCA, 0xCA, _FIXED, 4, 0),
    (0xCB, 0xCB, _FIXED, 8, 0),
    (0xCC, 0xCC, _FIXED, 1, 0),
    (0xCD, 0xCD, _FIXED, 2, 0),
    (0xCE, 0xCE, _FIXED, 4, 0),
    (0xCF, 0xCF, _FIXED, 8, 0),
    (0xD0, 0xD0, _FIXED, 1, 0),
    (0xD1, 0xD1, _FIXED, 2, 0),
    (0xD2, 0xD2, _FIXED, 4, 0),
    (0xD3, 0xD3, _FIXED, 8, 0),
    (0xD4, 0xD8, _REFUSED, 0, 0),  # extension types
    (0xD9, 0xD9, _SIZED, 1, 0),
    (0xDA, 0xDA, _SIZED, 2, 0),
    (0xDB, 0xDB, _SIZED, 4, 0),
    (0xDC, 0xDC, _CONTAINER, 2, 0),
    (0xDD, 0xDD, _CONTAINER, 4, 0),
    (0xDE, 0xDE, _CONTAINER, 2, 0),
    (0xDF, 0xDF, _CONTAINER, 4, 0),
    (0xE0, 0xFF, _FIXED, 0, 0),  # small negative integers
)
_TABLE = [_describe(lead) for lead in range(256)]
_MAPS = frozenset([*range(0x80, 0x90), 0xDE, 0xDF])


def check_bounds(frame: bytes, limits: Limits) -> None:
    """Walk over a frame without building anything; raise RemoteProtocolError when it breaks a limit.

    A frame shorter than the depth limit holds fewer values than that and is not walked.
    """
    size = len(frame)
    if size <= limits.depth:
        return
    if size > limits.header_bytes:
        raise RemoteProtocolError(f"a frame of {size} bytes is longer than the {limits.header_bytes} allowed")
    position, nodes, open_members = 0, 0, [1]
    while open_members:
        if open_members[-1] == 0:
            open_members.pop()
            continue
        open_members[-1] -= 1
        position, members = _step(frame, position, size)
        nodes += 1
        if members >= 0:
            if members > size - position:
                raise RemoteProtocolError("a container announces more members than the frame has bytes")
            open_members.append(members)
            if len(open_members) - 1 > limits.depth:
                raise RemoteProtocolError(f"a frame nests deeper than the {limits.depth} levels allowed")
        if nodes > limits.nodes:
            raise RemoteProtocolError(f"a frame holds more than the {limits.nodes} values allowed")
    if position != size:
        raise RemoteProtocolError("a frame goes on after its value")


def _step(frame: bytes, position: int, size: int) -> tuple[int, int]:
    """Skip one value's own bytes; return the position behind them and its members (-1 for a plain value)."""
    if position >= size:
        raise RemoteProtocolError("a frame ends inside a value")
    lead = frame[position]
    kind, width, count = _TABLE[lead]
    position += 1 + width
    if kind == _REFUSED or position > size:
        raise RemoteProtocolError(
            "a frame holds an extension type" if kind == _REFUSED else "a frame ends inside a value"
        )
    if kind == _FIXED:
        return position, -1
    if width:
        count = int.from_bytes(frame[position - width : position], "big")
    if kind == _SIZED:
        if position + count > size:
            raise RemoteProtocolError("a frame ends inside a string")
        return position + count, -1
    return position, 2 * count if lead in _MAPS else count


def decode(frame: bytes, limits: Limits) -> Any:
    """The plain value of a frame. Raises RemoteProtocolError for anything malformed or out of bounds."""
    if len(frame) > limits.depth:
        check_bounds(frame, limits)
    try:
        return msgpack.unpackb(frame, max_ext_len=0, ext_hook=_no_extension, object_hook=_text_keys)
    except (ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise RemoteProtocolError(f"a frame is not valid msgpack: {type(error).__name__} {error}") from error


def _no_extension(_code: int, _data: bytes) -> Any:
    raise ValueError("extension types are not used")  # msgpack's own limit lets empty ones pass


def _text_keys(members: dict[Any, Any]) -> dict[Any, Any]:
    for key in members:
        if type(key) is not str:  # msgpack lets binary ones pass
            raise ValueError("the keys of a map are strings")
    return members


class Packer:
    """Encodes values; one per channel, because msgpack's packer is not made to be shared between threads."""

    __slots__ = ("_pack",)

    def __init__(self) -> None:
        self._pack = msgpack.Packer().pack

    def __call__(self, value: Any) -> bytes:
        """Plain value to bytes. Raises LocalProtocolError when the value is not of the subset."""
        try:
            packed: bytes = self._pack(value)
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            raise LocalProtocolError(f"cannot encode {type(value).__name__}: {error}") from error
        return packed


def encode(value: Any) -> bytes:
    """Encode once, with a packer made for it."""
    return Packer()(value)
