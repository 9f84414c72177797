"""A client on a machine of its own that uses two rigs at once, and tells what came of each call.

Arguments: key, library, component, directory of the shots, seconds, and for each rig its address and public key. Prints
`ready`, then JSON. Rigs let this client in with the key that it has for all of them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import callgate
from callgate import Connection
from tests.component.declared import CLSID, IDL, IID
from tests.machines.device import DEVICE


class Bench:
    """What the client has of one rig: a device, an object of a class, a handle."""

    def __init__(self, connection: Connection, library: str, component: str, shots: str) -> None:
        self.device = connection.load(library, DEVICE)
        self.component = connection.load(component, IDL)
        self.links = self.component.component_create(CLSID["Widget"], IID["ILinks"])
        self.shape = self.links.Self()
        self.scope = self.device.scope_open(7)
        self._shots = shots
        self.told: list[list[Any]] = []

    def work(self, end: float) -> None:
        """Each kind of call in turn, until the time is over; those that leave a letter in a file name it."""
        kinds: list[Callable[[str], Any]] = [
            lambda path: self.device.fire(path, 5),
            lambda path: self.device.fire_through(path, lambda value: value, 1),
            lambda path: self.shape.Area() == self.links.Measure(self.shape) == 4.0,
            lambda path: self.device.scope_range(self.scope) == 7,
        ]
        while time.monotonic() < end:
            number = len(self.told)
            path = f"{self._shots}.{number}"
            began = time.monotonic()
            try:
                with callgate.deadline(20):
                    outcome = str(int(kinds[number % len(kinds)](path)))
            except (callgate.NotExecuted, callgate.OutcomeUnknown) as error:
                outcome = type(error).__name__
            self.told.append([path if number % len(kinds) < 2 else "", began, time.monotonic(), outcome])


def main() -> None:
    """Use both, each from a thread of its own."""
    key, library, component, directory, seconds, *rigs = sys.argv[1:]
    with ExitStack() as stack:
        benches = []
        for number, (address, public) in enumerate(zip(rigs[::2], rigs[1::2], strict=True)):
            connection = stack.enter_context(callgate.connect(address, key=key, server_key=public, retry=20))
            benches.append(Bench(connection, library, component, f"{directory}/{number}"))
        say("ready")
        end = time.monotonic() + float(seconds)
        with ThreadPoolExecutor(len(benches)) as pool:
            list(pool.map(lambda bench: bench.work(end), benches))
        same = [bench.links.Self() is bench.shape for bench in benches]
        say(json.dumps({"same": same, "shots": [bench.told for bench in benches]}))
        for bench in benches:
            callgate.close(bench.component)
            callgate.close(bench.device)


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
