"""Python classes in a host process of their own: how an extension module is run crash-isolated (R16.17)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callgate import errors
from callgate.below import below
from callgate.host import Host
from callgate.process import current
from callgate_protocol.interfaces import method_places
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import encode_library, library_hash
from tests.client.remoting.described import CALC, LIBRARY, SINK
from tests.conftest import processes_below, wait_until

ROOT = str(Path(__file__).parents[3])


class Hosted:
    """A host, and one object in it."""

    def __init__(self) -> None:
        self.host = Host(below(current().embedded_broker, kind="python")("hosted"), "hosted", current().callbacks)
        self.host.start()
        encoded = encode_library(LIBRARY)
        self.make = self.host.system(HostFunction.MAKE, "tests.client.remoting.hosted:Hosted", [ROOT, *sys.path], CALC)
        self.number, _ = self.host.system(HostFunction.LOAD, "", library_hash(encoded), encoded)

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a method of the object."""
        methods = {place.method.name: place.number for place in method_places(LIBRARY)}
        at = {"at": [self.make["ref"][1], 0]}
        return self.host.invoke(self.number, methods[name], [at, *arguments], [], None, name)[0].outs[0][0]


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    """An object in a process of its own."""
    made = Hosted()
    yield made
    made.host.close("the test is over")
    assert wait_until(lambda: not alive(made.host.session.process))


def alive(process: int) -> bool:
    return process in processes_below(os.environ["CALLGATE_RUNTIME_DIR"])


def test_r16_17_a_class_is_made_in_a_process_of_its_own(hosted: Hosted) -> None:
    """The object lives below the warden, not here, and is called like any other."""
    assert hosted.call("add", 2, 3) == 5
    assert hosted.host.session.process != os.getpid()


def test_a_crash_takes_the_host_and_nothing_else(hosted: Hosted) -> None:
    """What a class does to its process is told as of a native host; a new one is there at once."""
    with pytest.raises(errors.HostCrashed) as caught:
        hosted.call("add", 0, 0)
    assert caught.value.signal == signal.SIGABRT
    assert caught.value.began
    again = Hosted()
    assert again.call("add", 1, 1) == 2
    again.host.close("done")


def test_what_cannot_be_made_says_why(hosted: Hosted) -> None:
    """No such class, a constructor that raises, an interface that it does not have."""
    module = "tests.client.remoting.hosted"
    with pytest.raises(errors.ComError, match="no device"):
        hosted.host.system(HostFunction.MAKE, f"{module}:Broken", [], CALC)
    with pytest.raises(errors.ComError, match="Absent"):
        hosted.host.system(HostFunction.MAKE, f"{module}:Absent", [], CALC)
    with pytest.raises(errors.InvalidCastError):
        hosted.host.system(HostFunction.MAKE, f"{module}:Hosted", [], SINK)


def test_the_broker_knows_no_other_kind() -> None:
    """A kind of host that does not exist is refused by name."""
    with pytest.raises(errors.Error, match="'cobol' is no kind of host"):
        current().embedded_broker().start("x", kind="cobol")
