"""R14.27, R14.28: events of native objects reach Python (`tests/native/component/source.cpp`)."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import Lib
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until

from .conftest import Loader


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("component", IDL)


@pytest.fixture
def source(lib: Lib) -> Iterator[Any]:
    """A source of events; everything is gone when it is."""
    before = lib.component_live()
    made = lib.component_create(CLSID["Source"], IID["ISource"])
    yield made
    callgate.final_release(made)
    gc.collect()
    assert wait_until(lambda: lib.component_live() == before)


class Sink:
    """Any Python object will do."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def OnValue(self, value: int) -> None:
        self.seen.append(value)

    def OnText(self, text: str) -> None:
        self.seen.append(text)

    def OnAsk(self, value: int) -> int:
        return value * 2


def early(lib: Lib) -> Any:
    """The source interface that is called by slot."""
    return callgate.types(lib).ISourceEvents


def test_r14_27_every_sink_is_called_until_it_is_closed(lib: Lib, source: Any) -> None:
    first, second = Sink(), Sink()
    with callgate.advise(source, early(lib), first) as one:
        two = callgate.advise(source, early(lib), second)
        assert one.cookie != 0 != two.cookie != one.cookie
        assert source.Fire(5) == 2
        assert source.Ask(21) == 84  # both doubled it
    assert source.Fire(6) == 1
    two.close()
    two.close()  # once is enough (R14.30)
    assert source.Fire(7) == 0
    assert (first.seen, second.seen) == ([5], [5, 6])


def test_r14_27_a_sink_that_goes_while_events_fire(lib: Lib, source: Any) -> None:
    """The source goes on with the others; one that went is not called again."""
    connections: dict[int, callgate.AdviseConnection] = {}

    class Leaver(Sink):
        def OnValue(self, value: int) -> None:
            super().OnValue(value)
            connections[id(self)].close()

    leaver, stayer = Leaver(), Sink()
    connections[id(leaver)] = callgate.advise(source, early(lib), leaver)
    with callgate.advise(source, early(lib), stayer):
        source.Fire(1)
        source.Fire(2)
    assert (leaver.seen, stayer.seen) == ([1], [1, 2])


def test_r14_27_events_of_a_thread_of_the_library(lib: Lib, source: Any) -> None:
    sink = Sink()
    with callgate.advise(source, early(lib), sink):
        source.FireFromThread(9, 0)
        source.Wait()
    assert sink.seen == [9]


def test_r14_27_what_has_no_events_is_refused(lib: Lib, source: Any) -> None:
    widget = lib.component_create(CLSID["Widget"], IID["IShape"])
    with pytest.raises(callgate.InvalidCastError, match="has no events"):
        callgate.advise(widget, early(lib), Sink())
    with pytest.raises(callgate.ComError, match="0x80040200"):
        callgate.advise(source, callgate.types(lib).ICallee, _Callee())
    with pytest.raises(TypeError, match="has none of the methods of ISourceEvents: OnValue, OnText, OnAsk"):
        callgate.advise(source, early(lib), object())
    callgate.final_release(widget)


class _Callee:
    def Step(self, number: int) -> int:
        return number


def test_r14_27_a_sink_lives_as_long_as_the_source_holds_it(lib: Lib, source: Any) -> None:
    """The connection object need not be kept; what the program does not hold, the source does."""
    seen: list[int] = []

    class Teller(Sink):
        def OnValue(self, value: int) -> None:
            seen.append(value)

    callgate.advise(source, early(lib), Teller())
    gc.collect()
    source.Fire(3)
    assert seen == [3]
