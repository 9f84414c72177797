"""R12: DATE, DECIMAL, CURRENCY, GUID, OLE_COLOR and FILETIME, checked byte for byte by compiled C."""

from __future__ import annotations

import struct
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, localcontext
from typing import Any

import pytest

import callgate
from callgate.variant import Color, PaletteColor, PaletteIndex, SystemColor

from .conftest import Loader

PROTOTYPES = """
    void last_seen([out, size_is(64)] uint8_t *bytes);
    HRESULT M1(DATE value);
    HRESULT M2(GUID value);
    HRESULT M3(DECIMAL value);
    HRESULT M4(OLE_COLOR value);
    int see_currency(CURRENCY value);
    int see_filetime(FILETIME value);
    HRESULT see_hresult(HRESULT value);
    int mixed(int a, DECIMAL d, double x, GUID g, DATE when, int b);
    void put([size_is(n)] const uint8_t *bytes, int n);
    DATE give_date(void);
    CURRENCY give_currency(void);
    OLE_COLOR give_color(void);
    FILETIME give_filetime(void);
    GUID give_guid(void);
    DECIMAL give_decimal(void);
    void give_date_out([out] DATE *value);
    void give_decimal_out([out] DECIMAL *value);
    int change_decimal([in, out] DECIMAL *value);
    int change_guid(REFGUID value);
    int change_date([in, out] DATE *value);
    double sum_dates([size_is(n)] const DATE *values, int n);
    int64_t sum_decimals([size_is(n)] const DECIMAL *values, int n);
    void fill_guids([out, size_is(n)] GUID *values, int n);
    void shift_dates([in, out, size_is(n)] DATE *values, int n);
    struct event {
        uint8_t tag; DATE when; GUID id; DECIMAL price; CURRENCY cost; OLE_COLOR color; FILETIME changed;
        HRESULT status; DATE days[2];
    };
    int check_event(const struct event *e);
    int event_by_value(struct event e);
    void fill_event([out] struct event *e);
    int event_size(void);
    int call_mirror(GUID (*f)(GUID id, DECIMAL price, DATE when, OLE_COLOR color));
    double call_tick(DATE (*f)(DATE when, [in, out] DECIMAL *total));
    int sizes(void);
"""
SOME_GUID = uuid.UUID("00020400-0000-0000-C000-000000000046")


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return load_both("system", PROTOTYPES)


def seen(lib: Any, size: int) -> bytes:
    """The bytes that native code got last."""
    room = bytearray(64)
    lib.last_seen(room)
    return bytes(room[:size])


def stored(lib: Any, data: bytes) -> None:
    lib.put(data, len(data))


def days(lib: Any, number: float) -> datetime:
    """What a DATE of that number comes back as."""
    stored(lib, struct.pack("<d", number))
    given: datetime = lib.give_date()
    return given


def sent(lib: Any, value: Any) -> float:
    """The number that native code got for a DATE."""
    lib.M1(value)
    number: float = struct.unpack("<d", seen(lib, 8))[0]
    return number


def test_r12_01_ivaluetypes_m1_to_m4(lib: Any) -> None:
    """IValueTypes: each method takes its value by value and finds the constant it expects."""
    assert lib.M1(datetime(2000, 1, 1, 12)) == 0
    assert lib.M2(SOME_GUID) == 0
    assert lib.M3(Decimal("-123.45")) == 0
    assert lib.M4(Color(255, 128, 0)) == 0


@pytest.mark.rule("R12.12")
def test_r12_01_between_other_arguments(lib: Any) -> None:
    """Structs of two integer registers between numbers and doubles arrive in the right places."""
    guid = uuid.UUID(fields=(1, 0x0203, 0, 0, 0, 0))
    assert lib.mixed(1, Decimal("1.5"), 2.5, guid, datetime(1970, 1, 1), 7) == 1


DATES = [
    (datetime(1899, 12, 30), 0.0),
    (datetime(1899, 12, 31), 1.0),
    (datetime(1900, 1, 1), 2.0),
    (datetime(1970, 1, 1), 25569.0),
    (datetime(2000, 1, 1, 12), 36526.5),
]


@pytest.mark.parametrize(("moment", "number"), DATES)
def test_r12_02_days_since_1899(lib: Any, moment: datetime, number: float) -> None:
    """The five dates of the rule, both ways."""
    assert sent(lib, moment) == number
    assert days(lib, number) == moment


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        (datetime(1899, 12, 29, 6), -1.25),
        (datetime(1899, 12, 29, 18), -1.75),
        (datetime(1899, 12, 29), -1.0),
        (datetime(1899, 12, 28, 12), -2.5),
    ],
)
def test_r12_03_fraction_counts_forwards(lib: Any, moment: datetime, number: float) -> None:
    """Before the epoch the day counts backwards and its hours forwards."""
    assert sent(lib, moment) == number
    assert days(lib, number) == moment


def test_r12_03_every_hour_around_the_epoch(lib: Any) -> None:
    """Every hour from 1899-12-27 to 1900-01-02 comes back; both ways to write an hour of the epoch's day are read."""
    for hour in range(6 * 24 + 1):
        moment = datetime(1899, 12, 27) + timedelta(hours=hour)
        assert days(lib, sent(lib, moment)) == moment
    assert days(lib, -0.25) == days(lib, 0.25) == datetime(1899, 12, 30, 6)
    assert sent(lib, datetime(1899, 12, 30, 6)) == 0.25


def test_r12_04_range(lib: Any) -> None:
    """The first and the last day are taken, and the days beyond refused, in both directions."""
    assert sent(lib, datetime(100, 1, 1)) == -657434.0
    assert sent(lib, datetime(9999, 12, 31)) == 2958465.0
    assert days(lib, -657434.0) == datetime(100, 1, 1)
    assert days(lib, 2958465.0) == datetime(9999, 12, 31)
    with pytest.raises(OverflowError, match=r"M1.*R12\.4"):
        lib.M1(datetime(99, 12, 31))
    for number in (-657435.0, 2958466.0, float("nan"), float("inf"), 2958465.9999999995):
        with pytest.raises(callgate.ArgumentError, match=r"R12\.4"):
            days(lib, number)


def test_r12_04_date_and_time_alone(lib: Any) -> None:
    """A date is its midnight, a time lies on the epoch's day."""
    assert sent(lib, time(6)) == 0.25
    assert sent(lib, date(1900, 1, 1)) == 2.0


def test_r12_05_milliseconds(lib: Any) -> None:
    """Microseconds are cut off on the way out; on the way in the nearest millisecond counts."""
    assert days(lib, sent(lib, datetime(2001, 2, 3, 4, 5, 6, 123456))) == datetime(2001, 2, 3, 4, 5, 6, 123000)
    assert days(lib, 1 / 86_400_000 * 0.6) == datetime(1899, 12, 30, 0, 0, 0, 1000)
    assert days(lib, 1 / 86_400_000 * 0.4) == datetime(1899, 12, 30)


def test_r12_05_every_millisecond_of_a_second(lib: Any) -> None:
    """No millisecond is lost in the double, neither today nor in the year 9999."""
    for year in (100, 1899, 2024, 9999):
        for millisecond in range(0, 1000, 37):
            moment = datetime(year, 12, 31, 23, 59, 59, millisecond * 1000)
            assert days(lib, sent(lib, moment)) == moment


@pytest.mark.rule("R19.42")
def test_r12_05_a_zone_is_refused(lib: Any) -> None:
    """A time zone would be lost silently: refused, as is a time with one."""
    for aware in (datetime(2000, 1, 1, tzinfo=UTC), time(1, tzinfo=UTC)):
        with pytest.raises(callgate.ArgumentError, match=r"argument 1 'value' of M1.*time zone.*R12\.5"):
            lib.M1(aware)


def test_r12_05_exact_refuses_microseconds(load_both: Loader) -> None:
    """With [exact] nothing is cut off."""
    lib = load_both("system", "HRESULT M1([exact] DATE value);")
    lib.M1(datetime(2000, 1, 1, 0, 0, 0, 5000))
    with pytest.raises(callgate.ArgumentError, match=r"123456 microseconds"):
        lib.M1(datetime(2000, 1, 1, 0, 0, 0, 123456))


def decimal_bytes(lib: Any, value: Any) -> bytes:
    lib.M3(value)
    return seen(lib, 16)


def test_r12_06_bytes(lib: Any) -> None:
    """The bytes of the rule; the scale is kept, and so is the sign of zero."""
    assert decimal_bytes(lib, Decimal("-123.45")) == bytes.fromhex("0000 02 80 00000000 3930000000000000")
    assert decimal_bytes(lib, Decimal("1.10")) == bytes.fromhex("0000 02 00 00000000 6e00000000000000")
    assert decimal_bytes(lib, Decimal("-0.0")) == bytes.fromhex("0000 01 80 00000000 0000000000000000")
    assert decimal_bytes(lib, 1 << 64) == bytes.fromhex("0000 00 00 01000000 0000000000000000")


@pytest.mark.parametrize("text", ["1.10", "-0.0", "123.45", "79228162514264337593543950335", "1E-28", "0"])
def test_r12_06_round_trip(lib: Any, text: str) -> None:
    """The same digits come back, trailing zeros and all."""
    stored(lib, decimal_bytes(lib, Decimal(text)))
    assert str(lib.give_decimal()) == text
    assert str(lib.give_decimal_out()) == text


@pytest.mark.rule("R19.42")
def test_r12_07_limits(lib: Any) -> None:
    """2^96-1 fits, 2^96 does not; exponents are expanded; what would be inexact is refused."""
    assert decimal_bytes(lib, Decimal(2**96 - 1)) == bytes.fromhex("0000 00 00 ffffffff ffffffffffffffff")
    assert decimal_bytes(lib, Decimal("1E+5")) == bytes.fromhex("0000 00 00 00000000 a086010000000000")
    assert decimal_bytes(lib, Decimal("1.5" + 28 * "0")) == decimal_bytes(lib, Decimal("1.5" + 27 * "0"))
    for value in (2**96, Decimal("1E-29"), Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), Decimal("1E+999999")):
        with pytest.raises(OverflowError, match=r"argument 1 'value' of M3.*R12\.7"):
            lib.M3(value)
    for wrong in (1.5, "1.5", True):
        with pytest.raises(TypeError, match="Decimal"):
            lib.M3(wrong)


@pytest.mark.parametrize("block", ["0000 1d 00", "0000 00 01", "0000 02 81"])
def test_r12_07_what_is_no_decimal_is_refused(lib: Any, block: str) -> None:
    """A scale beyond 28 or another sign byte."""
    stored(lib, bytes.fromhex(block).ljust(16, b"\0"))
    with pytest.raises(callgate.ArgumentError, match=r"give_decimal.*R12\.7"):
        lib.give_decimal()


def test_r12_07_round(load_both: Loader) -> None:
    """With [round] further decimals are rounded half-even, never digits before the point."""
    lib = load_both("system", PROTOTYPES.replace("M3(DECIMAL", "M3([round] DECIMAL"))
    assert decimal_bytes(lib, Decimal("5E-29"))[8:] == bytes(8)
    assert decimal_bytes(lib, Decimal("15E-29"))[8:] == (2).to_bytes(8, "little")
    third = decimal_bytes(lib, Decimal("79228162514264337593543950335.4"))
    assert third == bytes.fromhex("0000 00 00 ffffffff ffffffffffffffff")
    with pytest.raises(OverflowError):
        lib.M3(2**96)


def test_r12_07_the_callers_context_rounds_nothing(lib: Any) -> None:
    """A context of three digits changes neither what is sent nor what comes back."""
    with localcontext() as context:
        context.prec = 3
        stored(lib, decimal_bytes(lib, Decimal("1234567.89")))
        assert str(lib.give_decimal()) == "1234567.89"
        lib.see_currency(Decimal("922337203685477.5807"))
    assert seen(lib, 8) == (2**63 - 1).to_bytes(8, "little")


def currency(lib: Any, value: Any) -> int:
    lib.see_currency(value)
    return int.from_bytes(seen(lib, 8), "little", signed=True)


def test_r12_08_currency(lib: Any) -> None:
    """Ten-thousandths, half-even, and the limits of 64 bits."""
    assert lib.see_currency(Decimal("5.25")) == 1
    assert currency(lib, Decimal("1.00005")) == 10000
    assert currency(lib, Decimal("1.00015")) == 10002
    assert currency(lib, Decimal("-1.00015")) == -10002
    assert currency(lib, -3) == -30000
    assert currency(lib, Decimal("-922337203685477.5808")) == -(2**63)
    for text in ("922337203685477.5808", "-922337203685477.5809", "NaN", "1E+30"):
        with pytest.raises(OverflowError, match="see_currency"):
            lib.see_currency(Decimal(text))


def test_r12_08_currency_comes_back_with_four_decimals(lib: Any) -> None:
    """As a Decimal of scale 4."""
    for units, text in ((52500, "5.2500"), (-1, "-0.0001"), (-(2**63), "-922337203685477.5808")):
        stored(lib, units.to_bytes(8, "little", signed=True))
        assert str(lib.give_currency()) == text


def test_r12_09_guid_bytes(lib: Any) -> None:
    """Three fields in the host's byte order, eight bytes as they are; never `UUID.bytes`."""
    expected = bytes.fromhex("00040200 0000 0000 C000000000000046")
    assert lib.M2(SOME_GUID) == 0
    assert seen(lib, 16) == expected
    assert lib.M2("{00020400-0000-0000-C000-000000000046}") == 0
    stored(lib, expected)
    assert lib.give_guid() == SOME_GUID
    with pytest.raises(TypeError, match="argument 1 'value' of M2"):
        lib.M2("not a guid")


def test_r12_09_a_reference_is_another_abi(lib: Any) -> None:
    """REFGUID is a pointer to the same bytes."""
    assert lib.change_guid(SOME_GUID) == 1
    assert seen(lib, 16) == SOME_GUID.bytes_le
    with pytest.raises(callgate.NullReferenceError):
        lib.change_guid(None)


COLORS = [
    (Color(255, 0, 0), 0x000000FF),
    (Color(255, 128, 0), 0x000080FF),
    (SystemColor(5), 0x80000005),
    (PaletteIndex(0x1234), 0x01001234),
    (PaletteColor(1, 2, 3), 0x02030201),
]


@pytest.mark.parametrize(("color", "number"), COLORS)
def test_r12_10_colors(lib: Any, color: Any, number: int) -> None:
    """Red in the low byte; the high byte says what kind it is; both ways."""
    lib.M4(color)
    assert seen(lib, 4) == number.to_bytes(4, "little")
    stored(lib, number.to_bytes(4, "little"))
    assert lib.give_color() == color


def test_r12_10_refused(lib: Any) -> None:
    """Transparency has no place; a number that is no colour is not guessed; an int is itself."""
    with pytest.raises(callgate.ArgumentError, match=r"transparency.*R12\.10"):
        lib.M4(Color(1, 2, 3, alpha=0))
    lib.M4(0x80FF)
    assert seen(lib, 4) == bytes.fromhex("ff800000")
    stored(lib, (0x40000000).to_bytes(4, "little"))
    with pytest.raises(callgate.ArgumentError, match=r"0x40000000.*R12\.10"):
        lib.give_color()


def test_r12_11_sizes(lib: Any) -> None:
    """DATE 8, OLE_COLOR 4, DECIMAL 16, GUID 16; and a struct of them all is as long as C says."""
    assert lib.sizes() == 8 | 4 << 8 | 16 << 16 | 16 << 24
    assert callgate.sizeof(lib, "event") == lib.event_size()


def test_r12_12_by_reference(lib: Any) -> None:
    """A pointer to the native form, in and out."""
    assert lib.change_decimal(Decimal("1.5")) == (1, Decimal("-2.5"))
    assert lib.change_date(datetime(1900, 1, 1)) == (1, datetime(1899, 12, 29, 6))
    box = callgate.Box(datetime(1900, 1, 1))
    assert lib.change_date(box) == 1
    assert box.value == datetime(1899, 12, 29, 6)


def test_r12_12_arrays(lib: Any) -> None:
    """In, out, and changed in place; the stride of a DECIMAL is 16."""
    assert lib.sum_dates([datetime(1899, 12, 31), datetime(1900, 1, 1)], 2) == 5.0
    assert lib.sum_decimals([Decimal(1), Decimal(2), Decimal("0.3")], 3) == 1 + 4 + 9
    guids = [uuid.UUID(int=0)] * 3
    lib.fill_guids(guids, 3)
    assert [guid.fields[0] for guid in guids] == [1, 2, 3]
    moments = [datetime(2000, 1, 1), datetime(1899, 12, 30)]
    lib.shift_dates(moments, 2)
    assert moments == [datetime(2000, 1, 2), datetime(1899, 12, 31)]
    with pytest.raises(callgate.ArgumentError, match=r"'values'\[1\]"):
        lib.sum_dates([datetime(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC)], 2)


def test_r12_12_members(lib: Any) -> None:
    """Members of structs, by pointer and by value, with zeros for what is left out."""
    event = {
        "tag": 7,
        "when": datetime(1970, 1, 1),
        "id": SOME_GUID,
        "price": Decimal("1.10"),
        "cost": Decimal("-0.0001"),
        "color": SystemColor(5),
        "changed": datetime(1601, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        "status": 0x80004005,
        "days": [datetime(1899, 12, 30), datetime(1900, 1, 2, 12)],
    }
    assert lib.check_event(event) == 1
    assert lib.event_by_value(event) == 1
    filled = lib.fill_event()
    assert filled.when == datetime(1899, 12, 31)
    assert (filled.price, filled.cost, filled.color) == (Decimal("0.001"), Decimal(1), Color(255, 0, 0))
    assert (filled.id.fields[0], filled.status, filled.days[0]) == (9, 1, datetime(1899, 12, 30, 12))
    assert callgate.types(lib).event().when == datetime(1899, 12, 30)
    with pytest.raises(TypeError, match=r"'e'\.price"):
        lib.check_event(event | {"price": 1.5})


def test_r12_12_callbacks(lib: Any) -> None:
    """The same values the other way, as arguments, results and outs of a callback."""
    got: list[Any] = []

    def mirror(*values: Any) -> uuid.UUID:
        got.extend(values)
        return uuid.UUID(bytes_le=values[0].bytes)

    assert lib.call_mirror(mirror) == 1
    assert got == [
        uuid.UUID("01020304-0506-0708-0102-030405060708"),
        Decimal("-2.50"),
        datetime(2000, 1, 1, 12),
        Color(255, 128, 0),
    ]
    assert lib.call_tick(lambda when, total: (when + timedelta(days=1), total + Decimal("0.25"))) == 3.0


@pytest.mark.rule("R19.20")
def test_r12_13_other_types_have_no_format(load_both: Loader) -> None:
    """A timedelta is no DATE; a word that belongs to one type is refused beside another."""
    lib = load_both("system", "HRESULT M1(DATE value); int see_currency([exact] CURRENCY value);")
    with pytest.raises(TypeError, match="a datetime, date or time"):
        lib.M1(timedelta(1))
    with pytest.raises(callgate.MarshalDirectiveError, match=r"\[exact\] belongs to DATE.*R19\.20"):
        lib.see_currency(1)


def test_r02_08_filetime(lib: Any) -> None:
    """100 ns since 1601 in UTC; the zone must be there, and is converted."""
    assert lib.see_filetime(datetime(1970, 1, 1, tzinfo=UTC)) == 1
    assert lib.see_filetime(datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == 1
    assert lib.see_filetime(116444736000000000) == 1
    stored(lib, (116444736000000019).to_bytes(8, "little"))
    assert lib.give_filetime() == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    with pytest.raises(callgate.ArgumentError, match=r"R2\.8"):
        lib.see_filetime(datetime(1970, 1, 1))
    with pytest.raises(OverflowError, match=r"R2\.8"):
        lib.see_filetime(datetime(1600, 1, 1, tzinfo=UTC))
    stored(lib, (2**63 - 1).to_bytes(8, "little"))
    with pytest.raises(callgate.ArgumentError, match=r"R2\.8"):
        lib.give_filetime()


def test_r11_03_hresult_values(lib: Any) -> None:
    """Either way to write a code is the same 32 bits; what comes back is signed and prints as people know it."""
    for value in (0x80004005, -2147467259):
        result = lib.see_hresult(value)
        assert result == -2147467259
        assert repr(result) == "HResult(0x80004005: E_FAIL)"
        assert seen(lib, 4) == bytes.fromhex("05400080")
    assert not lib.see_hresult(1).failed
    with pytest.raises(TypeError):
        lib.see_hresult(1 << 32)


def test_r12_11_a_typedef_of_the_text_takes_precedence(load_both: Loader) -> None:
    """A library that calls something else DATE or GUID means its own type."""
    lib = load_both("system", "typedef double DATE; int M1(DATE value);")
    assert lib.M1(36526.5) == 0
