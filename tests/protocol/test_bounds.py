"""Every bound of a frame, from both sides of it, and bytes from nowhere."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callgate_protocol.channel import Channel
from callgate_protocol.codec import Packer, decode, encode
from callgate_protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS, Limits
from callgate_protocol.messages import from_wire
from callgate_protocol.turns import Role
from callgate_protocol.typelib import decode_library
from tests.protocol.strategies import plain_values, quick
from tests.protocol.vectors import VECTORS

FILLER = b"\xc0" * 64
"""Makes a frame long enough to be walked over before it is decoded."""


def nested(levels: int) -> bytes:
    return b"\x91" * levels + b"\xc0"


def padded(value: bytes) -> bytes:
    """An array of many nils with the value in it."""
    return b"\xdc\x00\x41" + FILLER + value


def test_the_longest_frame_is_accepted_and_a_longer_one_is_not() -> None:
    """A frame of exactly `header_bytes` decodes; one byte more is refused."""
    limits = Limits(header_bytes=1000)

    assert bytes(997) == decode(b"\xc5\x03\xe5" + bytes(997), limits)
    with pytest.raises(RemoteProtocolError, match="1001 bytes is longer"):
        decode(b"\xc5\x03\xe6" + bytes(998), limits)


@pytest.mark.parametrize("levels", [5, 64])
def test_the_deepest_frame_is_accepted_and_a_deeper_one_is_not(levels: int) -> None:
    """Nesting of exactly `depth` decodes; one level more is refused."""
    limits = Limits(depth=levels)
    decode(nested(levels), limits)

    with pytest.raises(RemoteProtocolError, match="nests deeper"):
        decode(nested(levels + 1), limits)


def test_the_fullest_frame_is_accepted_and_a_fuller_one_is_not() -> None:
    """A frame of exactly `nodes` values decodes; one value more is refused."""
    limits = Limits(nodes=100)

    assert decode(b"\xdc\x00\x63" + bytes(99), limits) == [0] * 99
    with pytest.raises(RemoteProtocolError, match="more than the 100 values"):
        decode(b"\xdc\x00\x64" + bytes(100), limits)


def test_both_halves_of_a_map_count_as_values() -> None:
    """A map of n pairs is 2 n + 1 values."""
    frame = b"\xde\x00\x28" + b"".join(b"\xa1" + bytes([97 + k % 26]) + b"\xc0" for k in range(40))
    decode(frame, Limits(nodes=81))

    with pytest.raises(RemoteProtocolError, match="values"):
        decode(frame, Limits(nodes=80))


MALFORMED = {
    "nothing": b"",
    "the byte that msgpack never uses": b"\xc1",
    "an integer without its bytes": b"\xcf\x00",
    "a float without its bytes": b"\xcb\x00\x00",
    "a length without its bytes": b"\xdb\x00",
    "a string longer than the frame": b"\xd9\x10abc",
    "binary longer than the frame": b"\xc4\x10abc",
    "a short string longer than the frame": b"\xa5abc",
    "an array with too few members": b"\x93\x01\x02",
    "an array of four thousand million": b"\xdd\xff\xff\xff\xff",
    "a map of four thousand million": b"\xdf\xff\xff\xff\xff",
    "a string of four thousand million": b"\xdb\xff\xff\xff\xff",
    "binary of four thousand million": b"\xc6\xff\xff\xff\xff",
    "a map without its last value": b"\x81\xa1a",
    "an integer as key": b"\x81\x01\x02",
    "nil as key": b"\x81\xc0\x02",
    "binary as key": b"\x81\xc4\x01a\x02",
    "an array as key": b"\x81\x90\x02",
    "a string that is not UTF-8": b"\xa2\xc3\x28",
    "a string that holds half a surrogate pair": b"\xa3\xed\xa0\x80",
    "an empty extension": b"\xc7\x00\x05",
    "an extension of one byte": b"\xd4\x05\x00",
    "an extension of sixteen bytes": b"\xd8\x05" + bytes(16),
    "an extension with a length": b"\xc7\x03\x05abc",
    "an extension with a long length": b"\xc9\x00\x00\x00\x03\x05abc",
    "a timestamp": b"\xd6\xff\x00\x00\x00\x00",
    "an empty timestamp": b"\xc7\x00\xff",
}


@pytest.mark.parametrize("frame", [pytest.param(frame, id=name) for name, frame in MALFORMED.items()])
def test_a_malformed_frame_is_refused(frame: bytes) -> None:
    """Each malformed value ends in RemoteProtocolError: alone, inside a frame that is walked, and followed by more."""
    for attempt in (frame, padded(frame), frame + b"\xc0" * 80):
        with pytest.raises(RemoteProtocolError):
            decode(attempt, DEFAULT_LIMITS)


@pytest.mark.parametrize("size", [1, 200])
def test_a_frame_ends_with_its_value(size: int) -> None:
    """One byte behind the value is refused, in short frames and in long ones."""
    with pytest.raises(RemoteProtocolError):
        decode(encode(bytes(size)) + b"\xc0", DEFAULT_LIMITS)


@quick(80)
@given(plain_values)
def test_plain_values_survive_the_wire(value: Any) -> None:
    """Whatever the subset can hold is the same after encoding and decoding."""
    assert value == decode(encode(value), DEFAULT_LIMITS)


@pytest.mark.parametrize("value", [1 << 64, -(1 << 63) - 1, object(), {1, 2}, "\udc80", 1j])
def test_what_cannot_be_encoded_is_an_error_of_ours(value: object) -> None:
    """A value outside the subset raises LocalProtocolError, and the packer is as good as new afterwards."""
    pack = Packer()
    with pytest.raises(LocalProtocolError):
        pack(["begun", value])

    assert encode([1]) == pack([1])


def weight(value: Any) -> int:
    """How many values a value holds."""
    if isinstance(value, list):
        return 1 + sum(map(weight, value))
    if isinstance(value, dict):
        return 1 + sum(1 + weight(member) for member in value.values())
    return 1


def depth(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, members), default=0) if isinstance(value, list | dict) else 0


TIGHT = Limits(header_bytes=200, depth=6, nodes=30)
_mutated = st.sampled_from([bytes.fromhex(text.replace(" ", "")) for _, text in VECTORS]).flatmap(
    lambda frame: st.tuples(st.integers(0, len(frame) - 1), st.binary(max_size=3)).map(
        lambda cut: frame[: cut[0]] + cut[1] + frame[cut[0] + len(cut[1]) :]
    )
)
_leads = st.lists(st.sampled_from([0x91, 0x81, 0xDC, 0xDD, 0xDF, 0xC7, 0xD4, 0x00, 0xA1, 0x61]), max_size=90).map(bytes)
noise = st.binary(max_size=240) | _mutated | _leads


@quick(150)
@given(noise)
@example(b"\xdd\x00\x00\x00\x40" + bytes(70))
def test_noise_never_becomes_more_than_the_limits_allow(frame: bytes) -> None:
    """Any bytes give RemoteProtocolError or a value within length, depth and count."""
    try:
        value = decode(frame, TIGHT)
    except RemoteProtocolError:
        return
    short = len(frame) <= TIGHT.depth  # such a frame cannot hold more values than it has bytes
    assert len(frame) <= TIGHT.header_bytes
    assert weight(value) <= (len(frame) if short else TIGHT.nodes)
    assert depth(value) <= TIGHT.depth
    assert not isinstance(value, set | tuple | bytearray)


@quick(100)
@given(noise)
def test_noise_is_no_message_or_a_sound_one(frame: bytes) -> None:
    """Any bytes give RemoteProtocolError or a message that encodes again."""
    try:
        message = from_wire(decode(frame, DEFAULT_LIMITS))
    except RemoteProtocolError:
        return
    assert encode([*message])


@quick(100)
@given(noise | plain_values.map(encode))
def test_noise_is_no_type_library_or_a_sound_one(frame: bytes) -> None:
    """Any bytes give RemoteProtocolError or a type library, never another exception."""
    try:
        library = decode_library(frame)
    except RemoteProtocolError:
        return
    assert library.functions is not None


@quick(100)
@given(
    st.sampled_from(Role),
    st.booleans(),
    st.lists(st.tuples(noise | plain_values.map(encode), st.lists(st.binary(max_size=9), max_size=3)), max_size=4),
)
def test_noise_never_breaks_a_channel(role: Role, pipelined: bool, arrivals: list[tuple[bytes, list[bytes]]]) -> None:
    """Any frames, in any number, give RemoteProtocolError or are taken in."""
    channel = Channel(role, TIGHT, pipelined=pipelined)
    for header, payloads in arrivals:
        try:
            channel.receive([header, *payloads])
        except RemoteProtocolError:
            return


def test_no_frames_at_all_are_refused() -> None:
    """A message without a header is malformed, not an IndexError."""
    with pytest.raises(RemoteProtocolError, match="empty"):
        Channel(Role.HOST).receive([])


def test_protocol_errors_are_told_apart() -> None:
    """Errors of ours and of theirs have one root and are never each other."""
    assert issubclass(LocalProtocolError, ProtocolError)
    assert issubclass(RemoteProtocolError, ProtocolError)
    assert not issubclass(LocalProtocolError, RemoteProtocolError)
    assert not issubclass(RemoteProtocolError, LocalProtocolError)


def test_the_walk_does_not_recurse() -> None:
    """A frame of a hundred thousand levels is refused for its depth, not by Python's recursion limit."""
    with pytest.raises(RemoteProtocolError, match="nests deeper"):
        decode(nested(100 * sys.getrecursionlimit()), DEFAULT_LIMITS)
