"""References that are given back while a connection breaks: each is counted once, in both directions (R17.9)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import callgate
from callgate import Lib
from callgate.lib import binding_of
from callgate_protocol.givingback import MOST_PAIRS
from callgate_protocol.messages import GiveBack, Message
from callgate_protocol.system import HostFunction
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until
from tests.machines.rig import Rig, again, network_to, rig_of_known_ports
from tests.network.relay import Network
from tests.network.zmtp import HEARTBEATS, wire_size

LEASE = 6.0


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker with a ping every two seconds."""
    with rig_of_known_ports("--lease", str(LEASE)) as rig:
        yield rig


class Square:
    """An object of the client."""

    def Area(self) -> float:  # noqa: N802 - COM's name
        return 4.0


def session_of(lib: Lib) -> Any:
    return binding_of(lib).ready().session


def control_port(lib: Lib) -> int:
    """Where the control channel goes."""
    return int(session_of(lib)._route.control.rpartition(":")[2])


class Loss:
    """Loses the first frame that is as long as this message on a control channel, in one direction; nothing else."""

    def __init__(self, lib: Lib, message: Message, *, outward: bool) -> None:
        self._searched = control_port(lib), outward, wire_size(message)
        assert self._searched[2] not in HEARTBEATS
        self.seen = 0

    def __call__(self, port: int, outward: bool, frame: bytes) -> bool:
        if (port, outward, len(frame)) != self._searched:
            return True
        self.seen += 1
        return self.seen != 1


@pytest.fixture
def network(rig: Rig) -> Iterator[Network]:
    with network_to(rig) as network:
        network.sieve(lambda _port, _outward, _frame: True)
        yield network


@pytest.fixture
def lib(rig: Rig, network: Network, component: str) -> Iterator[Lib]:
    address = f"tcp://{network.near}:{rig.port}"
    with rig.connect(rig.admit("laptop"), address=address, retry=5) as connection:
        lib = connection.load(component, IDL)
        yield lib
        callgate.close(lib)


def made(lib: Any, name: str, interface: str) -> Any:
    return lib.component_create(CLSID[name], IID[interface])


def counted(lib: Lib) -> tuple[int, int]:
    """Objects of the host that somebody holds, and those of the component that are alive."""
    taken: dict[str, int] = again(lambda: binding_of(lib).ready().system(HostFunction.INFO))
    return taken["objects"], again(lib.component_live)


def ended(network: Network) -> None:
    """What a break is to both ends: every connection is over, and the next ones are well."""
    network.drop()


def unnoticed(_network: Network) -> None:
    """No connection ends: somebody on the way has lost a message."""


breaks = pytest.mark.parametrize("breaks", [ended, unnoticed])


@breaks
def test_r17_09_what_a_client_gives_back_is_repeated(
    lib: Lib, network: Network, breaks: Callable[[Network], None]
) -> None:
    """The message is lost, and the host hears of it all the same, once."""
    before = counted(lib)
    shapes = [made(lib, "Widget", "IShape") for _ in range(100)]
    numbers = sorted(shape._number for shape in shapes)
    loss = Loss(lib, GiveBack(1, [[number, 1] for number in numbers]), outward=True)
    network.sieve(loss)
    # one message for all of them: what hands them back waits until the last is gone
    session_of(lib).io.post(shapes.clear)
    assert wait_until(lambda: loss.seen == 1)
    assert again(lib.component_live) == before[1] + 100
    breaks(network)
    assert wait_until(lambda: counted(lib) == before)
    assert loss.seen == 2


@breaks
@pytest.mark.rule("R14.14")
def test_r17_09_what_a_host_gives_back_is_repeated(
    lib: Lib, network: Network, breaks: Callable[[Network], None]
) -> None:
    """Native code has let an object of the client go: that is lost, and the client hears of it all the same, once."""
    holder = made(lib, "Holder", "IHolder")
    host = binding_of(lib).ready()
    lent = host.objects.lent
    for _ in range(300):  # the number of the object makes the message longer than others
        next(host.holdings.numbers)
    holder.Keep(Square())
    assert len(lent) == 1
    loss = Loss(lib, GiveBack(1, [[next(iter(lent._by_number)), 1]]), outward=False)
    network.sieve(loss)
    holder.Drop()
    assert wait_until(lambda: loss.seen == 1)
    assert len(lent) == 1
    breaks(network)
    assert wait_until(lambda: len(lent) == 0)
    assert loss.seen == 2
    sent = Square()  # a number that was counted twice would end the session
    again(lambda: holder.Keep(sent))
    assert len(lent) == 1
    again(holder.Drop)
    assert wait_until(lambda: len(lent) == 0)


def test_r17_09_an_acknowledgement_that_is_lost(lib: Lib, network: Network) -> None:
    """The host has taken the references in; hearing of them again it does not count them twice."""
    before = counted(lib)
    shapes = [made(lib, "Widget", "IShape") for _ in range(100)]
    kept, control, size = shapes[0], control_port(lib), wire_size(GiveBack(1, [[100, 1]] * 99))
    heard: list[int] = []

    def deaf(port: int, outward: bool, frame: bytes) -> bool:
        if port == control and outward and len(frame) >= size:
            heard.append(len(frame))
        return outward or port != control

    network.sieve(deaf)
    session_of(lib).io.post(shapes.clear)
    assert wait_until(lambda: counted(lib) == (before[0] + 1, before[1] + 1))
    network.sieve(lambda port, outward, frame: bool(deaf(port, outward, frame)) or True)
    said = len(heard)
    network.drop()
    assert wait_until(lambda: len(heard) > said)
    assert counted(lib) == (before[0] + 1, before[1] + 1)
    assert again(kept.Area) > 0
    del kept
    assert wait_until(lambda: counted(lib) == before)


def test_r17_09_thousands_while_the_network_is_away(lib: Lib, network: Network) -> None:
    """They are added up meanwhile, and go in as many messages as they need."""
    before = counted(lib)
    shapes = [made(lib, "Widget", "IShape") for _ in range(MOST_PAIRS + 100)]
    network.cut()
    shapes.clear()
    gc.collect()
    network.repair()
    assert wait_until(lambda: counted(lib) == before)


@pytest.mark.rule("R14.12")
def test_r17_09_what_is_released_while_the_network_is_away(lib: Lib, network: Network) -> None:
    """`release` cannot be called then; the reference is given back all the same, and the host hears of it later."""
    before = counted(lib)
    shape = made(lib, "Widget", "IShape")
    network.cut()
    for _ in range(2):  # the first call may meet a cut that was not noticed yet
        with callgate.deadline(0.3), pytest.raises((callgate.NotExecuted, callgate.OutcomeUnknown)):
            shape.Area()
    with callgate.deadline(0.3):
        callgate.release(shape)
    network.repair()
    assert wait_until(lambda: counted(lib) == before)
    with pytest.raises(callgate.ObjectGone, match="released"):
        shape.Area()


@pytest.mark.rule("R17.14")
def test_r17_09_what_was_never_sent_is_not_lent(lib: Lib, network: Network) -> None:
    """Objects in the arguments of calls that found no network are forgotten, as often as that was tried."""
    holder = made(lib, "Holder", "IHolder")
    lent = binding_of(lib).ready().objects.lent
    kept, tried = Square(), Square()
    holder.Keep(kept)
    network.cut()
    with callgate.deadline(0.3), pytest.raises((callgate.NotExecuted, callgate.OutcomeUnknown)):
        holder.Kept()  # may meet a cut that was not noticed yet
    assert len(lent) == 1
    for value in (tried, kept, tried):
        with callgate.deadline(0.2), pytest.raises(callgate.NotExecuted):
            holder.Keep(value)
    assert len(lent) == 1
    network.repair()
    again(lambda: holder.Keep(None))
    assert wait_until(lambda: len(lent) == 0)
