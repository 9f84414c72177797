"""R14.15 to R14.28, R13.10: native code calls Python objects by name (`tests/native/component/probe.cpp`)."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

import callgate
from callgate import Lib
from callgate.variant import DispatchWrapper
from tests.component.declared import CLSID, IDL, IID

from .com import probed
from .conftest import Loader

METHOD, GET, PUT = 1, 2, 4
UNKNOWN_NAME, BAD_COUNT, TYPE_MISMATCH, OVERFLOW, MEMBER_NOT_FOUND, EXCEPTION = (
    code - (1 << 32) for code in (0x80020006, 0x8002000E, 0x80020005, 0x8002000A, 0x80020003, 0x80020009)
)
FIRST_OWN: Final = 0x60020004


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("component", IDL)


@pytest.fixture
def probe(lib: Lib) -> Iterator[Any]:
    with probed(lib) as made:
        yield made


class Calc:
    """A class that says nothing about COM."""

    def __init__(self) -> None:
        self._total = 3

    @property
    def Total(self) -> int:
        return self._total

    @Total.setter
    def Total(self, value: int) -> None:
        self._total = value

    def Add(self, a: Any, b: Any) -> Any:
        return a + b

    def Fail(self) -> None:
        raise ZeroDivisionError("nothing divides by zero")

    def Leave(self) -> None:
        raise SystemExit(3)

    def _hidden(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Any]:
        return iter([1, "two", None])


@pytest.mark.rule("R14.15", "R14.16", "R14.17", "R13.10")
def test_r14_21_members_have_numbers(probe: Any) -> None:
    calc = Calc()
    assert probe.Dispid(calc, "Add") == (0, FIRST_OWN + 1)
    assert probe.Dispid(calc, "ADD") == (0, FIRST_OWN + 1)
    assert probe.Dispid(calc, "total") == (0, FIRST_OWN)
    assert [probe.Dispid(calc, name)[1] for name in ("ToString", "Equals", "GetHashCode", "GetType")] == [
        0,
        0x60020001,
        0x60020002,
        0x60020003,
    ]
    for hidden in ("_hidden", "__init__", "Nope"):
        assert probe.Dispid(calc, hidden) == (UNKNOWN_NAME, -1)


def called(probe: Any, target: Any, name: str, flags: int, *arguments: Any) -> tuple[int, Any, int]:
    """HRESULT, result, index of the wrong argument."""
    answer: tuple[int, Any, int] = probe.Invoke(target, probe.Dispid(target, name)[1], flags, list(arguments))
    return answer


def test_r14_22_methods_and_properties(probe: Any) -> None:
    calc = Calc()
    assert called(probe, calc, "Add", METHOD, 2, 3)[:2] == (0, 5)
    assert called(probe, calc, "Add", METHOD, "a", "b")[:2] == (0, "ab")
    assert called(probe, calc, "Total", GET)[:2] == (0, 3)
    assert called(probe, calc, "ToString", GET)[1].startswith("<tests.rules")
    assert called(probe, calc, "GetType", METHOD)[:2] == (0, "Calc")


@pytest.mark.rule("R14.20", "R11.8")
def test_r14_23_exceptions_are_told(probe: Any) -> None:
    calc = Calc()
    assert called(probe, calc, "Fail", METHOD)[0] == EXCEPTION
    source, description, code = probe.Exception()
    assert (source, description) == ("ZeroDivisionError", "nothing divides by zero")
    assert code & 0xFFFFFFFF == 0x80020012
    assert called(probe, calc, "Leave", METHOD)[0] == EXCEPTION  # not even that ends the program
    assert called(probe, calc, "Add", METHOD, 1)[0] == BAD_COUNT
    assert probe.Invoke(calc, 12345, METHOD, [])[0] == MEMBER_NOT_FOUND


def test_r14_24_arguments_are_coerced_to_what_is_declared(lib: Lib, probe: Any) -> None:
    """VariantChangeType for a declared interface; the probe tells which argument is wrong, from the end."""

    interface: Any = callgate.types(lib).ICalculator

    class Calculator(interface):  # type: ignore[misc]  # a class that the library declares
        def Add(self, a: int, b: int) -> int:
            assert type(a) is type(b) is int
            return a + b

    calculator = Calculator()
    assert called(probe, calculator, "Add", METHOD, "5", 1)[:2] == (0, 6)
    assert called(probe, calculator, "Add", METHOD, 2.5, True)[:2] == (0, 1)  # halves to even, True is -1
    code, _, wrong = called(probe, calculator, "Add", METHOD, "x", 1)
    assert (code, wrong) == (TYPE_MISMATCH, 1)
    code, _, wrong = called(probe, calculator, "Add", METHOD, 1, 2**40)
    assert (code, wrong) == (OVERFLOW, 0)


@pytest.mark.rule("R14.15")
def test_r14_08_python_objects_are_collections(probe: Any) -> None:
    assert probe.Items(Calc()) == 3


def test_r14_17_a_class_without_a_class_interface(probe: Any) -> None:
    @callgate.class_interface("none")
    class Closed:
        def Add(self, a: int, b: int) -> int:
            return a + b

    assert probe.Dispid(DispatchWrapper(Closed()).value, "Add") == (UNKNOWN_NAME, -1)


class Sink:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def OnValue(self, value: int) -> None:
        self.seen.append(value)

    def OnText(self, value: int, text: str) -> None:
        self.seen.append((value, text))

    def OnAsk(self, value: int) -> int:
        return value + 1


@pytest.mark.rule("R14.27", "R13.8")
def test_r14_28_events_by_name(lib: Lib) -> None:
    """A source that only calls Invoke reaches the handler, and gets back what went by reference."""
    source = lib.component_create(CLSID["Source"], IID["ISource"])
    sink = Sink()
    with callgate.advise(source, callgate.types(lib).DSourceEvents, sink):
        assert source.FireLate(7, "late") == 1
        assert source.AskLate(41) == 42
        source.FireFromThread(8, 1)
        source.Wait()
    assert sink.seen in ([(7, "late"), 8], [7, (7, "late"), 8])
    callgate.final_release(source)
