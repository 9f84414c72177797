"""Rules about what is made of a C header (R4.6, R5.10, R6.15, R6.23, R7.14, R7.23)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

import callgate
from callgate import Lib, LPWCharStr, LPWStr, library, size_t
from callgate.declare import parse
from callgate.headers import contradictions, read_header
from callgate.headers.bindgen import Module, generate
from callgate.sources import FromHeader
from callgate.typed.libraries import declarations_of
from callgate_protocol.model import Function, Pointer, Scalar, TypeLibrary
from tests.conftest import NATIVE

from .conftest import Loader
from .three_styles import GALLERY_BEYOND_C

pytest.importorskip("clang.cindex", reason="the extra callgate[headers] is not installed")

GALLERY_H = str(NATIVE / "gallery.h")


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("gallery", GALLERY_BEYOND_C, header=GALLERY_H)


def imported(tmp_path: Path, text: str, prototypes: str = "") -> TypeLibrary:
    header = tmp_path / "rule.h"
    header.write_text(text)
    return read_header(FromHeader((str(header),), prototypes=prototypes)).library


def function(declared: TypeLibrary, name: str) -> Function:
    return next(each for each in declared.functions if each.name == name)


# -- R4.6 --------------------------------------------------------------------------------------------------------------


@library("libc.so.6")
class Narrow(Protocol):
    def wcslen(self, s: LPWStr) -> size_t: ...


@library("libc.so.6")
class Wide(Protocol):
    def wcslen(self, s: LPWCharStr) -> size_t: ...


def test_r04_06_the_header_flags_text_of_the_wrong_width() -> None:
    """`wcslen` declared with units of two bytes contradicts its header; with `wchar_t` it is right."""
    header = read_header(FromHeader((GALLERY_H,))).library.functions

    (complaint,) = contradictions(declarations_of(Narrow).library.functions, header)
    assert complaint == (
        "parameter 1 's' of wcslen is const char16_t * here and const wchar_t * in the header: "
        "their units have 2 and 4 bytes (R4.6)"
    )
    assert not list(contradictions(declarations_of(Wide).library.functions, header))
    libc = callgate.load(Wide)
    assert libc.wcslen("ab€𝄞") == 4
    callgate.close(libc)


def test_r04_06_a_prototype_beside_the_header_is_checked(compiled: object) -> None:
    """What would read beyond the text is refused before the library is loaded."""
    with pytest.raises(callgate.DeclarationError, match=r"2 and 4 bytes \(R4\.6\)\. Correct the prototype"):
        callgate.load("libc.so.6", "size_t wcslen(const char16_t *s);", header=GALLERY_H)


@pytest.mark.parametrize(
    ("prototype", "complaint"),
    [
        ("int sum(const int *v, long n);", "parameter 2 'n' of sum is long here and int in the header"),
        ("int sum(const int *v);", "sum takes 1 parameters here and 2 in the header: int sum"),
        ("int sum(const double *v, int n);", "parameter 1 'v' of sum is const double * here"),
        ("double sum(const int *v, int n);", "the result of sum is double here and int in the header"),
        ("int sum(int v, int n);", "one is a pointer, the other is not"),
    ],
)
@pytest.mark.rule("R4.6")
def test_r07_14_declarations_that_contradict_the_header(prototype: str, complaint: str) -> None:
    """Sizes, kinds, counts and levels are compared; what the declaration knows beyond the header is its own."""
    with pytest.raises(callgate.DeclarationError) as refused:
        callgate.load("libc.so.6", prototype, header=GALLERY_H)
    assert complaint in str(refused.value)


def test_r07_14_knowing_more_is_no_contradiction() -> None:
    """`void *` stands for any pointer, on both sides; attributes and names are free."""
    text = (
        "int sum([size_is(count)] const unsigned *v, int count); int is_null(const char *p); int apply(void *f, int v);"
    )

    declared = read_header(FromHeader((GALLERY_H,), prototypes=text)).library
    assert function(declared, "is_null").parameters[0].type == Pointer(Scalar("char"), True)


# -- R5.10 -------------------------------------------------------------------------------------------------------------


def test_r05_10_results_of_const_char_are_borrowed(lib: Lib) -> None:
    """A static text is read and stays the library's: it can be read again and again."""
    declared = read_header(FromHeader((GALLERY_H,)))

    assert function(declared.library, "static_text").result.attributes == ()
    assert [lib.static_text() for _ in range(100)] == ["borrowed"] * 100
    source = generate(declared, Module("libgallery.so", ("gallery.h",), "Gallery"))
    assert "def static_text(self) -> Borrowed[LPStr] | None:" in source


# -- R6.15, R6.23 ------------------------------------------------------------------------------------------------------


def test_r06_15_flexible_arrays(lib: Lib) -> None:
    """The last member may have no length, in a struct that lives in the host with room behind it; no other may."""
    with callgate.new(lib, "Flexible", extra=12) as flexible:
        flexible.n = 0
        assert lib.flexible_sum(flexible) == 0
    assert "without a length" in callgate.info(lib).refused["Empty_array_first"]
    with pytest.raises(callgate.DeclarationError, match="has no length"):
        parse_refused("struct s { int d[]; int n; }; int f(struct s *p);")


def parse_refused(text: str) -> None:
    callgate.load("libc.so.6", text)


def test_r06_23_a_header_loses_lengths_and_prototypes_keep_them(tmp_path: Path) -> None:
    """`T ar[]` of a header is a pointer to `T`; `[size_is]` beside it says how many."""
    header = "int total(int ar[], int elements); int sized(const int ar[8], int how_many);"

    plain = imported(tmp_path, header)
    assert [str(word) for word in function(plain, "total").parameters[0].attributes] == ["in", "out", "unique"]
    assert [str(word) for word in function(plain, "sized").parameters[0].attributes] == ["size_is(8)", "unique"]
    kept = imported(tmp_path, header, "int total([size_is(elements)] int ar[], int elements);")
    assert [str(word) for word in function(kept, "total").parameters[0].attributes] == ["size_is(elements)"]


# -- R7.14, R7.23 ------------------------------------------------------------------------------------------------------


def test_r07_14_levels_of_indirection(tmp_path: Path) -> None:
    """`T *` is the struct, `T **` an out pointer to one, and three levels are a pointer that nobody looks through."""
    header = "struct T { int x; }; void one(struct T *p); void two(struct T **p); void three(struct T ***p);"
    declared = imported(tmp_path, header)
    by_hand = parse(
        "struct T { int x; };"
        "void one([in, out, unique] struct T *p); void two([out] struct T **p); void three(void *p);"
    )

    assert declared == by_hand
    with pytest.raises(callgate.DeclarationError, match=r"a star is missing on one side \(R7\.14\)"):
        imported(tmp_path, header, "void two([in, out] struct T *p);")


def test_r07_23_bit_fields(lib: Lib) -> None:
    """`unsigned a : 3, b : 5; int c : 10; _Bool d : 1` is one unit of four bytes, and C finds each where it looks."""
    assert callgate.sizeof(lib, "Bits") == 4
    bits = callgate.types(lib).Bits(a=7, b=30, c=-512, d=False)

    assert lib.bits_next(bits) == callgate.types(lib).Bits(a=0, b=31, c=511, d=True)
    bits.a = 8
    with pytest.raises(callgate.OutOfRange, match=r"\.a of bits_next: 8 not in 0\.\.7"):
        lib.bits_next(bits)
