"""Python objects of another process: what crosses, and what does not (R17, R18.1)."""

# mypy: disable-error-code="type-abstract, misc"

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import errors
from callgate.com.declared import declared_of
from callgate.com.objects import identity, query
from callgate.host import Host
from callgate.remoting.neighbours import adopt, meet
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import encode_library, library_hash
from tests.client.remoting.described import ICalc, IOther, ISink, Point
from tests.conftest import wait_until


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """A process that exports a Calc, as this one sees it."""
    command = [sys.executable, "-m", "tests.client.remoting.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        link, incarnation, _ = process.stdout.readline().split()
        met = meet(bytes.fromhex(incarnation), link, "calc")
        yield met
        met.close("the tests are over")
        process.stdin.close()
        assert process.wait(10) == 0


def named(host: Host, name: str = "1", interface: Any = ICalc) -> Any:
    """An exported object."""
    declared = declared_of(interface)
    return adopt(host, host.system(HostFunction.NAMED, name, declared.iid), declared)


@pytest.fixture
def calc(host: Host) -> Any:
    """Its object."""
    return named(host)


def held(host: Host) -> int:
    """How many objects the other process has given out."""
    count: int = host.system(HostFunction.INFO)["objects"]
    return count


class Sink(ISink):
    """An object of this process."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.threads: set[int] = set()

    def told(self, number: int) -> int:
        """Remember it."""
        self.heard.append(number)
        self.threads.add(threading.get_ident())
        return 2 * number

    def failed(self, what: str) -> None:
        """Raise."""
        raise {"key": KeyError, "zero": ZeroDivisionError}[what](f"because of {what}")


def test_values_cross_by_the_rules(calc: Any) -> None:
    """Numbers, texts, structs, arrays and variants of a declared method go there and come back."""
    assert calc.add(2, 3) == 5
    assert calc.echo("é") == "é"
    assert calc.mirror(Point(1, 2)) == Point(2, 1)
    assert calc.total(3, [1.0, 2.0, 3.5]) == 6.5
    assert calc.anything([1, "two", 3.0]) == [1, "two", 3.0]


def test_long_values_travel_beside_the_message(calc: Any) -> None:
    """A text that is too long for a header comes back whole."""
    text = "long" * 1_500_000

    assert calc.echo(text) == text


def test_a_property_is_the_attribute(calc: Any) -> None:
    """What is declared as a property is read and written as one."""
    calc.memory = 7

    assert calc.memory == 7


@pytest.mark.parametrize(
    ("what", "kind"), [("zero", ZeroDivisionError), ("key", KeyError), ("value", ValueError), ("exit", errors.ComError)]
)
def test_an_exception_arrives_as_the_same_builtin(calc: Any, what: str, kind: type[BaseException]) -> None:
    """Errors cross as codes with their text, and arrive as what a Python user would catch."""
    with pytest.raises(kind, match=f"on {what}") as caught:
        calc.fail(what)
    assert isinstance(caught.value, errors.ComError)


def test_a_reference_that_comes_home_is_the_object(calc: Any) -> None:
    """The owner gets its own object, and one object has one proxy."""
    assert calc.me() is calc
    assert calc.is_me(calc)
    assert not calc.is_me(calc.made())


def test_bad_arguments_are_refused_before_they_leave(calc: Any) -> None:
    """By the same converters as for native code, with the name of the method and the argument."""
    with pytest.raises(errors.InvalidCastError, match=r"argument 1 'a' of ICalc\.add"):
        calc.add("one", 2)
    with pytest.raises(errors.OutOfRange):
        calc.add(1 << 40, 2)
    with pytest.raises(TypeError):
        calc.add(1)


def test_nothing_but_declared_methods_crosses(calc: Any, host: Host) -> None:
    """An attribute that no interface names cannot be reached, nor an interface that the object does not have."""
    for name in ("secret", "_kept", "_memory"):
        with pytest.raises(AttributeError):
            getattr(calc, name)
    assert not isinstance(calc, IOther)
    with pytest.raises(errors.InvalidCastError):
        query(calc, IOther)
    with pytest.raises(errors.InvalidCastError):
        named(host, "1", IOther)
    assert named(host, "nobody has exported this") is None


def test_malformed_requests_do_no_harm(calc: Any, host: Host) -> None:
    """Wrong kinds, wrong numbers, wrong counts: each is answered, and the next call works."""
    own = identity(calc)[1]
    number = host.objects.describe(declared_of(ICalc)).number
    requests: list[tuple[int, int, list[Any]]] = [
        (number, 0, [{"at": [own, 0]}, 1]),
        (number, 0, [{"at": [own, 0]}, "one", 2]),
        (number, 0, [{"at": [own, 8]}, 1, 2]),
        (number, 0, [{"at": [999, 0]}, 1, 2]),
        (number, 0, [None, 1, 2]),
        (number, 0, []),
        (number, 999, [{"at": [own, 0]}]),
        (999, 0, [{"at": [own, 0]}]),
        (0, HostFunction.BUFFER, [10, None]),
        (0, HostFunction.NAMED, [1, 2]),
        (0, HostFunction.LOAD, ["", bytes(32), b"nonsense"]),
        (0, HostFunction.QUERY, [{"at": [own, 0]}, 7]),
        (0, HostFunction.RELEASE, [own, 1000]),
        (0, HostFunction.MAKE, ["os:system", [], "{}"]),
    ]
    for library, function, arguments in requests:
        with pytest.raises(errors.Error):
            host.invoke(library, function, arguments, [], None, "malformed")

    assert calc.add(2, 2) == 4


def test_objects_of_the_caller_are_called_on_the_thread_that_waits(calc: Any) -> None:
    """R17.16: a call made while serving another comes back on the thread that waits in that chain."""
    sink = Sink()

    assert calc.tell(sink, 10) == 90
    assert sink.heard == list(range(10))
    assert sink.threads == {threading.get_ident()}


def test_the_callers_object_comes_home_and_is_called_later(calc: Any) -> None:
    """What was handed over stays the same object, and threads of the other process may call it."""
    sink = Sink()
    calc.keep(sink)
    assert calc.kept() is sink
    calc.tell_later(5)

    assert wait_until(lambda: sink.heard == [5])
    assert sink.threads != {threading.get_ident()}
    calc.keep(None)


def test_an_exception_of_the_callers_object_reaches_the_other_process(calc: Any) -> None:
    """It arrives there as the right Python exception, too."""
    assert "KeyError" in calc.tell_failure(Sink(), "key")
    assert "because of key" in calc.tell_failure(Sink(), "key")
    assert calc.tell_failure(Sink(), "zero").endswith("builtins, because of zero, ")
    assert calc.add(1, 1) == 2


def test_the_callers_object_is_given_back(calc: Any) -> None:
    """While the other process holds it this one does, and not longer."""
    sink = Sink()
    held_here = weakref.ref(sink)
    calc.keep(sink)
    del sink
    gc.collect()
    assert held_here() is not None
    calc.keep(None)

    assert wait_until(lambda: calc.add(1, 1) == 2 and gc.collect() >= 0 and held_here() is None)


def test_references_are_counted_and_given_back(calc: Any, host: Host) -> None:
    """What was sent is given back when nobody here uses it, and then it is gone."""
    gc.collect()
    before = held(host)
    made = [calc.made() for _ in range(50)]
    assert held(host) == before + 50
    callgate.release(made[0])
    with pytest.raises(errors.ObjectGone):
        made[0].add(1, 1)
    made.clear()
    gc.collect()

    assert wait_until(lambda: held(host) == before)
    assert calc.add(1, 1) == 2


def test_another_declaration_of_the_same_iid_is_refused(host: Host) -> None:
    """R14.29: two descriptions of one IID must agree."""
    declared = declared_of(ISink)
    library = declared.library
    other = tuple(
        each if each.iid != declared.iid else each.replace(methods=each.methods[:1]) for each in library.interfaces
    )

    encoded = encode_library(library.replace(interfaces=other))
    with pytest.raises(errors.TypeLoadError, match="have the IID"):
        host.system(HostFunction.LOAD, "", library_hash(encoded), encoded)


def test_where_an_object_lives(calc: Any, host: Host) -> None:
    """`callgate.info` says which process it is in, and that any thread calls it."""
    told = callgate.info(calc)

    assert told.process == host.session.process
    assert "mta" in repr(told)
