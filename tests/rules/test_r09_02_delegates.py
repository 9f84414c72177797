"""R9.1, R9.2: a Python callable where an interface wants a delegate, called by native code through IDispatch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import Lib
from callgate.com import declared
from callgate_protocol.guids import guid_text
from tests.component.declared import IDL, IID

from .com import probed
from .conftest import Loader

METHOD, GET = 1, 2
VALUE, DYNAMIC_INVOKE = 0, 0x60020007
EXCEPTION, BAD_COUNT = 0x80020009 - (1 << 32), 0x8002000E - (1 << 32)
TEXT = IDL.replace("HRESULT Invoke(IDispatch *object,", "HRESULT Invoke([in] Visit object,").replace(
    "HRESULT Dispid(IDispatch *object,", "HRESULT Dispid([in] Visit object,"
)
"""The probe's methods that take an IDispatch, told to Python as taking a delegate: it derives from IDispatch."""


@pytest.fixture(scope="module", autouse=True)
def nobody_else_declares_it() -> Iterator[None]:
    """Other tests of this process may have declared IProbe as it is, and one IID has one meaning (R14.29)."""
    iid = guid_text(str(IID["IProbe"]))
    others = declared._BY_IID.pop(iid, [])
    yield
    declared._BY_IID[iid] = others


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    assert "[in] Visit object" in TEXT
    return load_both("component", f"typedef int (*Visit)(int value);\n{TEXT}")


@pytest.fixture
def probe(lib: Lib) -> Iterator[Any]:
    with probed(lib) as made:
        yield made


def joined(*parts: Any) -> str:
    return "+".join(map(str, parts))


def test_r09_02_dynamic_invoke(probe: Any) -> None:
    assert probe.Dispid(joined, "DynamicInvoke") == (0, DYNAMIC_INVOKE)
    assert probe.Invoke(joined, DYNAMIC_INVOKE, METHOD, [[1, "a"]])[:2] == (0, "1+a")
    assert probe.Invoke(joined, DYNAMIC_INVOKE, METHOD, [[]])[:2] == (0, "")


def test_r09_02_the_default_member_is_the_callable(probe: Any) -> None:
    assert probe.Invoke(joined, VALUE, METHOD, [1, "a"])[:2] == (0, "1+a")
    assert probe.Invoke(joined, VALUE, GET, [])[1].startswith("<function joined")


class Counter:
    def __init__(self) -> None:
        self.total = 0

    def add(self, value: int) -> int:
        self.total += value
        return self.total


@pytest.mark.rule("R9.1")
def test_r09_02_any_callable(probe: Any) -> None:
    counter = Counter()
    for _ in range(3):
        result = probe.Invoke(counter.add, VALUE, METHOD, [2])
    assert result[:2] == (0, 6)
    assert probe.Invoke(lambda: 5, VALUE, METHOD, [])[:2] == (0, 5)


def test_r09_02_exceptions_are_told_as_they_are(probe: Any) -> None:
    def fail() -> None:
        raise ZeroDivisionError("nothing divides by zero")

    assert probe.Invoke(fail, DYNAMIC_INVOKE, METHOD, [[]])[0] == EXCEPTION
    source, description, code = probe.Exception()
    assert (source, description, code & 0xFFFFFFFF) == ("ZeroDivisionError", "nothing divides by zero", 0x80020012)
    assert probe.Invoke(joined.__get__(1, int), VALUE, METHOD, [2])[:2] == (0, "1+2")
    assert probe.Invoke(lambda one: one, VALUE, METHOD, [1, 2])[0] == BAD_COUNT


def test_r09_02_what_is_no_callable(probe: Any) -> None:
    with pytest.raises(callgate.InvalidCastError, match="_Delegate"):
        probe.Invoke(object(), VALUE, METHOD, [])


SLOTS = """
    [throws] HRESULT call_delegate(_Delegate *delegate, SAFEARRAY(VARIANT) *arguments, [out, retval] VARIANT *result);
    [throws] HRESULT take_delegate([in, out] _Delegate **delegate);
"""


@pytest.fixture(scope="module")
def slots(load_both: Loader) -> Lib:
    return load_both("delegate", SLOTS)


def test_r09_02_the_slot_of_dynamic_invoke(slots: Lib) -> None:
    assert slots.call_delegate(joined, [1, "a"]) == "1+a"
    with pytest.raises(ZeroDivisionError):
        slots.call_delegate(lambda: 1 // 0, [])


def test_r09_03_a_delegate_by_reference(slots: Lib) -> None:
    assert slots.take_delegate(joined) is None
