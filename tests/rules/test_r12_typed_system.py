"""System types, HRESULTs and SAFEARRAYs in typed declarations, and that C spells the same (R6, R11, R12)."""

# mypy: disable-error-code="misc"
# Types are values here.

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Annotated, Any, Protocol

import pytest

import callgate
from callgate import (
    HRESULT,
    BStr,
    Currency,
    FileTime,
    Guid,
    In,
    OleColor,
    Out,
    Ref,
    SafeArr,
    Variant,
    VBool,
    attribute,
    f8,
    i4,
    library,
    long_,
    named,
    native,
    struct,
)
from callgate.declare import parse
from callgate.typed.libraries import declarations_of

from .test_r19_typed import refusal


@struct
class Item:
    id: i4
    name: BStr


@library("libsystem.so")
class System(Protocol):
    def date(self, a: dt.datetime) -> dt.datetime: ...
    def decimal(self, a: decimal.Decimal) -> None: ...
    def guid(self, a: In[Ref[uuid.UUID]]) -> Guid: ...
    def money(self, a: Currency) -> None: ...
    def color(self, a: OleColor) -> None: ...
    def file_time(self, a: FileTime) -> None: ...
    def text(self, a: BStr) -> BStr: ...
    def get_text(self) -> tuple[i4, Annotated[Out[BStr], named("out")]]: ...
    def change(self, a: Ref[Variant]) -> HRESULT: ...
    def exact(self, a: Annotated[dt.datetime, attribute("exact")]) -> None: ...
    def items(self, a: SafeArr[Item]) -> SafeArr[str]: ...
    def truths(self, a: SafeArr[bool]) -> SafeArr[Any]: ...
    def flags(self, a: SafeArr[VBool]) -> Annotated[SafeArr[long_], attribute("bounds")]: ...
    def get_items(self) -> tuple[i4, Annotated[Out[SafeArr[i4]], named("out")]]: ...
    def grow(self, a: Ref[SafeArr[i4]]) -> None: ...
    @native(throws=True)
    def plain(self, a: i4) -> None: ...
    @native(throws=True)
    def area(self, a: i4) -> tuple[f8, Annotated[Out[i4], named("other")]]: ...


PROTOTYPES = """
    struct Item { int32_t id; BSTR name; };
    DATE date(DATE a);
    void decimal(DECIMAL a);
    GUID guid(const GUID *a);
    void money(CURRENCY a);
    void color(OLE_COLOR a);
    void file_time(FILETIME a);
    BSTR text(BSTR a);
    int32_t get_text([out] BSTR *out);
    HRESULT change([in, out] VARIANT *a);
    void exact([exact] DATE a);
    SAFEARRAY(BSTR) *items(SAFEARRAY(struct Item) *a);
    SAFEARRAY(VARIANT) *truths(SAFEARRAY(VARIANT_BOOL) *a);
    [bounds] SAFEARRAY(long) *flags(SAFEARRAY(VARIANT_BOOL) *a);
    int32_t get_items([out] SAFEARRAY(int32_t) **out);
    void grow([in, out] SAFEARRAY(int32_t) **a);
    [throws] HRESULT plain(int32_t a);
    [throws] HRESULT area(int32_t a, [out] int32_t *other, [out, retval] double *arg3);
"""


@pytest.mark.rule("R6.18", "R11.6", "R1.20")
def test_r12_01_typed_and_c_are_the_same() -> None:
    """Function by function."""
    ours = {function.name: function for function in declarations_of(System).library.functions}
    theirs = {function.name: function for function in parse(PROTOTYPES).functions}

    assert ours.keys() == theirs.keys()
    for name, function in theirs.items():
        assert ours[name] == function, name


@pytest.mark.rule("R19.4")
def test_r06_11_safearrays_of_arrays() -> None:
    """Arrays inside a SAFEARRAY."""
    refusal(SafeArr[SafeArr[i4]], rule="R19.4")
    refusal(SafeArr[list[i4]], rule="R19.4")


@pytest.mark.rule("R19.18")
def test_r01_25_strict_has_no_safearrays() -> None:
    """Refused in strict mode only."""

    class Probe(Protocol):
        def f(self, p: SafeArr[i4]) -> None: ...

    decorate: Any = library("libprobe.so", strict=True)
    with pytest.raises(callgate.MarshalDirectiveError, match=r"strict: SAFEARRAY.*R19\.18"):
        decorate(Probe)


def test_r19_24_text_in_records_of_safearrays() -> None:
    """A `char *` there is no BSTR."""

    @struct
    class Named:
        name: callgate.LPStr

    refusal(SafeArr[Named], rule="R19.24")


def test_r11_06_failures_are_raised(compiled: Any) -> None:
    """`throws`: the HRESULT vanishes or is raised, and the result is C's last parameter."""

    @library("libgeometry.so")
    class Throwing(Protocol):
        @native(throws=True)
        def half(self, n: i4) -> f8: ...

    lib = callgate.load(Throwing, path=compiled("geometry"))
    assert lib.half(5) == 2.5
    with pytest.raises(callgate.Error) as caught:
        lib.half(-1)
    assert getattr(caught.value, "hresult", None) == 0x80070057
    callgate.close(lib)
