"""Objects that break the rules (`tests/native/component/rogue.cpp`): what they cost, and what they do not."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import callgate
from tests.conftest import wait_until

from .com import CLSID, IID, component, make, released
from .conftest import Loader
from .test_r14_14_lent import Callee


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return component(load_both)


@pytest.fixture(scope="module")
def own(load_host: Loader) -> Any:
    """In a process of its own: these tests end it."""
    return component(load_host)


@pytest.mark.rule("R14.9")
def test_r14_09_a_success_without_an_object(lib: Any) -> None:
    """NULL is None, whatever the code."""
    with released(lib):
        rogue = make(lib, "Rogue", "IRogue")
        assert rogue.Nothing() is None
        del rogue


@pytest.mark.rule("R14.3")
def test_r14_03_borrowed(lib: Any) -> None:
    """A pointer that is declared as borrowed is not the caller's to release, and gets a reference of its own."""
    with released(lib):
        rogue = make(lib, "Rogue", "IRogue")
        number = lib.component_number(rogue)
        for _ in range(5):
            assert rogue.Borrowed() is rogue
            assert rogue.Area() == 1.0
        assert lib.component_alive(number) == 1
        del rogue
        gc.collect()
        assert wait_until(lambda: lib.component_alive(number) == 0)


@pytest.mark.rule("R8.7", "R8.9")
def test_r14_03_a_failure_that_hands_something_out(lib: Any) -> None:
    """Nobody gets the object of a failed call; its reference is given back."""
    with released(lib):
        rogue = make(lib, "Rogue", "IRogue")
        for _ in range(3):
            with pytest.raises(callgate.ComError):
                rogue.FailAndGive()
        del rogue


@pytest.mark.rule("R14.14")
def test_r14_14_released_too_often(lib: Any) -> None:
    """Native code that gives up references which it never had ends its own view of the object, and nothing else."""
    with released(lib):
        rogue, holder, callee = make(lib, "Rogue", "IRogue"), make(lib, "Holder", "IHolder"), Callee()
        for _ in range(5):
            rogue.OverRelease(callee)
        holder.Keep(callee)
        assert holder.CallBack(3) == 6
        assert holder.Kept() is callee
        holder.Drop()
        del rogue, holder


@pytest.mark.rule("R14.9")
def test_r14_09_another_identity_through_another_interface(lib: Any) -> None:
    """The first pointer of such an object decides; the proxy goes on working, and all is given back in the end."""
    with released(lib):
        shape = lib.component_create(CLSID["TwoFaced"], IID["IShape"])
        assert shape.Area() == 2.0
        named = callgate.query(shape, "INamed")
        assert named is shape
        assert named.Name == "two-faced"
        del shape, named


@pytest.mark.rule("R11.12", "R14.20")
@pytest.mark.parametrize("method", ["Crash", "Throw"])
def test_r14_09_an_object_that_crashes(own: Any, method: str) -> None:
    """Its host dies with everything in it; the message names the method, and the next call has a new host."""
    rogue, widget = make(own, "Rogue", "IRogue"), make(own, "Widget", "INamed")
    with pytest.raises(callgate.HostCrashed, match=rf"IRogue\.{method}") as crash:
        getattr(rogue, method)()
    assert crash.value.began
    for proxy, member in ((rogue, "Nothing"), (widget, "Name")):
        with pytest.raises(callgate.ObjectGone):
            getattr(proxy, member)()
    again = make(own, "Widget", "INamed")
    assert again.Name == "widget"
    assert again is not widget


@pytest.mark.rule("R14.14", "R14.20")
def test_r14_14_a_python_object_outlives_the_host(own: Any) -> None:
    """What native code held of this process is let go when that process dies."""
    holder, rogue, callee = make(own, "Holder", "IHolder"), make(own, "Rogue", "IRogue"), Callee()
    holder.Keep(callee)
    with pytest.raises(callgate.HostCrashed):
        rogue.Crash()
    other = make(own, "Holder", "IHolder")
    other.Keep(callee)
    assert other.CallBack(2) == 2
    assert other.Kept() is callee
    other.Drop()
