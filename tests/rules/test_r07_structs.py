"""R7.7 to R7.23: structs by value and by pointer, what they own, and what their members may be."""

from __future__ import annotations

import datetime as dt
import gc
import uuid
from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched

TYPES = """
    typedef struct { int id; [free(free)] char *text; const char *other; } Owner;
    typedef struct { int id; [free(give_back)] char *text; [free(give_back)] char *other; } Made;
    typedef struct { int x, y; } P2;
    typedef enum { RED, GREEN = 5 } Colour;
    typedef struct { int (*f)(int value); GUID id; BOOL ok; _Bool flag; Colour colour; DATE date; const char *text;
                     void *p; } Kinds;
    typedef struct { unsigned a : 3, b : 5; int c : 10; _Bool d : 1; } Bits;
    typedef struct { unsigned short w[8]; } SystemTime;
    void give_back(void *p);
    int texts_alive(void);
    int owner_replace([in, out] Owner *o, int how);
    int owners_replace([in, out, size_is(n)] Owner *o, int n);
    int owner_read(const Owner *o);
    void owner_make([out] Made *o);
    int by_value(P2 p);
    int by_pointer([in, out] P2 *p);
    int nullable([unique] P2 *p);
    void point_at([out] P2 **p);
    int point_through([in, out] P2 **p);
    int sum_of([size_is(n)] P2 **v, int n);
    void system_time([in, out] SystemTime *st);
    int kinds_check(const Kinds *k);
    void kinds_make([out] Kinds *k);
    double take_Bits(Bits v);
    Bits make_Bits(int k);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("layout", TYPES)


@pytest.fixture(scope="module")
def types(lib: Lib) -> Any:
    return callgate.types(lib)


def test_r07_07_by_value_or_by_pointer_as_c_says(lib: Lib, types: Any) -> None:
    """A copy goes in and stays native; a pointer's target comes back when the declaration says so."""
    point = types.P2(1, 2)

    assert lib.by_value(point) == 101
    assert lib.by_pointer(point) == (101, types.P2(101, 2))
    assert point == types.P2(1, 2)


@pytest.mark.rule("R7.12")
def test_r07_13_a_box_or_host_memory_is_changed_itself(lib: Lib, types: Any) -> None:
    """What a layout class is in .NET: one pointer, and the very object is filled."""
    box = callgate.Box(types.P2(1, 2))
    assert lib.by_pointer(box) == 101
    assert box.value == types.P2(101, 2)
    with callgate.new(lib, "P2") as point:
        point.x = 5
        assert lib.by_pointer(point) == 105
        assert point.x == 105


def test_r07_12_sixteen_bytes_are_filled(lib: Lib, types: Any) -> None:
    with callgate.new(lib, "SystemTime") as moment:
        lib.system_time(moment)
        assert [moment.w[each] for each in range(8)] == list(range(1000, 1008))
    assert lib.system_time(types.SystemTime()).w == list(range(1000, 1008))


def test_r07_14_levels_of_indirection(lib: Lib, types: Any) -> None:
    """`T`, `T *`, `T *` that may be NULL, and `T **` for a pointer that comes back."""
    assert lib.nullable(None) == 1
    assert lib.nullable(types.P2()) == 0
    with untouched(lib), pytest.raises(callgate.NullReferenceError, match="argument 1 'p' of by_pointer"):
        lib.by_pointer(None)
    pointer = lib.point_at()
    assert (pointer.x, pointer.y) == (3, 4)
    assert lib.point_through(pointer) == (3, None)
    assert lib.point_through(callgate.Box(None)) == -1
    assert lib.sum_of([pointer, None, pointer], 3) == 1006


@pytest.mark.parametrize(
    "text",
    [
        "int by_value({} p);",
        "int by_value(int (*f)({} p));",
        "int by_value(const struct s ***p); struct s {{ int a; }};",
    ],
)
@pytest.mark.rule("R7.14", "R19.5")
def test_r07_15_more_stars_are_refused(load_both: Loader, text: str) -> None:
    """In both directions, with what to write instead."""
    loaded = load_both("layout", "typedef struct { int x, y; } P2; " + text.format("P2 **"))
    with pytest.raises(callgate.MarshalDirectiveError, match=r"'p' of .*R7.15.*void \*"):
        loaded.by_value(None)


@pytest.mark.rule("R8.1", "R8.10")
def test_r07_19_what_a_struct_owns_is_freed_once(lib: Lib, types: Any) -> None:
    """Out: both texts are copied and given back."""
    before = lib.texts_alive()
    for _ in range(3):
        assert lib.owner_make() == types.Made(1, "made", "other")
    assert lib.texts_alive() == before


@pytest.mark.parametrize(("how", "text"), [(0, "mine"), (1, "replaced"), (2, None)], ids=["kept", "replaced", "nulled"])
def test_r07_19_the_final_pointer_is_released(lib: Lib, types: Any, how: int, text: str | None) -> None:
    """The callee frees our text and stores its own, or nothing: neither is freed twice."""
    owner = types.Owner(1, "mine", "other")
    for _ in range(20):
        assert lib.owner_replace(owner, how) == (4, types.Owner(2, text, "other"))
    assert lib.owner_read(owner) == 41


def test_r07_19_in_arrays_of_structs_too(lib: Lib, types: Any) -> None:
    owners = [types.Owner(each, "mine", "other") for each in range(3)]
    assert lib.owners_replace(owners, 3) == 3
    assert [each.text for each in owners] == ["mine", "replaced", None]


@pytest.mark.rule("R7.16", "R9.5")
def test_r07_18_every_kind_of_member_travels(lib: Lib, types: Any) -> None:
    """A callable, a GUID, truth values, an enum, a date, text and a pointer; nothing stays behind."""
    guid = uuid.UUID("12345678-0000-0000-0000-0000000000ff")
    when = lib.kinds_make().date
    value = {"f": lambda v: 2 * v, "id": guid, "ok": True, "flag": True, "colour": "GREEN", "text": "text", "p": None}
    value["date"] = when + dt.timedelta(hours=12)

    before = (len(callgate.types(lib).__dict__), lib.texts_alive())
    assert lib.kinds_check(value) == 1
    gc.collect()
    assert (len(callgate.types(lib).__dict__), lib.texts_alive()) == before

    made = lib.kinds_make()
    assert (made.f, made.flag, made.colour, made.text, made.p) == (None, True, types.Colour.RED, "made", None)
    assert made.id == uuid.UUID(int=0)


def test_r07_20_fixed_buffers(load_both: Loader) -> None:
    """An array of BOOLs has elements of four bytes, each converted."""
    loaded = load_both("layout", "typedef struct { BOOL on[2]; unsigned char raw[6]; } Fixed; int texts_alive(void);")
    fixed = callgate.types(loaded).Fixed

    assert callgate.layout(loaded, "Fixed") == (16, 4, {"on": 0, "raw": 8})
    with callgate.new(loaded, "Fixed") as memory:
        memory.on[1] = True
        assert callgate.read(memory, 8) == bytes([0, 0, 0, 0, 1, 0, 0, 0])
        assert callgate.cast(loaded, memory, "Fixed") == fixed([False, True], bytes(6))


def test_r07_23_bit_fields_are_members(lib: Lib, types: Any) -> None:
    """C's own bit order; values beyond the width are refused."""
    value = types.Bits(a=5, b=20, c=-3, d=True)

    assert lib.take_Bits(value) == 5 + 200 - 300 + 1000
    assert lib.make_Bits(7) == types.Bits(5, 7, -7, True)
    with callgate.new(lib, "Bits") as bits:
        bits.b, bits.c = 31, -512
        assert (bits.a, bits.b, bits.c) == (0, 31, -512)
    for name, wrong in {"a": 8, "b": 32, "c": 512}.items():
        with untouched(lib), pytest.raises(callgate.OutOfRange, match=rf"'v'\.{name} of take_Bits"):
            lib.take_Bits(types.Bits(**{name: wrong}))


@pytest.mark.rule("R6.15", "R19.14")
def test_r06_15_flexible_arrays_live_in_the_host_only(load_both: Loader) -> None:
    """By value they are refused; at the end of a struct that stays they are read and written."""
    loaded = load_both("gallery", "struct flexible { int n; int v[]; }; int flexible_sum(const struct flexible *f); "
                                  "int point_sum(struct flexible f);")  # fmt: skip
    with callgate.new(loaded, "flexible", extra=12) as flexible:
        flexible.n = 3
        callgate.write(flexible, bytes([3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0]))
        assert loaded.flexible_sum(flexible) == 15
    with pytest.raises(callgate.MarshalDirectiveError, match=r"'f' of point_sum.*flexible array.*R7.9"):
        loaded.point_sum({"n": 1})
