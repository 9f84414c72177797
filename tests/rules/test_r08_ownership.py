"""R8, R1.16, R1.17: who frees what, and what happens when a declaration says it wrongly."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader

PROTOTYPES = """
    struct person { int id; [free] char *name; [free] char *city; };
    [free] char *make_text(const char *s);
    [free] char *same_text(char *s);
    [free] char *rest_of_text(char *s);
    [free] char *literal(void);
    [free] char *data(void);
    [free] char *bss(void);
    [free] char *inside(void);
    [free] char *large(void);
    int out_literal([out, free] char **out);
    int out_two([out, free] char **first, [out, free] char **second);
    [free] wchar_t *wide_literal(void);
    [free(tracked_free)] char *tracked_text(const char *s);
    int tracked_alive(void);
    int two_texts([out, free(tracked_free)] char **a, [out, free(tracked_free)] char **b);
    int person_check(const struct person *p);
    void person_fill(struct person *p);
    int consume(void *block);
    int sum_bytes(const void *p, int n);
    int same_pointers(const void *a, const void *b);
    int set_both([in, out] int *a, [in, out] int *b);
    [throws] HRESULT fail_with_text([in, out, free(tracked_free)] char **s, int mode);
    [throws] HRESULT ask_and_fail(int (*f)(int value));
    void keep(const void *p);
    int look(int i);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("ownership", PROTOTYPES)


# -- R8.1, R8.2: what native code hands out ------------------------------------------------------------------------


def test_r08_01_what_is_handed_out_is_freed_once(lib: Lib) -> None:
    """A library that counts: every text is freed with the function that was named."""
    for _ in range(100):
        assert lib.tracked_text("text") == "text"
        assert lib.two_texts() == (0, "one", "two")
    assert lib.tracked_alive() == 0


def test_r08_02_free_without_a_name_is_libcs(lib: Lib) -> None:
    """`[free]` is `[free(free)]`; small blocks, large ones, and NULL."""
    assert lib.make_text("owned") == "owned"
    assert len(lib.large()) == (1 << 20) - 1
    for size in (0, 1, 15, 24, 25, 100, 5000, 200_000):
        assert len(lib.make_text("x" * size)) == size


def test_r08_05_what_is_not_ours_is_only_looked_at() -> None:
    """getenv's text belongs to the environment: without `[free]`, it is decoded at once and left alone."""
    with callgate.load(
        "libc.so.6", "const char *getenv(const char *name); int setenv(const char *, const char *, int);"
    ) as libc:
        libc.setenv("CALLGATE_RULE", "R8.5", 1)
        assert {libc.getenv("CALLGATE_RULE") for _ in range(1000)} == {"R8.5"}


# -- R8.4: one block, two owners -----------------------------------------------------------------------------------


def test_r08_04_a_block_that_comes_back_has_two_owners(lib: Lib) -> None:
    """Our copy is handed back as if it were native code's own: freed once, and said. The heap stays whole."""
    for _ in range(50):
        with pytest.raises(callgate.DoubleOwnershipError, match=r"same_text.*R8\.4"):
            lib.same_text("x")
    assert lib.make_text("the heap is whole") == "the heap is whole"


# -- R8.6: the safety net ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("literal", r"points into libownership\.so \(r"),
        ("data", r"points into libownership\.so \(rw"),
        ("inside", "no block of the heap begins there"),
        ("bss", "."),
        ("wide_literal", r"points into libownership\.so"),
    ],
)
def test_r08_06_what_is_no_block_is_not_freed(lib: Lib, function: str, why: str) -> None:
    """The host lives, the call says which declaration is wrong."""
    process = callgate.info(lib).process
    with pytest.raises(callgate.OwnershipError, match=f"the result of {function}.*{why}"):
        getattr(lib, function)()
    assert lib.make_text("alive") == "alive"
    assert callgate.info(lib).process == process


def test_r08_06_the_parameter_is_named_and_the_others_are_freed(lib: Lib) -> None:
    with pytest.raises(callgate.OwnershipError, match="'out' as it came out of out_literal"):
        lib.out_literal()
    with pytest.raises(callgate.OwnershipError, match="'first' as it came out of out_two"):
        lib.out_two()


def test_r08_06_a_pointer_into_our_copy_is_not_freed(lib: Lib) -> None:
    with pytest.raises(callgate.OwnershipError, match="rest_of_text"):
        lib.rest_of_text("abc")
    assert lib.make_text("whole") == "whole"


# -- R8.8: a call that fails ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_r08_08_a_failing_call_transfers_nothing(lib: Lib, mode: int) -> None:
    """Left alone, replaced or taken away: what the caller gave is the caller's, what native code made is ended once."""
    for _ in range(100):
        with pytest.raises(callgate.ComError):
            lib.fail_with_text("given" * 20, mode)
    assert lib.tracked_alive() == 0
    assert lib.fail_with_text("given", 3) == "given"
    assert lib.make_text("the heap is whole") == "the heap is whole"


def test_r09_09_native_code_that_fails_as_well_is_the_cause(lib: Lib) -> None:
    """The callback's exception is raised; the call's own HRESULT, E_ACCESSDENIED, stands behind it."""

    def fail(value: int) -> int:
        raise KeyError(value)

    with pytest.raises(KeyError) as caught:
        lib.ask_and_fail(fail)
    assert isinstance(caught.value.__cause__, PermissionError)
    with pytest.raises(PermissionError):
        lib.ask_and_fail(lambda value: value)


# -- R8.11: pointers belong to one host ----------------------------------------------------------------------------


def test_r08_11_a_pointer_of_an_earlier_host_reaches_nothing(load_host: Loader) -> None:
    lib = load_host("faults", "int kill_itself(int number); int add(int a, int b);")
    memory = callgate.buffer(lib, b"secret")
    pointer = memory + 2
    with pytest.raises(callgate.HostCrashed):
        lib.kill_itself(9)
    assert lib.add(1, 2) == 3

    for use in (lambda: callgate.read(pointer, 1), lambda: bytes(memory), lambda: callgate.write(pointer, b"x")):
        with pytest.raises(callgate.ObjectGone, match="gone"):
            use()
    for send in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            send(memory)
    with pytest.raises(TypeError):
        int(pointer)  # type: ignore[call-overload]


# -- R8.12: manual helpers -----------------------------------------------------------------------------------------


def test_r08_12_blocks_are_given_away_or_freed(lib: Lib) -> None:
    block = callgate.alloc(lib, 8)
    assert bytes(block) == bytes(8)
    block[0:4] = b"\1\2\3\4"
    assert lib.sum_bytes(block, 8) == 10
    callgate.copy(block + 4, block, 4)
    assert lib.sum_bytes(block, 8) == 20
    callgate.free(block)
    with pytest.raises(callgate.ObjectGone):
        lib.sum_bytes(block, 8)
    assert lib.consume(callgate.alloc_string(lib, "given away")) == 10, "native code frees it"
    with pytest.raises(ValueError, match="-1"):
        callgate.alloc(lib, -1)


def test_r08_12_texts_of_any_width(lib: Lib) -> None:
    assert bytes(callgate.alloc_string(lib, "gü")) == b"g\xc3\xbc\0"
    assert bytes(callgate.alloc_string(lib, "gü", "utf-16")) == b"g\0\xfc\0\0\0"
    assert bytes(callgate.alloc_string(lib, "g", "utf-32")) == b"g\0\0\0\0\0\0\0"
    assert callgate.string(callgate.alloc_string(lib, "grüße")) == "grüße"
    with pytest.raises(callgate.ArgumentError, match="embedded NUL"):
        callgate.alloc_string(lib, "a\0b")


def test_r08_12_structs_behind_pointers(lib: Lib) -> None:
    """Written, checked by C, read, overwritten with and without the old texts, destroyed."""
    size, name = callgate.sizeof(lib, "person"), callgate.offsetof(lib, "person", "name")
    assert (size, name, callgate.offsetof(lib, "person", "city")) == (24, 8, 16)
    with pytest.raises(callgate.DeclarationError, match="no member"):
        callgate.offsetof(lib, "person", "age")
    block = callgate.alloc(lib, size)
    callgate.write_struct(lib, block, "person", {"id": 3, "name": "Ada", "city": "London"})
    assert lib.person_check(block) == 30306
    read = callgate.read_struct(lib, block, "person")
    assert (read.id, read.name, read.city) == (3, "Ada", "London")
    callgate.write_struct(lib, block, "person", {"id": 4, "name": "Grace"}, delete_old=True)
    assert lib.person_check(block) == 40500
    callgate.destroy_struct(lib, block, "person")
    assert bytes(block) == bytes(size)
    callgate.destroy_struct(lib, block, "person")  # nothing is left to be freed
    lib.person_fill(block)
    assert callgate.read_struct(lib, block, "person").name == "native"
    callgate.destroy_struct(lib, block, "person")  # what native code put there is freed
    callgate.free(block)
    with pytest.raises(callgate.MarshalError, match=r"the value\.id for person"):
        callgate.write_struct(lib, callgate.alloc(lib, size), "person", {"id": "three"})


# -- R1.16, R1.17 --------------------------------------------------------------------------------------------------


def test_r01_16_one_object_given_twice_is_two_copies(lib: Lib) -> None:
    """NativeBuffer's part is `callgate.buffer`: one block, one address, wherever it is passed."""
    data = b"same"
    assert lib.same_pointers(data, data) == 0
    with callgate.buffer(lib, data) as block:
        assert lib.same_pointers(block, block) == 1
    box: Any = callgate.Box(0)
    assert lib.set_both(box, box) == 0
    assert box.value == 2, "the later parameter wins"


def test_r01_17_memory_that_stays_is_made_for_it(lib: Lib) -> None:
    block = callgate.buffer(lib, b"\5\6\7")
    lib.keep(block)
    gc.collect()
    assert [lib.look(each) for each in range(3)] == [5, 6, 7]
    block[1:2] = b"\11"
    assert lib.look(1) == 9
    lib.keep(None)
