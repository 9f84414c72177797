"""Native objects and Python objects of several processes, passed among each other (R17.1, R17.11)."""

# mypy: disable-error-code="type-abstract, abstract, misc"

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate.com.objects import query
from tests.client.remoting.described import IKeeper
from tests.client.remoting.processes import Other, other_processes
from tests.client.remoting.server import Calc

from .com import component, make
from .component_faces import ILinks, IShape
from .conftest import Loader


@pytest.fixture(scope="module")
def lib(load_host: Loader) -> Any:
    """The component, in a host process."""
    return component(load_host)


@pytest.fixture
def others() -> Iterator[list[Other]]:
    """Two other processes."""
    with other_processes(2) as started:
        yield started


@pytest.mark.rule("R17.1", "R18.7")
def test_r17_11_a_native_object_by_way_of_python_objects(lib: Any, others: list[Other]) -> None:
    """Each process ends with a direct reference to the native object; the one in the middle is not needed."""
    shape = query(make(lib, "Widget", "ISquare"), IShape)
    one, two = others[0].get(IKeeper), others[1].get(IKeeper)
    one.put(shape)
    two.put(one.taken())
    host = callgate.info(lib).process

    assert (one.where(), two.where()) == (host, host)
    assert one.taken() is shape
    others[0].kill()
    assert two.area() == shape.Area() == 4.0
    assert two.taken() is shape


def test_r17_11_a_python_object_by_way_of_a_native_one(lib: Any, others: list[Other]) -> None:
    """A native object keeps a Python object of another process and gives it back: the same proxy, still direct."""
    links = query(make(lib, "Widget"), ILinks)
    far = others[0].get(IKeeper).shape()
    links.Store(far)
    back = links.Stored()

    assert back is far
    assert query(back, IShape).Area() == 12.5


@pytest.mark.rule("R17.28")
def test_r17_01_native_code_calls_a_python_object_of_another_process(lib: Any, others: list[Other]) -> None:
    """A native client and a Python server in different processes."""
    links = query(make(lib, "Widget"), ILinks)
    shape = query(others[0].get(IKeeper).shape(), IShape)

    assert links.Measure(shape) == 12.5
    assert links.Pass(shape) is shape


def test_r17_17_a_reentrant_lock_lets_a_nested_call_in(others: list[Other]) -> None:
    """R17.17: held across an outgoing call, because that comes back on the thread that waits."""
    lock = threading.RLock()

    class Locked(Calc):
        def bounce(self, other: Any, depth: int) -> int:
            with lock:
                return super().bounce(other, depth)

    assert others[0].get().bounce(Locked(), 10) == 10
