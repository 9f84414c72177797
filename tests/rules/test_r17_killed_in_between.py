"""The talker of the broker, or the program that a reference came by, is killed in between: nothing of R17 is lost."""

# mypy: disable-error-code="type-abstract"

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

import callgate
from callgate import Connection, Lib, errors
from callgate_protocol.system import HostFunction
from tests.client.remoting.described import ICalc
from tests.client.remoting.server import Calc
from tests.component.declared import CLSID
from tests.conftest import wait_until

from .test_r15_placement import COUNTS, IWorker

PROGRAM = """
import sys, callgate
from tests.client.remoting.server import Calc
with callgate.connect(sys.argv[1]) as broker, broker.export(Calc(), sys.argv[2]):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[Connection]:
    """A shared broker, and a connection to it."""
    command = [sys.executable, "-m", "callgate_broker", "--name", "between"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        with callgate.connect(service.stdout.readline().strip()) as connection:
            yield connection
        service.terminate()


class Program:
    """Another program of the broker, with an object under its name."""

    def __init__(self, broker: Connection, name: str, stack: ExitStack) -> None:
        self.name = name
        command = [sys.executable, "-c", PROGRAM, broker.address, name]
        self.process = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        calc: Any = broker.get_object(name, ICalc)
        self.calc = calc
        self._host = calc._host

    @property
    def given_out(self) -> int:
        """How many objects others hold of it."""
        return int(self._host.system(HostFunction.INFO)["objects"])

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(10)


class Scene:
    """Three programs: what `middle` passes on is killed away under the others, or the talker is."""

    def __init__(self, broker: Connection, victim: str, stack: ExitStack) -> None:
        self.broker = broker
        self._victim = victim
        self._talker = 0
        self.owner, self.middle, self.last = (Program(broker, name, stack) for name in ("owner", "middle", "last"))

    def passed_on(self) -> Any:
        """A new object of the owner, as this program gets it from the one in the middle."""
        self.middle.calc.hold(self.owner.calc.made())
        passed = self.middle.calc.held()
        self.middle.calc.hold(None)
        return passed

    def kill(self, after: float = 0.0) -> None:
        """End the one in between, and do not wait for what comes of it."""
        time.sleep(after)
        if self._victim == "talker":
            self._talker = self.broker.report()["broker"]["talker"]["pid"]
            os.kill(self._talker, 9)
        else:
            self.middle.kill()

    def check(self) -> None:
        """Names are found as before, and there is a talker again."""
        found = [each for each in (self.owner, self.last) if each.process.poll() is None]
        assert [self.broker.get_object(each.name, ICalc) for each in found] == [each.calc for each in found]
        assert self.broker.report()["broker"]["talker"]["pid"] != self._talker


@pytest.fixture(params=["talker", "middle"])
def scene(request: pytest.FixtureRequest, broker: Connection) -> Iterator[Scene]:
    with ExitStack() as stack:
        made = Scene(broker, request.param, stack)
        yield made
        made.check()


@pytest.mark.rule("R17.12", "R17.13")
def test_r17_11_handing_on_in_between(scene: Scene) -> None:
    """Twenty objects go to a third program, one after the other; the tenth is on its way in that moment."""
    passed = scene.passed_on()
    data = callgate.marshal(passed, ICalc)
    for number in range(20):
        if number == 10:
            scene.kill()
        scene.last.calc.hold(scene.owner.calc.made())
        assert scene.last.calc.use(number, 1) == number + 1
    scene.last.calc.hold(passed)

    assert scene.last.calc.use(2, 3) == 5
    assert scene.last.calc.held() is passed
    assert callgate.unmarshal(data, ICalc) is passed


@pytest.mark.rule("R17.9", "R17.13")
def test_r17_09_counts_and_releases_in_between(scene: Scene) -> None:
    """A hundred references, half of them made before and half given back before: the owner's table is as it was."""
    gc.collect()
    before = scene.owner.given_out
    held = [scene.passed_on() for _ in range(25)] + [scene.owner.calc.made() for _ in range(25)]
    assert scene.owner.given_out == before + 50
    del held[:25]
    scene.kill()
    held += [scene.owner.calc.made() for _ in range(50)]
    assert [each.add(1, 1) for each in held] == [2] * 75
    callgate.release(held.pop())
    held.clear()
    gc.collect()
    scene.owner.calc.add(1, 1)

    assert wait_until(lambda: scene.owner.given_out == before)


@pytest.mark.rule("R17.23")
def test_r17_23_the_death_of_a_client_in_between(scene: Scene) -> None:
    """What only it held is given back at once, what others hold is not."""
    gc.collect()
    before = scene.owner.given_out
    mine = scene.passed_on()
    scene.last.calc.hold(scene.passed_on())
    gc.collect()
    assert wait_until(lambda: scene.owner.given_out == before + 2)
    scene.kill()
    scene.last.kill()

    assert wait_until(lambda: scene.owner.given_out == before + 1, 1.0)
    assert mine.add(3, 4) == 7


@pytest.mark.rule("R17.23")
def test_r17_23_on_death_in_between(scene: Scene) -> None:
    """Whoever watches an object is told of the death of its own process, once, and of no other."""
    told: list[errors.Error] = []
    watched = scene.passed_on()
    callgate.on_death(watched, told.append)
    scene.kill()
    callgate.on_death(watched, told.append)
    assert watched.add(1, 1) == 2
    assert told == []
    scene.owner.kill()

    assert wait_until(lambda: len(told) == 2)
    with pytest.raises(errors.ObjectGone):
        watched.add(1, 1)
    assert scene.last.calc.add(1, 1) == 2


@pytest.mark.rule("R17.18", "R17.19")
def test_r17_18_giving_up_a_method_in_between(scene: Scene) -> None:
    """The deadline of a call that runs is kept, the object runs on, and its late answer is nobody's."""
    passed = scene.passed_on()
    before = scene.owner.given_out
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        kill = pool.submit(scene.kill, 0.1)  # the call is under way by then
        with pytest.raises(callgate.DeadlineExceeded), callgate.deadline(0.4):
            passed.rest(2000)
        kill.result(10)

    assert time.monotonic() - began < 1.9
    assert wait_until(lambda: passed.rest(0) == 2)
    assert scene.owner.given_out == before


@pytest.mark.rule("R17.19")
def test_r17_19_stopping_a_host_in_between(scene: Scene, component: str) -> None:
    """Native code is stopped by its host: the broker does that, whoever of it has died."""
    with scene.broker.load(component, COUNTS) as lib:
        worker = typed_worker(lib)
        process = callgate.info(lib).process
        with ThreadPoolExecutor(1) as pool:
            kill = pool.submit(scene.kill, 0.1)  # the call is under way by then
            with pytest.raises(callgate.DeadlineExceeded) as caught, callgate.deadline(0.4):
                worker.Work(20_000)
            kill.result(10)
        assert (caught.value.began, caught.value.host_stopped) == (True, True)
        assert wait_until(lambda: not os.path.exists(f"/proc/{process}"))
        assert typed_worker(lib).Work(0) > 0


def typed_worker(lib: Lib) -> Any:
    return callgate.create(CLSID["Free"], IWorker, library=lib, threading="Free")


@pytest.mark.rule("R17.24")
def test_r17_24_disconnecting_in_between(scene: Scene) -> None:
    """An object of this program that others hold is theirs no more, and comes home no more."""
    mine, other = Calc(), Calc()
    scene.middle.calc.hold(mine)
    scene.last.calc.take_from(scene.middle.calc)
    data = callgate.marshal(mine, ICalc, "strong")
    assert scene.last.calc.use(1, 1) == 2
    scene.kill()
    assert callgate.disconnect(mine) is True

    with pytest.raises(errors.Error):
        scene.last.calc.use(1, 1)
    with pytest.raises(errors.ObjectGone):
        callgate.unmarshal(data, ICalc)
    assert mine.add(1, 1) == 2
    scene.last.calc.hold(other)
    assert scene.last.calc.use(2, 2) == 4
    assert scene.last.calc.held() is other
