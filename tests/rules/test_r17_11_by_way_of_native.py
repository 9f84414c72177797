"""R17.11: managed clients that got their reference from a native object, which had it from somewhere else.

The other picture, native clients that got theirs from a managed object, stands in `test_r17_11_native`.
"""

# mypy: disable-error-code="abstract"

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import Lib, errors
from callgate.com.objects import identity
from tests.client.remoting.described import IKeeper
from tests.client.remoting.processes import Other, other_processes
from tests.client.remoting.server import Square
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until

from .component_faces import ICallee
from .test_r15_python import Thread


@pytest.fixture
def middle(component: str) -> Iterator[Lib]:
    """The native host in between, which the tests kill."""
    with callgate.load(component, IDL) as lib:
        yield lib


@pytest.fixture(scope="module")
def native(component: str) -> Iterator[Lib]:
    """The native host that owns objects."""
    with callgate.load(component, IDL) as lib:
        yield lib


@pytest.fixture
def others() -> Iterator[list[Other]]:
    """Two Python processes."""
    with other_processes(2) as started:
        yield started


def make(lib: Lib, interface: str) -> Any:
    return lib.component_create(CLSID["Widget"], IID[interface])


def kill(lib: Lib) -> None:
    """End the library's host, and wait until this process has noticed."""
    host = callgate.lib.binding_of(lib).host
    assert host is not None
    os.kill(host.session.process, signal.SIGKILL)
    assert wait_until(lambda: host.dead)


@pytest.mark.rule("R17.1", "R17.12", "R17.13")
def test_r17_11_a_native_object_that_a_native_object_handed_out(middle: Lib, native: Lib, others: list[Other]) -> None:
    """Another process asks native code of one host for an object of another host, and calls that one directly."""
    before = native.component_live()
    shape = make(native, "IShape")
    links = make(middle, "ILinks")
    links.Store(shape)
    client = others[0].get(IKeeper)
    client.take_stored(links)
    owner = callgate.info(native).process
    assert client.where() == owner != callgate.info(middle).process
    kill(middle)

    assert client.area() == shape.Area() == 4.0
    shape.Scale(2.0)
    assert client.area() == 16.0
    assert client.taken() is shape
    assert callgate.info(native).process == owner
    client.put(None)
    callgate.final_release(shape)
    assert wait_until(lambda: native.component_live() == before)


@pytest.mark.rule("R17.13", "R17.28")
def test_r17_11_a_python_object_that_a_native_object_handed_out(middle: Lib, others: list[Other]) -> None:
    """Native code holds what one Python process stored and gives it to others, which call its owner."""
    owner, client = others[0].get(IKeeper), others[1].get(IKeeper)
    links = make(middle, "ILinks")
    owner.store_own(links)
    client.take_stored(links)
    got = links.Stored()
    assert client.where() == others[0].process.pid
    kill(middle)

    assert callgate.query(got, callgate.types(middle).IShape).Area() == 12.5
    assert client.area() == 12.5
    assert client.taken() is got
    assert callgate.info(got).process == others[0].process.pid


@pytest.mark.rule("R17.13")
def test_r17_11_an_object_of_this_process_that_a_native_object_handed_out(middle: Lib, others: list[Other]) -> None:
    """The other process calls here, and what it gives back is the object itself."""

    mine = Square()
    links = make(middle, "ILinks")
    links.Store(mine)
    client = others[0].get(IKeeper)
    client.take_stored(links)
    assert client.where() == os.getpid()
    kill(middle)

    assert client.area() == 12.5
    assert client.taken() is mine


@pytest.mark.rule("R17.16")
def test_r17_11_asked_for_by_one_who_is_waited_for(middle: Lib, others: list[Other]) -> None:
    """A callback of the library's own thread waits for the process that asks for an object of this one."""
    client, links = others[0].get(IKeeper), make(middle, "ILinks")
    links.Store(mine := Square())
    areas: list[float] = []

    class Callee(ICallee):
        def Step(self, number: int) -> int:  # noqa: N802 - COM's
            client.take_stored(links)
            areas.append(client.area())
            return number

    holder = middle.component_create(CLSID["Holder"], IID["IHolder"])
    holder.Keep(Callee())
    holder.Start(2)
    with callgate.deadline(20):
        assert holder.Wait() == (1, 0)
    assert areas == [12.5, 12.5]
    assert client.taken() is mine


@pytest.mark.rule("R15.8", "R17.24")
def test_r17_11_an_object_of_an_sta_that_a_native_object_handed_out(middle: Lib, others: list[Other]) -> None:
    """Its methods run on its thread, whoever calls; once it is disconnected, calls say so, whoever asked and when."""
    threads: list[int] = []

    class Mine(Square):
        def Area(self) -> float:  # noqa: N802 - COM's
            threads.append(threading.get_ident())
            return 2.25

    mine = Mine()
    client, other = others[0].get(IKeeper), others[1].get(IKeeper)
    with Thread("sta") as sta:
        links = make(middle, "ILinks")
        sta.do(lambda: links.Store(mine))
        client.take_stored(links)
        assert client.where() == os.getpid()
        assert client.area() == 2.25
        assert threads == [sta.ident]
        assert callgate.disconnect(mine)
        other.take_stored(links)
        for each in (client, other):
            with pytest.raises(callgate.Error, match=r"RPC_E_DISCONNECTED|E_NOINTERFACE"):
                each.area()
        assert threads == [sta.ident]


def test_r17_11_an_object_whose_class_declares_nothing(middle: Lib, others: list[Other]) -> None:
    """Others may have declared interfaces only, so native code in between passes its calls on."""

    class Mine:
        def Area(self) -> float:  # noqa: N802 - COM's
            return 2.25

        def Scale(self, factor: float) -> None:  # noqa: N802 - COM's
            """Nothing here."""

    links = make(middle, "ILinks")
    mine = Mine()
    links.Store(mine)
    client = others[0].get(IKeeper)
    client.take_stored(links)

    assert client.where() == callgate.info(middle).process
    assert client.area() == 2.25
    assert links.Stored() is mine


def test_r17_11_by_way_of_two_native_hosts_and_a_python_process(
    middle: Lib, native: Lib, component: str, others: list[Other]
) -> None:
    """Native to native to Python to Python: the two hosts and the Python process in between are killed one by one."""
    shape = make(native, "IShape")
    with callgate.load(component, IDL) as second:
        one, two = make(middle, "ILinks"), make(second, "ILinks")
        one.Store(shape)
        two.Store(one.Stored())
        kill(middle)
        between, end = others[0].get(IKeeper), others[1].get(IKeeper)
        between.take_stored(two)
        kill(second)
        end.put(between.taken())
        number = identity(between.taken())
        del between
        others[0].kill()

        assert end.area() == 4.0
        assert end.taken() is shape
        assert identity(shape) == number


@pytest.mark.rule("R17.13", "R17.14")
def test_r17_11_the_owner_is_gone_but_the_one_in_the_middle_is_not(middle: Lib, others: list[Other]) -> None:
    """Whoever asks native code for it is told, and goes on; nothing of it stays behind."""
    before = middle.component_live()
    links = make(middle, "ILinks")
    others[0].get(IKeeper).store_own(links)
    others[0].kill()
    client = others[1].get(IKeeper)
    with pytest.raises(errors.Error):
        client.take_stored(links)

    assert callgate.query(client.shape(), callgate.types(middle).IShape).Area() == 12.5
    links.Store(None)
    callgate.final_release(links)
    others[1].kill()  # what it was told still holds the frames of its call
    assert wait_until(lambda: middle.component_live() == before)
