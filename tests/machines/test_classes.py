"""Classes of another machine: found in its registry, made there, with rights (R16.12, R16.19)."""

# ruff: noqa: N802 - the names of methods are COM's
# mypy: disable-error-code="type-abstract"

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

import callgate
from callgate import Connection, IUnknown, f8, interface
from callgate_transport.curve import make_pair
from callgate_transport.keys import write_private
from tests.conftest import wait_until
from tests.machines.rig import Rig


@interface("{00000002-CA11-4A7E-8000-C0DEC0DEC0DE}")
class IShape(IUnknown, Protocol):
    def Area(self) -> f8: ...
    def Scale(self, factor: f8) -> None: ...


@interface("{00000003-CA11-4A7E-8000-C0DEC0DEC0DE}")
class ISquare(IShape, Protocol):
    def Side(self) -> f8: ...
    def SetSide(self, side: f8) -> None: ...


@interface("{0000A002-0000-0000-C000-000000000046}")
class IMissing(IUnknown, Protocol):
    def Nothing(self) -> None: ...


@pytest.fixture
def laptop(classes: Rig) -> Iterator[Connection]:
    """The client."""
    with classes.connect(str(classes.base / "laptop.key")) as connection:
        yield connection


def process_of(proxy: Any) -> int:
    return int(proxy._host.session.process)


@pytest.mark.rule("R16.9")
def test_r16_19_a_class_of_another_machine(laptop: Connection) -> None:
    """By the name that its machine knows; objects of one application are in one process there."""
    widget = laptop.create("acme.Widget", IShape, ISquare)
    widget.Scale(3.0)

    assert widget.Area() == 36.0
    assert callgate.query(widget, ISquare).Side() == 6.0
    assert process_of(widget) == process_of(laptop.create("acme.Calculator", IUnknown))
    with pytest.raises(callgate.InvalidCastError, match="IMissing"):
        laptop.create("acme.Widget", IShape, IMissing)


def test_r16_19_two_interfaces_are_one_round_trip(laptop: Connection) -> None:
    """One question to the broker, one call to the host, for all interfaces."""
    first = laptop.create("acme.Widget", IShape, ISquare)
    before = answered(laptop, process_of(first))

    made = [laptop.create("acme.Widget", IShape, ISquare) for _ in range(5)]

    assert len({process_of(each) for each in made}) == 1
    # An answer is counted after it was sent.
    assert wait_until(lambda: answered(laptop, process_of(first)) - before >= 5)
    assert answered(laptop, process_of(first)) - before <= 6


PROGRAM = """
import sys, callgate
from callgate import IUnknown
with callgate.connect(sys.argv[1]) as broker:
    print(broker.create("acme.Widget", IUnknown)._host.session.process, flush=True)
    sys.stdin.read()
"""


def test_r16_09_programs_of_a_machine_share_a_surrogate_and_strangers_do_not(classes: Rig, laptop: Connection) -> None:
    """The same application and user are one process, whoever asks; a client with a key has its own."""
    with callgate.connect(classes.local) as here:
        own: Any = here.create("acme.Widget", IUnknown)
        command = [sys.executable, "-c", PROGRAM, classes.local]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            assert int(program.stdout.readline()) == process_of(own)
            program.communicate("")
        assert process_of(laptop.create("acme.Widget", IUnknown)) != process_of(own)


def answered(connection: Connection, process: int) -> int:
    return int(next(host["answered"] for host in connection.report()["hosts"] if host["pid"] == process))


@pytest.mark.rule("R16.12", "R16.3")
@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("acme.Holder", callgate.AccessDenied, "may not create 'acme.Holder'"),
        ("acme.Recorder", callgate.ComError, "E_ACCESSDENIED.*AccessPermission"),
        ("acme.Source", callgate.ComError, "REGDB_E_CLASSNOTREG.*DllSurrogate"),
        ("acme.Stranger", callgate.ComError, "CO_E_CLASSSTRING"),
    ],
)
def test_r16_12_what_a_client_may_not_have(laptop: Connection, name: str, error: type[Exception], said: str) -> None:
    """Not on the allow-list, not let in by the class, not to be shared, not known: no host is started for it."""
    before = len(laptop.report()["hosts"])

    with pytest.raises(error, match=said):
        laptop.create(name, IShape)

    assert len(laptop.report()["hosts"]) <= before


@pytest.mark.rule("R16.14")
def test_r16_14_nobody_is_let_in_without_a_proof(classes: Rig, tmp_path: Path) -> None:
    """There is no lower level than CURVE between machines, so what demands it is had from there."""
    stranger = str(tmp_path / "stranger.key")
    write_private(stranger, make_pair())
    with pytest.raises(callgate.AccessDenied):
        classes.connect(stranger, retry=2)


@pytest.mark.rule("R16.12")
def test_r16_14_a_class_that_demands_privacy_is_for_clients_with_keys(classes: Rig, laptop: Connection) -> None:
    """Whoever has a Unix socket is known to the kernel, and no more is sure."""
    made = laptop.create("acme.Faulty", IUnknown)
    assert callgate.info(made).authentication == "privacy"
    with (
        callgate.connect(classes.local) as here,
        pytest.raises(callgate.ComError, match="demands the level 'privacy'") as caught,
    ):
        here.create("acme.Faulty", IUnknown)
    assert isinstance(caught.value, PermissionError)
