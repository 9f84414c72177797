"""The small parts that both sides must read alike: limits, the ABI, call slots, the model's names, faults."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate_protocol import slots
from callgate_protocol.abi import Abi
from callgate_protocol.errors import FAULTS, Fault, LocalProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS, Limits
from callgate_protocol.model import (
    COMPLEX,
    FLOATS,
    INTEGERS,
    Array,
    Function,
    FunctionPointer,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    Scalar,
    TypeLibrary,
    Void,
    c_name,
)
from callgate_protocol.slots import Phase, Slot
from tests.protocol.strategies import plain_values, quick

figures = st.builds(Limits, **dict.fromkeys(Limits.__match_args__, st.integers(1, 1 << 40)))


# -- limits ------------------------------------------------------------------------------------------------------


@quick(60)
@given(figures, figures)
def test_both_sides_keep_the_smaller_figure(ours: Limits, theirs: Limits) -> None:
    """`meet` is the same from both sides, and no figure of it is larger than either's."""
    met = ours.meet(theirs)

    assert met == theirs.meet(ours)
    assert met == met.meet(ours)
    for name, figure in met.as_map().items():
        assert figure == min(getattr(ours, name), getattr(theirs, name))


@quick(60)
@given(figures)
def test_limits_survive_hello(limits: Limits) -> None:
    """The map of `hello` gives the same limits again, also with names of a newer version in it."""
    assert limits == Limits.from_map({**limits.as_map(), "moons": "two"})


def test_a_missing_figure_is_the_default() -> None:
    """A peer that does not name a limit has the default one."""
    assert Limits.from_map({}) == DEFAULT_LIMITS
    assert Limits.from_map({"depth": 3}) == Limits(depth=3)


@pytest.mark.parametrize("figure", [0, -1, True, 1.5, "64", None, []])
def test_a_figure_is_a_positive_integer(figure: Any) -> None:
    """Anything else raises ValueError that names the limit."""
    with pytest.raises(ValueError, match="'depth' must be a positive integer"):
        Limits.from_map({"depth": figure})


@quick(60)
@given(figures)
def test_a_step_is_within_every_bound(limits: Limits) -> None:
    """The chunks that are sent fit into a chunk, a frame that travels inline, and half a window."""
    assert 1 <= limits.step <= max(1, min(limits.chunk_bytes, limits.inline_bytes, limits.credit_bytes // 2))


# -- the ABI -----------------------------------------------------------------------------------------------------

UNSIGNED = {name for name in INTEGERS if name.startswith("u") or name in {"size", "char16", "char32"}}
SIZES = dict.fromkeys([*INTEGERS, *FLOATS, *COMPLEX, "bool", "pointer"], 4) | {
    "char": 1,
    "i1": 1,
    "u1": 1,
    "bool": 1,
    "i2": 2,
    "u2": 2,
    "i8": 8,
    "u8": 8,
    "double": 8,
    "ldouble": 16,
}
SAMPLE = Abi("sample", "little", SIZES, frozenset(INTEGERS.keys() - UNSIGNED))


def test_an_abi_survives_welcome() -> None:
    """The map of `welcome` gives an equal ABI."""
    assert Abi.from_map(SAMPLE.as_map()) == SAMPLE


@pytest.mark.parametrize(
    ("scalar", "low", "high", "code"),
    [
        ("i1", -128, 127, "b"),
        ("u1", 0, 255, "B"),
        ("i2", -32768, 32767, "h"),
        ("u4", 0, 4294967295, "I"),
        ("i8", -(1 << 63), (1 << 63) - 1, "q"),
        ("u8", 0, (1 << 64) - 1, "Q"),
        ("long", -(1 << 31), (1 << 31) - 1, "i"),
    ],
)
def test_sizes_and_signs_give_ranges_and_codes(scalar: str, low: int, high: int, code: str) -> None:
    """The range of an integer, and the code that packs it, follow from the host's size and sign."""
    assert (low, high) == SAMPLE.integer_range(scalar)
    assert code == SAMPLE.struct_code(scalar)


def test_codes_of_what_is_no_integer() -> None:
    """Floats and booleans have a code of their own; a long double has none."""
    assert [SAMPLE.struct_code(name) for name in ("float", "double", "ldouble", "bool")] == ["f", "d", "", "?"]
    assert SAMPLE.order_code == "<"
    assert SAMPLE.replace(byte_order="big").order_code == ">"


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"byte_order": "middle"},
        {"byte_order": []},
        {"sizes": None},
        {"sizes": {}},
        {"sizes": {**SIZES, "int": 3}},
        {"sizes": {**SIZES, "int": "4"}},
        {"signed": None},
        {"signed": [1]},
    ],
)
def test_an_incomplete_abi_is_refused(change: dict[str, Any]) -> None:
    """Missing names, odd sizes and wrong types raise ValueError."""
    with pytest.raises(ValueError, match=r"abi|sizes"):
        Abi.from_map({**SAMPLE.as_map(), **change})


@quick(60)
@given(st.fixed_dictionaries(dict.fromkeys(("name", "byte_order", "sizes", "signed"), plain_values)))
def test_noise_is_no_abi(wire: dict[str, Any]) -> None:
    """Any plain values raise ValueError, never another exception."""
    with pytest.raises(ValueError, match=r"abi|sizes"):
        Abi.from_map(wire)


# -- call slots --------------------------------------------------------------------------------------------------


def memory() -> memoryview:
    return memoryview(bytearray(slots.MEMORY_BYTES))


def test_a_slot_is_read_as_it_was_written() -> None:
    """Every field comes back, at the largest values it can hold."""
    view, slot = memory(), Slot(Phase.NATIVE, (1 << 32) - 1, (1 << 64) - 1, (1 << 32) - 1, (1 << 32) - 1, (1 << 32) - 1)
    slots.pack_into_slot(view, slots.slot_offset(slots.SLOT_COUNT - 1), slot)

    assert [slot] == slots.read_slots(view)


def test_slots_lie_where_the_document_says() -> None:
    """The bytes of a slot and of the counter have fixed places, little-endian."""
    view = memory()
    slots.ANSWERED.pack_into(view, 0, 3)
    slots.pack_into_slot(view, slots.slot_offset(1), Slot(2, 7, 8, 9, 10, 11))

    assert slots.read_answered(view) == 3
    expected = b"".join(n.to_bytes(w, "little") for n, w in ((2, 4), (7, 4), (8, 8), (9, 4), (10, 4), (11, 4)))
    assert bytes(view[128 : 128 + len(expected)]) == expected
    assert slots.MEMORY_BYTES == 64 + 64 * 64


def test_only_slots_of_threads_are_listed() -> None:
    """A slot that no thread has taken is left out, one that is idle now is not."""
    view = memory()
    assert slots.read_slots(view) == []

    slots.pack_into_slot(view, slots.slot_offset(5), Slot(Phase.IDLE, 42, 1, 1, 1, 1))
    assert [slot.thread for slot in slots.read_slots(view)] == [42]


def test_a_phase_is_written_alone() -> None:
    """Changing the phase leaves the rest of the slot as it is."""
    view, offset = memory(), slots.slot_offset(0)
    slots.pack_into_slot(view, offset, Slot(Phase.ACCEPTED, 1, 2, 3, 4, 5))
    slots.pack_into_phase(view, offset, Phase.CALLBACK)

    assert [Slot(Phase.CALLBACK, 1, 2, 3, 4, 5)] == slots.read_slots(view)


def test_a_call_has_begun_once_native_code_was_entered() -> None:
    """Idle and accepted calls have not begun; native, calling back and returned ones have."""
    begun = [Slot(phase, 1, 1, 1, 1, 1).begun for phase in range(len(Phase.NAMES))]

    assert begun == [False, False, True, True, True]


# -- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ctype", "text"),
    [
        (Void(), "void"),
        (Scalar("ullong"), "unsigned long long"),
        (Scalar("bool"), "_Bool"),
        (Scalar("ldouble"), "long double"),
        (Pointer(Pointer(Scalar("char"), const=True)), "const char **"),
        (Array(Scalar("i4"), 3), "int32_t[3]"),
        (Array(Scalar("i4"), 0), "int32_t[]"),
        (FunctionPointer("visit"), "visit"),
        (Opaque("tree"), "tree"),
    ],
)
def test_types_are_named_as_in_c(ctype: Any, text: str) -> None:
    """Messages speak C."""
    assert text == c_name(ctype)


@pytest.mark.parametrize(
    "groups",
    [
        {"functions": (Function("b", Parameter("", Void()), ()), Function("a", Parameter("", Void()), ()))},
        {"records": (Record("a", ()), Record("a", ()))},
        {"opaques": (OpaqueType("b"), OpaqueType("a"))},
        {"opaques": (OpaqueType("a"), OpaqueType("a"))},
    ],
)
def test_a_library_is_sorted_and_unique(groups: dict[str, Any]) -> None:
    """Entries that are out of order or named twice raise ValueError: a function's number is its place."""
    with pytest.raises(ValueError, match="sorted"):
        TypeLibrary(**groups)


def test_entries_are_found_by_name() -> None:
    """Records are looked up by name, and KeyError says that there is none."""
    library = TypeLibrary(records=(Record("a", ()), Record("b", (), union=True)))

    assert library.record("b").union
    for find in (library.record, library.enum, library.delegate):
        with pytest.raises(KeyError, match="nowhere"):
            find("nowhere")


def test_a_fault_has_a_name_of_the_protocol() -> None:
    """A fault that the peer would not know is an error of ours."""
    fault = Fault("OutOfRange", "too much", index=3)

    assert (fault.name, fault.message, fault.details) == ("OutOfRange", "too much", {"index": 3})
    assert "OutOfRange" in FAULTS
    with pytest.raises(LocalProtocolError, match="'Oops'"):
        Fault("Oops", "")
