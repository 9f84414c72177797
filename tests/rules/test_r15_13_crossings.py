"""R15.13: who calls an object of another apartment very often is told so, once; who is at home never is."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable

import callgate
from callgate_protocol.apartments import MANY_CROSSINGS
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until


def test_r15_13_an_object_of_a_host(component: str) -> None:
    """The library was loaded for one thread of its host, so every call is carried there."""
    with callgate.load(component, IDL, apartment="sta") as lib:
        shape = lib.component_create(CLSID["Widget"], IID["IShape"])
        assert callgate.info(shape).hops == 1
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(MANY_CROSSINGS + 500):
                shape.Area()
            assert wait_until(lambda: bool(told))
        assert [each.category for each in told] == [callgate.PerformanceWarning]
        assert "R15.13" in str(told[0].message)
        callgate.final_release(shape)


def test_r15_13_no_word_where_nothing_crosses(component: str) -> None:
    with callgate.load(component, IDL) as lib:
        shape = lib.component_create(CLSID["Widget"], IID["IShape"])
        assert callgate.info(shape).hops == 0
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(MANY_CROSSINGS + 500):
                shape.Area()
        assert not told
        callgate.final_release(shape)


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def add(self) -> int:
        self.count += 1
        return self.count


def lived(run: Callable[[Counter, object], None]) -> None:
    """Have something done with a counter that lives in an STA: the object, and what others are given of it."""
    ready, over = threading.Event(), threading.Event()
    made: list[object] = []

    @callgate.sta_thread
    def live() -> None:
        counter = Counter()
        made.extend((counter, callgate.agile(counter)))
        ready.set()
        while not over.is_set():
            callgate.pump(0.02)

    thread = threading.Thread(target=live)
    thread.start()
    ready.wait()
    try:
        counter, agile = made
        assert isinstance(counter, Counter)
        run(counter, agile)
    finally:
        over.set()
        thread.join()


def test_r15_13_an_object_of_an_sta_of_the_program() -> None:
    def run(counter: Counter, agile: object) -> None:
        add = agile.add  # type: ignore[attr-defined]  # what is agile has its object's methods
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(MANY_CROSSINGS + 10):
                add()
        assert [each.category for each in told] == [callgate.PerformanceWarning]
        assert told[0].filename == __file__
        assert counter.count == MANY_CROSSINGS + 10

    lived(run)
