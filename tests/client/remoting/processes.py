"""Other processes for these tests: some with one exported Calc each, and shared brokers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from callgate.com.declared import declared_of
from callgate.host import Host
from callgate.remoting.neighbours import adopt, meet
from callgate_protocol.system import HostFunction
from tests.client.remoting.described import ICalc
from tests.conftest import wait_until


class Other:
    """A process."""

    def __init__(self, process: subprocess.Popen[str], link: str, incarnation: str, key: str) -> None:
        self.process = process
        self.host: Host = meet(bytes.fromhex(incarnation), link, "calc")
        self._key = key

    def get(self, interface: Any = ICalc) -> Any:
        """Its object."""
        declared = declared_of(interface)
        wire = self.host.system(HostFunction.NAMED, self._key, declared.iid)
        return adopt(self.host, wire, declared)

    @property
    def given_out(self) -> int:
        """How many objects others hold of it."""
        count: int = self.host.system(HostFunction.INFO)["objects"]
        return count

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(10)
        assert wait_until(lambda: self.host.dead)


@contextmanager
def other_processes(count: int, *options: str) -> Iterator[list[Other]]:
    """Some that end with the block."""
    command = [sys.executable, "-m", "tests.client.remoting.server", *options]
    with ExitStack() as stack:
        started = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(count)
        ]
        others = [Other(process, *_said(process).split()) for process in started]
        yield others
        for other in others:
            other.host.close("the test is over")


@contextmanager
def shared_broker(name: str) -> Iterator[str]:
    """A broker of that name for all programs of this user, and its address. It ends with the block."""
    command = [sys.executable, "-m", "callgate_broker", "--name", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _said(process).strip()
        finally:
            process.terminate()


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()
