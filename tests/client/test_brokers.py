"""What a client makes of a broker's answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zmq

from callgate.brokers import whole_report
from callgate_protocol.codec import decode, encode
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import MAGIC, Call, Hello, Return, Welcome, from_wire, to_wire
from callgate_protocol.system import BrokerFunction
from callgate_protocol.version import FEATURES, MAJOR, MINOR
from callgate_transport.dialogue import Dialogue
from callgate_transport.iothread import IoThread


def test_report_in_pages() -> None:
    """A report that comes in several answers is one report, with every host once and in order."""
    pages: dict[int, dict[str, Any]] = {
        0: {"broker": {"pid": 1}, "hosts": [{"pid": 2}, {"pid": 3}], "next": 2},
        2: {"broker": {"pid": 1}, "hosts": [{"pid": 4}], "next": 3},
        3: {"broker": {"pid": 1}, "hosts": [], "next": None},
    }

    report = whole_report(pages.__getitem__)

    assert [host["pid"] for host in report["hosts"]] == [2, 3, 4]
    assert report["broker"] == {"pid": 1}
    assert report["next"] is None


def test_a_hello_that_came_through_twice_is_welcomed_twice(tmp_path: Path) -> None:
    """As happens when a broker's talker dies while it is greeted: the second welcome changes nothing."""
    io = IoThread()
    welcome = Welcome(
        MAGIC, MAJOR, MINOR, list(FEATURES), DEFAULT_LIMITS.as_map(), {}, {}, bytes(16), bytes(16), "", ""
    )
    with io.context.socket(zmq.ROUTER) as broker:
        broker.bind(f"ipc://{tmp_path}/broker")
        dialogue = Dialogue(io, f"ipc://{tmp_path}/broker", {})
        client, hello = broker.recv_multipart()
        assert isinstance(from_wire(decode(hello, DEFAULT_LIMITS)), Hello)
        broker.send_multipart([client, encode(to_wire(welcome))])
        asked = dialogue.request(BrokerFunction.LIST, {})
        _, question = broker.recv_multipart()
        call = from_wire(decode(question, DEFAULT_LIMITS))
        assert isinstance(call, Call)
        broker.send_multipart([client, encode(to_wire(welcome))])
        broker.send_multipart([client, encode(to_wire(Return(call.call, {"hosts": []}, [], 0, [])))])

        assert asked.result(10) == {"hosts": []}
        dialogue.close()
