"""What strangers, and clients that keep to no rule, can do to a broker: end its gateway at most, for a moment."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import zmq

import callgate
from callgate import Connection, Lib
from callgate.lib import binding_of
from callgate_protocol.codec import decode, encode
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import MAGIC, Call, Hello, Raise, Refuse, Welcome, from_wire, to_wire
from callgate_protocol.system import BrokerFunction
from callgate_protocol.version import MAJOR, MINOR
from callgate_transport.curve import Curve
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig

MEMORY = 96
"""MiB that the gateway of these tests may have."""


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker whose gateway has little memory, with an honest client and a hostile one on its list."""
    rig = Rig("--memory", str(MEMORY))
    rig.admit("honest")
    rig.admit("hostile")
    with rig:
        yield rig


@pytest.fixture
def connection(rig: Rig) -> Iterator[Connection]:
    """The honest client's."""
    with rig.connect(rig.admit("honest")) as connection:
        yield connection


@contextmanager
def hostile(rig: Rig, address: str = "", server: bytes = b"", routing_id: bytes = b"") -> Iterator[zmq.Socket[bytes]]:
    """A bare socket of the hostile client, which is on the list."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as connected:
        connected.set(zmq.LINGER, 0)
        connected.set(zmq.SNDTIMEO, 2000)
        connected.set(zmq.RCVTIMEO, 5000)
        if routing_id:
            connected.set(zmq.ROUTING_ID, routing_id)
        Curve(server or rig.keys["broker"].public, rig.keys["hostile"]).connect(connected, address or rig.address)
        yield connected


def gateway_of(rig: Rig) -> dict[str, int]:
    """Process id and restarts."""
    state: dict[str, int] = rig.state()["broker"]["gateway"]
    return state


def memory_of(process: int) -> int:
    """MiB that a process has resident."""
    with open(f"/proc/{process}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def hello() -> bytes:
    return encode(to_wire(Hello(MAGIC, MAJOR, MINOR, [], {}, {})))


def test_strangers_who_speak_nonsense(rig: Rig, device: Lib) -> None:
    """Without a key nobody gets beyond the handshake, whatever he sends."""
    gateway = gateway_of(rig)
    dice = random.Random(11)
    greeting = b"\xff\0\0\0\0\0\0\0\1\x7f\3\1CURVE" + bytes(16) + bytes(32)
    openings = [b"", b"GET / HTTP/1.1\r\n\r\n", greeting[:11], greeting, greeting + b"\6\xff" + b"\xff" * 8]
    for number in range(150):
        with socket.create_connection(("127.0.0.1", rig.port), timeout=5) as stranger:
            stranger.sendall(openings[number % len(openings)] + dice.randbytes(dice.randrange(2000)))
    assert device.add(1, 2) == 3
    with rig.connect(rig.admit("honest")) as another:
        assert another.report()["broker"]["gateway"] == gateway
    assert memory_of(gateway["pid"]) < MEMORY


def test_strangers_who_say_nothing(rig: Rig, device: Lib) -> None:
    """Two hundred silent connections keep nobody out, and are cut after two seconds."""
    gateway = gateway_of(rig)["pid"] or 0
    silent = [socket.create_connection(("127.0.0.1", rig.port), timeout=5) for _ in range(200)]
    began = time.monotonic()
    with rig.connect(rig.admit("honest")) as another:
        assert another.report()["broker"]["mode"] == "service"
    assert time.monotonic() - began < 2
    for connection in silent:
        connection.settimeout(10)
        assert _ended(connection)
    gateway = gateway_of(rig)["pid"]
    assert wait_until(lambda: len(os.listdir(f"/proc/{gateway}/fd")) < 60)
    assert device.add(1, 2) == 3


def _ended(connection: socket.socket) -> bool:
    with connection:
        try:
            while connection.recv(4096):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
        return True


@pytest.mark.parametrize(
    "frames",
    [
        [b"\xc1"],
        [b"\x90" * (1 << 20)],
        [b"\xdd\xff\xff\xff\xff"],
        [b"\x81" * 70_000 + b"\x00"],
        [b"\xc9" + bytes(40)],
        [encode(["call"])],
        [encode(to_wire(Call(1, 0, BrokerFunction.LIST, [{}], [], None, None)))],
        [hello(), b"bulk"],
        [hello()] * 500,
    ],
    ids=["no msgpack", "a megabyte of arrays", "4 billion members", "deep", "extension", "no fields", "no hello",
         "bulk", "500 frames"],
)  # fmt: skip
def test_malformed_messages_are_refused(rig: Rig, device: Lib, frames: list[bytes]) -> None:
    """One refusal, and the gateway is the same as before."""
    device.add(1, 1)
    gateway = gateway_of(rig)
    with hostile(rig) as peer:
        for _ in range(20):
            peer.send_multipart(frames)
            assert isinstance(from_wire(decode(peer.recv(), DEFAULT_LIMITS)), Refuse)
    assert gateway_of(rig) == gateway
    assert memory_of(gateway["pid"]) < MEMORY
    assert device.add(1, 2) == 3


@pytest.mark.parametrize("function", [each for each in BrokerFunction if each > BrokerFunction.RESOLVE])
def test_what_is_not_for_other_machines_is_refused(rig: Rig, function: BrokerFunction) -> None:
    """Above all: no programs are started for them."""
    arguments = {"clsid": "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}", "client": 1, "command": ["/bin/true"]}
    with hostile(rig) as peer:
        peer.send(hello())
        assert isinstance(from_wire(decode(peer.recv(), DEFAULT_LIMITS)), Welcome)
        peer.send(encode(to_wire(Call(1, 0, function, [arguments], [], None, None))))
        answer = from_wire(decode(peer.recv(), DEFAULT_LIMITS))
        assert isinstance(answer, Raise)
        assert answer.name == "AccessDenied"
        start = {"label": "x", "key": "x", "client": 1, "kind": "python"}
        peer.send(encode(to_wire(Call(2, 0, BrokerFunction.START, [start], [], None, None))))
        answer = from_wire(decode(peer.recv(), DEFAULT_LIMITS))
        assert isinstance(answer, Raise)
        assert answer.name == "AccessDenied"


def test_what_gateways_say_cannot_be_said_by_clients(rig: Rig, device: Lib) -> None:
    """Owner and rights are the gateway's to write, whatever a client writes there."""
    incarnation = binding_of(device).ready().session.incarnation.hex()
    with hostile(rig) as peer:
        peer.send(hello())
        assert isinstance(from_wire(decode(peer.recv(), DEFAULT_LIMITS)), Welcome)
        stolen = {"host": incarnation, "reason": "stopped", "owner": "honest", "remote": {"rights": {}}, "op": "expel"}
        for number, function in enumerate((BrokerFunction.STOP, BrokerFunction.RECORD, BrokerFunction.RESOLVE), 1):
            peer.send(encode(to_wire(Call(number, 0, function, [stolen], [], None, None))))
            answer = from_wire(decode(peer.recv(), DEFAULT_LIMITS))
            assert isinstance(answer, Raise)
            assert answer.name == "ObjectGone"
    assert device.add(1, 2) == 3


@pytest.mark.parametrize(("piece", "pieces"), [(1 << 20, 2 * MEMORY), (30, 1_200_000)], ids=["large", "small"])
def test_a_flood_ends_the_gateway_at_most(rig: Rig, device: Lib, piece: int, pieces: int) -> None:
    """A message of too many frames fills its memory and no more; whatever that ends, hosts never notice."""
    device.add(1, 1)
    assert rig.process is not None
    before, warden, host = gateway_of(rig), rig.process.pid, callgate.info(device).process
    seen = [0]

    def over() -> bool:
        with suppress(FileNotFoundError, ProcessLookupError, IndexError):
            seen.append(memory_of(before["pid"]))
        return bool(monitor.poll(5))

    with hostile(rig) as peer:
        monitor = peer.get_monitor_socket(zmq.Event.DISCONNECTED)
        peer.send_multipart([bytes(piece)] * pieces, copy=False)
        assert wait_until(over, 30)
        peer.disable_monitor()
        monitor.close(0)
    assert MEMORY // 4 < max(seen) <= MEMORY + 16
    assert device.add(1, 2) == 3
    assert callgate.info(device).process == host
    assert rig.state()["broker"]["pid"] == warden
    with rig.connect(rig.admit("honest")) as another:
        restarts = another.report()["broker"]["gateway"]["restarts"]
    assert restarts <= before["restarts"] + 2
    with device.scope_open(1) as scope:
        assert device.scope_range(scope) == 1


def test_frames_that_are_too_long_end_their_connection(rig: Rig, device: Lib) -> None:
    """Longer than any message may be: the connection is cut at the announcement, before anything is kept."""
    device.add(1, 1)
    before = gateway_of(rig)
    with hostile(rig) as peer:
        monitor = peer.get_monitor_socket(zmq.Event.DISCONNECTED)
        peer.send(bytes(64 << 20))
        assert monitor.poll(10_000)
        peer.disable_monitor()
        monitor.close(0)
    assert gateway_of(rig) == before
    assert device.add(1, 2) == 3


def test_passages_to_nowhere(rig: Rig, device: Lib) -> None:
    """Routing ids that name hosts of others, or none, lead nowhere and leave nothing."""
    device.add(1, 1)
    before = gateway_of(rig)
    mine = binding_of(device).ready().session.incarnation
    for number in range(40):
        incarnation = mine if number % 2 else os.urandom(16)
        with hostile(rig, routing_id=incarnation + os.urandom(2) + os.urandom(20)) as peer:
            peer.send(hello())
    assert gateway_of(rig) == before
    assert wait_until(lambda: len(os.listdir(f"/proc/{before['pid']}/fd")) < 80)
    assert device.add(1, 2) == 3


def test_nonsense_at_the_door_of_a_host(rig: Rig, compiled: Callable[[str], str]) -> None:
    """What an admitted client sends to its own host harms that host's other sessions as little."""
    with rig.connect(rig.admit("hostile")) as connection:
        lib = connection.load(compiled("machines"), DEVICE)
        session = binding_of(lib).ready().session
        route = session._route  # type: ignore[attr-defined]
        dice = random.Random(3)
        address = f"tcp://127.0.0.1:{route.control.rpartition(':')[2]}"
        with hostile(rig, address, route.curve.server, os.urandom(20)) as peer:
            for _ in range(200):
                peer.send_multipart([dice.randbytes(dice.randrange(1, 400)) for _ in range(dice.randrange(1, 4))])
                assert isinstance(from_wire(decode(peer.recv(), DEFAULT_LIMITS)), Refuse)
            kinds = []
            for _ in range(80):
                peer.send(hello())
                kinds.append(type(from_wire(decode(peer.recv(), DEFAULT_LIMITS))))
            assert kinds.count(Welcome) == 63
            assert kinds[-1] is Refuse
        assert lib.add(1, 2) == 3
        callgate.close(lib)
