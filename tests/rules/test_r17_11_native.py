"""R17.11 to R17.13: native code of a host calls objects of other processes, whoever gave them to it."""

# mypy: disable-error-code="abstract"

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

import callgate
from callgate import Lib
from tests.client.remoting.described import IKeeper
from tests.client.remoting.processes import other_processes
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until

from .component_faces import ICallee


class Hosts(NamedTuple):
    """Two hosts of the component."""

    one: Lib
    two: Lib


@pytest.fixture(scope="module")
def hosts(component: str) -> Iterator[Hosts]:
    with callgate.load(component, IDL) as one, callgate.load(component, IDL) as two:
        yield Hosts(one, two)


@pytest.fixture(autouse=True)
def everything_is_given_back(hosts: Hosts) -> Iterator[None]:
    before = [lib.component_live() for lib in hosts]
    yield
    gc.collect()
    assert wait_until(lambda: [lib.component_live() for lib in hosts] == before)


def make(lib: Lib, name: str, interface: str) -> Any:
    return lib.component_create(CLSID[name], IID[interface])


def lent(lib: Lib) -> int:
    """How many objects of this process native code of the host holds."""
    host = callgate.lib.binding_of(lib).host
    assert host is not None
    return len(host.objects.lent)


@pytest.mark.rule("R17.12", "R14.9")
def test_r17_11_native_code_calls_an_object_of_another_host(hosts: Hosts) -> None:
    """Directly: nothing of this process stands between them, and the object is itself wherever it is met."""
    with make(hosts.one, "Widget", "IShape") as shape, make(hosts.two, "Widget", "ILinks") as links:
        assert links.Measure(shape) == 4.0
        links.Store(shape)
        assert lent(hosts.two) == 0
        assert links.Stored() is shape
        assert links.Pass(shape) is shape
        with make(hosts.two, "Holder", "IHolder") as holder:
            assert holder.Same(shape, links.Stored())
        shape.Scale(2.0)
        assert links.Measure(shape) == 16.0
        links.Store(None)


@pytest.mark.rule("R17.13")
def test_r17_11_killing_the_process_in_the_middle_changes_nothing(hosts: Hosts) -> None:
    """An unmanaged client gets its reference from a managed object, which got it from another host."""
    shape = make(hosts.one, "Widget", "IShape")
    links = make(hosts.two, "Widget", "ILinks")
    with other_processes(1) as (middle,):
        keeper = middle.get(IKeeper)
        keeper.put(shape)
        links.Store(keeper.taken())
        del keeper
        middle.kill()
    assert links.Stored() is shape
    assert links.Measure(links.Stored()) == 4.0
    links.Store(None)
    callgate.final_release(shape)
    callgate.final_release(links)


@pytest.mark.rule("R17.15", "R17.26")
def test_r17_11_native_code_calls_a_python_object_of_another_process(hosts: Hosts) -> None:
    """And is told by a code when that process is gone."""
    links = make(hosts.two, "Widget", "ILinks")
    with other_processes(1) as (other,):
        shape = callgate.query(other.get(IKeeper).shape(), callgate.types(hosts.two).IShape)
        assert links.Measure(shape) == 12.5
        assert lent(hosts.two) == 0
        links.Store(shape)
        assert links.Stored() is shape
        other.kill()
    links.Store(None)
    callgate.final_release(links)


def test_r17_13_an_object_that_native_code_passes_to_another_host(hosts: Hosts) -> None:
    """Native code of one host gives its own object to an object of the other: that one calls it directly too."""
    with make(hosts.one, "Widget", "ILinks") as theirs, make(hosts.two, "Widget", "ILinks") as links:
        mine = make(hosts.two, "Widget", "IShape")
        theirs.Store(mine)
        assert theirs.Stored() is mine
        assert theirs.Measure(mine) == 4.0
        assert (lent(hosts.one), lent(hosts.two)) == (0, 0)
        theirs.Store(None)
        links.Store(None)
        callgate.final_release(mine)


@pytest.mark.rule("R17.25")
def test_r17_24_native_code_that_holds_a_disconnected_object(hosts: Hosts) -> None:
    """Its calls fail with RPC_E_DISCONNECTED from then on; given again, the object is another one for it."""

    class Callee(ICallee):
        def Step(self, number: int) -> int:  # noqa: N802 - COM's
            return number

    callee = Callee()
    holder = make(hosts.one, "Holder", "IHolder")
    holder.Keep(callee)
    assert holder.CallBack(3) == 3
    assert callgate.disconnect(callee) is True
    assert callgate.disconnect(callee) is False
    with pytest.raises(callgate.ComError, match="RPC_E_DISCONNECTED"):
        holder.CallBack(1)
    with pytest.raises(callgate.ObjectGone, match="RPC_E_DISCONNECTED"):
        holder.Kept()
    holder.Keep(callee)
    assert holder.CallBack(2) == 1
    assert holder.Kept() is callee
    holder.Drop()
    callgate.final_release(holder)
    assert wait_until(lambda: lent(hosts.one) == 0)
