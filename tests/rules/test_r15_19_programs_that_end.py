"""Clients that never uninitialise (R15.19): programs that end inside an STA, with live objects in both directions."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import Connection, Lib
from tests.component.declared import CLSID, IDL
from tests.conftest import wait_until

from .test_r15_placement import COUNTS, IWorker
from .test_r15_python import Thread

PROGRAM = """
import os, sys, threading, callgate
from tests.component.declared import CLSID, IDL, IID
from tests.rules.component_faces import ICallee, IHolder, ISourceEvents
from tests.rules.test_r15_placement import IWorker

address, component, isolation, ending = sys.argv[1:]

class Callee(ICallee):
    def Step(self, number):
        if ending == "exit in a callback":
            sys.exit(3)
        if ending == "os._exit in a callback":
            os._exit(4)
        if ending == "killed in a callback":
            os.kill(os.getpid(), 9)
        return number

class Sink(ISourceEvents):
    def OnValue(self, value):
        pass

def live():
    callgate.set_apartment("sta")
    broker = callgate.connect(address)
    lib = broker.load(component, IDL, isolation=isolation)
    made = [callgate.create(CLSID[kind], IWorker, library=lib, threading=model)
            for kind, model in (("Bound", "Apartment"), ("Free", "Both"), ("Free", "Free"))]
    holder = lib.component_create(CLSID["Holder"], IID["IHolder"])
    holder.Keep(Callee())
    source = lib.component_create(CLSID["Source"], IID["ISource"])
    connection = callgate.advise(source, ISourceEvents, Sink())
    shapes = [lib.component_create(CLSID["Widget"], IID["IShape"]) for _ in range(20)]
    print("ready", callgate.info(lib).process, lib.component_live(), flush=True)
    sys.stdin.readline()
    if ending.endswith("in a callback"):
        holder.CallBack(1)
    if ending == "SystemExit":
        sys.exit(3)
    if ending == "os._exit":
        os._exit(4)
    globals()["kept"] = made, holder, source, connection, shapes, lib, broker

if ending == "another thread":
    thread = threading.Thread(target=live)
    thread.start()
    thread.join()
else:
    live()
"""
ENDINGS = {
    "its last line": 0,
    "another thread": 0,
    "SystemExit": 3,
    "os._exit": 4,
    "exit in a callback": 3,
    "os._exit in a callback": 4,
    "killed in a callback": -9,
}
"""How the program ends, and its exit status."""


@pytest.fixture(scope="module")
def broker() -> Iterator[Connection]:
    """A shared broker, and a connection to it."""
    command = [sys.executable, "-m", "callgate_broker", "--name", "endings"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        with callgate.connect(service.stdout.readline().strip()) as connection:
            yield connection
        service.terminate()


@pytest.fixture(scope="module")
def shared(broker: Connection, component: str) -> Iterator[Lib]:
    """The component in a host that others share."""
    with broker.load(component, IDL, isolation="shared:endings") as lib:
        yield lib


def end(broker: Connection, component: str, isolation: str, ending: str) -> tuple[int, int]:
    """Let the program live and end; its host, and how many objects there were in it."""
    words = [broker.address, component, isolation, ending]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stdout is not None
            ready, host, alive = program.stdout.readline().split()
            assert ready == "ready"
            assert program.stdin is not None
            program.stdin.write("end\n")
            program.stdin.flush()
            assert program.wait(10) == ENDINGS[ending]
        finally:
            program.kill()
    return int(host), int(alive)


@pytest.mark.rule("R17.23")
@pytest.mark.parametrize("ending", ENDINGS)
def test_r15_19_a_program_that_ends_inside_its_sta(broker: Connection, component: str, ending: str) -> None:
    """It does not hang, and its host ends with it, whatever lived there and on which thread."""
    host, alive = end(broker, component, "library", ending)

    assert alive >= 25
    assert wait_until(lambda: not os.path.exists(f"/proc/{host}"), 5)


@pytest.mark.rule("R17.23")
@pytest.mark.parametrize("ending", ENDINGS)
def test_r15_19_its_objects_in_a_host_that_others_use(
    broker: Connection, shared: Lib, component: str, ending: str
) -> None:
    """They are given back, those of the others are not, and the host goes on."""
    before = shared.component_live(), shared.component_references(0)
    host, alive = end(broker, component, "shared:endings", ending)

    assert host == callgate.info(shared).process
    assert alive >= before[0] + 25
    assert wait_until(lambda: (shared.component_live(), shared.component_references(0)) == before)


@pytest.mark.rule("R14.12")
@pytest.mark.parametrize("way", ["release", "final_release", "with", "del"])
def test_r15_19_an_object_of_a_thread_that_ended_is_let_go_of(component: str, way: str) -> None:
    """Nobody is refused who only gives it back, and then it ends."""
    with callgate.load(component, COUNTS) as lib:
        with Thread("sta") as sta:
            made: Any = sta.do(lambda: callgate.create(CLSID["Bound"], IWorker, library=lib, threading="Apartment"))
            number = lib.component_last()
        assert wait_until(lambda: is_disconnected(made))
        assert lib.component_alive(number)
        if way == "with":
            with made:
                pass
        elif way != "del":
            getattr(callgate, way)(made)
        made = None
        gc.collect()
        assert wait_until(lambda: not lib.component_alive(number))


def is_disconnected(made: Any) -> bool:
    try:
        made.Work(0)
    except callgate.RpcError:
        return True
    return False
