"""A client in one file, written from `docs/protocol.md` alone: the standard library, zmq, and nothing of callgate.

    python minimal_client.py ipc://…/default/broker

It starts a host, calls cos, sorts with a callback, crashes the host, and asks the broker what it died of.
"""
# ruff: noqa: PLR0911, T201 - a decoder returns from each branch, and what happens is told on standard output

from __future__ import annotations

import hashlib
import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

import zmq

HELLO, WELCOME, CALL, CALLBACK, RETURN, RAISE, NOTICE, GOODBYE = 1, 2, 10, 11, 12, 13, 26, 27
START, RECORD = 1, 2  # functions of a broker
LOAD = 1  # function of a host
GREETING = [HELLO, "callgate", 1, 0, ["callbacks"], {}, {"process": os.getpid(), "name": "minimal"}]


class Failed(Exception):
    """The peer raised: its name for the fault, what it said, and the details."""


class Died(Exception):
    """The host is dead."""


# -- msgpack (section 2.2) ---------------------------------------------------------------------------------------


def pack(value: Any) -> bytes:
    """The shortest encoding of a value."""
    match value:
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return pack_integer(value)
        case float():
            return struct.pack(">Bd", 0xCB, value)
        case str():
            text = value.encode()
            return head(len(text), (0xA0, 31), 0xD9, 0xDA, 0xDB) + text
        case bytes():
            return head(len(value), None, 0xC4, 0xC5, 0xC6) + value
        case list():
            return head(len(value), (0x90, 15), None, 0xDC, 0xDD) + b"".join(map(pack, value))
        case dict():
            members = b"".join(pack(key) + pack(member) for key, member in value.items())
            return head(len(value), (0x80, 15), None, 0xDE, 0xDF) + members
    raise TypeError(f"cannot pack {value!r}")


def head(length: int, fixed: tuple[int, int] | None, one: int | None, two: int, four: int) -> bytes:
    """The head of something with a length."""
    if fixed and length <= fixed[1]:
        return bytes([fixed[0] | length])
    if one and length < 1 << 8:
        return struct.pack(">BB", one, length)
    return struct.pack(">BH", two, length) if length < 1 << 16 else struct.pack(">BI", four, length)


def pack_integer(number: int) -> bytes:
    """Unsigned forms for what is not negative, each as short as can be."""
    if -32 <= number < 128:
        return struct.pack(">b", number)
    forms = "BHIQ" if number >= 0 else "bhiq"
    lead, low = (0xCC, 0) if number >= 0 else (0xD0, -1)
    for index, form in enumerate(forms):
        bits = 8 << index
        if (number < 1 << bits) if low == 0 else (number >= -(1 << (bits - 1))):
            return struct.pack(f">B{form}", lead + index, number)
    raise OverflowError(number)


class Unpacker:
    """Reads one value; every length is compared with what is left before anything is built."""

    def __init__(self, frame: bytes) -> None:
        self.frame, self.position = frame, 0

    def take(self, count: int) -> bytes:
        if count > len(self.frame) - self.position:
            raise ValueError("a frame ends inside a value")
        self.position += count
        return self.frame[self.position - count : self.position]

    def read(self, form: str) -> Any:
        return struct.unpack(f">{form}", self.take(struct.calcsize(f">{form}")))[0]

    def value(self, depth: int = 0) -> Any:
        lead = self.read("B")
        if depth > 64 or lead == 0xC1 or 0xC7 <= lead <= 0xC9 or 0xD4 <= lead <= 0xD8:
            raise ValueError("a frame is too deep, or holds what the protocol does not use")
        if lead <= 0x7F or lead >= 0xE0:
            return lead if lead <= 0x7F else lead - 256
        if lead in PLAIN:
            return PLAIN[lead]
        if lead in NUMBERS:
            return self.read(NUMBERS[lead])
        kind, length = self.sized(lead)
        if kind == "bytes":
            return self.take(length)
        if kind == "text":
            return self.take(length).decode()
        if length > len(self.frame):
            raise ValueError("a container announces more than there is")
        if kind == "array":
            return [self.value(depth + 1) for _ in range(length)]
        members = [(self.value(depth + 1), self.value(depth + 1)) for _ in range(length)]
        if any(not isinstance(key, str) for key, _ in members):
            raise ValueError("a key of a map is not a string")
        return dict(members)

    def sized(self, lead: int) -> tuple[str, int]:
        if lead <= 0xBF:
            kind, mask = ("map", 15) if lead <= 0x8F else ("array", 15) if lead <= 0x9F else ("text", 31)
            return kind, lead & mask
        kind, form = SIZED[lead]
        return kind, self.read(form)


PLAIN = {0xC0: None, 0xC2: False, 0xC3: True}
NUMBERS = dict(zip((0xCA, 0xCB, *range(0xCC, 0xD4)), "fdBHIQbhiq", strict=True))
SIZED = {0xC4: ("bytes", "B"), 0xC5: ("bytes", "H"), 0xC6: ("bytes", "I")}
SIZED |= {0xD9: ("text", "B"), 0xDA: ("text", "H"), 0xDB: ("text", "I")}
SIZED |= {0xDC: ("array", "H"), 0xDD: ("array", "I"), 0xDE: ("map", "H"), 0xDF: ("map", "I")}


def unpack(frame: bytes) -> Any:
    """The value of a whole frame."""
    reader = Unpacker(frame)
    value = reader.value()
    if reader.position != len(frame):
        raise ValueError("a frame goes on after its value")
    return value


# -- talking -----------------------------------------------------------------------------------------------------


def answer_of(message: list[Any]) -> tuple[Any, list[Any]]:
    """Result and outs of a `return`; raises Failed for a `raise`."""
    if message[0] == RAISE:
        raise Failed(*message[2:])
    assert message[0] == RETURN, message
    return message[2], message[3]


class Broker:
    """Sections 4.2 and 9."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], address: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.connect(address.removeprefix("ipc://"))  # ZeroMQ would wait for ever for a broker that is not there
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(address)
        self.calls = 0
        self.socket.send(pack(GREETING))
        assert unpack(self.socket.recv())[0] == WELCOME

    def ask(self, function: int, arguments: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        self.socket.send(pack([CALL, self.calls, 0, function, [arguments], [], None, None]))
        result, _ = answer_of(unpack(self.socket.recv()))
        assert isinstance(result, dict)
        return result


class Host:
    """A session with one call channel (sections 4.4 to 4.6) and the functions that native code may call."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], started: dict[str, Any]) -> None:
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.link.connect(started["link"])
        _, user, _ = struct.unpack("3i", self.link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        assert user == os.getuid(), "the host belongs to somebody else"
        self.link.send(pack(GREETING))
        datagram, self.pipes, _, _ = socket.recv_fds(self.link, 65536, 2)
        welcome = unpack(datagram)
        assert welcome[:3] == [WELCOME, "callgate", 1], welcome
        self.abi, incarnation, secret, control, calls = welcome[7:]
        assert incarnation.hex() == started["host"], "another host answers there"
        self.control = self.dealer(context, secret + bytes(4), control)
        self.channel = self.dealer(context, secret + (1).to_bytes(4, "big"), calls)
        self.functions: dict[int, Callable[..., Any]] = {}
        self.calls = 0
        self.output = b""
        """What the library printed."""

    def dealer(self, context: zmq.Context[zmq.Socket[bytes]], identity: bytes, address: str) -> zmq.Socket[bytes]:
        made = context.socket(zmq.DEALER)
        made.linger, made.routing_id = 0, identity
        made.connect(address)
        return made

    def load(self, file: str, library: list[Any]) -> int:
        """LOAD: the number of the library in this host."""
        encoded = pack(library)
        (number, missing), _ = self.call(0, LOAD, file, hashlib.sha256(encoded).digest(), encoded)
        assert missing == []
        return int(number)

    def call(self, library: int, function: int, *arguments: Any) -> tuple[Any, list[Any]]:
        """Result and outs. Callbacks are served while it runs, whichever way they come."""
        self.calls += 1
        number = self.calls
        self.channel.send(pack([CALL, number, library, function, list(arguments), [], None, None]))
        while True:
            source = self.wait()
            header, *bulk = source.recv_multipart()
            message = unpack(header)
            if message[0] == CALLBACK:
                source.send(pack(self.called_back(message)))
            elif source is self.channel:
                assert message[1] == number
                return answer_of(filled(message, bulk))

    def called_back(self, message: list[Any]) -> list[Any]:
        _, number, delegate, arguments, _ = message
        try:
            return [RETURN, number, self.functions[delegate](*arguments), [], 0, []]
        except Exception as error:  # native code must get its answer
            return [RAISE, number, "CallbackFailed", f"{type(error).__name__}: {error}", {}]

    def wait(self) -> zmq.Socket[bytes]:
        """The channel that has something to read. Raises Died when the link hangs up and nothing is left."""
        poller = zmq.Poller()
        for source in (self.channel, self.control, self.link, *self.pipes):
            poller.register(source, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            for channel in (self.channel, self.control):
                if channel in ready:
                    return channel
            for pipe in self.pipes:
                if pipe in ready:
                    printed = os.read(pipe, 65536)
                    self.output += printed
                    if not printed:
                        poller.unregister(pipe)
            if self.link.fileno() in ready:
                if self.channel.poll(20):
                    return self.channel
                raise Died

    def close(self) -> None:
        """Close everything; the host ends with its last session."""
        self.channel.close()
        self.control.close()
        self.link.close()
        for pipe in self.pipes:
            os.close(pipe)


def filled(value: Any, bulk: list[bytes]) -> Any:
    """A value with every `{"payload": k}` replaced by the k-th bulk frame (section 5.4)."""
    if isinstance(value, dict) and list(value) == ["payload"]:
        return bulk[value["payload"]]
    if isinstance(value, list):
        return [filled(each, bulk) for each in value]
    return value


# -- what it does ------------------------------------------------------------------------------------------------


def declare(name: str, result: str, *parameters: list[Any]) -> list[Any]:
    """A function or delegate (section 7.1)."""
    return [name, ["", result, []], [*parameters], False]


IN_OUT = [["in", ""], ["out", ""], ["size_is", "n"]]
ADDRESS_OF_INT = ["pointer", "int", True]
MATHEMATICS = [[declare("cos", "double", ["x", "double", []])], [], [], [], []]
STANDARD = [
    [
        declare(
            "qsort",
            "void",
            ["base", ["pointer", "int", False], IN_OUT],
            ["n", "size", []],
            ["size", "size", []],
            ["compare", ["function", "compare"], []],
        ),
        declare("strlen", "size", ["s", ["pointer", "char", True], []]),
    ],
    [],
    [],
    [declare("compare", "int", ["a", ADDRESS_OF_INT, []], ["b", ADDRESS_OF_INT, []])],
    [],
]
QSORT, STRLEN = 0, 1


def main(address: str) -> None:
    """Print what happened, one line each."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    broker = Broker(context, address)
    started = broker.ask(START, {"label": "libm.so.6", "key": "minimal", "client": os.getpid()})
    host = Host(context, started)
    number = host.load("libm.so.6", MATHEMATICS)
    print("cos(0.5) =", host.call(number, 0, 0.5)[0])

    number = host.load("libc.so.6", STANDARD)
    form = (
        ("<" if host.abi["byte_order"] == "little" else ">") + "5" + {2: "h", 4: "i", 8: "q"}[host.abi["sizes"]["int"]]
    )
    base = struct.pack(form, 42, -7, 1000, 0, 5)
    host.functions[7] = lambda a, b: (a[0] > b[0]) - (a[0] < b[0])
    _, outs = host.call(number, QSORT, base, 5, host.abi["sizes"]["int"], {"delegate": 7})
    print("sorted:", list(struct.unpack(form, outs[0])))
    print("strlen:", host.call(number, STRLEN, b"callgate")[0])

    host.functions[7] = lambda _a, _b: 1 // 0
    try:
        host.call(number, QSORT, base, 5, host.abi["sizes"]["int"], {"delegate": 7})
    except Failed as failure:
        print("a failing callback:", *failure.args[:2])

    try:
        host.call(number, STRLEN, {"constant": 1})
    except Died:
        record = broker.ask(RECORD, {"host": started["host"], "wait": True})
        (call,) = (call for call in record["calls"] if (call["channel"], call["call"]) == (1, host.calls))
        print("died of signal", record["signal"], "in function", call["function"], "phase", call["phase"])
    host.close()
    context.destroy(0)


if __name__ == "__main__":
    main(sys.argv[1])
