"""R1.22: part of an array travels: `length_is` beside `size_is` (`tests/native/arrays.c`)."""

from __future__ import annotations

import pytest

import callgate
from callgate import Lib
from callgate.convert import CallContext
from callgate.lib import binding_of

from .conftest import Loader, untouched
from .noting import Noting

PARTS = """
    int times_called(void);
    int read_part([out, size_is(cb), length_is(*got)] unsigned char *buffer, unsigned cb,
                  [out] unsigned *got, unsigned wanted);
    int grow_part([in, out, size_is(size), length_is(*length)] int *v, int size, [in, out] int *length);
    int sum_part([size_is(size), length_is(length)] const int *v, int size, int length);
    int call_part(int (*callback)([size_is(size), length_is(length)] const int *v, int size, int length), int length);
"""


@pytest.fixture(scope="module")
def parts(load_both: Loader) -> Lib:
    """The library of arrays, of which parts travel."""
    return load_both("arrays", PARTS)


def test_r01_22_only_what_was_filled_comes_back(parts: Lib) -> None:
    """Four of ten bytes are written; the rest of the caller's memory is not touched."""
    buffer = bytearray(b"." * 10)
    assert parts.read_part(buffer, 10, 4) == (0, 4)
    assert buffer == b"abcd......"


def test_r01_22_only_what_is_sent_goes_in(parts: Lib) -> None:
    """C sees the first two of four, then zeros, and hands back three."""
    values = [1, 2, 3, 4]
    assert parts.grow_part(values, 4, 2) == (1200, 3)
    assert values == [1, 2, 9, 4]
    assert parts.sum_part([1, 2, 3], 3, 1) == 100


@pytest.mark.parametrize("length", [0, 2, 4])
def test_r01_22_callbacks_get_the_part(parts: Lib, length: int) -> None:
    note = Noting()
    parts.call_part(note, length)
    assert note.seen == [([1, 2, 3, 4][:length], 4, length)]


def test_r01_22_more_than_there_is_room_for_is_a_fault(parts: Lib) -> None:
    """Native code says that it filled 20 of 10: a fault that names both, and no byte beyond is read."""
    buffer = bytearray(10)
    with pytest.raises(callgate.ArgumentError, match=r"'buffer' as it came out of read_part: .* 20 elements of 10"):
        parts.read_part(buffer, 10, 20)
    assert buffer == bytes(10)
    with pytest.raises(callgate.MarshalError, match="5 elements of 4"):
        parts.call_part(lambda v, size, length: 0, 5)


def test_r01_22_the_caller_cannot_send_more_than_there_is(parts: Lib) -> None:
    with untouched(parts), pytest.raises(callgate.ArgumentError, match="'length' says 4 elements are sent"):
        parts.sum_part([1, 2, 3], 3, 4)
    with untouched(parts), pytest.raises(callgate.ArgumentError, match="argument 1 'v' of grow_part: it has 2 elem"):
        parts.grow_part([1, 2], 3, 1)


@pytest.mark.parametrize("length", [0, 10, 5000])
def test_r01_22_fewer_bytes_are_on_the_wire(parts: Lib, length: int) -> None:
    """What is sent is as long as `length_is` says, not as long as the array."""
    binding = binding_of(parts)
    context = CallContext(binding.ready())
    wire = binding.plan(binding.numbers["sum_part"]).encode(([7] * 10_000, 10_000, length), context)
    sent = wire[0][1]
    assert wire[0][0] == 10_000
    assert len(sent if isinstance(sent, bytes) else context.payloads[sent["payload"]]) == 4 * length


def test_r01_22_length_is_needs_size_is(load_both: Loader) -> None:
    lib = load_both("arrays", "int sum_part([length_is(length)] const int *v, int size, int length);")
    with pytest.raises(callgate.MarshalDirectiveError, match="give both"):
        lib.sum_part([1], 1, 1)
