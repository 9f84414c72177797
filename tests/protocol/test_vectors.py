"""Messages and type libraries against bytes that were written down once."""

from __future__ import annotations

import pytest
from hypothesis import given

from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import KIND_OF, MESSAGES, Message, from_wire, to_wire
from callgate_protocol.model import Function, TypeLibrary
from callgate_protocol.typelib import decode_library, encode_library, library_hash
from tests.protocol.strategies import libraries, messages, quick
from tests.protocol.vectors import COS, COS_BYTES, COS_HASH, SAMPLE, SAMPLE_BYTES, SAMPLE_HASH, VECTORS

LIBRARIES = [(COS, COS_BYTES, COS_HASH), (SAMPLE, SAMPLE_BYTES, SAMPLE_HASH)]


@pytest.mark.parametrize(("message", "text"), VECTORS, ids=[type(message).__name__ for message, _ in VECTORS])
def test_a_message_and_its_bytes_belong_together(message: Message, text: str) -> None:
    """Encoding a message of the table gives its bytes, decoding the bytes gives the message."""
    frame = bytes.fromhex(text.replace(" ", ""))

    assert frame == encode(to_wire(message))
    assert message == from_wire(decode(frame, DEFAULT_LIMITS))


def test_every_kind_has_a_vector() -> None:
    """No message can be added to the protocol without bytes being written down for it."""
    assert {kind for kind, _ in MESSAGES.values()} == {type(message) for message, _ in VECTORS}
    assert len(KIND_OF) == len(MESSAGES)


@quick(100)
@given(messages)
def test_every_message_survives_the_wire(message: Message) -> None:
    """Any message with fields of the allowed types is the same after encoding and decoding."""
    assert message == from_wire(decode(encode(to_wire(message)), DEFAULT_LIMITS))


@pytest.mark.parametrize(
    "wire",
    [
        None,
        [],
        {},
        "callgate",
        [99],
        [True],
        ["call"],
        [10.0],
        [15],
        [15, -1],
        [15, 1 << 63],
        [15, True],
        [15, 1, 1],
        [12, 0, None, [], 0, []],
        [12, 1, None, [], 1 << 31, []],
        [12, 1, None, {}, 0, []],
        [10, 1, 0, 1, [], [], None, b"short"],
        [10, 1, 0, 1, [], [-1], None, None],
        [10, 1, 0, 1, [], [], 0.5, None],
        [10, 1, 0, 1, b"", [], None, None],
        [22, [[1]]],
        [22, [[1, 2, 3]]],
        [22, [1, 2]],
        [22, [[1, None]]],
        [3, b"name", "message"],
        [1, "callgate", 1, 0, [1], {}, {}],
        [1, "callgate", 1, 0, [], [], {}],
        [2, "callgate", 1, 0, [], {}, {}, {}, b"", bytes(16), "", ""],
    ],
)
def test_an_array_that_is_no_message_is_refused(wire: object) -> None:
    """A wrong kind, a wrong number of fields and a field of a wrong type all end in RemoteProtocolError."""
    with pytest.raises(RemoteProtocolError):
        from_wire(wire)


@pytest.mark.parametrize(("library", "text", "digest"), LIBRARIES, ids=["cos", "sample"])
def test_a_type_library_and_its_bytes_belong_together(library: TypeLibrary, text: str, digest: str) -> None:
    """The canonical bytes, their hash and the library read from them are those that were written down."""
    encoded = bytes.fromhex(text.replace(" ", ""))

    assert encoded == encode_library(library)
    assert digest == library_hash(encoded).hex()
    assert library == decode_library(encoded)


@quick(40)
@given(libraries)
def test_every_type_library_survives_the_wire(library: TypeLibrary) -> None:
    """Decoding the canonical bytes of a library gives an equal library, whose bytes are the same again."""
    encoded = encode_library(library)

    assert library == decode_library(encoded)
    assert encoded == encode_library(decode_library(encoded))


def test_text_for_people_is_not_part_of_the_bytes() -> None:
    """Two functions that differ in the text of their prototype have one encoding."""
    (function,) = COS.functions
    commented = COS.replace(functions=(function.replace(prototype="double cos(double x);"),))

    assert encode_library(COS) == encode_library(commented)
    assert isinstance(decode_library(encode_library(commented)).functions[0], Function)


def test_the_order_of_attributes_does_not_matter() -> None:
    """Attributes are encoded in one order, whichever they were declared in."""
    (walk,) = SAMPLE.functions
    turned = tuple(each.replace(attributes=each.attributes[::-1]) for each in walk.parameters)
    shuffled = SAMPLE.replace(functions=(walk.replace(parameters=turned),))

    assert encode_library(SAMPLE) == encode_library(shuffled)


_VOID = ["", "void", []]


@pytest.mark.parametrize(
    "wire",
    [
        None,
        [],
        [[], [], [], []],
        [[], [], [], [], [], []],
        [[["b", _VOID, [], False], ["a", _VOID, [], False]], [], [], [], []],
        [[["a", _VOID, [], False], ["a", _VOID, [], False]], [], [], [], []],
        [[], [], [], [], ["b", "a"]],
        [[], [], [], [], [1]],
        [[["f", ["", "quad", []], [], False]], [], [], [], []],
        [[["f", ["", ["pointer", "int"], []], [], False]], [], [], [], []],
        [[["f", ["", ["pointer", "int", 1], []], [], False]], [], [], [], []],
        [[["f", ["", ["array", "int", -1], []], [], False]], [], [], [], []],
        [[["f", ["", ["thing", "x"], []], [], False]], [], [], [], []],
        [[["f", ["", [["int"], "x"], []], [], False]], [], [], [], []],
        [[["f", ["", "void", [["b", ""], ["a", ""]]], [], False]], [], [], [], []],
        [[["f", ["", "void", [["a", ""], ["a", ""]]], [], False]], [], [], [], []],
        [[["f", ["", "void", [["a", None]]], [], False]], [], [], [], []],
        [[["f", _VOID, [], None]], [], [], [], []],
        [[], [["r", False, -1, 0, []]], [], [], []],
        [[], [["r", False, 0, -1, []]], [], [], []],
        [[], [["r", False, 0, 0, [["m", "int", [], True, -1]]]], [], [], []],
        [[], [["r", False, 0, 0, [["m", "int", [], 0, -2]]]], [], [], []],
        [[], [], [["e", "float", []]], [], []],
        [[], [], [["e", ["int"], []]], [], []],
        [[], [], [["e", "int", [["A", 1.0]]]], [], []],
        [[{"f": 1, "": 2, "x": 3, "y": 4}], [], [], [], []],
        [[["f", _VOID, [], False]], {}, {}, "", b""],
        [[["f", "xyz", [], False]], [], [], [], []],
    ],
)
def test_a_malformed_type_library_is_refused(wire: object) -> None:
    """Wrong shapes, unknown words, unsorted and repeated entries all end in RemoteProtocolError."""
    with pytest.raises(RemoteProtocolError):
        decode_library(encode(wire))


def test_another_encoding_of_the_same_library_is_refused() -> None:
    """A library whose bytes are not the canonical ones is refused, so that one library has one hash."""
    wide = b"\xdc\x00\x05" + encode_library(TypeLibrary())[1:]  # the same array with a longer head

    assert decode(wide, DEFAULT_LIMITS) == [[], [], [], [], []]
    with pytest.raises(RemoteProtocolError, match="canonical"):
        decode_library(wide)
