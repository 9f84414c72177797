"""R14.1 to R14.8: native objects from Python (`tests/native/component`): slots, laws, counts, one proxy an object."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

import callgate
from tests.conftest import wait_until

from .com import CLSID, IID, component, make, released
from .conftest import Loader

FIVE = ("INamed", "IShape", "ISquare", "IValues", "ILinks")


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return component(load_both)


def test_r14_01_slots_of_derived_and_dual_interfaces(lib: Any) -> None:
    """Own methods come behind those of the base; of a dual interface behind the four of IDispatch."""
    with released(lib):
        square = make(lib, "Widget", "ISquare")
        assert (square.Area(), square.Side()) == (4.0, 2.0)
        square.SetSide(3)
        square.Scale(2)
        assert square.Area() == 36.0
        calculator = make(lib, "Calculator", "ICalculator")
        assert calculator.Add(2, 3) == 5
        assert calculator.Total == 5
        calculator.Total = 9
        assert calculator.Total == 9
        assert calculator.Divide(9, 2) == 4
        del square, calculator


def test_r14_02_laws_of_query_interface(lib: Any) -> None:
    """From each interface to each other, always the same answer, always the same proxy."""
    with released(lib):
        widget = make(lib, "Widget")
        for first in FIVE:
            for second in FIVE:
                assert callgate.query(callgate.query(widget, first), second) is widget
        for _ in range(2):
            with pytest.raises(callgate.InvalidCastError):
                callgate.query(widget, "IMissing")
        number = lib.component_number(widget)
        assert lib.component_asked(number, IID["IMissing"]) == 1  # negative answers never change either
        del widget


def test_r14_02_laws_of_an_aggregate(lib: Any) -> None:
    """Through an inner interface the outer object answers."""
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        outer = make(lib, "Outer", "INamed", "IInner")
        assert outer.Name == "outer"
        assert outer.Inside() == 1
        assert probe.Laws(outer) == ""
        del outer, probe


def test_r14_03_copies_and_references(lib: Any) -> None:
    """Copies in Python are one reference; the object goes with the last of them."""
    with released(lib):
        widget = make(lib, "Widget", "ILinks")
        number = lib.component_number(widget)
        held = lib.component_references(number)
        copies = [widget] * 5
        assert lib.component_references(number) == held
        again = [widget.Self() for _ in range(5)]
        assert all(each is widget for each in again)
        del copies, again, widget
        gc.collect()
        assert wait_until(lambda: lib.component_alive(number) == 0)
        assert lib.component_references(number) == 0


def test_r14_03_an_argument_is_not_counted(lib: Any) -> None:
    """R14.3: what is only lent to a call is there unchanged afterwards; what is kept is counted by who keeps it."""
    with released(lib):
        holder, widget = make(lib, "Holder", "IHolder"), make(lib, "Widget", "ILinks")
        number = lib.component_number(widget)
        assert widget.Measure(widget) == 4.0
        before = lib.component_references(number)
        assert widget.Measure(widget) == 4.0
        assert lib.component_references(number) == before
        holder.Keep(widget)
        assert lib.component_references(number) == before + 1
        holder.Drop()
        assert lib.component_references(number) == before
        del holder, widget


@pytest.mark.rule("R1.23")
def test_r14_03_the_interface_that_was_asked_for(lib: Any) -> None:
    """`iid_is` says which interface comes back."""
    with released(lib):
        widget = make(lib, "Widget", "ILinks")
        assert widget.As(IID["INamed"]) is widget
        assert widget.Name == "widget"
        with pytest.raises(callgate.InvalidCastError):
            widget.As(IID["IMissing"])
        del widget


def test_r14_05_identity_of_an_aggregate(lib: Any) -> None:
    """IUnknown through an inner interface is that of the outer object."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        outer = make(lib, "Outer", "INamed")
        inner = lib.component_create(CLSID["Inner"], IID["IInner"])
        assert callgate.query(outer, "IInner") is outer
        assert outer.Inside() == 1
        assert inner.Inside() == 0
        assert holder.Same(outer, outer) is True
        assert holder.Same(outer, inner) is False
        del holder, outer, inner


@pytest.mark.rule("R14.3")
def test_r14_03_directions_of_pointers(lib: Any) -> None:
    """Out pointers arrive counted; in and out ones may be replaced; None is NULL; arrays hold them."""
    with released(lib):
        one, two = make(lib, "Widget", "ILinks", "IShape"), make(lib, "Widget", "ILinks", "IShape")
        two.Scale(2)
        assert one.Self() is one
        assert one.SelfUnknown() is one
        assert one.Swap(two) is one
        assert one.Swap(None) is one
        assert one.Pass(two) is two
        assert one.Pass(None) is None
        assert one.Maybe(0) is None
        assert one.Maybe(1) is one
        assert one.Both() == (one, one)
        assert one.Total([one, two, None], 3) == 4.0 + 16.0
        one.Store(two)
        assert one.Stored() is two
        one.Store(None)
        assert one.Stored() is None
        del one, two


def test_r14_05_who_may_be_aggregated(lib: Any) -> None:
    """With an outer object only IUnknown can be asked for, and most classes refuse it."""
    with released(lib):
        _, factory = lib.DllGetClassObject(CLSID["Faulty"], IID["IClassFactory"])
        made = factory.CreateInstance(None, IID["IFaulty"])
        assert made.Fail(0, 0) is None
        with pytest.raises(callgate.ComError) as refused:
            factory.CreateInstance(made, IID["IUnknown"])
        assert refused.value.hresult == callgate.HResult(0x80040110)
        _, factory = lib.DllGetClassObject(CLSID["Inner"], IID["IClassFactory"])
        with pytest.raises(callgate.InvalidCastError):
            factory.CreateInstance(made, IID["IInner"])
        del made, factory, refused


def test_r14_06_one_proxy_an_object(lib: Any) -> None:
    """Whatever the way and the interface: one object is one proxy, and two objects are two."""
    with released(lib):
        one, two = make(lib, "Widget", "ILinks"), make(lib, "Widget", "ILinks")
        two.Store(one)
        routes = [one.Self(), one.SelfUnknown(), two.Stored(), one.As(IID["IValues"]), one.Wrap(), one.Both()[0]]
        assert all(route is one for route in routes)
        assert one is not two
        assert callgate.identity(one) != callgate.identity(two)
        assert {one: 1}[routes[2]] == 1
        two.Store(None)
        del one, two, routes


def test_r14_07_one_query_for_many_casts(lib: Any) -> None:
    """An interface is asked for once, and its pointer kept until the proxy goes."""
    with released(lib):
        widget = make(lib, "Widget")
        number = lib.component_number(widget)
        for _ in range(10):
            callgate.query(widget, "ISquare").Side()
            callgate.query(widget, "INamed").Name  # noqa: B018 - a property is a call
        assert lib.component_asked(number, IID["ISquare"]) == 1
        assert lib.component_asked(number, IID["INamed"]) == 1
        assert lib.component_count(number, "Side") == 10
        del widget
        gc.collect()
        assert wait_until(lambda: lib.component_references(number) == 0)


@pytest.mark.rule("R14.9")
def test_r14_06_threads_that_race_get_one_proxy(lib: Any) -> None:
    """Finding the proxy of an object is one step: threads that receive it at once receive the same."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        for _ in range(20):
            other = make(lib, "Widget")
            holder.Keep(other)
            number = lib.component_number(other)
            del other
            gc.collect()
            found: list[Any] = []
            start = threading.Barrier(4)
            threads = [threading.Thread(target=_take, args=(holder, start, found)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(found) == 4
            assert all(each is found[0] for each in found)
            assert lib.component_number(found[0]) == number
            found.clear()
        holder.Drop()
        del holder


def _take(holder: Any, start: threading.Barrier, found: list[Any]) -> None:
    start.wait()
    found.append(holder.Kept())
