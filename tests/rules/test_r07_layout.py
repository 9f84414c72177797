"""R7.1 to R7.6, R7.16, R7.17: where members lie, as the compiler has it and as the declaration says."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched

KINDS = ("char", "short", "int", "long long", "float", "double", "void *", "long double", "_Bool", "double _Complex")

TYPES = """
    typedef struct { [offset(0)] int left; [offset(8)] int right; } Gapped;
    typedef struct { [offset(0)] const char *name; [offset(16)] int id; } Named;
    #pragma pack(push, 2)
    typedef struct { char c; int i; short s; } Pack2;
    #pragma pack(pop)
    typedef [size(32)] struct { int first; } Small;
    typedef struct { int first; } Documented;
    typedef struct { char c; int i; short s; } Padded;
    #pragma pack(1)
    typedef struct { char c; int i; short s; } Pack1;
    #pragma pack(128)
    typedef struct { char c; int i; short s; } Pack128;
    #pragma pack()
    typedef [at_least(2)] struct { int first; int second; } Enough;
    typedef struct { char c; long long q; } CharLong;
    typedef struct { const char *first, *last; } Person;
    typedef struct { Person person; int age; } Inline;
    typedef struct { Person *person; int age; } Pointed;
    typedef struct { char a; struct { int b; long long c; } in; } NestedWide;
    typedef struct { char a; int b; long long c; } FlatWide;
    typedef struct { unsigned char flag; int vals[3]; } WithArray;
    double take_Gapped(Gapped v);
    double take_Named(Named v);
    int pack2_check(const Pack2 *p);
    int small_overfill([out] Small *s);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("layout", TYPES)


def _random_structs(seed: int, count: int) -> list[str]:
    chosen = random.Random(seed)
    structs = []
    for number in range(count):
        members = []
        for index in range(chosen.randint(1, 6)):
            inner = f"S{chosen.randrange(number)}" if number and chosen.random() < 0.2 else chosen.choice(KINDS)
            length = f"[{chosen.randint(1, 5)}]" if chosen.random() < 0.3 else ""
            members.append(f"{inner} m{index}{length};")
        pack = chosen.choice([0, 0, 0, 1, 2, 4, 8])
        structs.append(
            f"#pragma pack({pack or ''})\ntypedef struct {{ {' '.join(members)} }} S{number};\n#pragma pack()\n"
        )
    return structs


@pytest.mark.rule("R7.3", "R7.5")
def test_r07_01_offsets_are_the_compilers(load_both: Loader, tmp_path: Path) -> None:
    """Fifty random structs, nested and packed: the host's sizes, alignments and offsets are those of gcc."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler (gcc) on this machine")
    structs = _random_structs(7, 50)
    names = [re.findall(r"\bm\d\b", text) for text in structs]
    lines = ["#include <stddef.h>", "#include <stdio.h>", *structs, "int main(void) {"]
    for number, members in enumerate(names):
        parts = [f"sizeof(S{number})", f"_Alignof(S{number})", *(f"offsetof(S{number}, {name})" for name in members)]
        lines += [f'printf("%zu ", (size_t){part});' for part in parts] + ['puts("");']
    source, program = tmp_path / "layouts.c", tmp_path / "layouts"
    source.write_text("\n".join([*lines, "return 0; }"]))
    subprocess.run([compiler, "-o", str(program), str(source)], check=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    loaded = load_both("libc.so.6", "".join(structs))

    ours = [callgate.layout(loaded, f"S{number}") for number in range(len(structs))]

    assert [[each.size, each.alignment, *each.offsets.values()] for each in ours] == [
        [int(word) for word in line.split()] for line in printed
    ]


def test_r07_02_a_class_without_a_layout_is_no_struct(lib: Lib) -> None:
    """What was not declared has no layout: an object with the right attributes is not taken for a struct."""

    class Lookalike:
        left, right = 1, 2

    with untouched(lib), pytest.raises(callgate.InvalidCastError, match=r"expected Gapped\(left, right\)"):
        lib.take_Gapped(Lookalike())
    with pytest.raises(callgate.DeclarationError, match="declares no struct 'Lookalike'"):
        callgate.sizeof(lib, "Lookalike")


def test_r07_03_members_lie_in_the_order_of_their_declaration(lib: Lib) -> None:
    assert callgate.layout(lib, "Padded") == (12, 4, {"c": 0, "i": 4, "s": 8})


def test_r07_04_every_member_lies_where_it_says(lib: Lib) -> None:
    """Gaps are legal and zero, and a reference is as good a member as any."""
    assert callgate.layout(lib, "Gapped") == (12, 4, {"left": 0, "right": 8})
    assert lib.take_Gapped((3, 4)) == 3 + 2 * 4
    assert lib.take_Named(("four", 5)) == 5 + 2 * 4
    with callgate.new(lib, "Gapped") as gapped:
        gapped.right = 0x01020304
        whole = callgate.read(gapped, 12)
    assert whole == bytes(8) + bytes([4, 3, 2, 1])


REFUSED = {
    "one member without an offset": ("struct t { [offset(0)] int a; int b; };", "'b' of t has no offset.*R7.4"),
    "an offset in a union": ("union t { [offset(0)] int a; [offset(0)] int b; };", "a union all lie at 0"),
    "a bit-field with an offset": ("struct t { [offset(0)] int a : 3; };", "is a bit-field.*R7.23"),
    "a flexible array with an offset": ("struct t { [offset(0)] int a; [offset(4)] int b[]; };", "R7.4"),
    "text over a number": ("struct t { [offset(0)] char *s; [offset(0)] int n; };", "'s' of t is a reference.*R7.8"),
    "text under an array": ("struct t { [offset(0)] int v[9]; [offset(8)] char *s; };", "'s' of t is a ref.*R7.8"),
    "a handle over a number": ("struct o; struct t { [offset(0)] struct o *h; [offset(4)] int n; };", "R7.8"),
    "a callback over a number": ("struct t { [offset(0)] int n; [offset(0)] void (*f)(void); };", "R7.8"),
    "text that is not aligned": ("struct t { [offset(2)] char *s; };", "not aligned.*R7.8"),
    "a struct in itself": ("struct t { struct t inner; };", "contains itself"),
    "a struct in another in itself": ("struct u; struct t { struct u { struct t v[2]; } w; };", "contains itself"),
}


@pytest.mark.rule("R7.4", "R7.8", "R7.17", "R7.23", "R19.7", "R19.8", "R19.9")
@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_r07_04_what_cannot_be_laid_out_is_refused_when_it_is_declared(text: str, message: str) -> None:
    with pytest.raises(callgate.TypeLoadError, match=f"(?s){message}"):
        callgate.load("libc.so.6", text + " int f(void *v);")


@pytest.mark.rule("R19.8")
def test_r07_05_packing_and_sizes(lib: Lib) -> None:
    """The sizes that the rule names; a size enlarges, and never makes a struct smaller than its members."""
    sizes = {name: callgate.sizeof(lib, name) for name in ("Padded", "Pack2", "Pack1", "Pack128", "Small", "Enough")}

    assert sizes == {"Padded": 12, "Pack2": 8, "Pack1": 7, "Pack128": 12, "Small": 32, "Enough": 8}
    assert lib.pack2_check(("x", 70000, -7))


def test_r07_05_other_packings_are_refused() -> None:
    with pytest.raises(callgate.DeclarationError, match=r"32, 64, 128.*R7.5"):
        callgate.load("libc.so.6", "#pragma pack(3)\nstruct t { int a; }; int f(void *v);")


def test_r07_05_a_struct_that_the_library_overfills(lib: Lib) -> None:
    """`[size(32)]`: the library writes 32 bytes where 4 are documented, and harms nothing."""
    assert lib.small_overfill() == (32, callgate.types(lib).Small(7))
    with callgate.new(lib, "Documented", at_least=32) as documented:
        assert callgate.read(documented, 32) == bytes(32)
        with pytest.raises(callgate.ArgumentError, match="32 bytes are left there"):
            callgate.read(documented, 33)


def test_r07_06_the_host_says_where_eight_bytes_lie(lib: Lib) -> None:
    """16 and 8 on the 64-bit machines that hosts run on; nothing here computes it."""
    assert callgate.layout(lib, "CharLong") == (16, 8, {"c": 0, "q": 8})


def test_r07_16_nested_structs_are_inline(lib: Lib) -> None:
    """A struct in a struct is not a pointer to one, and keeps its own alignment."""
    assert (callgate.sizeof(lib, "Inline"), callgate.sizeof(lib, "Pointed")) == (24, 16)
    assert callgate.layout(lib, "NestedWide") == (24, 8, {"a": 0, "in": 8})
    assert callgate.sizeof(lib, "FlatWide") == 16


def test_r07_17_a_pointer_to_itself_may_stand_in_a_struct(load_both: Loader) -> None:
    text = "struct a; struct b { struct a *other; }; struct a { struct b *other; struct a *next; int v; };"
    loaded = load_both("libc.so.6", text)

    assert callgate.layout(loaded, "a").offsets == {"other": 0, "next": 8, "v": 16}


@pytest.mark.rule("R7.20")
def test_r06_14_arrays_lie_inline(lib: Lib) -> None:
    assert callgate.layout(lib, "WithArray") == (16, 4, {"flag": 0, "vals": 4})


ALIGNMENTS = {
    1: ["char", "signed char", "unsigned char", "int8_t", "uint8_t", "_Bool"],
    2: ["short", "unsigned short", "int16_t", "uint16_t", "char16_t", "VARIANT_BOOL"],
    4: ["int", "unsigned", "int32_t", "uint32_t", "float", "BOOL", "DWORD", "wchar_t", "char32_t", "GUID"],
    8: ["long", "unsigned long", "long long", "int64_t", "uint64_t", "double", "size_t", "intptr_t", "uintptr_t"],
}
"""Of LP64, as R2.1 lists them; pointers and DECIMAL beside them."""


@pytest.mark.rule("R2.13")
def test_r02_01_alignments_are_the_hosts(load_both: Loader) -> None:
    """A member lies behind one byte at its own alignment, which is that of the struct."""
    names = [(spelling, alignment) for alignment, spellings in ALIGNMENTS.items() for spelling in spellings]
    names += [("void *", 8), ("DECIMAL", 8), ("DATE", 8), ("float _Complex", 4), ("double _Complex", 8)]
    text = "".join(f"struct after{number} {{ char c; {name} v; }};" for number, (name, _) in enumerate(names))
    loaded = load_both("libc.so.6", text)

    found = [callgate.layout(loaded, f"after{number}") for number in range(len(names))]

    assert [(name, each.alignment, each.offsets["v"]) for (name, _), each in zip(names, found, strict=True)] == [
        (name, alignment, alignment) for name, alignment in names
    ]
