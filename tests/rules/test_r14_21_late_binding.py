"""R14.8, R14.21 to R14.25: members by name, through IDispatch, and collections (`tests/native/component`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import Box, Lib
from callgate.variant import Missing
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until

from .conftest import Loader

pytestmark = pytest.mark.usefixtures("nothing_is_left")

BAD_PARAMETER_COUNT, TYPE_MISMATCH, MEMBER_NOT_FOUND, NOT_FOUND = 0x8002000E, 0x80020005, 0x80020003, 0x80020004


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("component", IDL)


@pytest.fixture
def nothing_is_left(lib: Lib) -> Iterator[None]:
    """Every object of a test is gone when its proxies are."""
    before = lib.component_live()
    made = _MADE
    made.clear()
    yield
    for proxy in made:
        callgate.final_release(proxy)
    made.clear()
    assert wait_until(lambda: lib.component_live() == before)  # what is given back travels beside the calls


_MADE: list[Any] = []


def make(lib: Lib, name: str, interface: str = "IDispatch") -> Any:
    made = lib.component_create(CLSID[name], IID[interface])
    _MADE.append(made)
    return made


def test_r14_21_names_whatever_their_case(lib: Lib) -> None:
    calculator = make(lib, "Calculator")
    assert calculator.ADD(2, 3) == calculator.add(1, 4) == 5
    with pytest.raises(AttributeError, match=r"has no member 'Nope' \(DISP_E_UNKNOWNNAME\)"):
        _ = calculator.Nope
    with pytest.raises(TypeError, match="has no parameter c"):
        callgate.invoke(make(lib, "Recorder"), "Method", 1, c=2)


def test_r14_22_the_order_of_arguments(lib: Lib) -> None:
    """Positional ones stand in reverse, named ones in front of them with their numbers."""
    recorder = make(lib, "Recorder")
    assert callgate.invoke(recorder, "Item", 1, 2) == 2
    assert recorder.Trace == "id 3, flags 3, args 2, named 0: I4 2, I4 1"
    callgate.invoke(recorder, "Method", 1, First=2, Second=3)
    assert recorder.Trace == "id 1, flags 3, args 3, named 2: [100] I4 2, [101] I4 3, I4 1"
    callgate.invoke(recorder, "Method", Missing, "x")
    assert recorder.Trace == "id 1, flags 3, args 2, named 0: BSTR x, MISSING"
    callgate.invoke(recorder, "[DISPID=1000]", True)
    assert recorder.Trace == "id 1000, flags 3, args 1, named 0: BOOL true"


def test_r14_22_properties(lib: Lib) -> None:
    """A value is put with one named argument and without a result; an object is put by reference."""
    recorder = make(lib, "Recorder")
    recorder.X = 5
    assert recorder.Trace == "id 2, flags 4, args 1, named 1, no result: [-3] I4 5"
    recorder.X = make(lib, "Calculator")
    assert recorder.Trace == "id 2, flags 8, args 1, named 1, no result: [-3] DISPATCH"
    assert recorder.X == 0
    assert recorder.Trace == "id 2, flags 2, args 0, named 0"


@pytest.mark.rule("R13.8")
def test_r14_22_by_reference(lib: Lib) -> None:
    box = Box(4)
    callgate.invoke(make(lib, "Recorder"), "SetRef", box)
    assert box.value == 5


@pytest.mark.parametrize(
    ("code", "builtin"),
    [(BAD_PARAMETER_COUNT, TypeError), (MEMBER_NOT_FOUND, AttributeError), (0x8002000A, OverflowError)],
)
def test_r14_23_codes_are_exceptions(lib: Lib, code: int, builtin: type[Exception]) -> None:
    with pytest.raises(callgate.ComError) as failed:
        callgate.invoke(make(lib, "Recorder"), "Fail", code - (1 << 32), 0)
    assert failed.value.hresult is not None
    assert failed.value.hresult & 0xFFFFFFFF == code
    assert isinstance(failed.value, builtin)


@pytest.mark.parametrize(("index", "position"), [(0, 2), (1, 1)])
def test_r14_23_the_wrong_argument(lib: Lib, index: int, position: int) -> None:
    """Objects count from the last argument, people from the first."""
    with pytest.raises(callgate.ComError, match=f"argument {position} of Fail"):
        callgate.invoke(make(lib, "Recorder"), "Fail", TYPE_MISMATCH - (1 << 32), index)


def test_r14_23_what_an_object_says_of_its_failure(lib: Lib) -> None:
    recorder = make(lib, "Recorder")
    with pytest.raises(callgate.ComError) as failed:
        callgate.invoke(recorder, "Raise", 0x80040301 - (1 << 32))
    error = failed.value
    assert (error.source, error.description, error.help_link) == ("recorder", "raised", "recorder.chm#42")
    assert error.hresult == 0x80040301 - (1 << 32)
    with pytest.raises(callgate.ComError, match="filled in later") as later:
        callgate.invoke(recorder, "RaiseLate")
    assert later.value.hresult == 0x80040321 - (1 << 32)
    with pytest.raises(callgate.ComError, match="a word") as word:
        callgate.invoke(recorder, "RaiseWord")
    assert word.value.hresult == 0x80040200 + 1001 - (1 << 32)


@pytest.mark.rule("R19.37")
def test_r14_25_an_object_without_idispatch(lib: Lib) -> None:
    shape = make(lib, "Widget", "IShape")
    with pytest.raises(AttributeError, match="has no 'Foo' in the interfaces known of it"):
        _ = shape.Foo
    with pytest.raises(callgate.NotSupportedError, match=r"does not implement IDispatch.*R14.25"):
        callgate.invoke(shape, "Foo")


def test_r14_25_probes_ask_nobody(lib: Lib) -> None:
    """What notebooks and debuggers look for is not looked up in the object."""
    calculator = make(lib, "Calculator")
    number = lib.component_last()
    for probe in ("_repr_html_", "__len__", "__array__", "_ipython_display_"):
        assert not hasattr(calculator, probe)
    repr(calculator)
    assert lib.component_count(number, "GetIDsOfNames") == 0


def test_r14_08_collections_are_iterable(lib: Lib) -> None:
    """Next gives S_FALSE with the last elements: they are delivered."""
    collection = make(lib, "Collection")
    given = [1, "two", 3.5, None, True] * 30
    for each in given:
        collection.Append(each)
    assert list(collection) == given
    assert collection.Count == len(given)
    with pytest.raises(TypeError, match="is no collection"):
        list(make(lib, "Widget", "IShape"))


@pytest.mark.rule("R14.22")
def test_r14_01_members_of_a_dispinterface_have_no_slots(lib: Lib) -> None:
    recorder = make(lib, "Recorder", "DRecorder")
    assert recorder.Method(1, "b") == 2
    assert recorder.Trace == "id 1, flags 1, args 2, named 0: BSTR b, I4 1"


def test_r14_21_dual_interfaces_by_slot_and_by_name(lib: Lib) -> None:
    dual, late = make(lib, "Calculator", "ICalculator"), make(lib, "Calculator")
    dual.Total = late.Total = 7
    assert dual.Total == late.Total == 7
    assert dual.Add(1, 2) == late.Add(1, 2) == 3
    for calculator in (dual, late):
        with pytest.raises(ZeroDivisionError):
            calculator.Divide(1, 0)


@pytest.mark.rule("R11.10")
def test_r14_23_a_failure_without_excepinfo_is_told_by_the_error_of_the_thread(lib: Lib) -> None:
    """Only if the object says that it has errors for IDispatch; whatever is left is never told of another failure."""
    recorder = make(lib, "Recorder")
    with pytest.raises(callgate.ComError) as caught:
        recorder.Tell(0x80040333 - (1 << 32), 1)
    error = caught.value
    assert (error.hresult, error.description) == (0x80040333, "told by the thread")
    assert (error.source, error.help_link) == ("component.Faulty", "told.chm#7")
    with pytest.raises(callgate.ComError) as caught:
        recorder.Tell(0x80040333 - (1 << 32), 0)
    assert caught.value.description != "told by the thread"
    assert recorder.Tell(0, 1) is None  # it leaves an error, and succeeds
    with pytest.raises(callgate.ComError) as caught:
        recorder.Fail(0x80040334 - (1 << 32), 0)
    assert caught.value.description != "told by the thread"
    with pytest.raises(callgate.ComError) as caught:
        recorder.Raise(0x80040335 - (1 << 32))
    assert caught.value.description == "raised"  # what it filled in itself goes before
