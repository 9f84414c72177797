"""R2: numbers, their widths, ranges and bits; C shows each as the bits that it got (`tests/native/primitives.c`)."""

from __future__ import annotations

import math
import random
import struct
from array import array
from fractions import Fraction
from functools import partial
from typing import Any, Protocol

import pytest

import callgate
from callgate import Lib
from callgate_native_host.probing import candidates
from callgate_protocol.abi import Abi

from .conftest import Loader, untouched
from .ways import TypedLoader

INTEGERS = {
    "int8_t": (1, True),
    "uint8_t": (1, False),
    "int16_t": (2, True),
    "uint16_t": (2, False),
    "int32_t": (4, True),
    "uint32_t": (4, False),
    "int64_t": (8, True),
    "uint64_t": (8, False),
    "schar": (1, True),
    "uchar": (1, False),
    "short": (2, True),
    "int": (4, True),
    "long": (8, True),
    "ulong": (8, False),
    "longlong": (8, True),
    "intptr_t": (8, True),
    "uintptr_t": (8, False),
    "size_t": (8, False),
    "ssize_t": (8, True),
}
"""The rule book's table for LP64: bytes and sign."""
SPELLED = {"schar": "signed char", "uchar": "unsigned char", "ulong": "unsigned long", "longlong": "long long"}
NUMBERS = "int times_called(void);" + "".join(
    f"uint64_t bits_of_{name}({SPELLED.get(name, name)} value); {SPELLED.get(name, name)} {name}_of(uint64_t bits);"
    f"struct after_{name} {{ char c; {SPELLED.get(name, name)} value; }};"
    f"int size_of_{name}(void); int place_of_{name}(void);"
    for name in [*INTEGERS, "float", "double", "char"]
)


@pytest.fixture(scope="module")
def numbers(load_both: Loader) -> Lib:
    """The library of numbers."""
    return load_both("primitives", NUMBERS)


def limits(name: str) -> tuple[int, int]:
    """Smallest and largest number of a type, by the table."""
    size, signed = INTEGERS[name]
    return (-(1 << 8 * size - 1), (1 << 8 * size - 1) - 1) if signed else (0, (1 << 8 * size) - 1)


@pytest.mark.parametrize("name", INTEGERS)
def test_r02_01_both_ends_of_each_integer(numbers: Lib, name: str) -> None:
    """The smallest and the largest number arrive bit by bit, and come back."""
    size, _ = INTEGERS[name]
    for value in limits(name):
        bits = value % (1 << 8 * size)
        assert getattr(numbers, f"bits_of_{name}")(value) == bits
        assert getattr(numbers, f"{name}_of")(bits) == value


@pytest.mark.parametrize("name", INTEGERS)
def test_r02_01_beyond_the_ends(numbers: Lib, name: str) -> None:
    """One less and one more are refused, and so is everything that is no integer."""
    low, high = limits(name)
    convert = getattr(numbers, f"bits_of_{name}")
    for value in (low - 1, high + 1):
        with pytest.raises(callgate.OutOfRange, match=rf"argument 1 'value' of bits_of_{name}.*{low} to {high}"):
            convert(value)
    for wrong in (1.0, "1", None, [1]):
        with pytest.raises(callgate.InvalidCastError, match=r"argument 1 'value'"):
            convert(wrong)


@pytest.mark.parametrize("name", [*INTEGERS, "float", "double"])
def test_r02_01_sizes_and_places_are_the_hosts(numbers: Lib, name: str) -> None:
    """A struct with one such member is as long as the compiler made it."""
    size, place = getattr(numbers, f"size_of_{name}")(), getattr(numbers, f"place_of_{name}")()

    assert size == INTEGERS.get(name, (4 if name == "float" else 8, True))[0]
    assert callgate.sizeof(numbers, f"after_{name}") == place + size


def test_r02_02_doubles_keep_every_bit(numbers: Lib) -> None:
    """Signed zero, infinities, the payloads of quiet NaNs, and many doubles at random."""
    chance = random.Random(2)
    patterns = [0x8000000000000000, 0x7FF0000000000000, 0xFFF8000000000ABC, 1, 0x7FEFFFFFFFFFFFFF]
    patterns += [bits for bits in (chance.getrandbits(64) for _ in range(300)) if bits >> 52 & 0x7FF != 0x7FF]
    for bits in patterns:
        (value,) = struct.unpack("<d", bits.to_bytes(8, "little"))
        assert numbers.bits_of_double(value) == bits
        assert struct.pack("<d", numbers.double_of(bits)) == bits.to_bytes(8, "little")


def test_r02_02_a_hundred_thousand_doubles(load_both: Loader) -> None:
    """Random bits, with the payloads of NaNs as long as they are quiet, as elements both ways."""
    count = 100_000
    libc = load_both(
        "libc.so.6",
        f"void memcpy([out, size_is({count})] double *to, [size_is({count})] const double *from, size_t n);",
    )
    bits = array("Q", random.Random(3).randbytes(8 * count))
    quiet = array("Q", (each | 1 << 51 if each >> 52 & 0x7FF == 0x7FF else each for each in bits))
    values = array("d", quiet.tobytes()).tolist()
    received = [0.0] * count

    libc.memcpy(received, values, 8 * count)
    assert sum(map(math.isnan, values)) > 10
    assert array("d", received).tobytes() == quiet.tobytes()


def test_r02_02_floats_are_the_nearest_single(numbers: Lib) -> None:
    """0.1 is rounded as C does; what would become infinite is refused, infinity itself is not."""
    assert numbers.bits_of_float(0.1) == 0x3DCCCCCD
    assert numbers.float_of(0x3DCCCCCD) == 0.10000000149011612
    assert numbers.bits_of_float(math.inf) == 0x7F800000
    with pytest.raises(callgate.OutOfRange, match=r"argument 1 'value' of bits_of_float"):
        numbers.bits_of_float(1e39)


BLITTABLE = {
    **dict.fromkeys(
        ["int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t", "float", "double"],
        True,
    ),
    **dict.fromkeys(["long", "unsigned long", "intptr_t", "uintptr_t", "size_t", "void *", "GUID", "char"], True),
    **dict.fromkeys(["bool", "BOOL", "VARIANT_BOOL", "char *", "const char16_t *", "wchar_t *"], False),
    **dict.fromkeys(["BSTR", "DATE", "DECIMAL", "VARIANT", "long double"], False),
    "plain": True,
    "nested": True,
    "colour": True,
    "with_text": False,
    "with_name": False,
    "with_truth": False,
    "with_function": False,
}


def test_r02_03_what_is_blittable(load_both: Loader) -> None:
    """Numbers, plain pointers, and structs of those; nothing that is converted."""
    lib = load_both(
        "primitives",
        """
        int times_called(void);
        enum colour { RED };
        struct plain { int32_t a; double b; void *c; };
        struct nested { struct plain p[2]; enum colour c; };
        struct with_text { int a; const char *text; };
        struct with_name { char name[8]; };
        struct with_truth { int32_t a; BOOL b; };
        struct with_function { void (*f)(void); };
        """,
    )

    assert {name: callgate.is_blittable(lib, name) for name in BLITTABLE} == BLITTABLE
    assert callgate.is_blittable(lib, callgate.types(lib).plain)
    with pytest.raises(callgate.DeclarationError, match="no type 'nonsense'"):
        callgate.is_blittable(lib, "nonsense")


class Whole(int):
    """An int by another name."""


class Indexed:
    """Not an int, but as good as one."""

    def __index__(self) -> int:
        return 7


def test_r02_04_a_number_is_its_value(numbers: Lib) -> None:
    """Subclasses and `__index__` count as integers, `__float__` only for floating parameters; a float is never cut."""
    assert [numbers.bits_of_int(value) for value in (Whole(5), Indexed(), True)] == [5, 7, 1]
    assert numbers.bits_of_double(Fraction(1, 2)) == numbers.bits_of_double(0.5)
    with pytest.raises(callgate.InvalidCastError, match=r"argument 1 .value. of bits_of_int.*got float"):
        numbers.bits_of_int(2.0)


def test_r02_05_nothing_is_sent_that_does_not_fit(numbers: Lib) -> None:
    """The message has the argument and both bounds; native code is not entered."""
    with untouched(numbers), pytest.raises(callgate.OutOfRange) as refused:
        numbers.bits_of_uint32_t(-1)

    assert "argument 1 'value' of bits_of_uint32_t" in str(refused.value)
    assert "0 to 4294967295" in str(refused.value)
    assert isinstance(refused.value, OverflowError)


def test_r02_05_unchecked_wraps(load_both: Loader) -> None:
    """`[unchecked]` takes numbers modulo 2^n, as a C cast does."""
    lib = load_both("primitives", "uint64_t bits_of_uint32_t([unchecked] uint32_t value);")

    assert [lib.bits_of_uint32_t(value) for value in (-1, 1 << 32, 0x80004005)] == [0xFFFFFFFF, 0, 0x80004005]


def test_r02_06_windows_names_keep_their_widths(load_both: Loader) -> None:
    """A LONG has 32 bits where C's `long` has 64."""
    lib = load_both(
        "primitives", "int64_t windows(BYTE a, WORD b, LONG c, DWORD d, LONGLONG e); uint64_t bits_of_long(long value);"
    )

    assert lib.windows(255, 65535, -(1 << 31), 0xFFFFFFFF, 1 << 40) == 255 + 65535 - (1 << 31) + 0xFFFFFFFF + (1 << 40)
    for position, value in ((0, 256), (1, 65536), (2, 1 << 31), (3, 1 << 32)):
        with pytest.raises(callgate.OutOfRange, match=f"argument {position + 1}"):
            lib.windows(*[value if place == position else 0 for place in range(5)])
    assert lib.bits_of_long(1 << 40) == 1 << 40


def test_r02_07_the_declaration_decides_the_sign(load_both: Loader) -> None:
    """The byte 0xFF from a plain `char` is -1 or 255, as it was declared."""
    assert load_both("primitives", "int8_t high_char(void);").high_char() == -1
    assert load_both("primitives", "uint8_t high_char(void);").high_char() == 255


@pytest.mark.parametrize("convention", ["__cdecl", "__stdcall"])
def test_r02_09_one_convention(load_both: Loader, convention: str) -> None:
    """Either name is accepted where there is one convention only."""
    assert load_both("primitives", f"uint64_t {convention} bits_of_int(int value);").bits_of_int(3) == 3


@pytest.mark.rule("R19.31")
def test_r02_09_two_conventions_are_refused(load_both: Loader) -> None:
    """No function has two."""
    with pytest.raises(callgate.DeclarationError, match="__stdcall"):
        load_both("primitives", "uint64_t __cdecl __stdcall bits_of_int(int value);")


@pytest.mark.parametrize(
    ("name", "tried"),
    [
        ("foo", ["foo.so", "libfoo.so", "foo", "libfoo"]),
        ("foo.so.6", ["foo.so.6", "libfoo.so.6", "foo.so.6.so", "libfoo.so.6.so"]),
        ("a/foo", ["a/foo.so", "a/foo"]),
        ("/abs/foo.so", ["/abs/foo.so"]),
    ],
)
def test_r02_10_names_that_are_tried(name: str, tried: list[str]) -> None:
    """With and without prefix and suffix; a path as it is."""
    assert candidates(name) == tried


def test_r02_10_a_short_name_is_found(load_both: Loader) -> None:
    """`m.so.6` is `libm.so.6`."""
    assert load_both("m.so.6", "double cos(double x);").cos(0.0) == 1.0


@pytest.mark.rule("R19.32")
def test_r02_11_missing_functions_and_libraries(numbers: Lib, load_both: Loader) -> None:
    """Both are named."""
    lib = load_both("primitives", "int times_called(void); int not_there(void);")
    with pytest.raises(callgate.EntryPointNotFoundError, match=r"primitives\.so has no function 'not_there'"):
        lib.not_there()
    with pytest.raises(callgate.DllNotFoundError, match="libnot_there_at_all"):
        load_both("not_there_at_all", "int f(void);")


def test_r02_11_the_exported_name_is_the_one_that_is_missing(load_typed: TypedLoader) -> None:
    """A method of another name is named beside it; an ordinal is refused where it is written."""

    @callgate.library("primitives")
    class Renamed(Protocol):
        @callgate.native(entry_point="bits_of_int")
        def there(self, value: callgate.i4) -> callgate.u8: ...
        @callgate.native(entry_point="not_there")
        def other(self, value: callgate.i4) -> callgate.u8: ...

    lib = load_typed("primitives", Renamed)
    assert lib.there(3) == 3
    with pytest.raises(callgate.EntryPointNotFoundError, match=r"no function 'not_there', for other"):
        lib.other(3)
    for decorate in (callgate.native, partial(callgate.prototype, "int twelve(int value);")):
        with pytest.raises(callgate.MarshalDirectiveError, match=r"'#12' is an ordinal.*R2\.11"):
            decorate(entry_point="#12")


def test_r02_13_widths_come_from_the_host() -> None:
    """A host with 32-bit pointers: what does not fit there is refused here, before anything is sent."""
    from callgate.convert import TypeSpace
    from callgate.convert.base import Mismatch
    from callgate_protocol.forms import Integer

    sizes: dict[str, Any] = dict.fromkeys(["iptr", "uptr", "long", "ulong", "size", "pointer"], 4)
    types = TypeSpace("simulated", Abi("ilp32", "little", sizes, frozenset({"iptr", "long"})), {}, {}, {}, {}, {}, {})
    signed, unsigned = types.encoder(Integer("iptr")), types.encoder(Integer("uptr"))
    nothing: Any = None

    assert unsigned(1 << 31, nothing) == 1 << 31
    for encode, value in (
        (signed, 1 << 31),
        (signed, 1 << 33),
        (unsigned, 1 << 32),
        (types.encoder(Integer("long")), 1 << 40),
    ):
        with pytest.raises(Mismatch, match="does not fit"):
            encode(value, nothing)


def test_r02_08_types_without_a_form_are_refused() -> None:
    """Variable argument lists and 128-bit integers are named, with what to write instead."""
    for text, advice in (("int f(va_list list);", "variadic"), ("int f(__int128 n);", "uint64_t")):
        with pytest.raises(callgate.DeclarationError, match=advice):
            callgate.load("libc.so.6", text)
