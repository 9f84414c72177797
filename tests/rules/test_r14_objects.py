"""R14.1 to R14.8: native objects from Python (`tests/native/component`): slots, laws, counts, one proxy an object."""

from __future__ import annotations

import gc
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
