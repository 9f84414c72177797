"""A connection that breaks with exactly one message on it: which one makes no difference to the call (R17.27)."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

import callgate
from callgate import Lib
from callgate.lib import binding_of
from callgate_protocol.codec import encode
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import Call, Resume, Resumed, to_wire
from callgate_protocol.system import HostFunction
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig, in_background, network_to, rig_of_known_ports
from tests.network.relay import Network
from tests.network.zmtp import HEARTBEATS

LONG = 100_000
"""A number that makes a message longer than ZeroMQ's own signs of life."""


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker whose hosts have ports that the relay knows."""
    with rig_of_known_ports() as rig:
        yield rig


@pytest.fixture
def network(rig: Rig) -> Iterator[Network]:
    with network_to(rig) as network:
        network.sieve(lambda _port, _outward, _frame: True)
        yield network


@pytest.fixture
def load(rig: Rig, network: Network) -> Iterator[Callable[[str, str], Lib]]:
    """Loads a library over that network."""
    with rig.connect(rig.admit("laptop"), address=f"tcp://{network.near}:{rig.port}", retry=5) as connection:
        yield connection.load


class Loss:
    """Loses one frame of a call channel, and with it the connection: all that comes behind it goes nowhere either."""

    def __init__(self, lib: Lib, index: int, *, outward: bool) -> None:
        self._port = port_of_calls(lib)
        self._outward = outward
        self._left = index
        self.lost = 0

    def __call__(self, port: int, outward: bool, frame: bytes) -> bool:
        if port != self._port or len(frame) in HEARTBEATS or outward is not self._outward:
            return True
        self._left -= 1
        if self._left == 0:
            self.lost = len(frame)
        return self._left > 0


def port_of_calls(lib: Any) -> int:
    """Where the first call channel goes."""
    session: Any = binding_of(lib).ready().session
    (channel,) = session._free
    return int(channel.endpoint.rpartition(":")[2])


def broken(network: Network, loss: Loss, work: Callable[[], Any]) -> Any:
    """The result of a call under which the connection breaks when that frame is lost."""
    network.sieve(loss)
    outcome = in_background(work)
    assert wait_until(lambda: bool(loss.lost))
    network.renew()
    result = outcome.get(timeout=20)
    if isinstance(result, BaseException):
        raise result
    return result


@pytest.mark.parametrize(
    ("index", "outward"),
    [(1, True), (1, False), (2, True), (2, False), (3, True), (3, False)],
    ids=["call", "callback", "inner call", "inner result", "answer", "result"],
)
def test_r17_27_whichever_message_is_lost(
    load: Callable[[str, str], Lib],
    network: Network,
    compiled: Callable[[str], str],
    tmp_path: Path,
    index: int,
    outward: bool,
) -> None:
    """A call, its callback, a call inside that: each runs once, and the results are those of an unbroken one."""
    device = load(compiled("machines"), DEVICE)
    path, inner = tmp_path / "shots", tmp_path / "inner"
    ran: list[int] = []

    def answer(value: int) -> int:
        ran.append(value)
        return int(device.fire_as(str(inner), value + 1))

    assert device.add(1, 1) == 2
    loss = Loss(device, index, outward=outward)
    assert broken(network, loss, lambda: device.fire_through(str(path), answer, LONG)) == LONG + 1
    assert ran == [LONG]
    assert (shots(path), shots(inner)) == (1, 1)
    assert device.add(1, 2) == 3
    callgate.close(device)


def test_r17_27_through_one_port(rig: Rig, network: Network, compiled: Callable[[str], str], tmp_path: Path) -> None:
    """The gateway passes the new connection on as it did the last one."""
    address = f"tcp://{network.near}:{rig.port}"
    with rig.connect(rig.admit("laptop"), address=address, retry=5, relay=True) as connection:
        device = connection.load(compiled("machines"), DEVICE)
        path = tmp_path / "shots"

        def answer(value: int) -> int:
            network.drop()
            return value + 1

        assert device.fire_through(str(path), answer, 41) == 42
        outcome = in_background(lambda: device.fire(str(path), 300))
        assert wait_until(lambda: shots(path) == 2)
        network.drop()
        assert outcome.get(timeout=10) == 1
        assert shots(path) == 2
        callgate.close(device)


@pytest.mark.rule("R14.14")
@pytest.mark.parametrize("outward", [True, False], ids=["call", "result"])
def test_r17_27_references_in_a_message_that_is_lost(
    load: Callable[[str, str], Lib], network: Network, component: str, outward: bool
) -> None:
    """They are counted once, and in the end as many have been given back as were sent."""
    lib: Any = load(component, IDL)
    before = counted(lib)
    lent = binding_of(lib).ready().objects.lent

    def use() -> None:
        loss = Loss(lib, 1, outward=outward)
        widget = broken(network, loss, lambda: lib.component_create(CLSID["Widget"], IID["IShape"]))
        assert widget.Area() > 0
        holder = lib.component_create(CLSID["Holder"], IID["IHolder"])
        square = Square()
        holder.Keep(square)
        loss = Loss(lib, 1, outward=outward)
        identity = broken(network, loss, lambda: holder.Address(square))
        assert identity == holder.Address(square)
        assert len(lent) == 1
        holder.Drop()
        assert wait_until(lambda: len(lent) == 0)

    use()
    gc.collect()
    assert wait_until(lambda: counted(lib) == before)
    callgate.close(lib)


@pytest.mark.parametrize("outward", [True, False], ids=["call", "result"])
def test_r17_27_bulk_data_that_is_kept(
    load: Callable[[str, str], Lib], network: Network, compiled: Callable[[str], str], outward: bool
) -> None:
    """What travels with its message comes again, as it was when it was sent."""
    device = load(compiled("machines"), DEVICE)
    size = 1 << 20
    values = [0.5] * (size // 8)
    loss = Loss(device, 1, outward=outward)
    assert broken(network, loss, lambda: device.total(values, len(values))) == size / 16
    loss = Loss(device, 1, outward=outward)
    filled = bytearray(size)
    broken(network, loss, lambda: device.fill(filled, size))
    assert filled == bytes(range(256)) * (size // 256)
    filled.append(0)  # nothing holds on to it
    callgate.close(device)


def test_r17_27_an_answer_that_is_too_long_to_keep(
    load: Callable[[str, str], Lib], network: Network, compiled: Callable[[str], str], tmp_path: Path
) -> None:
    """It is said that nobody knows; the session, its handles and the next call are well."""
    device = load(compiled("machines"), DEVICE)
    scope, size = device.scope_open(5), DEFAULT_LIMITS.inline_bytes + 1
    process = callgate.info(device).process
    loss = Loss(device, 3, outward=False)
    with pytest.raises(callgate.OutcomeUnknown) as caught:
        broken(network, loss, lambda: device.fill(bytearray(size), size))
    assert (caught.value.function, caught.value.began) == ("fill", True)
    assert device.scope_range(scope) == 5
    assert callgate.info(device).process == process
    callgate.close(device)


def test_r17_27_a_call_that_is_too_long_to_keep(
    load: Callable[[str, str], Lib], network: Network, compiled: Callable[[str], str]
) -> None:
    """It was not there as a whole: it has not run, and will not."""
    device = load(compiled("machines"), DEVICE)
    values = [1.0] * (DEFAULT_LIMITS.inline_bytes // 8 + 1)
    assert device.add(1, 1) == 2
    loss = Loss(device, 2, outward=True)
    with pytest.raises(callgate.NotExecuted):
        broken(network, loss, lambda: device.total(values, len(values)))
    assert device.total(values, len(values)) == len(values)
    callgate.close(device)


def test_r17_27_breaks_do_not_use_up_credit(
    load: Callable[[str, str], Lib], network: Network, compiled: Callable[[str], str]
) -> None:
    """What was acknowledged on a connection that broke is acknowledged on the next one."""
    device = load(compiled("machines"), DEVICE)
    values = [1.0] * (DEFAULT_LIMITS.credit_bytes * 3 // 4 // 8)
    for _ in range(4):
        assert device.total(values, len(values)) == len(values)
        loss = Loss(device, 1, outward=False)
        assert broken(network, loss, lambda: device.add(LONG, 1)) == LONG + 1
    callgate.close(device)


def test_resumptions_that_cannot_be(load: Callable[[str, str], Lib], compiled: Callable[[str], str]) -> None:
    """They are refused, or end their channel; the session and its other channels are well."""
    device = load(compiled("machines"), DEVICE)
    session: Any = binding_of(device).ready().session
    requests = itertools.count(1 << 40)

    def asked(channel: int, received: int, request: int = 0) -> Resumed:
        answer: Resumed = session._ask(Resume(request or next(requests), channel, received), None)
        return answer

    def channels() -> int:
        taken: dict[str, int] = binding_of(device).ready().system(HostFunction.INFO)
        return taken["channels"]

    assert device.add(1, 1) == 2
    assert asked(77, 0).routing == 0  # there is no such channel
    assert asked(1, 1 << 40).routing == 0  # so many messages were never sent on it
    assert asked(1, 0).routing == 0  # what was sent then is not kept any more
    used, other = session.take(), session.take()
    session.give(used)
    assert channels() == 2
    request = next(requests)
    resumed = asked(other.number, 0, request)
    assert resumed.routing > other.number
    assert asked(other.number, 0, request) == resumed  # the same question is answered once
    session._drop(other)
    with session.io.context.socket(zmq.DEALER) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.ROUTING_ID, session._secret + resumed.routing.to_bytes(4, "big"))
        session._route.join(socket, other.endpoint)
        socket.send(encode(to_wire(Call(1, 1, 0, [1, 1], [], None, None))))  # without the Resume that it begins with
        assert wait_until(lambda: channels() == 1)
    assert device.add(1, 2) == 3
    callgate.close(device)


def test_a_socket_that_leads_nowhere(
    load: Callable[[str, str], Lib], compiled: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ZeroMQ gives a connection up whose key was refused, and would wait for ever for another one."""
    monkeypatch.setattr("callgate_transport.remotechannel._SEND_MS", 300)
    device = load(compiled("machines"), DEVICE)
    session: Any = binding_of(device).ready().session
    assert device.add(1, 1) == 2
    (channel,) = session._free
    channel.socket.disconnect(channel.socket.last_endpoint)
    with pytest.raises(callgate.NotExecuted):
        device.add(1, 1)
    assert device.add(1, 2) == 3
    callgate.close(device)


class Square:
    """An object of the client."""

    def Area(self) -> float:  # noqa: N802 - COM's name
        return 4.0


def counted(lib: Any) -> tuple[int, int]:
    """Objects of the host that somebody holds, and those of the component that are alive."""
    taken: dict[str, int] = binding_of(lib).ready().system(HostFunction.INFO)
    return taken["objects"], lib.component_live()


def shots(path: Path) -> int:
    """How often the device was fired."""
    return path.stat().st_size if path.exists() else 0
