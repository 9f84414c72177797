"""A stand-in for the warden, and a client that says exactly what a test wants said."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import secrets
import select
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, Self

import zmq

from callgate_protocol.channel import Channel, Received
from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import Fault
from callgate_protocol.limits import DEFAULT_LIMITS, Limits
from callgate_protocol.messages import (
    MAGIC,
    Callback,
    Cancel,
    Cancelled,
    Hello,
    Message,
    Open,
    Opened,
    Raise,
    Release,
    Return,
    Welcome,
    from_wire,
    to_wire,
)
from callgate_protocol.model import TypeLibrary
from callgate_protocol.slots import MEMORY_BYTES
from callgate_protocol.system import HostFunction
from callgate_protocol.turns import Role
from callgate_protocol.typelib import encode_library, library_hash
from callgate_protocol.version import FEATURES, MAJOR, MINOR
from callgate_transport import datagrams, launch
from callgate_transport.link import Link

SECONDS = 20
_PR_SET_CHILD_SUBREAPER = 36

Answer = Callable[[list[Any]], Any]


def adopt_orphans() -> None:
    """Make this process the one that orphaned hosts fall to, as the warden is."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class RunningHost:
    """One host process, from its fork to its end."""

    def __init__(self, pid: int, directory: str, memory: int, incarnation: bytes) -> None:
        self.pid = pid
        self.directory = directory
        self.incarnation = incarnation
        self.slots = memoryview(mmap.mmap(memory, MEMORY_BYTES))
        self._pidfd = os.pidfd_open(pid)
        self._status: int | None = None
        os.close(memory)

    def wait(self, seconds: float = SECONDS) -> int:
        """Its exit code (negative: the signal), once it has ended."""
        if self._status is None:
            assert select.select([self._pidfd], [], [], seconds)[0], f"host {self.pid} goes on"
            _, status = os.waitpid(self.pid, 0)
            self._status = os.waitstatus_to_exitcode(status)
            os.close(self._pidfd)
        return self._status

    def end(self) -> None:
        """Kill it if it lives, reap it, remove its files."""
        if self._status is None:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            self.wait()
        shutil.rmtree(self.directory)


class StandInWarden:
    """Starts the template and asks it for hosts."""

    def __init__(self) -> None:
        adopt_orphans()
        self.base = tempfile.mkdtemp(prefix="cgh-", dir="/tmp")
        ours, theirs = datagrams.pair()
        self.connection = ours
        self.connection.settimeout(SECONDS)
        argv = launch.command("callgate_native_host.template", launch.source_roots(), "3")
        self.pid = launch.spawn(argv, {3: theirs.fileno()}, stderr=2)
        theirs.close()
        self._numbers = iter(range(1, 1_000_000))

    def ask(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """One request to the template and its answer."""
        datagrams.send(self.connection, request, descriptors)
        answer = datagrams.receive(self.connection)
        assert answer is not None, "the template died"
        return answer.message

    def start_host(self) -> RunningHost:
        """Ask the template for a host."""
        number = next(self._numbers)
        directory = f"{self.base}/h{number}"
        os.mkdir(directory, 0o700)
        link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link.bind(f"{directory}/link")
        link.listen(8)
        memory = os.memfd_create("slots", os.MFD_CLOEXEC)
        os.ftruncate(memory, MEMORY_BYTES)
        incarnation = secrets.token_bytes(16)
        request = {
            "id": number,
            "op": "fork",
            "incarnation": incarnation.hex(),
            "directory": directory,
            "label": "test",
        }
        answer = self.ask(request, [memory, link.fileno()])
        link.close()
        assert answer.keys() == {"id", "pid"}, answer
        assert answer["id"] == number
        return RunningHost(answer["pid"], directory, memory, incarnation)

    def close(self) -> int:
        """End the template; its exit code."""
        self.connection.close()
        _, status = os.waitpid(self.pid, 0)
        shutil.rmtree(self.base)
        return os.waitstatus_to_exitcode(status)


class Line:
    """A client's call channel."""

    def __init__(self, session: ClientSession, endpoint: str, number: int, *, pipelined: bool = False) -> None:
        self.session = session
        self.number = number
        self.talk = Channel(Role.CLIENT, session.limits, pipelined=pipelined)
        self.socket = session.dealer(endpoint, number)

    def put(self, frames: list[Any]) -> None:
        """Send one message."""
        self.socket.send_multipart(frames)

    def start(
        self, library: int, function: int, arguments: list[Any], payloads: list[Any] | None = None, **more: Any
    ) -> int:
        """Send a call, and its chunks as credit allows; its number."""
        number, frames = self.talk.call(library, function, arguments, payloads or [], **more)
        self.put(frames)
        self._put_chunks()
        return number

    def _put_chunks(self) -> None:
        for chunk in self.talk.chunks():
            self.put(chunk)

    def receive(self) -> Received:
        """The next whole message."""
        while True:
            assert self.socket.poll(SECONDS * 1000), "no answer"
            received = self.talk.receive(self.socket.recv_multipart())
            self._put_chunks()
            credit = self.talk.credit()
            if credit is not None:
                self.put(credit)
            if received is not None:
                return received

    def finish(self, number: int, delegates: dict[int, Answer] | None = None) -> Received:
        """Serve callbacks until the answer to call `number` is there."""
        while True:
            received = self.receive()
            message = received.message
            if not isinstance(message, Callback):
                assert isinstance(message, Return | Raise), message
                assert message.call == number
                return received
            self.serve(message, received.payloads, delegates or {})

    def serve(self, message: Callback, payloads: list[Any], delegates: dict[int, Answer]) -> None:
        """Answer one callback. A delegate gives the result, or (result, outs); an exception becomes `raise`."""
        try:
            given = delegates[message.delegate](inline(message.arguments, payloads))
        except Exception as error:
            self.put(self.talk.fail(message.call, "CallbackFailed", f"{type(error).__name__}: {error}"))
            return
        result, outs = given if isinstance(given, tuple) else (given, [])
        self.put(self.talk.answer(message.call, result, outs))

    def call(
        self,
        library: int,
        function: int,
        *arguments: Any,
        payloads: list[Any] | None = None,
        delegates: dict[int, Answer] | None = None,
    ) -> Return:
        """Perform a call. Raises Fault for `raise`. Bulk frames of the answer are put where they belong."""
        number = self.start(library, function, list(arguments), payloads)
        received = self.finish(number, delegates)
        message = received.message
        if isinstance(message, Raise):
            raise Fault(message.name, message.message, **message.details)
        assert isinstance(message, Return)
        return message._replace(
            result=inline(message.result, received.payloads), outs=inline(message.outs, received.payloads)
        )

    def system(self, function: HostFunction, *arguments: Any, payloads: list[Any] | None = None) -> Any:
        """Ask the host itself."""
        return self.call(0, function, *arguments, payloads=payloads).result

    def close(self) -> None:
        """Close the socket."""
        self.socket.close(0)


def inline(wire: Any, payloads: list[Any]) -> Any:
    """A wire value with its bulk frames in it."""
    if isinstance(wire, dict) and "payload" in wire:
        return bytes(payloads[wire["payload"]])
    if isinstance(wire, list):
        return [inline(each, payloads) for each in wire]
    return wire


class Library:
    """A loaded library: calls by name."""

    def __init__(self, line: Line, number: int, model: TypeLibrary, missing: list[int]) -> None:
        self.line = line
        self.number = number
        self.model = model
        self.missing = [model.functions[index].name for index in missing]
        self.index = {function.name: index for index, function in enumerate(model.functions)}

    def full(self, name: str, *arguments: Any, **more: Any) -> Return:
        """Call a function: the whole answer."""
        return self.line.call(self.number, self.index[name], *arguments, **more)

    def __call__(self, name: str, *arguments: Any, **more: Any) -> Any:
        """Call a function: the result, or (result, outs) if there are outs."""
        answer = self.full(name, *arguments, **more)
        return (answer.result, answer.outs) if answer.outs else answer.result


class ClientSession:
    """A session with a host."""

    def __init__(self, host: RunningHost, limits: Limits = DEFAULT_LIMITS) -> None:
        self.host = host
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.link = Link.connect(f"{host.directory}/link", SECONDS)
        self.link.send(Hello(MAGIC, MAJOR, MINOR, list(FEATURES), limits.as_map(), {}))
        message, self.streams = self.link.receive(SECONDS)
        assert isinstance(message, Welcome), message
        self.welcome = message
        self.limits = Limits.from_map(dict(message.limits))
        self.control = self.dealer(message.control, 0)
        self.line = Line(self, message.calls, 1)
        self._lines = [self.line]
        self.heard: list[Message] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def dealer(self, endpoint: str, channel: int) -> zmq.Socket[bytes]:
        """A DEALER with the routing id of a channel."""
        dealer = self.context.socket(zmq.DEALER)
        dealer.set(zmq.ROUTING_ID, self.welcome.secret + channel.to_bytes(4, "big"))
        dealer.set(zmq.LINGER, 0)
        dealer.connect(endpoint)
        return dealer

    def say(self, message: Message) -> None:
        """Send on the control channel."""
        self.control.send(encode(to_wire(message)))

    def hear(self, kind: type[Any], payloads: list[Any] | None = None) -> Any:
        """The next message of a kind on the control channel; others are kept in `heard`."""
        for index, message in enumerate(self.heard):
            if isinstance(message, kind):
                return self.heard.pop(index)
        while True:
            assert self.control.poll(SECONDS * 1000), f"no {kind.__name__}"
            frames = self.control.recv_multipart()
            message = from_wire(decode(frames[0], self.limits))
            if isinstance(message, kind):
                if payloads is not None:
                    payloads += frames[1:]
                return message
            self.heard.append(message)

    def open(self, *, pipelined: bool = False) -> Line:
        """Another call channel."""
        self.say(Open(7, pipelined))
        opened: Opened = self.hear(Opened)
        line = Line(self, opened.endpoint, opened.channel, pipelined=pipelined)
        self._lines.append(line)
        return line

    def cancel(self, line: Line, call: int) -> bool:
        """Whether a call had begun."""
        self.say(Cancel(line.number, call))
        cancelled: Cancelled = self.hear(Cancelled)
        assert (cancelled.channel, cancelled.call) == (line.number, call)
        return cancelled.begun

    def release(self, *references: list[int]) -> None:
        """Give references back, and wait until the host has taken them (control messages are handled in order)."""
        self.say(Release(list(references)))
        self.open()

    def load(self, file: str, model: TypeLibrary, line: Line | None = None) -> Library:
        """Load a library."""
        line = line or self.line
        encoded = encode_library(model)
        answer = line.system(HostFunction.LOAD, file, library_hash(encoded), {"payload": 0}, payloads=[encoded])
        return Library(line, answer[0], model, answer[1])

    def info(self) -> dict[str, int]:
        """The host's counts."""
        counts: dict[str, int] = self.line.system(HostFunction.INFO)
        return counts

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.close()
        self.control.close(0)
        self.link.close()
        for descriptor in self.streams:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self.context.term()


def descriptors_of(pid: int) -> Iterator[str]:
    """What the descriptors of a process are."""
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            yield os.readlink(f"/proc/{pid}/fd/{name}")
