"""Python objects of another machine: classes, programs and running objects (R16.5, R16.16, R16.17, R16.19, R18.6)."""

# mypy: disable-error-code="type-abstract, misc"

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate import Connection
from callgate_transport import registryfiles
from tests.client.remoting.described import ICalc, IKeeper, Point
from tests.client.remoting.processes import other_processes
from tests.client.remoting.server import Calc
from tests.component.declared import CLSID
from tests.conftest import wait_until
from tests.machines.rig import Rig
from tests.rules.component_faces import ICallee, IHolder
from tests.rules.served_classes import ICounter

ROOT = str(Path(__file__).parents[2])
PATH = [ROOT, *(each for each in sys.path if each)]
HOSTED, PROGRAM, HIDDEN, CALLEE = (f"{{0000A3F{digit}-0000-0000-C000-000000000046}}" for digit in "1234")
REGISTRY = f"""
[CLSID."{HOSTED}"]
ProgID = "bench.Calc"
AppID = "{HOSTED}"
PythonServer = {{ Class = "tests.client.remoting.hosted:Hosted", Python = "{sys.executable}", Path = {PATH} }}
[CLSID."{HIDDEN}"]
ProgID = "bench.Hidden"
AppID = "{HOSTED}"
PythonServer = {{ Class = "tests.client.remoting.hosted:Hosted", Python = "{sys.executable}", Path = {PATH} }}
[CLSID."{CALLEE}"]
ProgID = "bench.Callee"
AppID = "{HOSTED}"
PythonServer = {{ Class = "tests.client.remoting.hosted:Callee", Python = "{sys.executable}", Path = {PATH} }}
[CLSID."{PROGRAM}"]
ProgID = "bench.Counter"
LocalServer = ["{sys.executable}", "-m", "tests.rules.served_classes", "multiple", "{PROGRAM}"]
[AppID."{HOSTED}"]
DllSurrogate = ""
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A machine with Python classes, a program that serves one, and programs that export objects."""
    path = tmp_path_factory.mktemp("registry") / "registry.toml"
    path.write_text(REGISTRY.replace("'", '"'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(registryfiles.OVERRIDE, str(path))
        rig = Rig()
        rig.admit("laptop", libraries=[], classes=["bench.C*"], objects=["meter*"])
        with rig:
            yield rig


@pytest.fixture(scope="module", params=["direct", "relay"])
def laptop(request: pytest.FixtureRequest, bench: Rig) -> Iterator[Connection]:
    """The client, straight to the hosts or through the broker's one port."""
    with bench.connect(str(bench.base / "laptop.key"), relay=request.param == "relay") as connection:
        yield connection
    gc.collect()  # the other way is not to find what this one has left


class Sink:
    """What is called back."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def told(self, number: int) -> int:
        """Remember it."""
        self.numbers.append(number)
        return 10 * number

    def failed(self, what: str) -> None:
        """It went wrong."""
        raise KeyError(what)


@pytest.mark.rule("R16.17", "R18.1")
def test_r16_19_a_python_class_of_another_machine(laptop: Connection) -> None:
    """Values, structs, arrays, properties, exceptions and identity, as on one machine."""
    calc = laptop.create("bench.Calc", ICalc)

    assert calc.add(2, 3) == 5
    assert calc.echo("grüße") == "grüße"
    assert calc.mirror(Point(1, 2)) == Point(2, 1)
    assert calc.total(3, [1.0, 2.0, 3.5]) == 6.5
    calc.memory = 7
    assert calc.memory == 7
    assert calc.me() is calc
    assert calc.is_me(calc)
    with pytest.raises(ZeroDivisionError):
        calc.fail("zero")
    with pytest.raises(callgate.InvalidCastError):
        laptop.create("bench.Calc", ICounter)


@pytest.mark.rule("R17.16")
def test_r18_03_it_calls_back_over_the_connection_of_its_client(laptop: Connection) -> None:
    """While its client waits, later from a thread of its own, inside each other; and what it keeps comes home."""
    calc, sink, mine = laptop.create("bench.Calc", ICalc), Sink(), Calc()

    assert calc.tell(sink, 3) == 30
    calc.keep(sink)
    assert calc.kept() is sink
    calc.tell_later(7)
    assert wait_until(lambda: sink.numbers == [0, 1, 2, 7])
    assert calc.bounce(mine, 10) == 10
    calc.hold(mine)
    assert calc.use(3, 4) == 7
    assert calc.held() is mine


@pytest.mark.rule("R16.9")
def test_r16_19_objects_of_one_application_share_a_process(laptop: Connection) -> None:
    """And a crash there is a crash there only."""
    first: Any
    second: Any
    first, second = laptop.create("bench.Calc", ICalc), laptop.create("bench.Calc", ICalc)
    assert first._host is second._host
    with pytest.raises(callgate.HostCrashed):
        first.add(0, 0)
    with pytest.raises(callgate.ObjectGone):
        second.add(1, 1)

    assert laptop.create("bench.Calc", ICalc).add(1, 1) == 2


@pytest.mark.rule("R16.5")
def test_r16_19_a_program_of_another_machine(laptop: Connection) -> None:
    """Started there when it is asked for."""
    counter: Any = laptop.create("bench.Counter", ICounter)
    other = laptop.create("bench.Counter", ICounter)
    assert (counter.count(), counter.count(), other.count()) == (1, 2, 1)
    assert counter.process() == other.process() != counter._host.session.process


@pytest.mark.rule("R18.6")
@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("bench.Hidden", callgate.AccessDenied, "may not create 'bench.Hidden'.*`classes`"),
        ("bench.Nothing", callgate.AccessDenied, "may not create"),
    ],
)
def test_r16_12_classes_that_a_client_may_not_have(
    laptop: Connection, name: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        laptop.create(name, ICalc)


@pytest.mark.rule("R18.6")
def test_r16_12_the_host_refuses_what_the_broker_was_not_asked_for(laptop: Connection) -> None:
    """Whoever has a host for one class cannot have another one made by asking it directly."""
    from callgate_protocol.system import HostFunction

    calc: Any = laptop.create("bench.Calc", ICalc)
    iid = "{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C01}"
    for name, directories in (("bench.Hidden", []), ("tests.client.remoting.hosted:Sleeper", [ROOT])):
        with pytest.raises(callgate.AccessDenied, match="may not create"):
            calc._host.system(HostFunction.MAKE, name, directories, iid)
    with pytest.raises(callgate.AccessDenied, match="may not have 'scale'"):
        calc._host.system(HostFunction.NAMED, "scale", iid)


@pytest.mark.rule("R17.11")
def test_r17_11_it_is_handed_on_here(laptop: Connection) -> None:
    """A third process on the client's machine connects to the other machine itself."""
    calc = laptop.create("bench.Calc", ICalc)
    with other_processes(1) as others:
        end = others[0].get(IKeeper)
        end.put(calc)
        assert end.taken() is calc
        assert end.where() == calc._host.session.process


@pytest.mark.rule("R17.11")
def test_r17_16_native_code_here_and_a_python_object_there_call_each_other(laptop: Connection, component: str) -> None:
    """Inside each other. The object is given objects, so it is called by way of this program, which has a way back."""
    callee = laptop.create("bench.Callee", ICallee)
    holder = callgate.create(CLSID["Holder"], IHolder, library=component)
    holder.Keep(callee)

    assert holder.CallBack(3) == 6
    assert holder.Deeper(10) == 10
    assert holder.Kept() is callee
    holder.Drop()


PROGRAM_WITH_OBJECTS = """
import sys, callgate
from tests.client.remoting.server import Calc
with callgate.connect(sys.argv[1]) as broker:
    exports = [broker.export(Calc(), name) for name in ("meter", "scale")]
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def exported(bench: Rig) -> Iterator[None]:
    """A program on that machine that has given two objects a name."""
    command = [sys.executable, "-c", PROGRAM_WITH_OBJECTS, bench.local]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        yield


@pytest.mark.usefixtures("exported")
def test_r16_16_a_running_object_of_another_machine(laptop: Connection) -> None:
    """Found by its name; calls, callbacks and what it keeps pass the process that found it there."""
    meter, sink = laptop.get_object("meter", ICalc), Sink()

    assert meter.add(2, 3) == 5
    assert meter.tell(sink, 2) == 10
    meter.keep(sink)
    assert meter.kept() is sink
    meter.tell_later(5)
    assert wait_until(lambda: sink.numbers == [0, 1, 5])
    assert laptop.get_object("meter", ICalc) is meter
    assert laptop.get_object("meter", "{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C01}") is meter
    assert meter.is_me(meter)
    with pytest.raises(ZeroDivisionError):
        meter.fail("zero")


@pytest.mark.usefixtures("exported")
@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("scale", callgate.AccessDenied, "may not have 'scale'.*`objects`"),
        ("meter of nobody", callgate.ComError, "MK_E_UNAVAILABLE"),
    ],
)
def test_r16_16_running_objects_that_a_client_does_not_get(
    laptop: Connection, name: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        laptop.get_object(name, ICalc)


def test_r18_06_a_client_without_such_rights_gets_no_python_host(bench: Rig) -> None:
    """The broker starts none for it."""
    with bench.connect(bench.admit("plain", libraries=["*"])) as plain:
        with pytest.raises(callgate.AccessDenied, match="no classes and no objects"):
            plain.get_object("meter", ICalc)
        assert plain.report()["hosts"] == []
