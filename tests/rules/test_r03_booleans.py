"""R3: truth values of four, two and one bytes; C looks at the bits (`tests/native/units.c`)."""

from __future__ import annotations

import struct
from typing import Any

import pytest

import callgate
from callgate import Lib

from .conftest import Loader, untouched

UNITS = """
    int times_called(void);
    uint32_t bits_of_BOOL(BOOL value);
    uint32_t bits_of_VARIANT_BOOL(VARIANT_BOOL value);
    uint32_t bits_of_bool(bool value);
    BOOL BOOL_of(int32_t bits);
    VARIANT_BOOL VARIANT_BOOL_of(int16_t bits);
    int32_t all_bits_of([size_is(n)] const BOOL *values, int n);
    int32_t all_variant_bits_of([size_is(n)] const VARIANT_BOOL *values, int n);
    void invert([in, out, size_is(n)] BOOL *values, int n);
    void negate_one([in, out] BOOL *value);
    struct switches { uint8_t tag; BOOL on; VARIANT_BOOL also; BOOL all[2]; bool narrow; };
    int32_t size_of_switches(void);
    int32_t check_switches(const struct switches *s);
    void turn_switches([in, out] struct switches *s);
"""


@pytest.fixture(scope="module")
def units(load_both: Loader) -> Lib:
    """The library of truth values."""
    return load_both("units", UNITS)


@pytest.mark.parametrize(("name", "true"), [("bits_of_BOOL", 1), ("bits_of_VARIANT_BOOL", 0xFFFF), ("bits_of_bool", 1)])
def test_r03_01_bits_of_each_width(units: Lib, name: str, true: int) -> None:
    """A true BOOL is 1, a true VARIANT_BOOL is all bits, a true bool is 1; false is 0."""
    assert [getattr(units, name)(value) for value in (True, False)] == [true, 0]


def test_r03_01_members_are_four_bytes_for_bool(units: Lib) -> None:
    """In a struct BOOL has four bytes, VARIANT_BOOL two, bool one: sizes and places are those of C."""
    switches = callgate.types(units).switches
    assert callgate.sizeof(units, "switches") == units.size_of_switches() == 24
    assert units.check_switches(switches(tag=7, on=True, also=True, all=[False, True], narrow=True)) == 1


def test_r03_02_a_c_bool_read_as_four_bytes_sees_garbage(load_both: Loader) -> None:
    """Only the low byte of a returned C bool is defined, so it must be declared as `bool`."""
    assert load_both("units", "bool bool_with_garbage_above(void);").bool_with_garbage_above() is False
    assert load_both("units", "BOOL bool_with_garbage_above(void);").bool_with_garbage_above() is True


def test_r03_02_the_converse(load_both: Loader) -> None:
    """A BOOL of 0x100 is true as BOOL, and false when it is declared as `bool`."""
    assert load_both("units", "BOOL BOOL_of(int32_t bits);").BOOL_of(0x100) is True
    assert load_both("units", "bool BOOL_of(int32_t bits);").BOOL_of(0x100) is False


def test_r03_03_only_all_bits_are_a_true_variant_bool(units: Lib, load_both: Loader) -> None:
    """1, 0x00FF and 0xFF00 in a VARIANT_BOOL are false as documented, and true where the declaration is lenient."""
    patterns = (-1, 0, 1, 0x00FF, -256)
    assert [units.VARIANT_BOOL_of(bits) for bits in patterns] == [True, False, False, False, False]
    lenient = load_both("units", "[lenient] VARIANT_BOOL VARIANT_BOOL_of(int16_t bits);")
    assert [lenient.VARIANT_BOOL_of(bits) for bits in patterns] == [True, False, True, True, True]


@pytest.mark.parametrize("value", [1, 0, 2, "x", None, 1.0, [], "True"])
@pytest.mark.parametrize("name", ["bits_of_BOOL", "bits_of_VARIANT_BOOL", "bits_of_bool"])
def test_r03_04_only_a_bool_is_one(units: Lib, name: str, value: Any) -> None:
    """Python's truthiness is not applied: anything but a bool is a TypeError, and native code is not entered."""
    with untouched(units), pytest.raises(TypeError, match=f"argument 1 'value' of {name}: expected a bool"):
        getattr(units, name)(value)


def test_r03_04_numpy_bools_are_bools(units: Lib) -> None:
    """numpy.bool_ counts as a bool."""
    numpy = pytest.importorskip("numpy")
    assert (units.bits_of_BOOL(numpy.True_), units.bits_of_VARIANT_BOOL(numpy.bool_(0))) == (1, 0)


@pytest.mark.parametrize("bits", [1, 2, -1, 0x100, 0])
def test_r03_04_what_comes_back_is_a_bool(units: Lib, bits: int) -> None:
    """Any bit makes a BOOL true, and the result is exactly True or False."""
    assert units.BOOL_of(bits) is (bits != 0)


def test_r03_05_elements_have_four_bytes(units: Lib) -> None:
    """An array of BOOL has four bytes per element, of VARIANT_BOOL two: C sums the elements."""
    assert units.all_bits_of([True, False, True], 3) == 101
    assert units.all_variant_bits_of([True, False, True], 3) == -4


def test_r03_05_elements_must_be_bools_too(units: Lib) -> None:
    """The element that is none is named."""
    with pytest.raises(TypeError, match=r"argument 1 'values'\[1\] of all_bits_of: expected a bool"):
        units.all_bits_of([True, 1], 2)


def test_r03_05_numpy_bools_are_widened(units: Lib) -> None:
    """NumPy's bools are one byte each; C gets four."""
    numpy = pytest.importorskip("numpy")
    assert units.all_bits_of(numpy.array([True, False, True]), 3) == 101
    values = numpy.array([True, False])
    units.invert(values, 2)
    assert values.tolist() == [False, True]


def test_r03_05_elements_come_back(units: Lib) -> None:
    """An in-out list of BOOL is updated in place, each element normalised."""
    values = [True, False, True]
    units.invert(values, 3)
    assert values == [False, True, False]
    assert units.negate_one(False) is True


def test_r03_06_members_come_back_as_bools(units: Lib) -> None:
    """What C left in a struct is normalised by the width of each member."""
    given = {"tag": 7, "on": True, "also": True, "all": [False, True], "narrow": True}
    assert units.turn_switches(given) == callgate.types(units).switches(7, False, False, [True, False], False)


def test_r03_01_a_bool_in_host_memory(units: Lib) -> None:
    """Members of a struct that lives in the host are bools too."""
    with callgate.new(units, "switches") as switches:
        switches.on = True
        switches.all = [True, False]
        raw = callgate.read(switches, 24)
        assert struct.unpack_from("<i", raw, 4) == (1,)
        assert struct.unpack_from("<ii", raw, 12) == (1, 0)
        assert (switches.on, switches.also, switches.all[0]) == (True, False, True)
