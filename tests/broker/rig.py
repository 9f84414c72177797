"""Talks to real wardens on behalf of the tests."""

from __future__ import annotations

import itertools
import os
import select
import socket
from pathlib import Path
from typing import Any

from callgate_transport import datagrams, launch

HERE = str(Path(__file__).parent)
PATIENCE = 20.0
"""Seconds until a test that waits for something gives up; only failing tests ever wait that long."""


class Refused(Exception):
    """The warden answered with an error."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class EmbeddedWarden:
    """A warden of this process, as `callgate.load` would start it."""

    def __init__(self, template: str = "fake_template", client: int | None = None) -> None:
        self.socket, its = datagrams.pair()
        self.socket.settimeout(PATIENCE)
        self.roots = [*launch.source_roots(), HERE]
        arguments = ("3", str(client or os.getpid()), template)
        self.pid = launch.spawn(launch.command("callgate_broker.warden", self.roots, *arguments), {3: its.fileno()})
        its.close()
        self.pidfd = os.pidfd_open(self.pid)
        self._numbers = itertools.count(1)
        self._answers: dict[int, dict[str, Any]] = {}

    def ask(self, operation: str, **fields: object) -> int:
        """Send a request; `answer` gets what comes back."""
        number = next(self._numbers)
        datagrams.send(self.socket, {"id": number, "op": operation, **fields})
        return number

    def answer(self, number: int) -> dict[str, Any]:
        """The answer to a request."""
        while number not in self._answers:
            datagram = datagrams.receive(self.socket)
            assert datagram is not None, "the warden has closed the connection"
            self._answers[datagram.message["id"]] = datagram.message
        message = self._answers.pop(number)
        if "error" in message:
            raise Refused(message["error"]["name"], message["error"]["message"])
        result: dict[str, Any] = message["ok"]
        return result

    def request(self, operation: str, **fields: object) -> dict[str, Any]:
        """Ask and wait."""
        return self.answer(self.ask(operation, **fields))

    def start(self, deed: str, key: str = "key") -> dict[str, Any]:
        """A host that does as told; see `fake_template`."""
        return self.request("start", label=deed, key=key, client=os.getpid())

    def death(self, host: dict[str, Any]) -> dict[str, Any]:
        """The record of a host, once it has died."""
        return self.request("record", host=host["host"], wait=True)

    def template(self) -> int:
        """The process id of the present template."""
        pid: int = self.request("list")["broker"]["template"]["pid"]
        return pid

    def close(self) -> None:
        """Cut the lifeline and wait for the end."""
        self.socket.close()
        if self.pidfd >= 0:
            await_end(self.pidfd)
            os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED)
            os.close(self.pidfd)
            self.pidfd = -1


def watch(pid: int) -> int:
    """A pidfd, for a process that may not be a child of ours."""
    return os.pidfd_open(pid)


def await_end(pidfd: int) -> None:
    """Wait until the process has ended."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(PATIENCE * 1000), "the process did not end"


def await_all_ends(pids: list[int]) -> None:
    """Wait until every one of these processes has ended; those that are gone already count."""
    for pid in pids:
        try:
            pidfd = watch(pid)
        except ProcessLookupError:
            continue
        await_end(pidfd)
        os.close(pidfd)


def is_alive(pid: int) -> bool:
    """Whether the process exists and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def parent_of(pid: int) -> int:
    """The parent's process id."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def connect(path: str, kind: socket.SocketKind = socket.SOCK_SEQPACKET) -> socket.socket:
    """A connected unix socket."""
    connection = socket.socket(socket.AF_UNIX, kind)
    connection.settimeout(PATIENCE)
    connection.connect(path)
    return connection
