"""R13.3, R13.4 with values of any shape: C writes down what it saw, and what comes back is what was sent."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callgate import Lib
from callgate.variant import (
    I1,
    I2,
    I4,
    I8,
    R4,
    R8,
    U1,
    U2,
    U4,
    U8,
    CurrencyWrapper,
    DBNull,
    ErrorWrapper,
    Missing,
    NdArr,
    Ptr,
    UPtr,
)

from .conftest import Loader

SIZED = {I1: 8, I2: 16, I4: 32, I8: 64, Ptr: 32}
UNSIGNED = {U1: 8, U2: 16, U4: 32, U8: 64, UPtr: 32}
EPOCH = datetime(1899, 12, 30)


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both(
        "digest",
        """
        int digest(VARIANT v, [out, size_is(size)] uint8_t *text, int size);
        [keep_types] VARIANT copied(VARIANT v);
        long heap(void);
        """,
    )


numbers = st.one_of(
    *(st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1).map(kind) for kind, bits in SIZED.items()),
    *(st.integers(0, (1 << bits) - 1).map(kind) for kind, bits in UNSIGNED.items()),
)
decimals = st.builds(
    lambda mantissa, scale, sign: Decimal((sign, tuple(map(int, str(mantissa))), -scale)),
    st.integers(0, (1 << 96) - 1),
    st.integers(0, 28),
    st.integers(0, 1),
)
moments = st.datetimes(datetime(100, 1, 1), datetime(9999, 12, 31)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.just(DBNull),
    st.just(Missing),
    numbers,
    st.integers(-(1 << 31), (1 << 64) - 1),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False, width=32).map(R4),
    st.floats(allow_nan=False).map(R8),
    st.text(st.characters(), max_size=6),
    decimals,
    st.integers(-(1 << 63), (1 << 63) - 1).map(lambda units: CurrencyWrapper(Decimal(units).scaleb(-4))),
    st.integers(-(1 << 31), (1 << 31) - 1).map(ErrorWrapper),
    moments,
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.binary(max_size=6)
        | st.builds(lambda value, low: NdArr([[value, value]], lbounds=[low, 0]), inner, st.integers(-3, 3))
    ),
    max_leaves=10,
)


def seen(value: Any) -> str:
    """What `digest.c` says of a value, worked out from the table of R13.3 alone."""
    for kind, write in WORDS:
        if isinstance(value, kind):
            return str(write(value))
    raise AssertionError(f"no row for {value!r}")


def _number(vartype: int) -> Any:
    return lambda value: f"{vartype}:{int(value)};"


def _double(vartype: int, value: float) -> str:
    return f"{vartype}:{struct.unpack('<Q', struct.pack('<d', value))[0]:016x};"


def _int(value: int) -> str:
    return f"{3 if -(2**31) <= value < 2**31 else 20 if value < 2**63 else 21}:{value};"


def _decimal(value: Decimal) -> str:
    sign, digits, exponent = value.as_tuple()
    mantissa = int("".join(map(str, digits)))
    return f"14:{-int(exponent)},{128 * sign},{mantissa >> 64},{mantissa & (1 << 64) - 1};"


def _date(value: datetime) -> str:
    days, rest = divmod((value - EPOCH) // timedelta(milliseconds=1), 86_400_000)
    return _double(7, (days * 86_400_000 + (rest if days >= 0 else -rest)) / 86_400_000)


def _array(value: NdArr) -> str:
    bounds = "".join(f",{length}@{low}" for length, low in zip(value.dims, value.lbounds, strict=True))
    rows, columns = value.dims
    inner = "".join(seen(value.values[row * columns + column]) for column in range(columns) for row in range(rows))
    return f"A12:{len(value.dims)}{bounds}[{inner}]"


WORDS: list[tuple[Any, Any]] = [
    (type(None), lambda _: "0;"),
    (type(DBNull), lambda value: "1;" if value is DBNull else f"10:{0x80020004 - 2**32};"),
    (ErrorWrapper, lambda value: f"10:{value.code};"),
    (CurrencyWrapper, lambda value: f"6:{int(value.value.scaleb(4))};"),
    (R4, lambda value: f"4:{struct.unpack('<I', struct.pack('<f', value))[0]:08x};"),
    *((kind, _number(vartype)) for kind, vartype in ((I1, 16), (I2, 2), (I4, 3), (I8, 20), (Ptr, 22))),
    *((kind, _number(vartype)) for kind, vartype in ((U1, 17), (U2, 18), (U4, 19), (U8, 21), (UPtr, 23))),
    (bool, lambda value: f"11:{-1 if value else 0};"),
    (int, _int),
    (float, lambda value: _double(5, value)),
    (str, lambda value: f"8:{value.encode('utf-16-le', 'surrogatepass').hex()};"),
    (Decimal, _decimal),
    (datetime, _date),
    (bytes, lambda value: f"A17:1,{len(value)}@0[" + "".join(f"17:{byte};" for byte in value) + "]"),
    (list, lambda value: f"A12:1,{len(value)}@0[" + "".join(map(seen, value)) + "]"),
    (NdArr, _array),
]


@settings(max_examples=150, deadline=None)
@given(value=values)
def test_r13_03_c_sees_what_the_table_says(lib: Any, value: Any) -> None:
    """Nested values of every row: types, bounds and bytes, as C walks them."""
    expected = seen(value)
    room = bytearray(len(expected) + 64)
    length = lib.digest(value, room, len(room))
    assert room[:length].decode() == expected


@settings(max_examples=150, deadline=None)
@given(value=values)
def test_r13_04_what_native_code_made_comes_back(lib: Any, value: Any) -> None:
    """A copy that native code made of everything in it: the same value, of the same types."""
    result = lib.copied(value)
    assert seen(result) == seen(value)


@pytest.mark.rule("R13.9")
def test_r13_04_nothing_of_it_is_lost(lib: Any) -> None:
    """Arrays in arrays with texts in them, there and back, a hundred times."""
    value = [["x" * 5000, b"y" * 5000, [Decimal(1), None, "z"]], NdArr([["a" * 2000, 1]], lbounds=[1, 0])]
    for _ in range(3):
        lib.copied(value)
    before = lib.heap()
    for _ in range(100):
        lib.copied(value)
    assert lib.heap() - before < 200_000
