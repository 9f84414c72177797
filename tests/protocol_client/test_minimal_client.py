"""A client that shares no code with callgate, against a real broker and real hosts."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from hypothesis import given

from callgate_protocol.codec import decode, encode
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import to_wire
from callgate_protocol.typelib import decode_library
from tests.protocol.strategies import plain_values, quick
from tests.protocol.vectors import COS_BYTES, COS_HASH, VECTORS
from tests.protocol_client import minimal_client

CLIENT = Path(__file__).with_name("minimal_client.py")
PAGE = (CLIENT.parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
PATIENCE = 30.0
REFUSE, STOP, LIST = 3, 3, 4


@pytest.fixture
def broker() -> Iterator[str]:
    """The address of a broker of its own, which leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="cg-", dir="/tmp") as base:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "callgate_broker", "--directory", base]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout
            yield process.stdout.readline().strip()
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        assert [entry.name for entry in Path(base).iterdir()] == [".lock"]


def test_it_calls_calls_back_and_learns_of_a_crash(broker: str) -> None:
    """In a Python that cannot import callgate it gets a result, answers callbacks, and is told signal and call."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-I", str(CLIENT), broker]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False)

    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "cos(0.5) = 0.8775825618903728",
        "sorted: [-7, 0, 5, 42, 1000]",
        "strlen: 8",
        "a failing callback: CallbackFailed ZeroDivisionError: integer division or modulo by zero",
        f"died of signal {int(signal.SIGSEGV)} in function {minimal_client.STRLEN} phase 2",
    ]
    assert ran.returncode == 0


@pytest.fixture
def dealer(broker: str) -> Iterator[zmq.Socket[bytes]]:
    """A connection to the broker on which nothing was said."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as made:
        made.linger = 0
        made.connect(broker)
        yield made


def exchange(dealer: zmq.Socket[bytes], *messages: Any) -> list[Any]:
    """Send some messages; what comes back first."""
    for message in messages:
        dealer.send(minimal_client.pack(message))
    assert dealer.poll(int(PATIENCE * 1000)), "nothing came"
    answer = minimal_client.unpack(dealer.recv())
    assert isinstance(answer, list)
    return answer


def test_a_broker_wants_hello_first_and_again_after_a_refusal(dealer: zmq.Socket[bytes]) -> None:
    """A call without hello, another version and a malformed message are refused; a new hello is welcome."""
    call = [minimal_client.CALL, 1, 0, LIST, [{}], [], None, None]
    for wrong in (call, [minimal_client.HELLO, "callgate", 2, 0, [], {}, {}], [99]):
        assert exchange(dealer, wrong)[:2] == [REFUSE, "ProtocolError"]

    assert exchange(dealer, minimal_client.GREETING)[:3] == [minimal_client.WELCOME, "callgate", 1]
    assert exchange(dealer, call)[:2] == [minimal_client.RETURN, 1]
    assert exchange(dealer, [minimal_client.GOODBYE, ""])[:2] == [REFUSE, "ProtocolError"]
    assert exchange(dealer, call)[:2] == [REFUSE, "ProtocolError"]


@pytest.mark.parametrize(
    ("library", "function", "arguments", "fault", "error"),
    [
        (0, 9, [{}], "ArgumentError", "ArgumentError"),
        (1, LIST, [{}], "ArgumentError", "ArgumentError"),
        (0, LIST, [], "ArgumentError", "ArgumentError"),
        (0, minimal_client.START, [{"label": "x"}], "ProtocolError", "ProtocolError"),
        (0, minimal_client.RECORD, [{"host": "unknown"}], "ObjectGone", "ObjectGone"),
    ],
)
def test_a_broker_raises(
    dealer: zmq.Socket[bytes], library: int, function: int, arguments: list[Any], fault: str, error: str
) -> None:
    """A request that cannot be carried out has a fault, and `error` in its details."""
    assert exchange(dealer, minimal_client.GREETING)[0] == minimal_client.WELCOME
    answer = exchange(dealer, [minimal_client.CALL, 1, library, function, arguments, [], None, None])

    assert answer[:3] == [minimal_client.RAISE, 1, fault]
    assert answer[4] == {"error": error}


def test_a_host_is_observed_stopped_and_recorded(broker: str) -> None:
    """START, RECORD, STOP and LIST have the keys of the page, and the record tells the reason."""
    with zmq.Context() as context:
        client = minimal_client.Broker(context, broker)
        name = client.ask(minimal_client.START, {"label": "x", "key": "k", "client": os.getpid()})["host"]
        alive = client.ask(minimal_client.RECORD, {"host": name})
        listed = client.ask(LIST, {})
        stopped = client.ask(STOP, {"host": name, "reason": "deadline", "channel": 1, "call": 1})
        dead = client.ask(minimal_client.RECORD, {"host": name, "wait": True})
        client.socket.close()

    assert len(bytes.fromhex(name)) == 16
    assert set(alive) == set(dead) == keys_of_a_record()
    assert (alive["state"], alive["signal"], alive["reason"]) == ("alive", None, None)
    assert set(listed) == {"broker", "hosts", "next", "deaths"}
    assert [host["host"] for host in listed["hosts"]] == [name]
    assert set(stopped) == {"where", "phase", "dead"}
    assert stopped["dead"] is True
    assert (dead["state"], dead["signal"], dead["reason"], dead["calls"]) == ("dead", 9, "deadline", [])


def keys_of_a_record() -> set[str]:
    rows = re.findall(r"^\| (`[a-z`, ]+`) \|", PAGE.split("A **record** has these keys", 1)[1], re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


def test_it_shares_no_code_with_callgate() -> None:
    """It imports the standard library and zmq, nothing else."""
    imported = set()
    for node in ast.walk(ast.parse(CLIENT.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or ".").partition(".")[0])

    assert imported - sys.stdlib_module_names == {"zmq"}


@pytest.mark.parametrize(("message", "text"), VECTORS, ids=[type(message).__name__ for message, _ in VECTORS])
def test_its_bytes_are_those_of_the_vectors(message: tuple[object, ...], text: str) -> None:
    """Its own encoding and decoding agree with the golden vectors in both directions."""
    frame = bytes.fromhex(text.replace(" ", ""))
    wire = list(to_wire(message))  # type: ignore[arg-type]

    assert frame == minimal_client.pack(wire)
    assert wire == minimal_client.unpack(frame)


@quick(100)
@given(plain_values)
def test_it_encodes_as_the_codec_does(value: object) -> None:
    """Two encoders that know nothing of each other give the same bytes, and each reads the other's."""
    frame = encode(value)

    assert frame == minimal_client.pack(value)
    assert value == minimal_client.unpack(frame)
    assert value == decode(minimal_client.pack(value), DEFAULT_LIMITS)


def test_its_declarations_have_the_hash_of_the_page() -> None:
    """What it sends for cos is the canonical encoding."""
    encoded = minimal_client.pack(minimal_client.MATHEMATICS)

    assert encoded == bytes.fromhex(COS_BYTES.replace(" ", ""))
    assert hashlib.sha256(encoded).hexdigest() == COS_HASH
    assert decode_library(minimal_client.pack(minimal_client.STANDARD)).functions[0].name == "qsort"
