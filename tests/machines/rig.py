"""Brokers that let other machines in, as the tests start them."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import callgate
from callgate import Connection
from callgate_transport.curve import make_pair
from callgate_transport.keys import KeyPair, write_private
from tests.network.relay import Network

PATIENCE = 20.0
EVERYTHING = ("*", "/*", "/*/*", "/*/*/*", "/*/*/*/*", "/*/*/*/*/*", "/*/*/*/*/*/*")
"""Patterns of libraries for tests that are about something else."""
NOTICED = 4.5
"""Seconds until each side has noticed that the other is silent: heartbeats every second, three without answer."""


def free_ports() -> tuple[int, int]:
    """A range of ports that no other process of this test run uses."""
    first = 12_000 + (os.getpid() % 400) * 40
    return first, first + 39


@contextmanager
def rig_of_known_ports(*options: str) -> Iterator[Rig]:
    """A broker that lets `laptop` load anything, and whose hosts have ports that a relay can listen on."""
    first, last = free_ports()
    rig = Rig(*options, "--host-ports", f"{first}-{last}")
    rig.admit("laptop")
    with rig:
        yield rig


def network_to(rig: Rig) -> Network:
    """A relay in front of such a broker and its hosts."""
    first, last = rig.host_ports
    return Network([rig.port, *range(first, last + 1)])


def again(call: Callable[[], Any]) -> Any:
    """The result of a call that may run twice: the first one may meet a break that was not noticed yet."""
    for _ in range(3):
        try:
            return call()
        except (callgate.NotExecuted, callgate.OutcomeUnknown):
            continue
    return call()


def in_background(work: Callable[[], Any]) -> queue.Queue[Any]:
    """Run on a thread; the result, or the exception, will be in the queue."""
    outcome: queue.Queue[Any] = queue.Queue()

    def run() -> None:
        try:
            outcome.put(work())
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome


class Rig:
    """A broker with a tcp listener, in a runtime directory and with keys of its own."""

    def __init__(self, *options: str, listen: str = "tcp://127.0.0.1:0", prefix: Sequence[str] = ()) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="cg-", dir="/tmp"))
        self.options = [*options]
        self.listen = listen
        self.prefix = [*prefix]
        self.keys: dict[str, KeyPair] = {}
        self.key_of_broker = self.make_key("broker")
        self._clients: dict[str, Mapping[str, Sequence[str]]] = {}
        self.process: subprocess.Popen[str] | None = None
        self.local = ""
        self.address = ""

    def make_key(self, name: str) -> str:
        """A private key; gives its file."""
        path = self.base / f"{name}.key"
        self.keys[name] = make_pair()
        write_private(str(path), self.keys[name])
        return str(path)

    def admit(
        self,
        name: str,
        libraries: Sequence[str] = EVERYTHING,
        classes: Sequence[str] = (),
        objects: Sequence[str] = (),
    ) -> str:
        """Put a client on the allow-list; gives the file of its key."""
        path = str(self.base / f"{name}.key") if name in self.keys else self.make_key(name)
        self._clients[name] = {"libraries": libraries, "classes": classes, "objects": objects}
        self.write()
        return path

    def remove(self, name: str) -> None:
        """Take a client off the list."""
        del self._clients[name]
        self.write()

    def write(self) -> None:
        """Write the allow-list."""
        text = ""
        for name, rights in self._clients.items():
            text += f'[{name}]\nkey = "{self.keys[name].public.hex()}"\n'
            text += "".join(f"{right} = {list(names)!r}\n" for right, names in rights.items())
        fresh = self.base / "clients.new"
        fresh.write_text(text)
        fresh.rename(self.base / "clients.toml")

    def start(self) -> Self:
        """Start the broker and wait until it has said where it is."""
        allow = ["--allow", str(self.base / "clients.toml"), "--key", self.key_of_broker]
        command = [
            *self.prefix,
            sys.executable,
            "-m",
            "callgate_broker",
            "--listen",
            self.listen,
            *allow,
            *self.options,
        ]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "CALLGATE_RUNTIME_DIR": str(self.base / "r"),
        }
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        self.local = self.process.stdout.readline().strip()
        self.address, _, told = self.process.stdout.readline().strip().partition(" ")
        assert told == self.public
        return self

    @property
    def port(self) -> int:
        """The port of the broker."""
        return int(self.address.rpartition(":")[2])

    @property
    def host_ports(self) -> tuple[int, int]:
        """The ports of its hosts."""
        first, last = self.options[self.options.index("--host-ports") + 1].split("-")
        return int(first), int(last)

    @property
    def public(self) -> str:
        """The public key of the broker."""
        return self.keys["broker"].public.hex()

    def connect(self, key: str, **options: Any) -> Connection:
        """A connection with the key in a file."""
        return callgate.connect(options.pop("address", self.address), key=key, server_key=self.public, **options)

    def state(self) -> dict[str, Any]:
        """What the broker says of itself, to a client on its own machine."""
        with callgate.connect(self.local) as broker:
            return dict(broker.report())

    def close(self) -> None:
        """End it and everything below it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            assert self.process.stdout is not None
            self.process.stdout.close()
        shutil.rmtree(self.base)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
