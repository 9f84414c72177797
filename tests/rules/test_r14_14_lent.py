"""R14.2, R14.3, R14.14, R14.15, R14.20: Python objects that native code holds, asks and calls."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import gc
import threading
import uuid
import weakref
from typing import Any

import pytest

import callgate
from tests.conftest import wait_until

from .com import E_NOINTERFACE, E_POINTER, IID, component, make, released
from .conftest import Loader, Way

IID_CLASS_INFO = uuid.UUID("B196B283-BAB4-101A-B69C-00AA00341D07")
IUNKNOWN_ONLY = ("IMissing", "INamed", "IShape", "IHolder")


class Callee:
    """What native code calls back."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def Step(self, number: int) -> int:
        self.calls.append(("Step", threading.get_ident()))
        return 2 * number

    def Say(self, text: str) -> str:
        return f"{text}!"

    def Divide(self, a: int, b: int) -> int:
        return a // b

    def Again(self, holder: Any, depth: int) -> int:
        deepest: int = holder.Deeper(depth)
        return deepest

    def Shape(self) -> None:
        return None


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return component(load_both)


def test_r14_14_one_address(lib: Any) -> None:
    """The same object is the same IUnknown each time, also after others came and went; two objects are two."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        one, two = Callee(), Callee()
        holder.Keep(one)
        first = holder.Address(one)
        for _ in range(5):
            assert holder.Address(two) != first
            assert holder.Address(one) == first
        assert holder.Same(one, one) is True
        assert holder.Same(one, two) is False
        assert holder.Kept() is one
        holder.Drop()
        del holder


@pytest.mark.rule("R1.14", "R17.14")
def test_r14_14_what_was_refused_lends_nothing(lib: Any) -> None:
    """An object before an argument that does not fit was never on its way: native code is not entered, nothing held."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        lent = holder._host.objects.lent
        before = len(lent)
        for _ in range(3):
            with pytest.raises(callgate.InvalidCastError, match=r"argument 2 'b' of .*Same"):
                holder.Same(Callee(), 7)
        assert len(lent) == before
        assert holder.Same(callee := Callee(), callee) is True
        assert wait_until(lambda: len(lent) == before)
        del holder


def test_r14_14_native_code_keeps_it_alive(lib: Any) -> None:
    """Without another reference to it in Python, it lives as long as native code holds it, and not longer."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        callee = Callee()
        gone = weakref.ref(callee)
        holder.Keep(callee)
        del callee
        gc.collect()
        assert holder.CallBack(4) == 0 + 2 + 4 + 6
        assert gone() is not None
        holder.Drop()
        gc.collect()
        assert wait_until(lambda: gone() is None)
        del holder


@pytest.mark.rule("R14.3")
def test_r14_14_the_last_reference_goes_on_another_thread(lib: Any) -> None:
    """Native code may let go on any thread."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        callee = Callee()
        gone = weakref.ref(callee)
        holder.Keep(callee)
        del callee
        holder.DropFromThread()
        gc.collect()
        assert wait_until(lambda: gone() is None)
        del holder


def test_r14_03_counts_of_a_python_object(lib: Any) -> None:
    """AddRef and Release answer what they made of the count; a call alone leaves nothing behind."""
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        callee = Callee()
        gone = weakref.ref(callee)
        before, after = probe.Counts(callee)
        assert before == after + 1
        assert probe.Say(callee, "hé") == "hé!"
        del callee
        gc.collect()
        assert wait_until(lambda: gone() is None)
        del probe


def test_r14_02_laws_of_a_python_object(lib: Any) -> None:
    """One identity, a constant set of interfaces, each reached from each, NULL with every failure."""

    class Both(callgate.types(lib).ICallee, callgate.types(lib).IShape):  # type: ignore[misc]
        pass

    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        assert probe.Laws(Callee()) == ""
        assert probe.Laws(Both()) == ""
        assert probe.Ask(Both(), IID["IShape"]) == 0
        assert probe.Ask(Both(), IID["ICallee"]) == 0
        del probe


def test_r14_02_what_it_does_not_have(lib: Any) -> None:
    """E_NOINTERFACE for the others, whatever the object is called."""
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        callee = Callee()
        assert [probe.Ask(callee, IID[name]) for name in IUNKNOWN_ONLY] == [E_NOINTERFACE] * 4
        assert probe.Ask(callee, IID["ICallee"]) == 0
        assert probe.Ask(callee, IID["IUnknown"]) == 0
        del probe


def test_r14_20_a_null_for_the_result(lib: Any) -> None:
    """Native code that gives no place for a result is told so, and the method is not called."""
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        callee = Callee()
        assert probe.Nulls(callee) == E_POINTER
        assert callee.calls == []
        del probe


def test_r14_20_exceptions_are_codes(lib: Any) -> None:
    """A failure has its code and a zero in every out; what is worse than an exception does not escape either."""

    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even that")

    class Wrong(Callee):
        def Divide(self, a: int, b: int) -> int:
            raise (ValueError("no"), Unprintable())[a]

    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        assert probe.Divide(Callee(), 7, 2) == (0, 3)
        assert probe.Divide(Callee(), 1, 0) == (callgate.HResult(0x80020012), 0)
        assert probe.Divide(Wrong(), 0, 1) == (callgate.HResult(0x80070057), 0)
        assert probe.Divide(Wrong(), 1, 1) == (callgate.HResult(0x80131500), 0)
        assert probe.Divide(Callee(), 8, 2) == (0, 4)
        del probe


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_r14_20_what_ends_a_program(lib: Any, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a failure for native code, which goes on in order; then it is raised where the call was made."""
    seen: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: seen.append(unraisable.exc_type))

    class Leaving(Callee):
        def Step(self, number: int) -> int:
            if number == 1:
                raise kind
            return 7

    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        holder.Keep(Leaving())
        with pytest.raises(kind):
            holder.CallBack(5)
        holder.Start(5)
        assert holder.Wait() == (7, callgate.HResult(0x80131500))
        assert wait_until(lambda: seen == [kind])
        holder.Drop()
        del holder


@pytest.mark.rule("R14.20")
@pytest.mark.parametrize("wrong", ["text", None, 2**40])
def test_r14_20_results_of_the_wrong_kind(lib: Any, wrong: Any) -> None:
    """What a method gives and its declaration does not know is a failure for native code too."""

    class Wrong(Callee):
        def Step(self, number: int) -> Any:
            return wrong

    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        holder.Keep(Wrong())
        with pytest.raises((callgate.ComError, callgate.MarshalError)):
            holder.CallBack(1)
        holder.Drop()
        del holder


@pytest.mark.rule("R9.10")
def test_r14_14_calls_of_other_threads(lib: Any) -> None:
    """During a call it runs on the thread that called; a thread of the library has the callback executor."""
    with released(lib):
        holder, callee = make(lib, "Holder", "IHolder"), Callee()
        holder.Keep(callee)
        assert holder.CallBack(2) == 2
        assert {thread for _, thread in callee.calls} == {threading.get_ident()}
        callee.calls.clear()
        assert holder.CallFromThread(3) == 6
        assert threading.get_ident() not in {thread for _, thread in callee.calls}
        holder.Start(4)
        assert holder.Wait() == (12, 0)
        holder.Drop()
        del holder


def test_r14_14_as_deep_as_it_goes(lib: Any, way: Way) -> None:
    """Native code and Python call each other in turn; at the bottom everything is as it was."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        holder.Keep(Callee())
        depth = 50 if way == "host" else 10  # in one process both sides need Python's one stack
        assert holder.Deeper(depth) == depth
        assert holder.Deeper(1) == 1
        holder.Drop()
        del holder


@pytest.mark.rule("R9.8")
def test_r14_14_values_of_every_kind(lib: Any) -> None:
    """Native code calls a Python object with all kinds of values, and finds the right ones in return."""

    class All(callgate.types(lib).IValues):  # type: ignore[misc]
        pass

    for name in dir(callgate.types(lib).IValues):
        if name[0].isupper():
            setattr(All, name, lambda self, *given, name=name: getattr(self.widget, name)(*given))

    def squares(self: Any, count: int) -> list[int]:
        self.widget.Squares(count, values := [0] * count)
        return values

    All.Squares = squares
    with released(lib):
        probe, widget = make(lib, "Holder", "IProbe"), make(lib, "Widget", "IValues")
        assert probe.Values(widget) == ""
        forwarder = All()
        forwarder.widget = widget
        assert probe.Values(forwarder) == ""
        del probe, widget, forwarder


def test_r14_15_what_every_object_answers(lib: Any) -> None:
    """IDispatch is there without anybody declaring it; all of them are one object."""
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        callee = Callee()
        assert probe.Ask(callee, IID["IDispatch"]) == 0
        assert probe.Laws(callee) == ""
        del probe


@pytest.mark.rule("R14.9", "R14.2")
def test_r14_15_an_object_of_a_coclass_says_its_class(lib: Any) -> None:
    """By IProvideClassInfo, whose ITypeInfo has the CLSID; an object without one does not answer it."""
    clsid = uuid.UUID("3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0EF1")

    @callgate.coclass(clsid, default=callgate.types(lib).ICallee)
    class Known(Callee):
        """It has a name for everybody."""

    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        assert probe.ClassOf(Known()) == clsid
        assert probe.ClassOf(Callee()) == uuid.UUID(int=0)
        assert probe.Ask(Known(), IID_CLASS_INFO) == 0
        assert probe.Ask(Callee(), IID_CLASS_INFO) == E_NOINTERFACE
        assert probe.Laws(Known()) == ""
        del probe
