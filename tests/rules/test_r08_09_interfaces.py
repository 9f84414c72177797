"""R1.3, R8.9, R13.11: references of interface pointers, in every direction and in structs."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import callgate
from tests.conftest import wait_until

from .com import component, make, released
from .conftest import Loader
from .test_r14_14_lent import Callee


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return component(load_both)


def test_r08_09_in_out_and_both(lib: Any) -> None:
    """[in] leaves the count as it was, [out] is one more for the caller, [in, out] gives the old one back."""
    with released(lib):
        one, two = make(lib, "Widget", "ILinks", "IShape"), make(lib, "Widget", "ILinks", "IShape")
        first, second = lib.component_number(one), lib.component_number(two)
        one.Measure(two)
        held = lib.component_references(second)
        for _ in range(3):
            one.Measure(two)
        assert lib.component_references(second) == held
        one.Store(two)
        assert lib.component_references(second) == held + 1
        one.Store(None)
        assert lib.component_references(second) == held
        before = lib.component_references(first), lib.component_references(second)
        for _ in range(3):
            assert one.Swap(two) is one
            gc.collect()
        assert wait_until(lambda: lib.component_references(second) == before[1])
        assert [callgate.release(one) for _ in range(4)][-1] == 0
        assert wait_until(lambda: lib.component_alive(first) == 0)
        del one, two


@pytest.mark.rule("R8.9")
def test_r08_09_a_python_object(lib: Any) -> None:
    """The same of an object of this process: what is not kept is not counted any more when the call is over."""
    with released(lib):
        probe, holder, callee = make(lib, "Holder", "IProbe"), make(lib, "Holder", "IHolder"), Callee()
        counts = [probe.Counts(callee) for _ in range(3)]
        assert counts[0] == counts[1] == counts[2]
        holder.Keep(callee)
        assert probe.Counts(callee)[1] == counts[0][1] + 1
        holder.Drop()
        assert probe.Counts(callee) == counts[0]
        del probe, holder


def test_r01_03_either_side_may_call(lib: Any) -> None:
    """Native → Python → native → Python, while the first call waits."""
    depths: list[int] = []

    class Nested(Callee):
        def Again(self, holder: Any, depth: int) -> int:  # noqa: N802 - COM's name
            depths.append(depth)
            return super().Again(holder, depth)

    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        holder.Keep(Nested())
        assert holder.Deeper(3) == 3
        assert depths == [2, 1, 0]
        holder.Drop()
        del holder


def test_r13_11_objects_in_structs(lib: Any) -> None:
    """A struct that goes in lends its objects, one that comes out gives them, and each is one reference."""
    held = callgate.types(lib).Held
    with released(lib):
        widget, calculator = make(lib, "Widget"), make(lib, "Calculator")
        number = lib.component_number(widget)
        assert lib.component_look(held(object=widget, late=calculator, any=5)) == 303
        assert lib.component_look(held(object=None, late=None, any=None)) == 0
        before = lib.component_references(number)
        lib.component_look(held(object=widget, late=None, any=widget))
        assert lib.component_references(number) == before
        filled = lib.component_fill(widget)
        assert filled.object is widget
        assert filled.late is None
        assert filled.any is widget
        filled = lib.component_fill(calculator)
        assert filled.object is filled.late is filled.any is calculator
        del widget, calculator, filled


@pytest.mark.rule("R13.11")
def test_r13_11_objects_that_are_exchanged(lib: Any) -> None:
    """In and out: native code gives back what it replaces, and the final ones arrive."""
    held = callgate.types(lib).Held
    with released(lib):
        one, two = make(lib, "Widget"), make(lib, "Widget")
        changed = lib.component_exchange(two, held(object=one, late=None, any=one))
        assert changed.object is two
        assert changed.any is None
        del one, two, changed
