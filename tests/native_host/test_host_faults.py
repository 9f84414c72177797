"""What a client must not send: each is refused by name before native code runs, with nothing left behind."""

from __future__ import annotations

import contextlib
import math
import random
from typing import Any

import pytest

from callgate_native_host.faults import Mismatch, fault_of
from callgate_native_host.objects import Block, Entry
from callgate_native_host.scope import Scope
from callgate_protocol.errors import Fault
from callgate_protocol.limits import DEFAULT_LIMITS

from .bench import Bench

GONE = {"at": [99, 0]}
POINT = [1, 2]

BAD: list[tuple[str, tuple[Any, ...], str, str]] = [
    ("echo_int", ("1",), "MarshalError", "argument 1 'value' of echo_int: expected an integer, got a string"),
    ("echo_int", (1.0,), "MarshalError", "got a float"),
    ("echo_int", (True,), "MarshalError", "got a boolean"),
    ("echo_int", (None,), "MarshalError", "got nil"),
    ("echo_int", (1 << 31,), "OutOfRange", "2147483648 not in -2147483648..2147483647"),
    ("echo_u1", (-1,), "OutOfRange", "-1 not in 0..255"),
    ("echo_u8", (1 << 64,), "OutOfRange", "not in 0.."),
    ("echo_double", (b"1",), "MarshalError", "expected a float"),
    ("echo_double", (10**400,), "OutOfRange", "not in"),
    ("echo_float", (1e39,), "OutOfRange", "not in"),
    ("echo_bool", (1,), "MarshalError", "expected a boolean"),
    ("echo_color", ("RED",), "MarshalError", "expected an integer"),
    ("touch", (1,), "ArgumentError", "touch takes 2 arguments, 1 were given"),
    ("touch", (1, 2, 3), "ArgumentError", "3 were given"),
    ("touch", (1, 1 << 40), "OutOfRange", "argument 2 'b' of touch"),
    ("absent", (1,), "EntryPointNotFoundError", "there is no function absent"),
    ("sum", (None, 0), "NullReferenceError", "NULL is not allowed"),
    ("sum", ([1, "2"], 2), "MarshalError", "argument 1 'v'[1] of sum"),
    ("sum", ([1], 2), "ArgumentError", "it has 1 elements, but the count says 2"),
    ("sum", ([1], -1), "ArgumentError", "the count 'n' is -1"),
    ("sum", (b"\0\0\0\0\0", 1), "ArgumentError", "no whole number"),
    ("sum", (3, 3), "MarshalError", "expected binary"),
    ("sum", ({"payload": 0}, 1), "MarshalError", "expected binary, got a map"),
    ("sum", ({"payload": -1}, 1), "MarshalError", "expected binary"),
    ("sum", ({"at": 5}, 1), "MarshalError", "expected an address"),
    ("sum", ({"at": [1.5, 0]}, 1), "MarshalError", "expected an address"),
    ("sum", ({"at": [1, 0], "x": 1}, 1), "MarshalError", "expected an address"),
    ("sum", (GONE, 1), "ObjectGone", "object 99 never existed"),
    ("squares", (-1, 0), "ArgumentError", "-1 is no number of elements"),
    ("squares", (1 << 40, 0), "ArgumentError", "are more than"),
    ("squares", ([1, 2], 2), "MarshalError", "expected a number of elements"),
    ("sum", ({"like": 0}, 1), "MarshalError", "expected the number of an earlier array"),
    ("sum", ({"like": -1}, 1), "MarshalError", "expected the number of an earlier array"),
    ("sum", ({"like": "v"}, 1), "MarshalError", "expected the number of an earlier array"),
    ("squares", (2, 3), "ArgumentError", "it has 2 elements, but the count says 3"),
    ("shrink", ([1], [2]), "ArgumentError", "but the count says 2"),
    ("increment", ([],), "ArgumentError", "needs a value"),
    ("pattern", (4, 5), "ArgumentError", "but the count says 5"),
    ("checksum", ([1, 2], 2), "MarshalError", "expected binary, got an array"),
    ("text_length", ("text",), "MarshalError", "expected binary, got a string"),
    ("text_length", (b"a\0b",), "ArgumentError", "embedded NUL at byte 1"),
    ("total_length", ([b"a", b"b\0"], 2), "ArgumentError", "argument 1 'v'[1] of total_length: embedded NUL"),
    ("rename_text", ([b"old"], "x"), "MarshalError", "argument 2 'mode'"),
    ("point_sum", ([1],), "MarshalError", "expected an array with the 2 members of Point"),
    ("point_sum", ([1, "y"],), "MarshalError", "argument 1 'p'.y of point_sum"),
    ("points_shift", ([POINT, [1, None]], 2, 1), "MarshalError", "argument 1 'p'[1].y of points_shift"),
    ("mixed_check", ([[0] * 10],), "MarshalError", "argument 1 'm'[0].name of mixed_check"),
    ("bits_next", ([[8, 0, 0, False]],), "OutOfRange", "argument 1 'b'[0].a of bits_next: 8 not in 0..7"),
    ("bits_next", ([[0, 0, 512, False]],), "OutOfRange", "'b'[0].c"),
    ("number_read", ([[0, bytes(9)]],), "ArgumentError", "9 bytes do not fit into Number, which has 8"),
    ("thing_value", (None,), "ArgumentError", "NULL is not a Thing handle"),
    ("thing_value", (b"x",), "MarshalError", "expected an address"),
    ("thing_value", (GONE,), "ObjectGone", "never existed"),
    ("pointer_value", ({"constant": "x"},), "MarshalError", "expected a constant"),
    ("pointer_value", ({"constant": 1 << 64},), "MarshalError", "expected a constant"),
    ("pointer_value", (5,), "MarshalError", "expected binary"),
    ("shrink", (4, {"constant": 5}), "MarshalError", "argument 1 'v' of shrink: expected binary"),
    ("shrink", ([4], {"constant": 5}), "ArgumentError", "lies behind a magic pointer"),
    ("apply", ({"delegate": -1}, 1), "MarshalError", "expected the number of a delegate"),
    ("apply", ({"delegate": 1}, "x"), "MarshalError", "argument 2 'value' of apply"),
    ("apply_with", ({"delegate": 1}, {"context": 0}, 1), "MarshalError", "expected a context"),
    ("set_handler", ({"delegate": 1}, 2), "ArgumentError", "set_handler takes 1 arguments"),
    ("sum_all", (), "ArgumentError", "takes 1 arguments, 0 were given"),
    ("sum_all", (1, 5), "MarshalError", "argument 2 '...' of sum_all: expected a tag and a value"),
    ("sum_all", (1, ["struct", 5]), "MarshalError", "'struct' is no type"),
    ("sum_all", (1, ["int", 1 << 40]), "OutOfRange", "argument 2 '...'"),
]


def refusal(bench: Bench, name: str, *wires: Any) -> Fault:
    """The fault of a call, without the frames that it went through."""
    try:
        bench(name, *wires)
    except Fault as error:
        return fault_of(error, "")
    raise AssertionError(f"{name} took {wires}")


@pytest.mark.parametrize(("name", "wires", "fault", "text"), BAD, ids=[f"{bad[0]}-{n}" for n, bad in enumerate(BAD)])
def test_bad_values_are_refused_before_the_call(
    bench: Bench, name: str, wires: tuple[Any, ...], fault: str, text: str
) -> None:
    """R1.14: the fault names the argument and what is wrong; memory, copies and function pointers are taken back."""
    before = bench("times_called")  # other tests of this process may have loaded the same file

    refused = refusal(bench, name, *wires)

    assert (fault, True) == (refused.name, text in refused.message), refused.message
    assert (len(bench.backend.alive), bench.libc.copies, bench.library.thunks_alive) == (0, 0, 0)
    assert bench("times_called") == before


class Chaos:
    """Wire values at random: of the right kinds, at their edges, and nonsense."""

    def __init__(self, seed: int, objects: list[int]) -> None:
        self._random = random.Random(seed)
        self._objects = objects

    def wires(self, count: int) -> list[Any]:
        return [self._wire(0) for _ in range(count)]

    def _wire(self, depth: int) -> Any:
        make = self._random.choice([self._number, self._number, self._bytes, self._place, self._odd, self._array])
        return make(depth)

    def _number(self, _depth: int) -> Any:
        return self._random.choice([0, 1, -1, 2, 3, 255, 1 << 31, 1 << 63, (1 << 64) - 1, 0.5, 1e39, math.inf, True])

    def _bytes(self, _depth: int) -> Any:
        return self._random.choice([self._random.randbytes(self._random.randrange(40)), {"payload": 0}, {"payload": 9}])

    def _place(self, _depth: int) -> Any:
        number, offset = self._random.choice([*self._objects, 99, 0, -1]), self._random.randrange(-2, 20)
        return self._random.choice([{"at": [number, offset]}, {"constant": 5}, {"constant": -1}, {"delegate": number}])

    def _odd(self, _depth: int) -> Any:
        odd = [None, "", "text", {}, {"at": None}, {"at": [1]}, {"context": 5}, {"x": 1}, ["int", 5], ["text", b"x"]]
        return self._random.choice(odd)

    def _array(self, depth: int) -> Any:
        return [self._wire(depth + 1) for _ in range(self._random.randrange(5))] if depth < 4 else []


@pytest.mark.parametrize("seed", range(4))
def test_nothing_a_client_sends_escapes(bench: Bench, seed: int) -> None:
    """Ten thousand random calls are taken or refused with a fault: no other exception, nothing followed, no leak."""
    memory, address = bench.backend.allocate(16)
    block = bench.objects.add(Entry("", address, Block(memory, address, 16)))
    chaos = Chaos(seed, [block.number, bench("thing_open", 1)["ref"].object])
    names = sorted(bench.index.keys() - {"absent"})
    taken = 0
    for name in names * (10_000 // len(names)):
        plan = bench.library.function(bench.index[name])
        scope = Scope(bench.session, [b"abcd"])
        with contextlib.suppress(Fault):
            plan.enter(chaos.wires(len(plan.signature.passed)), scope)
            taken += 1
        scope.end()
    del scope

    assert taken > 1000
    assert (len(bench.backend.alive), bench.libc.copies, bench.library.thunks_alive) == (1, 0, 0)


def test_a_fault_says_where_in_fields_of_its_own() -> None:
    """The client's exception gets function, argument and path without parsing the text."""
    fault = Mismatch("bad").inside(".name").inside("[3]").fault(2, "rows", "f")

    assert fault.message == "argument 2 'rows'[3].name of f: bad"
    assert fault.details == {"function": "f", "argument": 2, "path": "rows[3].name"}


def test_a_handle_of_another_type_is_refused(bench: Bench) -> None:
    """R10: a handle is what its declaration says, whatever the client holds."""
    other = bench("other_open")["ref"]

    with pytest.raises(Fault, match=r"argument 1 't' of thing_value: expected Thing, got a Other") as caught:
        bench("thing_value", {"at": [other.object, 0]})

    assert caught.value.name == "InvalidCastError"


def test_a_closed_handle_is_gone(bench: Bench) -> None:
    """R10.2: an object that was taken out of use is not passed any more, and its number never means another one."""
    opened = bench("thing_open", 1)["ref"].object
    bench.objects.remove(bench.objects.find(opened))

    with pytest.raises(Fault, match=f"object {opened} is gone") as caught:
        bench("thing_value", {"at": [opened, 0]})

    assert caught.value.name == "ObjectGone"
    assert bench("thing_open", 2)["ref"].object != opened


@pytest.mark.parametrize(("offset", "count"), [(17, 0), (-1, 0), (0, 5), (8, 3), (16, 1)])
def test_a_block_of_ours_is_never_left(bench: Bench, offset: int, count: int) -> None:
    """R6.3: an offset outside a block, or a count beyond its end, is refused."""
    memory, address = bench.backend.allocate(16)
    entry = bench.objects.add(Entry("", address, Block(memory, address, 16)))

    assert bench("sum", {"at": [entry.number, 8]}, 2) == 0
    with pytest.raises(Fault) as caught:
        bench("sum", {"at": [entry.number, offset]}, count)
    assert caught.value.name == "ArgumentError"


def test_an_answer_with_too_many_values_is_refused(bench: Bench) -> None:
    """A list that no message can hold is a fault, not a broken session."""
    count = DEFAULT_LIMITS.nodes

    with pytest.raises(Fault, match="a message holds") as caught:
        bench("points_shift", [[0, 0]] * count, count, 1)

    assert caught.value.name == "ArgumentError"


def test_a_struct_that_contains_itself_is_refused(bench: Bench) -> None:
    """R7.17: recursion by value is a TypeLoadError, not a stack overflow."""
    with pytest.raises(Fault, match="contains itself") as caught:
        bench.library.space.record("Endless")

    assert caught.value.name == "TypeLoadError"
