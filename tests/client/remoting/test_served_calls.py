"""Python objects of another process, called over the wire: what crosses, and what does not (R17, R18.1)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from callgate import errors
from callgate.direct import _Nobody, _Silence
from callgate.host import Host
from callgate.lines import Opened
from callgate.process import current
from callgate_protocol.interfaces import method_places
from callgate_protocol.model import TypeLibrary
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import encode_library, library_hash
from callgate_transport.session import Session
from tests.client.remoting.described import CALC, LIBRARY, OTHERWISE, SINK, UNKNOWN_HERE
from tests.conftest import wait_until


class Caller:
    """One session with the server, and its library loaded."""

    def __init__(self, link: str, incarnation: str) -> None:
        session = Session.open(current().io(), link, incarnation, {"process": 1})
        self.host = Host(Opened(session, _Nobody(), _Silence()), "calc", current().callbacks)
        self.host.start()
        self.number = self.load(LIBRARY)
        self.methods = {place.method.name: place.number for place in method_places(LIBRARY)}

    def load(self, library: TypeLibrary) -> int:
        encoded = encode_library(library)
        number, _ = self.host.system(HostFunction.LOAD, "", library_hash(encoded), encoded)
        return int(number)

    def named(self, name: str, iid: str = CALC) -> Any:
        reference = self.host.system(HostFunction.NAMED, name, iid)
        return None if reference is None else {"at": [reference["ref"][1], 0]}

    def call(self, name: str, *arguments: Any) -> Any:
        reply, _ = self.host.invoke(self.number, self.methods[name], list(arguments), [], None, name)
        return reply.outs[0][0] if reply.outs else None

    def info(self) -> Any:
        return self.host.system(HostFunction.INFO)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    """A process that exports a Calc."""
    command = [sys.executable, "-m", "tests.client.remoting.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        link, incarnation = process.stdout.readline().split()
        yield link, incarnation
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.fixture
def caller(server: tuple[str, str]) -> Iterator[Caller]:
    """A session with it."""
    made = Caller(*server)
    yield made
    made.host.close("the test is over")


def test_values_cross_by_the_rules(caller: Caller) -> None:
    """Numbers and texts of a declared method go there and come back."""
    calc = caller.named("calc")

    assert caller.call("add", calc, 2, 3) == 5
    assert caller.call("echo", calc, "é".encode("utf-16-le")) == "é".encode("utf-16-le")


def test_long_values_travel_beside_the_message(caller: Caller) -> None:
    """A text that is too long for a header comes back whole."""
    calc = caller.named("calc")
    text = "long".encode("utf-16-le") * 1_000_000
    number = caller.methods["echo"]
    reply, payloads = caller.host.invoke(caller.number, number, [calc, {"payload": 0}], [text], None, "echo")

    assert reply.outs == [[{"payload": 0}]]
    assert bytes(payloads[0]) == text


def test_a_property_is_the_attribute(caller: Caller) -> None:
    """What is declared as a property is read and written as one."""
    calc = caller.named("calc")
    places = [place.number for place in method_places(LIBRARY) if place.method.name == "memory"]
    caller.host.invoke(caller.number, places[1], [calc, 7], [], None, "memory")
    reply, _ = caller.host.invoke(caller.number, places[0], [calc], [], None, "memory")

    assert reply.outs == [[7]]


@pytest.mark.parametrize(
    ("what", "kind"), [("zero", ZeroDivisionError), ("key", KeyError), ("value", ValueError), ("exit", errors.ComError)]
)
def test_an_exception_arrives_as_the_same_builtin(caller: Caller, what: str, kind: type[BaseException]) -> None:
    """Errors cross as codes with their text, and arrive as what a Python user would catch."""
    calc = caller.named("calc")

    with pytest.raises(kind, match=f"on {what}") as caught:
        caller.call("fail", calc, what.encode("utf-16-le"))
    assert isinstance(caught.value, errors.ComError)


def test_a_reference_that_comes_home_is_the_object(caller: Caller) -> None:
    """The owner gets its own object, not something that stands for it; one object has one number."""
    calc = caller.named("calc")
    me = caller.call("me", calc)

    assert me["ref"][1] == calc["at"][0]
    assert caller.call("is_me", calc, {"at": [me["ref"][1], 0]})


def test_nothing_but_declared_methods_crosses(caller: Caller) -> None:
    """An attribute that no interface names cannot be reached, and neither can an interface that is unknown here."""
    calc = caller.named("calc")
    other = caller.load(UNKNOWN_HERE)

    with pytest.raises(errors.ComError, match="no interface that its owner has described") as caught:
        caller.host.invoke(other, 0, [calc, 1], [], None, "told")
    assert caught.value.hresult == 0x80040155
    with pytest.raises(errors.InvalidCastError):
        caller.named("calc", SINK)


def test_the_same_iid_with_other_slots_is_refused(caller: Caller) -> None:
    """Two descriptions of one IID must agree."""
    with pytest.raises(errors.MarshalDirectiveError, match="another interface to its owner"):
        caller.load(OTHERWISE)


def test_malformed_requests_do_no_harm(caller: Caller) -> None:
    """Wrong kinds, wrong numbers, wrong counts: each is answered, and the next call works."""
    calc = caller.named("calc")
    with pytest.raises(errors.ProtocolError, match="takes 2 arguments"):
        caller.call("add", calc, 1)
    with pytest.raises(errors.ProtocolError, match="expected an integer"):
        caller.call("add", calc, "one", 2)
    with pytest.raises(errors.ObjectGone):
        caller.call("add", {"at": [999, 0]}, 1, 2)
    with pytest.raises(errors.Error):
        caller.host.invoke(77, 0, [calc], [], None, "nothing")
    with pytest.raises(errors.NotSupportedError):
        caller.host.system(HostFunction.BUFFER, 10, None)

    assert caller.call("add", calc, 2, 2) == 4


def test_a_session_gives_back_what_it_held_when_it_ends(server: tuple[str, str], caller: Caller) -> None:
    """References of a session that is gone are gone at once."""
    before = caller.info()["objects"]
    second = Caller(*server)
    calc = second.named("calc")
    for _ in range(5):
        second.call("made", calc)
    assert caller.info()["objects"] >= before + 5
    second.host.close("gone")

    assert wait_until(lambda: caller.info()["objects"] == before)


def test_references_are_counted_and_given_back(caller: Caller) -> None:
    """What was sent n times is given back n times, and then it is gone."""
    calc = caller.named("calc")
    made = caller.call("made", calc)["ref"][1]
    before = caller.info()["objects"]
    caller.call("me", {"at": [made, 0]})
    caller.host.session.release([[made, 1]])
    assert caller.call("add", {"at": [made, 0]}, 1, 1) == 2
    caller.host.session.release([[made, 1]])

    assert wait_until(lambda: caller.info()["objects"] == before - 1)
    with pytest.raises(errors.ObjectGone):
        caller.call("add", {"at": [made, 0]}, 1, 1)
