"""Memory that stays: blocks, structs with fields, what they keep alive, and what is refused at their edges."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from callgate_protocol.errors import Fault
from callgate_protocol.messages import Notice
from callgate_protocol.system import HostFunction

from .rig import ClientSession, Library, Line


class Blocks:
    """The functions of library 0 that deal with memory, by short names."""

    def __init__(self, gallery: Library) -> None:
        self.line: Line = gallery.line
        self.library = gallery.number

    def buffer(self, length: int, initial: bytes | None = None) -> int:
        return self._object(self.line.system(HostFunction.BUFFER, length, initial))

    def new(self, name: str, extra: int = 0) -> int:
        return self._object(self.line.system(HostFunction.NEW, self.library, name, extra))

    @staticmethod
    def _object(wire: Any) -> int:
        number: int = wire["ref"][1]
        return number

    def free(self, number: int) -> None:
        self.line.system(HostFunction.FREE, at(number))

    def read(self, number: int, offset: int, length: int) -> bytes:
        data: bytes = self.line.system(HostFunction.READ, at(number, offset), length)
        return data

    def write(self, number: int, offset: int, data: bytes) -> None:
        self.line.system(HostFunction.WRITE, at(number, offset), data)

    def get(self, name: str, number: int, *path: str | int, offset: int = 0) -> Any:
        return self.line.system(HostFunction.GET, self.library, name, at(number, offset), list(path))

    def set(self, name: str, number: int, *path: str | int, value: Any, offset: int = 0) -> None:
        self.line.system(HostFunction.SET, self.library, name, at(number, offset), list(path), value)


def at(number: int, offset: int = 0) -> dict[str, list[int]]:
    return {"at": [number, offset]}


@pytest.fixture
def blocks(gallery: Library) -> Blocks:
    return Blocks(gallery)


def test_a_buffer_is_zero_or_what_was_given(blocks: Blocks) -> None:
    """BUFFER fills with zeros behind its initial bytes; READ and WRITE reach every byte of it."""
    buffer = blocks.buffer(8, b"abc")

    assert blocks.read(buffer, 0, 8) == b"abc\0\0\0\0\0"
    blocks.write(buffer, 6, b"yz")
    assert blocks.read(buffer, 2, 6) == b"c\0\0\0yz"
    assert blocks.read(buffer, 8, 0) == b""
    assert blocks.line.system(HostFunction.STRING, at(buffer), 100) == b"abc"
    assert blocks.line.system(HostFunction.STRING, at(buffer), 2) == b"ab"
    assert blocks.line.system(HostFunction.STRING, at(buffer, 6), 100) == b"yz"
    assert blocks.line.system(HostFunction.STRING, at(buffer, 8), 100) == b""


def test_memory_is_freed_when_asked_and_when_nobody_names_it(client: ClientSession, blocks: Blocks) -> None:
    """FREE ends a block at once; giving back all references ends it as well; a session's end is tested elsewhere."""
    first, second = blocks.buffer(1000), blocks.new("Stream")
    assert client.info()["allocations"] == 2

    blocks.free(first)
    client.release([second, 1])

    assert (client.info()["allocations"], client.info()["objects"]) == (0, 0)
    with pytest.raises(Fault, match="is gone") as caught:
        blocks.read(first, 0, 1)
    assert caught.value.name == "ObjectGone"


EDGES: list[tuple[HostFunction, tuple[Any, ...], str]] = [
    (HostFunction.READ, (at(1), 17), "16 bytes are left there, 17 are asked for"),
    (HostFunction.READ, (at(1, 16), 1), "0 bytes are left"),
    (HostFunction.READ, (at(1, 17), 0), "offset 17 lies outside"),
    (HostFunction.READ, (at(1, -1), 1), "offset -1 lies outside"),
    (HostFunction.READ, (at(1), -1), "-1 is not a length"),
    (HostFunction.READ, (at(1), 1 << 50), "is not a length"),
    (HostFunction.READ, (at(1), "x"), "expected a length"),
    (HostFunction.READ, (None, 1), "expected an address"),
    (HostFunction.READ, ({"constant": 8}, 1), "no memory"),
    (HostFunction.READ, (at(77), 1), "never existed"),
    (HostFunction.WRITE, (at(1, 15), b"ab"), "1 bytes are left there, 2 are asked for"),
    (HostFunction.WRITE, (at(1), "text"), "expected binary"),
    (HostFunction.STRING, (at(1, 20), 1), "lies outside"),
    (HostFunction.BUFFER, (4, b"12345"), "5 bytes do not fit into 4"),
    (HostFunction.BUFFER, (-1, None), "-1 is not a length"),
    (HostFunction.BUFFER, (1 << 60, None), "is not a length"),
    (HostFunction.NEW, (1, "Nowhere", 0), "no struct or union"),
    (HostFunction.NEW, (1, "Endless", 0), "contains itself"),
    (HostFunction.NEW, (9, "Point", 0), "library 9 was not loaded"),
    (HostFunction.NEW, (1, "Point", -1), "is not extra bytes"),
    (HostFunction.NEW, (1, 5, 0), "expected the name of a type"),
    (HostFunction.FREE, (at(1, 4),), "can be freed"),
    (HostFunction.FREE, ({"constant": 5},), "can be freed"),
    (HostFunction.GET, (1, "Stream", at(1), []), "16 bytes are left there, Stream has"),
    (HostFunction.GET, (1, "Point", at(1, 12), []), "4 bytes are left there"),
    (HostFunction.GET, (1, "Point", at(1), ["z"]), "Point has no member 'z'"),
    (HostFunction.GET, (1, "Point", at(1), ["x", "y"]), "there is no 'y' in it"),
    (HostFunction.GET, (1, "Point", at(1), [0]), "there is no 0 in it"),
    (HostFunction.GET, (1, "Point", at(1), "x"), "expected a library, a type name, an address and a path"),
    (HostFunction.GET, (1, "Point", {"constant": 8}, []), "no struct"),
    (HostFunction.SET, (1, "Point", at(1), ["x"], "one"), "expected an integer"),
    (HostFunction.SET, (1, "Point", at(1), [], [1]), "the 2 members of Point"),
    (HostFunction.SIZE, (1, "Nowhere"), "no struct or union"),
    (HostFunction.CALLBACK, (1, "Nothing", 1), "no callback"),
    (HostFunction.CALLBACK, (1, "Unary", -1), "expected the number of a delegate"),
    (HostFunction.INFO, (1,), "INFO takes 0 arguments, 1 were given"),
]


@pytest.mark.parametrize(("asked", "arguments", "text"), EDGES)
def test_the_edges_of_memory_are_guarded(
    client: ClientSession, blocks: Blocks, asked: HostFunction, arguments: tuple[Any, ...], text: str
) -> None:
    """Whatever a client says of a block of ours, nothing outside of it is touched and nothing is left behind."""
    buffer = blocks.buffer(16)
    assert buffer == 1

    with pytest.raises(Fault) as caught:
        blocks.line.system(asked, *arguments)

    assert text in caught.value.message
    counts = client.info()
    assert (counts["allocations"], counts["objects"], counts["delegates"]) == (1, 1, 0)


def test_an_unknown_function_of_the_host_is_a_fault(gallery: Library) -> None:
    """Library 0 has the functions of the protocol and no others."""
    with pytest.raises(Fault, match="no function 999"):
        gallery.line.call(0, 999)
    with pytest.raises(Fault, match="library 77"):
        gallery.line.call(77, 0)
    with pytest.raises(Fault, match="no function number 9999"):
        gallery.line.call(gallery.number, 9999)


def test_what_native_code_made_is_not_freed_by_us(gallery: Library) -> None:
    """FREE is for what NEW, BUFFER and CALLBACK made."""
    thing = gallery("thing_open", 1)["ref"][1]

    with pytest.raises(Fault, match="can be freed"):
        gallery.line.system(HostFunction.FREE, at(thing))


def test_sizes_are_the_hosts(blocks: Blocks) -> None:
    """SIZE tells what the C compiler would."""
    sizes = [blocks.line.system(HostFunction.SIZE, blocks.library, name) for name in ("Point", "Number", "Packed")]

    assert sizes == [8, 8, 7]


def test_fields_are_set_and_got_by_path(blocks: Blocks) -> None:
    """GET and SET reach members, elements of arrays, members of their structs, and the whole."""
    mixed = blocks.new("Mixed")

    blocks.set("Mixed", mixed, "weight", value=2.5)
    blocks.set("Mixed", mixed, "values", 1, value=-7)
    blocks.set("Mixed", mixed, "corners", 1, "y", value=13)
    blocks.set("Mixed", mixed, "corners", 0, value=[1, 2])
    blocks.set("Mixed", mixed, "name", value=b"longer7")
    blocks.set("Mixed", mixed, "name", value=b"new")
    blocks.set("Mixed", mixed, "on", value=True)
    blocks.set("Mixed", mixed, "color", value=-1)
    blocks.set("Mixed", mixed, "raw", value=b"\1\2\3\4")
    blocks.set("Mixed", mixed, "raw", value=None)

    packed = struct.pack("3i", 0, -7, 0)
    assert blocks.get("Mixed", mixed) == [0, 2.5, 0, b"new", packed, [[1, 2], [0, 13]], None, True, -1, bytes(4)]
    assert blocks.get("Mixed", mixed, "values", 1) == -7
    assert blocks.get("Mixed", mixed, "corners") == [[1, 2], [0, 13]]
    assert blocks.get("Mixed", mixed, "corners", 1, "y") == 13


def test_a_whole_struct_is_set_at_once(gallery: Library, blocks: Blocks) -> None:
    """SET with an empty path takes every member; C sees them."""
    mixed = blocks.new("Mixed")
    wire = [-3, 2.5, 300, b"seven77", [1, -2, 3], [[0, 0], [12, 13]], b"text", True, 5, b"\0\0\0\x09"]

    blocks.set("Mixed", mixed, value=wire)

    assert gallery("mixed_check", at(mixed)) == 1


def test_unions_are_read_by_member_and_as_bytes(blocks: Blocks) -> None:
    """R7.8: a union's bytes are the truth, its members are views of them."""
    tagged = blocks.new("Tagged")

    blocks.set("Tagged", tagged, "number", "d", value=1.0)

    assert blocks.get("Tagged", tagged, "number") == struct.pack("d", 1.0)
    assert blocks.get("Tagged", tagged, "number", "i") == 0
    assert blocks.get("Tagged", tagged, "number", "bytes") == struct.pack("d", 1.0)


def test_bit_fields_are_set_without_their_neighbours(blocks: Blocks) -> None:
    """A bit-field is changed alone, and takes only what its width holds."""
    bits = blocks.new("Bits")
    blocks.set("Bits", bits, value=[1, 2, -3, True])

    blocks.set("Bits", bits, "b", value=31)

    assert blocks.get("Bits", bits) == [1, 31, -3, True]
    with pytest.raises(Fault, match=r"32 not in 0\.\.31"):
        blocks.set("Bits", bits, "b", value=32)


def test_a_flexible_array_has_the_extra_bytes(gallery: Library, blocks: Blocks) -> None:
    """NEW's extra bytes hold the elements behind the struct; an index beyond them is refused."""
    flexible = blocks.new("Flexible", extra=12)
    blocks.set("Flexible", flexible, "n", value=3)
    for index in range(3):
        blocks.set("Flexible", flexible, "v", index, value=10 + index)

    assert gallery("flexible_sum", at(flexible)) == 33
    assert blocks.get("Flexible", flexible, "v", 2) == 12
    assert blocks.get("Flexible", flexible) == [3, b""]
    for index in (3, -1):
        with pytest.raises(Fault, match="lies outside the array"):
            blocks.get("Flexible", flexible, "v", index)


def make_stream(blocks: Blocks, data: bytes, room: int) -> tuple[int, int, int]:
    stream, source, target = blocks.new("Stream"), blocks.buffer(len(data), data), blocks.buffer(room)
    blocks.set("Stream", stream, "next_in", value=at(source))
    blocks.set("Stream", stream, "avail_in", value=len(data))
    blocks.set("Stream", stream, "next_out", value=at(target))
    blocks.set("Stream", stream, "avail_out", value=room)
    return stream, source, target


def test_a_struct_that_native_code_remembers(gallery: Library, blocks: Blocks) -> None:
    """Memory stays at one address between calls, and pointers that come back are the blocks with offsets."""
    stream, source, target = make_stream(blocks, b"HELLO WORLD", 5)

    assert gallery("pump", at(stream)) == 5
    assert blocks.read(target, 0, 5) == b"hello"
    moved = blocks.get("Stream", stream, "next_in")
    assert (moved["ref"][1], moved["offset"]) == (source, 5)
    end = blocks.get("Stream", stream, "next_out")
    assert (end["ref"][1], end["offset"]) == (target, 5)
    assert blocks.get("Stream", stream, "avail_in") == 6


def test_a_block_keeps_alive_what_its_fields_point_to(client: ClientSession, gallery: Library, blocks: Blocks) -> None:
    """Buffers given up by the client live until the struct is freed or the pointer is overwritten."""
    stream, source, target = make_stream(blocks, b"HELLO WORLD", 64)
    client.release([source, 1])
    assert client.info()["allocations"] == 3 + 2

    assert gallery("pump", at(stream)) == 11
    assert blocks.read(target, 0, 11) == b"hello\0world"

    blocks.set("Stream", stream, "next_in", value=None)
    assert client.info()["allocations"] == 2 + 1
    blocks.free(stream)
    blocks.free(target)
    assert client.info()["allocations"] == 0


def test_text_in_a_field_belongs_to_the_block(client: ClientSession, gallery: Library, blocks: Blocks) -> None:
    """Text is copied into the host and lives until it is replaced or the block is freed."""
    stream = blocks.new("Stream")
    blocks.set("Stream", stream, "message", value=b"first")
    blocks.set("Stream", stream, "messages", 1, value=b"other")
    assert client.info()["allocations"] == 1 + 2

    blocks.set("Stream", stream, "message", value=b"second one")

    assert gallery("message_length", at(stream)) == 10
    assert blocks.get("Stream", stream, "message") == b"second one"
    assert blocks.get("Stream", stream, "messages") == [None, b"other"]
    assert client.info()["allocations"] == 1 + 2
    client.release([stream, 1])
    assert client.info()["allocations"] == 0


def test_text_is_freed_once_and_only_when_it_is_handed_out(gallery: Library, blocks: Blocks) -> None:
    """R7.19, R8.1: a struct that comes out of a call gives its text away; one that is looked at does not."""
    assert gallery("named_make") == (None, [[[1, b"named"]]])
    assert gallery("count_alive_texts") == 0

    named = blocks.new("Named")
    blocks.set("Named", named, "text", value=b"ours")
    assert [blocks.get("Named", named, "text") for _ in range(2)] == [b"ours"] * 2
    assert gallery("named_show", {"delegate": 1}, delegates={1: lambda given: len(given[0][0][1])}) == 5
    assert gallery("count_alive_texts") == 0


def test_a_callable_in_a_field_lives_as_long_as_it_stands_there(
    client: ClientSession, gallery: Library, blocks: Blocks
) -> None:
    """A field may hold a client's callable: native code calls it in later calls, until the field is overwritten."""
    stream, _, _ = make_stream(blocks, b"abc", 10)
    blocks.set("Stream", stream, "hook", value={"delegate": 4})

    assert gallery("pump", at(stream), delegates={4: lambda given: given[0] * 100}) == 300
    assert blocks.get("Stream", stream, "hook") == {"delegate": 4}
    assert client.info()["delegates"] == 1
    blocks.set("Stream", stream, "hook", value=None)
    assert client.info()["delegates"] == 0
    assert gallery("pump", at(stream)) == 0


def test_native_memory_is_read_by_its_pointer(gallery: Library, blocks: Blocks) -> None:
    """A pointer of native code is an object too: read, written and seen as a struct where it points."""
    buffer = blocks.buffer(16)
    gallery("remember", at(buffer, 4))

    assert [gallery("recall", 0)["offset"], gallery("recall", 12)["offset"]] == [4, 16]
    assert gallery("recall", 0)["ref"][1] == buffer
    outside = gallery("recall", 1 << 20)["ref"]
    assert (outside[1] != buffer, outside[2]) == (True, "")

    thing = gallery("thing_open", 77)["ref"][1]
    assert blocks.read(thing, 0, 4) == struct.pack("i", 77)
    blocks.set("Point", thing, "x", value=78)
    assert gallery("thing_value", at(thing)) == 78


def test_the_start_of_one_block_is_not_the_end_of_another(gallery: Library, blocks: Blocks) -> None:
    """One past the end of a block belongs to that block, whatever lies behind it."""
    buffers = [blocks.buffer(32) for _ in range(200)]

    for number in buffers:
        gallery("remember", at(number, 32))
        place = gallery("recall", 0)
        assert (place["ref"][1], place["offset"]) == (number, 32)


def test_memory_is_passed_by_pointer_and_not_copied(gallery: Library, blocks: Blocks) -> None:
    """R1.16: an address as an array, text or struct is used in place; it is not repeated among the outs."""
    numbers = blocks.buffer(12, struct.pack("3i", 1, 2, 3))

    assert gallery("sum", at(numbers), 3) == 6
    assert gallery("negate", at(numbers, 4), 2) == (None, [None])
    assert struct.unpack("3i", blocks.read(numbers, 0, 12)) == (1, -2, -3)
    assert gallery("squares", at(numbers), 3)[1] == [None]
    assert gallery("text_length", at(blocks.buffer(8, b"seven"))) == 5
    point = blocks.new("Point")
    blocks.set("Point", point, value=[1, 2])
    assert gallery("point_swap", at(point)) == (None, [None])
    assert blocks.get("Point", point) == [2, 1]


def test_a_handle_is_closed_by_the_call_that_says_so(client: ClientSession, gallery: Library) -> None:
    """R10.8: after [closes] the handle is gone, and what a client still holds of it is harmless to give back."""
    thing = gallery("thing_open", 1)["ref"][1]

    gallery("thing_close", at(thing))

    assert gallery("things_open") == 0
    for name in ("thing_value", "thing_close"):
        with pytest.raises(Fault, match="is gone") as caught:
            gallery(name, at(thing))
        assert caught.value.name == "ObjectGone"
    client.release([thing, 1])
    assert not [message for message in client.heard if isinstance(message, Notice)]
    assert client.info()["objects"] == 0


def test_references_are_counted_per_sending(client: ClientSession, gallery: Library) -> None:
    """R17.11: an object lives until as many references came back as were sent; one too many is refused."""
    thing = gallery("thing_open", 1)["ref"][1]
    gallery("thing_self", at(thing))

    client.release([thing, 1])
    assert gallery("thing_value", at(thing)) == 1
    client.release([thing, 2])
    assert "2 references given back, 1 were out" in client.hear(Notice).message
    client.release([thing, 1])
    assert client.info()["objects"] == 0
