from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from callgate_protocol.codec import decode, encode
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import MAGIC, Call, Hello, Raise, Refuse, Return, Welcome, from_wire, to_wire
from callgate_protocol.system import BrokerFunction
from callgate_protocol.version import MAJOR, MINOR
from callgate_transport import datagrams, launch, rundir
from tests.broker.rig import PATIENCE, EmbeddedWarden, await_end, is_alive


class Visitor:
    """A client of a talker: a bare DEALER socket."""

    def __init__(self, address: str, *, greet: bool = True) -> None:
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.set(zmq.RCVTIMEO, int(PATIENCE * 1000))
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.RECONNECT_IVL, 10)
        self.socket.connect(f"ipc://{address}")
        if greet:
            self.greet()

    def greet(self) -> None:
        self.say(Hello(MAGIC, MAJOR, MINOR, [], DEFAULT_LIMITS.as_map(), {"process": os.getpid()}))
        assert isinstance(self.hear(), Welcome)

    def say(self, message: Any) -> None:
        self.socket.send(encode(to_wire(message)))

    def hear(self) -> Any:
        return from_wire(decode(self.socket.recv(), DEFAULT_LIMITS))

    def call(self, number: int, function: BrokerFunction, **fields: Any) -> None:
        self.say(Call(number, 0, function, [fields], [], None, None))

    def ask(self, function: BrokerFunction, **fields: Any) -> dict[str, Any]:
        self.call(1, function, **fields)
        answer = self.hear()
        assert isinstance(answer, Return), answer
        result: dict[str, Any] = answer.result
        return result

    def start(self, deed: str) -> dict[str, Any]:
        return self.ask(BrokerFunction.START, label=deed, key="key", client=os.getpid())

    def close(self) -> None:
        self.socket.close(0)
        self._context.term()


@pytest.fixture
def address(warden: EmbeddedWarden) -> str:
    """Where the warden's talker is reached."""
    return f"{warden.request('list')['broker']['directory']}/broker"


@pytest.fixture
def visitor(address: str) -> Iterator[Visitor]:
    """One that has been welcomed."""
    visitor = Visitor(address)
    yield visitor
    visitor.close()


def talker_of(warden: EmbeddedWarden) -> dict[str, int]:
    """Process id and restarts of the talker."""
    state: dict[str, int] = warden.request("list")["broker"]["talker"]
    return state


def test_the_first_connection_starts_the_talker(warden: EmbeddedWarden, address: str) -> None:
    """There is none before, and whoever knocks is served by the one that is started for it."""
    assert talker_of(warden)["pid"] == 0
    visitor = Visitor(address)
    assert visitor.ask(BrokerFunction.LIST)["broker"]["talker"]["pid"] == talker_of(warden)["pid"] != 0
    visitor.close()


def test_hosts_can_be_started_watched_and_stopped(warden: EmbeddedWarden, visitor: Visitor) -> None:
    """The four functions do over ZeroMQ what the warden does for its own client."""
    host = visitor.start("pause")
    assert is_alive(host["pid"])
    assert visitor.ask(BrokerFunction.RECORD, host=host["host"])["state"] == "alive"
    assert visitor.ask(BrokerFunction.STOP, host=host["host"], reason="closed")["dead"]
    assert visitor.ask(BrokerFunction.RECORD, host=host["host"], wait=True)["reason"] == "closed"
    assert visitor.ask(BrokerFunction.LIST)["hosts"] == []


def test_answers_come_in_their_own_order(visitor: Visitor) -> None:
    """A record that is waited for does not hold up other calls."""
    host = visitor.start("pause")
    visitor.call(1, BrokerFunction.RECORD, host=host["host"], wait=True)
    visitor.call(2, BrokerFunction.LIST)
    assert visitor.hear().call == 2
    os.kill(host["pid"], signal.SIGTERM)
    answer = visitor.hear()
    assert (answer.call, answer.result["signal"]) == (1, signal.SIGTERM)


@pytest.mark.parametrize(
    ("function", "fields", "error"),
    [
        (BrokerFunction.START, {}, "ProtocolError"),
        (BrokerFunction.RECORD, {"host": "nobody"}, "ObjectGone"),
        (BrokerFunction.RECORD, {"host": b"bytes"}, "ArgumentError"),
        (BrokerFunction.RECORD, {"host": "x" * 60_000, "more": "y" * 60_000}, "ArgumentError"),
        (BrokerFunction.START, {"label": "refuse", "key": "k", "client": 1}, "NotExecuted"),
    ],
    ids=["fields", "unknown host", "bytes", "too long", "refused"],
)
def test_errors_are_raised(visitor: Visitor, function: BrokerFunction, fields: dict[str, Any], error: str) -> None:
    """Whatever the warden or the talker objects to fails the call, and the conversation goes on."""
    visitor.call(5, function, **fields)
    answer = visitor.hear()
    assert isinstance(answer, Raise)
    assert (answer.call, answer.details["error"]) == (5, error)
    assert visitor.ask(BrokerFunction.LIST)["broker"]


def test_the_request_number_is_not_the_visitors(visitor: Visitor) -> None:
    """Fields that would change the request to the warden are not taken over."""
    assert "broker" in visitor.ask(BrokerFunction.LIST, id=77, op="stop")


@pytest.mark.parametrize("garbage", [[b"\xc1"], [b""], [b"a", b"b", b"c"], [b"\x91" * 5000]])
def test_garbage_is_refused_and_hurts_nobody_else(visitor: Visitor, address: str, garbage: list[bytes]) -> None:
    """A peer that sends no message of the protocol is refused; another one does not notice."""
    rude = Visitor(address, greet=False)
    rude.socket.send_multipart(garbage)
    assert isinstance(rude.hear(), Refuse)
    assert visitor.ask(BrokerFunction.LIST)["broker"]
    rude.greet()
    rude.close()


def test_a_killed_talker_is_replaced_and_hosts_live_on(warden: EmbeddedWarden, visitor: Visitor) -> None:
    """ZeroMQ reconnects by itself; after another hello the new talker serves the same hosts."""
    host = visitor.start("pause")
    before = talker_of(warden)
    connected = visitor.socket.get_monitor_socket(zmq.Event.HANDSHAKE_SUCCEEDED)
    os.kill(before["pid"], signal.SIGKILL)
    assert connected.poll(int(PATIENCE * 1000))
    visitor.greet()
    assert visitor.ask(BrokerFunction.RECORD, host=host["host"])["state"] == "alive"
    after = talker_of(warden)
    assert after["pid"] != before["pid"]
    assert after["restarts"] == before["restarts"] + 1
    visitor.socket.disable_monitor()
    connected.close(0)


def test_hosts_outlive_the_visitor(warden: EmbeddedWarden, address: str) -> None:
    """That a conversation with the broker ends says nothing about the hosts: these have links of their own."""
    visitor = Visitor(address)
    host = visitor.start("pause")
    visitor.close()
    assert warden.request("record", host=host["host"])["state"] == "alive"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_talker_ends_with_the_warden(base: Path, how: signal.Signals) -> None:
    """However the warden ends, no talker remains."""
    warden = EmbeddedWarden()
    visitor = Visitor(f"{warden.request('list')['broker']['directory']}/broker")
    talker = os.pidfd_open(talker_of(warden)["pid"])
    os.kill(warden.pid, how)
    await_end(talker)
    os.close(talker)
    visitor.close()
    warden.close()
    rundir.sweep()


class Loner:
    """A talker whose warden is the test."""

    def __init__(self, base: Path, mode: str) -> None:
        self.address = str(base / "broker")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.address)
        self.listener.listen()
        self.warden, its = datagrams.pair()
        self.warden.settimeout(PATIENCE)
        arguments = ("3", "4", self.address, mode, "0.01")
        argv = launch.command("callgate_broker.talker", launch.source_roots(), *arguments)
        self.pid = launch.spawn(argv, {3: self.listener.fileno(), 4: its.fileno()}, stderr=2)
        its.close()

    def status(self) -> int:
        """How it ended."""
        return os.waitpid(self.pid, 0)[1]

    def close(self) -> None:
        self.warden.close()
        self.listener.close()


def test_an_embedded_talker_ends_when_nobody_speaks(base: Path) -> None:
    """After its idle time it ends with status 0, and a new connection waits for its successor."""
    loner = Loner(base, "embedded")
    assert loner.status() == 0
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.connect(loner.address)
        poll = select.poll()
        poll.register(loner.listener, select.POLLIN)
        assert poll.poll(PATIENCE * 1000)
    loner.close()


def test_a_talker_does_not_end_while_a_question_is_open(base: Path) -> None:
    """Idle time does not count while the warden owes an answer."""
    loner = Loner(base, "embedded")
    visitor = Visitor(loner.address)
    visitor.call(3, BrokerFunction.RECORD, host="x", wait=True)
    datagram = datagrams.receive(loner.warden)
    assert datagram
    assert datagram.message["op"] == "record"
    poll = select.poll()
    pidfd = os.pidfd_open(loner.pid)
    poll.register(pidfd, select.POLLIN)
    assert not poll.poll(1500)
    os.close(pidfd)
    datagrams.send(loner.warden, {"id": datagram.message["id"], "ok": {}})
    assert visitor.hear().call == 3
    assert loner.status() == 0
    visitor.close()
    loner.close()


def test_a_talker_ends_when_the_warden_hangs_up(base: Path) -> None:
    """End-of-file on the connection to the warden is its end, in a service as well."""
    loner = Loner(base, "service")
    visitor = Visitor(loner.address)
    loner.warden.close()
    assert loner.status() == 0
    visitor.close()
    loner.close()
