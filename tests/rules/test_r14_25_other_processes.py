"""R14.21 to R14.25 between processes: native code calls objects of others by name (R17.11), directly."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import Lib
from callgate_protocol.dispatch import place_of, slot_of
from tests.client.remoting.described import IKeeper
from tests.client.remoting.processes import Other, other_processes
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until
from tests.rules.component_faces import DSourceEvents, ICalculator, IProbe

METHOD, GET, PUT = 1, 2, 4
UNKNOWN_NAME, BAD_COUNT, TYPE_MISMATCH, MEMBER_NOT_FOUND, EXCEPTION, DIVIDED, NO_INTERFACE = (
    code - (1 << 32) for code in (0x80020006, 0x8002000E, 0x80020005, 0x80020003, 0x80020009, 0x80020012, 0x80004002)
)


@pytest.fixture(scope="module")
def lib(component: str) -> Iterator[Lib]:
    with callgate.load(component, IDL) as one:
        yield one


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    with other_processes(1) as (process,):
        yield process


@pytest.fixture
def probe(lib: Lib) -> Iterator[Any]:
    """Native code that calls by name; what it was given is given back."""
    made = lib.component_create(CLSID["Holder"], IID["IProbe"])
    yield made
    callgate.final_release(made)
    gc.collect()
    assert wait_until(lambda: lib.component_live() == 0)


def lent(lib: Lib) -> int:
    """How many objects of this process native code of the host holds: none, whatever passes through."""
    host = callgate.lib.binding_of(lib).host
    assert host is not None
    return len(host.objects.lent)


def made(other: Other, kind: str) -> Any:
    return other.get(IKeeper).make(kind)


def called(probe: Any, target: Any, name: str, flags: int, *arguments: Any) -> tuple[int, Any, int]:
    """HRESULT, result, index of the wrong argument."""
    answer: tuple[int, Any, int] = probe.Invoke(target, probe.Dispid(target, name)[1], flags, list(arguments))
    return answer


@pytest.mark.rule("R14.21", "R14.22", "R17.11")
def test_r14_25_members_of_a_python_object_of_another_process(lib: Lib, probe: Any, other: Other) -> None:
    target = made(other, "calculator")
    assert probe.Dispid(target, "ADD") == (0, 2)
    assert called(probe, target, "Add", METHOD, 2, 3)[:2] == (0, 5)
    assert called(probe, target, "Total", GET)[:2] == (0, 5)
    assert called(probe, target, "Total", PUT, 8)[0] == 0
    assert called(probe, target, "total", GET)[:2] == (0, 8)
    assert called(probe, target, "Add", METHOD, "5", True)[:2] == (0, 4)  # coerced where it lives (R14.24)
    assert called(probe, target, "Item", GET, "a" * 4000)[1] == ["a" * 4000, target]  # an object that is in it, too
    assert lent(lib) == 0


@pytest.mark.rule("R14.20", "R14.23", "R11.13")
def test_r14_25_failures_are_told_as_those_of_an_own_object(probe: Any, other: Other) -> None:
    target = made(other, "calculator")
    assert probe.Dispid(target, "secret") == (UNKNOWN_NAME, -1)
    assert probe.Dispid(target, "Nope") == (UNKNOWN_NAME, -1)
    assert called(probe, target, "Add", METHOD, 1)[0] == BAD_COUNT
    assert called(probe, target, "Add", METHOD, "x", 1)[::2] == (TYPE_MISMATCH, 1)
    assert called(probe, target, "Add", METHOD, 1, "x")[::2] == (TYPE_MISMATCH, 0)
    assert probe.Invoke(target, 12345, METHOD, [])[0] == MEMBER_NOT_FOUND
    assert called(probe, target, "Divide", METHOD, 1, 0)[0] == EXCEPTION
    assert probe.Exception()[2] == DIVIDED
    assert called(probe, target, "Item", GET, "denied")[0] == EXCEPTION
    source, description, code = probe.Exception()
    assert (source, description, code & 0xFFFFFFFF) == ("the vault", "no such thing for you", 0x80070005)


@pytest.mark.rule("R14.17", "R18.1", "R19.37")
def test_r14_25_only_what_is_declared_is_found(lib: Lib, probe: Any, other: Other) -> None:
    """A class says with `@class_interface` that others see its public members; one that says nothing hides them."""
    shown = made(other, "shown")
    assert called(probe, shown, "greet", METHOD, "you")[:2] == (0, "hello you")
    assert shown.Greet("me") == "hello me"  # from Python, too
    calculator = made(other, "calculator")
    assert probe.Invoke(calculator, -4, METHOD | GET, [])[0] == MEMBER_NOT_FOUND  # to go through it is not declared
    plain = made(other, "plain")
    with pytest.raises(callgate.errors.InvalidCastError, match="IDispatch"):
        probe.Dispid(plain, "Greet")
    assert callgate.query(probe, IProbe).Ask(plain, IID["IDispatch"]) == NO_INTERFACE
    assert callgate.query(probe, IProbe).Ask(shown, IID["IDispatch"]) == 0
    with pytest.raises(AttributeError):
        _ = plain.Greet


@pytest.mark.rule("R17.11", "R14.22")
def test_r14_25_members_of_a_native_object_of_another_host(component: str, probe: Any) -> None:
    with callgate.load(component, IDL) as far:
        target = far.component_create(CLSID["Calculator"], IID["IUnknown"])
        assert called(probe, target, "Add", METHOD, 2, 3)[:2] == (0, 5)
        assert called(probe, target, "Total", GET)[:2] == (0, 5)
        assert probe.Invoke(target, 0, PUT, ["key", 7])[0] == 0  # Item, with an argument and the value by its name
        assert called(probe, target, "Item", GET, "key")[:2] == (0, 7)
        assert probe.Dispid(target, "Nope") == (UNKNOWN_NAME, -1)
        assert called(probe, target, "Add", METHOD, 1)[0] == BAD_COUNT
        assert called(probe, target, "Add", METHOD, "x", 1)[::2] == (TYPE_MISMATCH, 1)
        partner = far.component_create(CLSID["Calculator"], IID["ICalculator"])
        assert probe.Invoke(target, 4, 8, [partner])[0] == 0
        assert called(probe, target, "Partner", GET)[1] is partner
        callgate.final_release(partner)
        callgate.final_release(target)


@pytest.mark.rule("R14.2", "R17.10")
def test_r14_25_the_laws_hold_for_an_object_of_another_host(component: str, lib: Lib, probe: Any) -> None:
    """Interfaces that nobody had asked for before it was passed on are found: its owner is asked, once."""
    with callgate.load(component, IDL) as far:
        target = far.component_create(CLSID["Widget"], IID["IUnknown"])
        asked = callgate.query(probe, IProbe)
        assert asked.Ask(target, IID["ISquare"]) == 0
        assert asked.Ask(target, IID["IMissing"]) == NO_INTERFACE
        assert asked.Laws(target) == ""
        callgate.final_release(target)


@pytest.mark.rule("R14.28", "R17.13", "R13.8")
def test_r14_25_whoever_passed_it_on_may_be_gone(lib: Lib, other: Other) -> None:
    """A source that only knows Invoke tells a sink of a third process; the process in the middle was killed."""
    source = lib.component_create(CLSID["Source"], IID["ISource"])
    with other_processes(1) as (middle,):
        keeper = middle.get(IKeeper)
        keeper.put(made(other, "sink"))
        sink = callgate.query(keeper.taken(), DSourceEvents)
        connection = callgate.advise(source, DSourceEvents, sink)
        del keeper
        middle.kill()
    assert lent(lib) == 0
    assert source.FireLate(7, "late") == 1
    assert source.AskLate(41) == 42
    source.FireFromThread(8, 1)
    source.Wait()
    assert other.get(IKeeper).seen() in ("[(7, 'late'), 8]", "[7, (7, 'late'), 8]")
    connection.close()
    del sink, connection
    callgate.final_release(source)


@pytest.mark.rule("R17.26")
def test_r14_25_its_own_process_is_gone(lib: Lib, probe: Any) -> None:
    with other_processes(1) as (owner,):
        source = lib.component_create(CLSID["Source"], IID["ISource"])
        connection = callgate.advise(source, DSourceEvents, callgate.query(made(owner, "sink"), DSourceEvents))
        owner.kill()
        assert wait_until(lambda: source.FireLate(7, "late") == 0)  # its host hears of the death by itself
        connection.close()
        callgate.final_release(source)


@pytest.mark.rule("R14.21", "R14.22", "R14.23", "R13.8")
def test_r14_25_where_the_owner_cannot_be_reached_calls_are_passed_on(component: str, other: Other) -> None:
    """Native code of this very process has no door: the program asks for it, and tells what it was told."""
    with callgate.load(component, IDL, isolation="none") as here, callgate.load(component, IDL) as far:
        probe = here.component_create(CLSID["Holder"], IID["IProbe"])
        native = far.component_create(CLSID["Calculator"], IID["IUnknown"])
        for target in (native, made(other, "calculator")):
            assert probe.Dispid(target, "ADD") == (0, 2)
            assert probe.Dispid(target, "Nope") == (UNKNOWN_NAME, -1)
            assert called(probe, target, "Add", METHOD, 2, 3)[:2] == (0, 5)
            assert called(probe, target, "Total", PUT, 8)[0] == 0
            assert called(probe, target, "Total", GET)[:2] == (0, 8)
            assert called(probe, target, "Add", METHOD, 1)[0] == BAD_COUNT
            assert called(probe, target, "Add", METHOD, "x", 1)[::2] == (TYPE_MISMATCH, 1)
        assert called(probe, target, "Item", GET, "denied")[0] == EXCEPTION
        source, description, code = probe.Exception()
        assert (source, description, code & 0xFFFFFFFF) == ("the vault", "no such thing for you", 0x80070005)
        events = here.component_create(CLSID["Source"], IID["ISource"])
        with callgate.advise(events, DSourceEvents, callgate.query(made(other, "sink"), DSourceEvents)):
            assert events.AskLate(41) == 42
        for each in (events, native, probe):
            callgate.final_release(each)


class Own(ICalculator):
    """An object of this process, dual, for others."""

    def Add(self, a: int, b: int) -> int:
        return 100 + a + b

    def secret(self, a: Any, b: Any) -> str:
        return "secret"


@pytest.mark.rule("R18.1", "R14.21")
def test_r14_25_python_objects_call_each_other_by_name(other: Other) -> None:
    """From here, also with arguments by their names; and from there, an object of its caller."""
    target = made(other, "calculator")
    assert callgate.invoke(target, "Divide", b=3, a=9) == 3
    assert callgate.invoke(target, "Add", 1, b="5") == 6
    for arguments, named in (((1, "x"), {}), ((1,), {"b": "x"})):
        with pytest.raises(callgate.ComError) as caught:
            callgate.invoke(target, "Add", *arguments, **named)
        assert caught.value.hresult == 0x80020005
    keeper = other.get(IKeeper)
    keeper.put(Own())  # type: ignore[abstract]  # it has what is called
    assert keeper.invoked("add", 1, "2") == 103
    with pytest.raises(callgate.ComError, match=r"'secret' \(DISP_E_UNKNOWNNAME\)"):
        keeper.invoked("secret", 1, 2)
    keeper.put(None)


def test_r14_22_where_arguments_lie() -> None:
    """Two without a name and two with one: the array has the named ones first, the others behind, last first."""
    assert [slot_of(place, 2, 2) for place in range(4)] == [3, 2, 0, 1]
    assert [place_of(slot, 2, 2) for slot in range(4)] == [2, 3, 1, 0]
