"""Objects of another machine in the hands of third processes of this one (R17.1, R17.11 to R17.13)."""

# mypy: disable-error-code="type-abstract, misc"

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import Connection
from callgate.host import Host
from callgate_protocol.system import HostFunction
from tests.client.remoting.described import IKeeper
from tests.client.remoting.processes import Other, other_processes
from tests.component.declared import CLSID
from tests.conftest import wait_until
from tests.machines.rig import Rig
from tests.rules.component_faces import IHolder, IShape


@pytest.fixture(scope="module", params=["direct", "relay"])
def laptop(request: pytest.FixtureRequest, classes: Rig) -> Iterator[Connection]:
    """The client, straight to the hosts or through the broker's one port."""
    with classes.connect(str(classes.base / "laptop.key"), relay=request.param == "relay") as connection:
        yield connection
    gc.collect()  # the other way is not to find what this one has left


@pytest.fixture
def others() -> Iterator[list[Other]]:
    """Two more processes of the client's machine."""
    with other_processes(2) as started:
        yield started


def keeper(other: Other) -> Any:
    return other.get(IKeeper)


def host_of(proxy: Any) -> Host:
    host: Host = proxy._host
    return host


@pytest.mark.rule("R17.1", "R17.12")
def test_r17_11_an_object_of_another_machine_that_was_handed_on_is_called_directly(
    laptop: Connection, others: list[Other]
) -> None:
    """Through two processes here; the one in the middle is killed, and the first one lets go."""
    middle, last = keeper(others[0]), keeper(others[1])
    widget = laptop.create("acme.Widget", IShape)
    process = host_of(widget).session.process
    middle.put(widget)
    last.put(middle.taken())
    assert middle.taken() is widget
    assert last.taken() is widget
    assert middle.where() == last.where() == process
    del middle
    others[0].kill()
    host_of(widget).close("the test lets go")
    del widget
    gc.collect()

    assert last.area() == 4.0
    again = last.taken()
    assert host_of(again).session.process == process
    assert callgate.query(again, IShape).Area() == 4.0


@pytest.mark.rule("R17.9")
def test_r17_13_references_of_third_processes_balance(laptop: Connection, others: list[Other]) -> None:
    """The host on the other machine counts each holder, and nothing stays."""
    first = laptop.create("acme.Widget", IShape)
    info = host_of(first).system
    start = info(HostFunction.INFO)["objects"]
    widget = laptop.create("acme.Widget", IShape)
    for other in others:
        keeper(other).put(widget)
    del widget
    gc.collect()
    assert info(HostFunction.INFO)["objects"] == start + 1

    for other in others:
        keeper(other).put(None)

    assert wait_until(lambda: info(HostFunction.INFO)["objects"] == start)


PROGRAM = """
import sys, callgate
from tests.rules.component_faces import IHolder, IShape
widget = callgate.unmarshal(bytes.fromhex(sys.argv[1]), IShape)
print(widget.Area(), widget._host.session.process, flush=True)
"""


@pytest.mark.rule("R17.6")
def test_r17_02_a_reference_as_bytes_leads_to_another_machine(laptop: Connection) -> None:
    """A program that never connected to that broker follows it."""
    widget = laptop.create("acme.Widget", IShape)
    data = callgate.marshal(widget, IShape)

    command = [sys.executable, "-c", PROGRAM, data.hex()]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert said.stdout.split() == ["4.0", str(host_of(widget).session.process)]
    with pytest.raises(callgate.ObjectGone, match="CO_E_OBJNOTCONNECTED"):
        callgate.unmarshal(data, IShape)


@pytest.mark.rule("R17.26")
def test_r17_11_a_host_elsewhere_that_dies_is_told_of_in_third_processes(
    laptop: Connection, others: list[Other]
) -> None:
    """They have the broker's word for it, as its first client has."""
    widget = laptop.create("acme.Widget", IShape)
    end = keeper(others[0])
    end.put(widget)
    assert end.area() == 4.0

    laptop.broker.stop(host_of(widget).session.incarnation.hex(), "killed")

    with pytest.raises(callgate.Error):
        end.area()
    with pytest.raises(callgate.Error):
        widget.Area()


@pytest.mark.rule("R17.11")
def test_r17_01_native_code_elsewhere_holds_objects_of_everybody(
    classes: Rig, others: list[Other], component: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a native host here, of a Python process here, of another host there: each comes home as itself.

    They are called by way of this program. A client that hands on a reference instead is refused: it could name any
    socket of that machine.
    """
    key = classes.admit("bench", classes=["acme.*"])
    with classes.connect(key) as there:
        holder = there.create("acme.Holder", IHolder)
        widget = callgate.create(CLSID["Widget"], IShape, library=component)
        for each in (widget, others[0].get(IKeeper), there.create("acme.Widget", IShape), keeper(others[1]).shape()):
            holder.Keep(each)
            assert holder.Same(each, each)
            assert holder.Kept() is each
        holder.Drop()
        with monkeypatch.context() as patch:
            patch.setattr("callgate.remoting.handing.can_reach", lambda *_: True)
            with pytest.raises(callgate.AccessDenied, match="hands on nobody else's objects"):
                holder.Keep(widget)


@pytest.mark.rule("R17.1")
@pytest.mark.parametrize("relay", [False, True], ids=["direct", "relay"])
def test_r17_11_a_native_host_here_calls_an_object_elsewhere_directly(
    classes: Rig, component: str, relay: bool
) -> None:
    """An unmanaged client that got its reference from a program here: that one lets go, and its session is no more."""
    with classes.connect(str(classes.base / "laptop.key"), relay=relay) as there:
        widget = there.create("acme.Widget", IShape)
        far = host_of(widget)
        holder = callgate.create(CLSID["Holder"], IHolder, library=component)
        holder.Keep(widget)
        assert holder.Kept() is widget
        far.close("the program lets go")
        del widget
        gc.collect()
        assert wait_until(lambda: far.dead)

        again = holder.Kept()
        assert callgate.query(again, IShape).Area() == 4.0
        assert host_of(again).session.incarnation == far.session.incarnation
        assert host_of(again) is not far
        assert holder.Same(again, again)
