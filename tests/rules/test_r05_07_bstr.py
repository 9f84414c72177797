"""R5.3, R5.6 to R5.10, R8.1 to R8.4: BSTR in every direction, and who frees it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import callgate
from callgate.convert import bstrs
from callgate.variant import BStrBytes

from .conftest import Loader
from .heap import NOISE, leaks

PROTOTYPES = """
    long heap(void);
    int block_of(BSTR b, [out, size_is(n)] uint8_t *bytes, int n);
    int length_of(BSTR b);
    int is_ab(BSTR b);
    int checksum(BSTR b);
    BSTR give(int which);
    int get(int which, [out] BSTR *out);
    int get_two(int which, [out] BSTR *a, [out] BSTR *b);
    int change(int how, [in, out] BSTR *b);
    BSTR MethodOne(BSTR b);
    int out_is_in(BSTR b, [out] BSTR *out);
    BSTR result_is_out([out] BSTR *out);
    [throws] HRESULT three(BSTR a, [out] BSTR *b, [in, out] BSTR *c);
    [throws] HRESULT set_and_fail([out] BSTR *b);
    [throws] HRESULT change_and_fail(int how, [in, out] BSTR *b);
    int total([size_is(n)] BSTR *v, int n);
    void replace_first([in, out, size_is(n)] BSTR *v, int n);
    void fill([out, size_is(n)] BSTR *v, int n);
    struct person { int32_t id; BSTR name; BSTR names[2]; };
    int weigh(struct person p);
    int weigh_at(const struct person *p);
    void make_person([out] struct person *p);
    void rename_person([in, out] struct person *p);
    struct person give_person(void);
    int call_echo(BSTR (*f)(BSTR text));
    int call_edit(void (*f)([in, out] BSTR *text, [out] BSTR *note));
    void *keep(BSTR b);
    void free_kept(void *b);
    int kept_length(BSTR b);
"""
LARGE = 20_000
"""Bytes of one text: a hundred calls that lose one lose two million."""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return load_both("bstr", PROTOTYPES)


def test_r05_03_null_and_empty(lib: Any) -> None:
    """None is NULL, "" a block of length 0, "x" one of length 2; NULL comes back as None."""
    assert [lib.length_of(text) for text in (None, "", "x")] == [-1, 0, 2]
    assert lib.give(0) is None
    assert lib.give(5) == ""
    assert lib.get(0) == (0, None)


def test_r05_03_null_is_empty(load_both: Loader) -> None:
    """With [null_is_empty] the caller gets text where COM means text."""
    lib = load_both("bstr", "[null_is_empty] BSTR give(int which); int get(int w, [out, null_is_empty] BSTR *out);")
    assert lib.give(0) == ""
    assert lib.get(0) == (0, "")
    assert lib.give(1) == "text"


def test_r05_06_embedded_nul(lib: Any) -> None:
    """A NUL inside is content: six bytes there and back."""
    room = bytearray(18)
    assert lib.block_of("a\0b", room, 18) == 16
    assert room[4:] == bytes.fromhex("06000000 6100 0000 6200 0000 eeee")
    assert lib.give(2) == "a\0b"


def test_r05_07_layout(lib: Any) -> None:
    """Padding, length, text, terminator; the text is aligned as the heap is."""
    room = bytearray(14)
    assert lib.is_ab("AB") == 1
    assert lib.block_of("AB", room, 14) == 14
    assert room == bytes.fromhex("00000000 04000000 4100 4200 0000")


def test_r05_07_odd_lengths_are_bytes(lib: Any) -> None:
    """Three bytes stay three bytes, as BStrBytes; an even number of them is text."""
    room = bytearray(13)
    assert lib.block_of(BStrBytes(b"xyz"), room, 13) == 13
    assert room == bytes.fromhex("00000000 03000000 78797a 0000")
    assert lib.give(3) == BStrBytes(b"xyz")
    assert type(lib.give(3)) is BStrBytes
    assert lib.is_ab(BStrBytes(b"A\0B\0")) == 1
    with pytest.raises(TypeError, match="BStrBytes"):
        lib.length_of(b"xyz")


@pytest.mark.rule("R5.4")
def test_r05_07_any_utf16_passes(lib: Any) -> None:
    """A lone surrogate and a pair beyond U+FFFF arrive as their units, and come back."""
    room = bytearray(12)
    lib.block_of("a\U0001f600", room, 12)
    assert room[4:] == bytes.fromhex("06000000 61003dd8")
    assert lib.give(4) == "\ud800"
    assert lib.checksum("\ud800") == 0xD8


@pytest.mark.rule("R5.10", "R8.1", "R8.2")
def test_r05_07_no_block_is_lost(lib: Any) -> None:
    """Arguments, results and outs: every block is freed, and none twice, or the heap would end the process."""
    text = "x" * (LARGE // 2)
    assert leaks(lib, lambda: lib.length_of(text)) < NOISE
    assert leaks(lib, lambda: lib.give(LARGE)) < NOISE
    assert leaks(lib, lambda: lib.get_two(LARGE)) < NOISE
    assert leaks(lib, lambda: lib.length_of("ab"), 4000) < NOISE


@pytest.mark.rule("R19.41")
def test_r05_07_too_long(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes than the length can hold are refused before anything is sent."""
    monkeypatch.setattr(bstrs, "_LONGEST", 5)
    with pytest.raises(OverflowError, match=r"argument 1 'b' of length_of.*R19\.41"):
        lib.length_of("abc")


@pytest.mark.parametrize(("how", "after"), [(0, "old"), (1, "new"), (2, None), (3, "Zld")])
@pytest.mark.rule("R8.3")
def test_r05_08_in_and_out(lib: Any, how: int, after: str | None) -> None:
    """The callee keeps, replaces, drops or edits; the final block is converted and freed once."""
    assert lib.change(how, "old") == (6, after)
    text = "x" * (LARGE // 2)
    assert leaks(lib, lambda: lib.change(how, text)) < NOISE


def test_r05_08_null_in_and_out(lib: Any) -> None:
    """None goes in as NULL, and the callee may leave it or put a text there."""
    assert lib.change(0, None) == (0, None)
    assert lib.change(1, None) == (0, "new")
    box = callgate.Box("old")
    assert lib.change(1, box) == 6
    assert box.value == "new"


def test_r05_09_out_slots_start_null(lib: Any) -> None:
    """The callee finds NULL in the slot, and what it puts there comes back."""
    assert lib.get(1) == (1, "text")


def test_r05_10_results_are_freed_also_when_they_cannot_be_sent(lib: Any) -> None:
    """The block is freed although the answer cannot carry it."""
    assert leaks(lib, lambda: lib.give(LARGE + 1)) < NOISE


def test_r08_03_three_directions(lib: Any) -> None:
    """[in] is ours, [out] theirs until it is ours, [in, out] changes hands in both directions."""
    assert lib.three("ab", "old") == ("ab", "in and out")
    assert leaks(lib, lambda: lib.three("ab", "old"), 4000) < NOISE
    with pytest.raises(callgate.ArgumentError):
        lib.three("a", "old")


@pytest.mark.rule("R1.15", "R8.7")
def test_r08_03_outs_of_a_failure_are_freed(lib: Any) -> None:
    """A callee that set its out and fails: the exception alone is seen, and nothing leaks."""

    def call() -> None:
        with pytest.raises(callgate.ComError):
            lib.set_and_fail()

    assert leaks(lib, call) < NOISE


@pytest.mark.parametrize("how", range(4))
def test_r08_08_a_failure_takes_nothing_over(lib: Any, how: int) -> None:
    """A callee that keeps, replaces, drops or edits an in-out text and then fails: the final block is ours, once."""
    text = "x" * (LARGE // 2)

    def call() -> None:
        box = callgate.Box(text)
        with pytest.raises(callgate.ComError):
            lib.change_and_fail(how, box)
        assert box.value is text

    assert leaks(lib, call) < NOISE


@pytest.mark.parametrize("name", ["MethodOne", "out_is_in"])
def test_r08_04_method_one_would_be_freed_twice(lib: Any, name: str) -> None:
    """The argument comes back as the result: freed once, and said so; the heap is intact."""
    method = getattr(lib, name)
    for _ in range(50):
        with pytest.raises(callgate.DoubleOwnershipError, match=rf"{name} gave back.*void \*.*R8\.4"):
            method("x" * 5000)
    assert lib.is_ab("AB") == 1


def test_r08_04_one_block_given_out_twice(lib: Any) -> None:
    """As the result and as an out."""
    for _ in range(50):
        with pytest.raises(callgate.DoubleOwnershipError, match=r"R8\.4"):
            lib.result_is_out()


def test_r08_04_method_one_by_hand(load_both: Loader) -> None:
    """Declared as a pointer, the same address comes back and the caller frees it, once."""
    lib = load_both("bstr", PROTOTYPES.replace("BSTR MethodOne(BSTR b)", "void *MethodOne(void *b)"))
    block = lib.keep("by hand")
    assert lib.MethodOne(block) == block
    assert lib.kept_length(block) == 14
    lib.free_kept(block)


@pytest.mark.rule("R5.19")
def test_r05_08_arrays(lib: Any) -> None:
    """Elements in, replaced, and filled; what comes back is the final block of each."""
    assert lib.total(["a", None, "bc"], 3) == 2 + 1000 + 4
    names: list[Any] = ["first", None]
    lib.replace_first(names, 2)
    assert names == ["z", None]
    filled = [None] * 3
    lib.fill(filled, 3)
    assert filled == ["a", "ab", "abc"]
    texts = ["x" * (LARGE // 2)] * 3
    assert leaks(lib, lambda: lib.replace_first(list(texts), 3)) < NOISE
    with pytest.raises(TypeError, match=r"'v'\[1\]"):
        lib.total(["a", 5], 2)


@pytest.mark.rule("R5.16", "R7.19")
def test_r05_07_members(lib: Any) -> None:
    """Texts in structs: by value, by pointer, filled, replaced, returned; each freed once."""
    ada = {"id": 7, "name": "Ada", "names": [None, "L"]}
    assert lib.weigh(ada) == lib.weigh_at(ada) == 7 + 6 + 200
    for made in (lib.make_person(), lib.give_person()):
        assert (made.id, made.name, made.names) == (7, "Ada", [None, "L"])
    assert lib.rename_person(ada).name == "Grace"
    large = {"id": 1, "name": "x" * (LARGE // 2), "names": ["y" * (LARGE // 2), None]}
    for call in (lib.weigh, lib.weigh_at, lib.rename_person):
        assert leaks(lib, partial(call, large)) < NOISE
    assert leaks(lib, lib.give_person, 4000) < NOISE
    with pytest.raises(TypeError, match=r"'p'\.names\[1\]"):
        lib.weigh(ada | {"names": [None, 3]})


@pytest.mark.rule("R8.3")
def test_r05_08_callbacks(lib: Any) -> None:
    """What a callback gets stays native code's; what it gives becomes native code's; what it replaces is freed."""
    seen: list[str] = []

    def echo(text: str) -> str:
        seen.append(text)
        return text

    def edit(text: str) -> tuple[str, str]:
        seen.append(text)
        return "ab", "c"

    assert lib.call_echo(echo) == 1
    assert lib.call_edit(edit) == 4 + 200
    assert [len(text) for text in seen] == [4, LARGE // 2]
    assert lib.call_edit(lambda _text: (None, None)) == 9900
    assert leaks(lib, lambda: lib.call_edit(lambda text: (text, text))) < NOISE


@pytest.mark.rule("R1.14")
def test_r05_08_refused_arguments_leave_nothing(lib: Any) -> None:
    """A later argument that cannot be converted: the blocks of those before it are freed."""
    large = "x" * (LARGE // 2)

    def call() -> None:  # hundreds of times, so without what proves that a refused call did nothing
        try:
            lib.three(large, 5)
        except TypeError as error:
            assert "argument 2 'c'" in str(error)  # noqa: PT017 - see above
        else:
            pytest.fail("it was not refused")

    assert leaks(lib, call) < NOISE
    with pytest.raises(callgate.NullReferenceError):
        lib.total(None, 1)


def test_r08_05_memory_of_the_host_stays_whose_it_is(lib: Any) -> None:
    """A block that native code keeps is passed by its address, and not freed by the call."""
    block = lib.keep("kept")
    for _ in range(3):
        assert lib.kept_length(block) == 8
    assert lib.checksum(block) == lib.checksum("kept")
    lib.free_kept(block)


def test_r05_07_ansi(load_both: Loader) -> None:
    """AnsiBStr: UTF-8 behind the length, an even or odd number of bytes, both ways."""
    lib = load_both(
        "bstr",
        """
        int block_of([ansi] BSTR b, [out, size_is(n)] uint8_t *bytes, int n);
        [ansi] BSTR give(int which);
        int change(int how, [in, out, ansi] BSTR *b);
        """,
    )
    room = bytearray(14)
    assert lib.block_of("a\u00e9", room, 14) == 13
    assert room == bytes.fromhex("00000000 03000000 61c3a9 0000 ee")
    assert lib.give(3) == "xyz"
    assert lib.give(0) is None
    assert lib.change(0, "four") == (4, "four")
    with pytest.raises(ValueError, match=r"R5\.5"):
        lib.block_of("\ud800", room, 14)
