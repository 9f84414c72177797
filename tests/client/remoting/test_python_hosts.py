"""Python classes in a host process of their own: how an extension module is run crash-isolated (R16.17)."""

# mypy: disable-error-code="type-abstract, misc"

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate import errors
from callgate.below import below
from callgate.com.declared import declared_of
from callgate.host import Host
from callgate.process import current
from callgate.remoting.neighbours import adopt
from callgate_protocol.system import HostFunction
from tests.client.remoting.described import ICalc, IOther
from tests.conftest import processes_below, wait_until

ROOT = str(Path(__file__).parents[3])


def started() -> Host:
    """A host of Python classes."""
    host = Host(below(current().embedded_broker, kind="python")("hosted"), "hosted", current().callbacks)
    host.start()
    return host


def make(host: Host, name: str, interface: Any = ICalc) -> Any:
    """An object in it."""
    declared = declared_of(interface)
    wire = host.system(HostFunction.MAKE, f"tests.client.remoting.hosted:{name}", [ROOT, *sys.path], declared.iid)
    return adopt(host, wire, declared)


@pytest.fixture
def host() -> Iterator[Host]:
    """A process of its own."""
    made = started()
    yield made
    made.close("the test is over")
    assert wait_until(lambda: not alive(made.session.process))


def alive(process: int) -> bool:
    return process in processes_below(os.environ["CALLGATE_RUNTIME_DIR"])


def test_r16_17_a_class_is_made_in_a_process_of_its_own(host: Host) -> None:
    """The object lives below the warden, not here, and is called like any other."""
    calc = make(host, "Hosted")
    assert calc.add(2, 3) == 5
    assert isinstance(calc, ICalc)
    assert host.session.process != os.getpid()


def test_a_crash_takes_the_host_and_nothing_else(host: Host) -> None:
    """What a class does to its process is told as of a native host; a new one is there at once."""
    calc = make(host, "Hosted")
    with pytest.raises(errors.HostCrashed) as caught:
        calc.add(0, 0)
    assert caught.value.signal == signal.SIGABRT
    assert caught.value.began
    with pytest.raises(errors.ObjectGone):
        calc.add(1, 1)
    again = started()
    assert make(again, "Hosted").add(1, 1) == 2
    again.close("done")


def test_a_deadline_stops_a_python_host(host: Host) -> None:
    """As it does native code."""
    calc = make(host, "Sleeper")
    with pytest.raises(errors.DeadlineExceeded), callgate.deadline(0.3):
        calc.add(1, 1)


def test_what_cannot_be_made_says_why(host: Host) -> None:
    """No such class, a constructor that raises, an interface that it does not have."""
    with pytest.raises(errors.ComError, match="no device"):
        make(host, "Broken")
    with pytest.raises(errors.ComError, match="Absent"):
        make(host, "Absent")
    with pytest.raises(errors.InvalidCastError):
        make(host, "Hosted", IOther)


def test_the_broker_knows_no_other_kind() -> None:
    """A kind of host that does not exist is refused by name."""
    with pytest.raises(errors.Error, match="'cobol' is no kind of host"):
        current().embedded_broker().start("x", kind="cobol")
