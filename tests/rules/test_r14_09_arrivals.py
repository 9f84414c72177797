"""R14.9, R14.10, R14.12, R14.13: how an object that arrives is recognised, what its proxy is, and when it ends."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate.com import classes
from tests.conftest import wait_until

from .com import CLSID, IID, component, make, released
from .conftest import Loader


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return component(load_both)


@pytest.fixture
def unregistered() -> Iterator[None]:
    """Classes that a test registers are its own."""
    before = dict(classes._BY_CLSID)
    yield
    classes._BY_CLSID.clear()
    classes._BY_CLSID.update(before)


def _coclass(lib: Any, name: str) -> Any:
    @callgate.coclass(CLSID[name])
    class Named(callgate.types(lib).INamed):  # type: ignore[misc]
        def shout(self) -> str:
            return str(self.Name).upper()

    Named.__name__ = Named.__qualname__ = name
    return Named


def test_r14_09_null_is_none(lib: Any) -> None:
    """Step 1."""
    with released(lib):
        widget = make(lib, "Widget", "ILinks")
        assert widget.Maybe(0) is None
        assert widget.Pass(None) is None
        del widget


def test_r14_09_our_own_object_comes_home(lib: Any) -> None:
    """Step 2: an object of this process is itself again, and never a proxy of itself."""

    class Shape:
        def Area(self) -> float:
            return 6.5

        def Scale(self, factor: float) -> None:
            raise AssertionError

    with released(lib):
        widget, shape = make(lib, "Widget", "ILinks"), Shape()
        assert widget.Pass(shape) is shape
        widget.Store(shape)
        assert widget.Stored() is shape
        assert widget.Measure(shape) == 6.5
        widget.Store(None)
        del widget


@pytest.mark.parametrize("name", ["Described", "DescribedBySource", "DescribedByInfo"])
def test_r14_09_the_class_that_an_object_names(lib: Any, unregistered: None, name: str) -> None:
    """Steps 4 and 5: IProvideClassInfo2 if what it answers is a class that is known, else IProvideClassInfo."""
    cls = _coclass(lib, name)
    with released(lib):
        described = make(lib, name, "INamed")
        assert isinstance(described, cls)
        assert isinstance(described, callgate.ComObject)
        assert described.shout() == described.Name.upper()
        assert make(lib, "Widget", "INamed").__class__ is callgate.ComObject
        del described


def test_r14_09_a_generic_wrapper(lib: Any) -> None:
    """Step 6: nobody registered the class. It still answers for its interfaces."""
    with released(lib):
        described = make(lib, "DescribedBySource")
        assert type(described) is callgate.ComObject
        assert callgate.query(described, "INamed").Name == "described"
        del described


def test_r14_09_without_identity(lib: Any) -> None:
    """An object that does not answer for IUnknown gets no proxy, and its reference is given back."""
    with released(lib):
        with pytest.raises(callgate.ComError, match=r"R14\.9") as refused:
            lib.component_create(CLSID["Faceless"], IID["IShape"])
        assert refused.value.hresult == callgate.HResult(0x80004002)
        del refused


def test_r14_09_an_address_that_is_used_again(lib: Any) -> None:
    """The next object at an address is another one: with a proxy of its own, and a number that was never used."""
    seen = set()
    with released(lib):
        for _ in range(20):
            widget = make(lib, "Widget")
            seen.add(callgate.identity(widget))
            del widget
            gc.collect()
        assert len(seen) == 20


def test_r14_09_two_identities_of_one_object(lib: Any) -> None:
    """An object that answers another IUnknown through another interface is two objects for everybody else."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        named = lib.component_create(CLSID["TwoFaced"], IID["INamed"])
        holder.Keep(named)
        assert named.Name == "two-faced"
        assert holder.Kept() is named
        holder.Drop()
        del named, holder


def test_r14_10_the_class_is_decided_once(lib: Any, unregistered: None) -> None:
    """A generic wrapper stays one, also when the class is registered meanwhile; the next one is of that class."""
    with released(lib):
        holder, described = make(lib, "Holder", "IHolder"), make(lib, "DescribedByInfo")
        holder.Keep(described)
        cls = _coclass(lib, "DescribedByInfo")
        assert type(holder.Kept()) is callgate.ComObject
        assert holder.Kept() is described
        assert callgate.query(described, "INamed").Name == "described by info"
        del described
        gc.collect()
        assert isinstance(holder.Kept(), cls)
        holder.Drop()
        del holder


@pytest.mark.rule("R19.34")
def test_r14_12_as_many_releases_as_receipts(lib: Any) -> None:
    """Each time an object arrives is one receipt; after the last release using the proxy raises."""
    with released(lib):
        widget = make(lib, "Widget", "ILinks")
        number = lib.component_number(widget)
        assert widget.Self() is widget
        assert [callgate.release(widget) for _ in range(2)] == [1, 0]
        assert wait_until(lambda: lib.component_alive(number) == 0)
        with pytest.raises(callgate.ObjectGone, match=r"R14\.12"):
            widget.Maybe(1)
        del widget


@pytest.mark.rule("R14.30")
def test_r14_12_final_release(lib: Any) -> None:
    """All receipts at once; the end of a `with` block does the same, and doing it twice is nothing."""
    with released(lib):
        widget = make(lib, "Widget", "ILinks")
        number = lib.component_number(widget)
        for _ in range(3):
            widget.Self()
        callgate.final_release(widget)
        callgate.final_release(widget)
        assert wait_until(lambda: lib.component_alive(number) == 0)
        with make(lib, "Widget", "ILinks") as other:
            second = lib.component_number(other)
        assert wait_until(lambda: lib.component_alive(second) == 0)
        with pytest.raises(callgate.ObjectGone):
            other.Self()
        del widget, other


def test_r14_12_a_call_under_way_completes(lib: Any) -> None:
    """Who releases an object while another thread is inside ends it when that call is over."""
    with released(lib):
        worker = make(lib, "Free", "IWorker")
        number = lib.component_number(worker)
        results: list[Any] = []
        thread = threading.Thread(target=_meet, args=(worker, results))
        thread.start()
        while not lib.component_count(number, "Meet"):
            pass
        callgate.final_release(worker)
        thread.join()
        assert results == [1]
        assert wait_until(lambda: lib.component_alive(number) == 0)
        del worker, thread


def _meet(worker: Any, results: list[Any]) -> None:
    results.append(worker.Meet(2, 300))


@pytest.mark.rule("R19.35")
def test_r14_13_a_missing_interface(lib: Any) -> None:
    """InvalidCastError, which is a TypeError, with E_NOINTERFACE and the IID; `isinstance` only says no."""
    types = callgate.types(lib)
    with released(lib):
        widget = make(lib, "Widget")
        with pytest.raises(callgate.InvalidCastError, match="00000023-CA11") as refused:
            callgate.query(widget, types.IMissing)
        assert isinstance(refused.value, TypeError)
        assert refused.value.hresult == callgate.HResult(0x80004002)
        assert not isinstance(widget, types.IMissing)
        assert isinstance(widget, types.IShape)
        with pytest.raises(callgate.InvalidCastError, match="00000023-CA11"):
            types.IMissing.Never(widget)
        del widget, refused


def test_r14_13_refused_argument(lib: Any) -> None:
    """An argument without the interface of its parameter is refused before native code is entered."""
    with released(lib):
        widget, holder = make(lib, "Widget", "ILinks"), make(lib, "Holder")
        number = lib.component_number(widget)
        with pytest.raises(callgate.InvalidCastError, match=r"argument 1 'shape' of ILinks\.Measure"):
            widget.Measure(holder)
        with pytest.raises(callgate.MarshalError, match="IShape"):
            widget.Measure("a shape")
        assert lib.component_count(number, "Measure") == 0
        del widget, holder
