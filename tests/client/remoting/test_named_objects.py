"""Objects by name: `callgate.export` in one program, `callgate.get_object` in others (R16.16, R18.1)."""

# mypy: disable-error-code="type-abstract"

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import callgate
from callgate import Connection, errors
from tests.client.remoting.described import ICalc, IOther
from tests.client.remoting.processes import shared_broker
from tests.client.remoting.server import Calc
from tests.conftest import wait_until

PROGRAM = """
import sys, callgate
from tests.client.remoting.server import Calc
with callgate.connect(sys.argv[1]) as broker:
    calc = Calc()
    exports = [broker.export(calc, name) for name in sys.argv[2:]]
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[Connection]:
    """A shared broker, and a connection to it."""
    with shared_broker("naming") as address, callgate.connect(address) as connection:
        yield connection


@contextmanager
def exporter(broker: Connection, *names: str) -> Iterator[subprocess.Popen[str]]:
    """Another program, which exports one Calc under these names."""
    command = [sys.executable, "-c", PROGRAM, broker.address, *names]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()
        process.wait(10)


def unavailable(broker: Connection, name: str) -> bool:
    try:
        broker.get_object(name, ICalc)
    except errors.ComError as error:
        return bool(error.hresult == 0x800401E3)
    return False


def test_r16_16_an_object_is_found_by_its_name(broker: Connection) -> None:
    """In another program, directly called, whatever case its name is written in; two names are one object."""
    with exporter(broker, "acme.Calc", "other"):
        calc = broker.get_object("acme.Calc", ICalc)
        assert calc.add(2, 3) == 5
        assert broker.get_object("ACME.calc", ICalc) is calc
        assert broker.get_object("other", ICalc) is calc
        with pytest.raises(errors.InvalidCastError):
            broker.get_object("other", IOther)


def test_r16_16_a_name_that_nobody_has_is_unavailable(broker: Connection) -> None:
    """MK_E_UNAVAILABLE, by its code."""
    with pytest.raises(errors.ComError, match="nothing is running as !nobody") as caught:
        broker.get_object("nobody", ICalc)
    assert caught.value.hresult == 0x800401E3


def test_r16_16_a_name_goes_with_its_program(broker: Connection) -> None:
    """However that ends; who holds the object is told that it is gone."""
    with exporter(broker, "short") as process:
        calc = broker.get_object("short", ICalc)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with pytest.raises((errors.HostLost, errors.ObjectGone)):
            calc.add(1, 1)
    assert wait_until(lambda: unavailable(broker, "short"))
    with pytest.raises(errors.ObjectGone):
        calc.add(1, 1)


def test_r16_16_the_talker_may_die_in_between(broker: Connection) -> None:
    """The names stand with the warden, and objects are called without either."""
    with exporter(broker, "steady"):
        calc = broker.get_object("steady", ICalc)
        talker = broker.report()["broker"]["talker"]["pid"]
        os.kill(talker, signal.SIGKILL)
        assert calc.add(1, 2) == 3
        assert broker.get_object("steady", ICalc) is calc


def test_r14_09_an_own_object_is_itself(broker: Connection) -> None:
    """A program that asks for what it has exported gets the object, and no proxy."""
    calc = Calc()
    with broker.export(calc, "mine"):
        assert broker.get_object("mine", ICalc) is calc
        with pytest.raises(errors.InvalidCastError):
            broker.get_object("mine", IOther)
    assert unavailable(broker, "mine")


def test_r16_16_two_of_one_name_are_both_revoked(broker: Connection) -> None:
    """The second is told so, the oldest is found, and each needs a revocation of its own."""
    first, second = Calc(), Calc()
    one = broker.export(first, "twice")
    two = broker.export(second, "twice")
    assert one.number != 0
    assert one.status == 0
    assert two.status == 0x000401E7
    assert broker.get_object("twice", ICalc) is first
    one.close()
    assert broker.get_object("twice", ICalc) is second
    two.close()
    two.close()
    assert unavailable(broker, "twice")


def test_r16_16_a_weak_entry_goes_with_its_object(broker: Connection) -> None:
    """A strong one keeps it."""
    broker.export(Calc(), "weak", weak=True)
    strong = broker.export(Calc(), "strong")
    gc.collect()
    assert wait_until(lambda: unavailable(broker, "weak"))
    assert broker.get_object("strong", ICalc).add(1, 1) == 2
    strong.close()


@pytest.mark.parametrize("value", [1, "text", None, [1], Calc])
def test_plain_values_are_not_exported(broker: Connection, value: Any) -> None:
    """Nobody means them."""
    with pytest.raises(TypeError, match="an object of this process is exported"):
        broker.export(value, "value")


def test_without_a_shared_broker_names_stand_at_the_programs_own() -> None:
    """Module functions use the user's broker if there is one, and else the program's."""
    calc = Calc()
    with callgate.export(calc, "alone"):
        assert callgate.get_object("alone", ICalc) is calc
