"""Calls between processes: nested, counted, described by their owners; deaths (R17.4 to R17.16, R17.28)."""

# mypy: disable-error-code="type-abstract, misc, call-overload"

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import callgate
from callgate import errors
from callgate.com.objects import query
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import MAGIC, Hello, Refuse, Welcome
from callgate_protocol.system import HostFunction
from callgate_protocol.version import MAJOR, MINOR
from callgate_transport.link import Link
from tests.client.remoting.described import ICalc, IOther
from tests.client.remoting.processes import Other, other_processes, shared_broker
from tests.client.remoting.server import Calc
from tests.conftest import wait_until


@pytest.fixture(scope="module")
def others() -> Iterator[list[Other]]:
    """Two other processes."""
    with other_processes(2) as started:
        yield started


def calls(other: Other) -> int:
    """How many calls it has performed, with the one that asks."""
    count: int = other.host.system(HostFunction.INFO)["calls"]
    return count


def test_r17_16_fifty_calls_inside_each_other(others: list[Other]) -> None:
    """From here to there and back on the same two threads."""
    threads: set[int] = set()

    class Mine(Calc):
        def bounce(self, other: ICalc, depth: int) -> int:
            threads.add(threading.get_ident())
            return super().bounce(other, depth)

    assert others[0].get().bounce(Mine(), 50) == 50
    assert threads == {threading.get_ident()}


def test_r17_16_fifty_calls_across_three_processes(others: list[Other]) -> None:
    """Each holds the next, and calls go round among them."""
    mine, one, two = Calc(), others[0].get(), others[1].get()
    mine.hold(one)
    one.hold(two)
    two.hold(mine)

    assert mine.pass_round(50) == 50
    one.hold(None)
    two.hold(None)


@pytest.mark.rule("R17.7", "R17.10")
def test_r17_09_local_counts_send_nothing(others: list[Other]) -> None:
    """A thousand mentions of a proxy, and asking again what it has said already: no message at all."""
    calc = others[0].get()
    assert not isinstance(calc, IOther)
    before = calls(others[0])
    copies = [calc for _ in range(1000)]
    for each in copies:
        assert query(each, ICalc) is calc
        assert not isinstance(each, IOther)
    copies.clear()

    assert calls(others[0]) == before + 1


@pytest.mark.rule("R17.8")
def test_r17_10_several_interfaces_in_one_question(others: list[Other]) -> None:
    """Each has its own answer."""
    calc = others[0].get()
    iids = ["{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C01}", "{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C03}"]
    place = {"at": [callgate.identity(calc)[1], 0]}
    answer = others[0].host.system(HostFunction.QUERY, place, [*iids, "{00000000-0000-0000-C000-000000000046}"])

    assert [code & 0xFFFFFFFF for code in answer] == [0, 0x80004002, 0]
    with pytest.raises(errors.ObjectGone):
        others[0].host.system(HostFunction.QUERY, {"at": [9999, 0]}, iids)


def test_r17_09_thousands_of_references_balance() -> None:
    """Made and released: the owner's table is where it was."""
    with other_processes(1) as (other,):
        maker = other.get()
        gc.collect()
        before = other.given_out
        for _ in range(20):
            made = [maker.made() for _ in range(100)]
            assert other.given_out == before + 100
            made.clear()
            gc.collect()
            assert wait_until(lambda: other.given_out == before)


def test_r17_04_versions_meet_at_the_lower_minor(others: list[Other]) -> None:
    """A client that knows more speaks as its server does; another major is refused."""
    path = others[0].host.session.route.removeprefix("unix:")
    with Link.connect(path, 10) as link:
        link.send(Hello(MAGIC, MAJOR, MINOR + 7, [], DEFAULT_LIMITS.as_map(), {}))
        message, _ = link.receive(10)
        assert isinstance(message, Welcome)
        assert message.minor == MINOR
    with Link.connect(path, 10) as link:
        link.send(Hello(MAGIC, MAJOR + 1, 0, [], DEFAULT_LIMITS.as_map(), {}))
        message, _ = link.receive(10)
        assert isinstance(message, Refuse)
        assert "version" in message.message


DESCRIBER = """
import sys, callgate
from tests.client.remoting.server import Calc
with callgate.connect(sys.argv[1]) as broker, broker.export(Calc(), "described"):
    print("ready", flush=True)
    sys.stdin.read()
"""
STRANGER = """
import sys, callgate
with callgate.connect(sys.argv[1]) as broker:
    calc = broker.get_object("described", "{7a0d6f3c-52b1-4c58-9e0b-6b3b1b2a9c01}")
    print(calc.add(2, 3), calc.made().echo("text"), calc.is_me(calc))
    try:
        broker.get_object("described", "{7A0D6F3C-0000-4C58-9E0B-6B3B1B2A9C01}")
    except callgate.ComError as error:
        print(hex(error.hresult & 0xFFFFFFFF))
"""


def told_by(program: str, *arguments: str) -> list[str]:
    """The words that a program says."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout.split()


def test_r17_15_the_owner_describes_what_a_peer_does_not_know() -> None:
    """A program without any declaration calls by the IID; what nobody describes is REGDB_E_IIDNOTREG."""
    with shared_broker("describing") as address:
        command = [sys.executable, "-c", DESCRIBER, address]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "ready\n"
            words = told_by(STRANGER, address)
            owner.communicate()

    assert words == ["5", "text", "True", "0x80040155"]


HANDING = """
from callgate.process import current
from tests.client.remoting.processes import other_processes
from tests.client.remoting.server import Calc
with other_processes(2) as others:
    mine = Calc()
    one, two = others[0].get(), others[1].get()
    one.hold(mine)
    assert one.held() is mine and one.use(1, 2) == 3
    print(current().serves)
    two.take_from(one)
    assert two.held() is mine
    print(current().serves)
"""


@pytest.mark.rule("R18.3")
def test_r17_28_an_object_that_is_handed_over_needs_no_door() -> None:
    """Calls of it come over the connection that its process opened; only for a third one it opens a door."""
    assert told_by(HANDING) == ["False", "True"]


def test_r17_23_on_death_tells_once_and_at_once() -> None:
    """When the process of an object ends, not when the object is released or the host was closed here."""
    with other_processes(2) as (dying, closed):
        told: list[errors.Error] = []
        calc = dying.get()
        callgate.on_death(calc, told.append)
        callgate.on_death(calc, told.append).close()
        callgate.on_death(closed.get(), told.append)
        closed.host.close("on purpose")
        dying.kill()
        assert wait_until(lambda: len(told) == 1)
        assert isinstance(told[0], errors.HostLost)
        callgate.on_death(calc, told.append)
        assert wait_until(lambda: len(told) == 2)
    with pytest.raises(TypeError):
        callgate.on_death(7, told.append)  # type: ignore[arg-type]
