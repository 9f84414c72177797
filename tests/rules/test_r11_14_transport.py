"""R11.14: whether an object failed or the way to it, by the class, by the code, and by `from_transport`."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import callgate
from callgate.failures import over_rpc
from callgate.remoting.failing import fault_of
from tests.client.remoting.described import ICalc
from tests.client.remoting.processes import Other, other_processes
from tests.conftest import wait_until

from .com import CLSID, IDL, make
from .test_r15_placement import COUNTS, IWorker
from .test_r15_python import Thread

SERVER_DIED, DISCONNECTED, WRONG_THREAD = 0x80010007, 0x80010108, 0x8001010E
E_FAIL = 0x80004005


@pytest.fixture
def lib(component: str) -> Iterator[Any]:
    with callgate.load(component, IDL) as lib:
        yield lib


def failure(action: Callable[[], Any]) -> callgate.RpcError:
    """What the transport says."""
    with pytest.raises(callgate.RpcError) as caught:
        action()
    assert caught.value.from_transport
    return caught.value


def code(error: Any) -> int:
    return int(error.hresult) & 0xFFFFFFFF


@pytest.mark.rule("R17.26")
@pytest.mark.parametrize("begin", ["called", "submitted"])
def test_r11_14_a_server_that_is_killed(component: str, begin: str) -> None:
    """It is the exception of every lost host as well, and can be sent on."""
    with callgate.load(component, COUNTS) as lib, ThreadPoolExecutor(1) as pool:
        made: Any = callgate.create(CLSID["Free"], IWorker, library=lib, threading="Free")
        process = callgate.info(lib).process
        call = pool.submit(made.Work, 20_000) if begin == "called" else made.Work.submit(20_000)
        assert wait_until(lambda: made.Overlap() == 1)
        os.kill(process, signal.SIGKILL)
        error = failure(call.result)

        assert isinstance(error, callgate.HostCrashed)
        assert (code(error), error.name) == (SERVER_DIED, "RPC_E_SERVER_DIED")
        assert "Work" in error.method
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), code(again), again.from_transport) == (type(error), SERVER_DIED, True)


@pytest.mark.rule("R17.26")
def test_r11_14_an_object_whose_server_died(lib: Any) -> None:
    """Its methods and what it can be asked for, by whatever way it was declared; functions start a new host."""
    faulty = make(lib, "Faulty", "IFaulty")
    os.kill(callgate.info(lib).process, signal.SIGKILL)
    assert wait_until(lambda: faulty._host.dead)
    for action in (lambda: faulty.Fail(0, 0), lambda: callgate.query(faulty, IWorker)):
        error = failure(action)
        assert isinstance(error, callgate.ObjectGone)
        assert (code(error), error.name) == (DISCONNECTED, "RPC_E_DISCONNECTED")
    assert lib.component_live() == 0


def test_r11_14_what_an_object_returns_is_its_own(lib: Any) -> None:
    """E_FAIL is a ComError; a code of the transport is an RpcError, and still what the object said."""
    faulty = make(lib, "Faulty", "IFaulty")
    with pytest.raises(callgate.ComError) as caught:
        faulty.Fail(callgate.HResult(E_FAIL), 0)
    assert not isinstance(caught.value, callgate.RpcError)
    assert not caught.value.from_transport
    for own in (SERVER_DIED, DISCONNECTED, 0x800706BA):
        with pytest.raises(callgate.RpcError) as raised:
            faulty.Fail(callgate.HResult(own), 0)
        assert (code(raised.value), raised.value.from_transport) == (own, False)


def test_r11_14_a_function_is_no_object() -> None:
    """A lost host of plain C is no ComError, though it has the code and says what failed."""
    with callgate.load("libc.so.6", "int raise(int number);") as libc:
        with pytest.raises(callgate.HostCrashed) as caught:
            getattr(libc, "raise")(signal.SIGKILL)
        assert not isinstance(caught.value, callgate.ComError)
        assert (code(caught.value), caught.value.from_transport) == (SERVER_DIED, True)


def test_r11_14_python_objects_of_other_processes() -> None:
    """The process ends under the call, and before the next one; its object's own failures are not the transport's."""
    with other_processes(1) as (other,):
        calc = other.get()
        with pytest.raises(callgate.ComError) as caught:
            calc.fail("denied")
        assert not caught.value.from_transport

        error = failure(calc.die)
        assert isinstance(error, callgate.HostLost)
        assert code(failure(lambda: calc.add(1, 1))) == DISCONNECTED


def test_r11_14_a_way_that_fails_on_the_way_crosses_with_its_code() -> None:
    """Not the method has failed but what this process had to do for it."""
    fault = fault_of(over_rpc(callgate.HostLost("gone")))
    assert fault.name == "ComError"
    assert fault.details == {"hresult": SERVER_DIED - (1 << 32), "transport": True}


def test_r11_14_objects_of_whoever_called() -> None:
    """A process calls what its client gave, and the client is gone: its own method fails with that, and not its way."""
    with other_processes(2) as (first, second):
        one, two = first.get(), second.get(ICalc)
        one.hold(two)
        second.kill()
        with pytest.raises(callgate.RpcError) as caught:
            one.use(1, 2)
        assert not caught.value.from_transport
        assert one.add(1, 2) == 3


SERVER = """
import callgate
from tests.client.remoting import server

class Calc(server.Calc):
    def hold_own(self):
        callgate.disconnect(self)

server.Calc = Calc
server.main()
"""


@pytest.mark.rule("R17.24")
def test_r11_14_an_object_that_its_process_has_disconnected() -> None:
    """The process lives, and says that nobody reaches the object any more."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        other = Other(process, *process.stdout.readline().split())
        calc = other.get()
        calc.hold_own()
        error = failure(lambda: calc.add(1, 2))
        assert isinstance(error, callgate.ObjectGone)
        assert code(error) == DISCONNECTED
        other.host.close("the test is over")


def test_r11_14_what_the_host_refuses_is_the_transports(component: str) -> None:
    """A pointer into another apartment: the object never hears of it (R15.9)."""
    with callgate.load(component, COUNTS) as lib, Thread("sta") as one, Thread("sta") as two:
        made, far = (
            each.do(lambda: callgate.create(CLSID["Bound"], IWorker, library=lib, threading="Apartment"))
            for each in (one, two)
        )
        error = failure(lambda: made.PassOn(far, 1))
        assert code(error) == WRONG_THREAD
