"""A client on a machine of its own that uses everything that goes over a wire, and then only holds what it has.

Arguments: address, key, public key of the broker, `direct` or `relay`, library, component, file of the notes.
Prints JSON.
"""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from typing import Any

import callgate
from callgate import Connection, Lib
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until
from tests.machines.device import DEVICE


class Sink:
    """Takes events, and notes the threads that brought them."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self.threads: set[int] = set()

    def OnValue(self, value: int) -> None:
        """An event."""
        self.values.append(value)
        self.threads.add(threading.get_ident())

    def OnText(self, text: str) -> None:
        """Not fired here."""

    def OnAsk(self, value: int) -> int:
        """An event that is answered."""
        return value * 2


def calls_and_callbacks(device: Lib) -> dict[str, Any]:
    """Calls, how long the shortest of them took, callbacks that call again, and those of the library's own threads."""
    events: queue.Queue[int] = queue.Queue()
    times = []
    for number in range(3):
        began = time.monotonic()
        assert device.add(number, 1) == number + 1
        times.append(time.monotonic() - began)

    def note(value: int) -> int:
        events.put(value)
        return 0

    for number in range(3):
        device.event(note, number, 0)
    device.question(lambda value: value * 3, 14, 0)
    assert wait_until(lambda: device.answer() != -1000, 20)
    filled = bytearray(1 << 18)
    device.fill(filled, len(filled))
    return {
        "shortest": min(times),
        "nested": device.fire_through("/dev/null", lambda value: device.add(value, 1), 41),
        "events": sorted(events.get(timeout=20) for _ in range(3)),
        "answer": device.answer(),
        "submitted": [each.result(20) for each in [device.add.submit(number, 1) for number in range(50)]],
        "bulk": filled == bytes(range(256)) * (1 << 10),
    }


def objects(component: Lib) -> dict[str, Any]:
    """Events of a native object there to a Python object here, on the calling thread and from one of its own."""
    source = component.component_create(CLSID["Source"], IID["ISource"])
    sink = Sink()
    with callgate.advise(source, callgate.types(component).ISourceEvents, sink):
        fired = [source.Fire(5), source.Ask(21)]
        source.FireFromThread(6, 0)
        source.Wait()
    here = threading.get_ident() in sink.threads
    callgate.final_release(source)
    return {"fired": fired, "values": sink.values, "here": here, "threads": len(sink.threads)}


def told(connection: Connection, library: str, component: str) -> tuple[Lib, dict[str, Any]]:
    """All of it, and the library that goes on being used."""
    device = connection.load(library, DEVICE)
    with connection.load(component, IDL) as lib:
        return device, calls_and_callbacks(device) | objects(lib) | {"process": callgate.info(device).process}


def main() -> None:
    """Do it, hold handles, and call once for each line that comes in."""
    address, key, server, way, library, component, notes = sys.argv[1:]
    connection = callgate.connect(address, key=key, server_key=server, retry=20, relay=way == "relay")
    device, said = told(connection, library, component)
    held = [device.noted_open(notes) for _ in range(20)]
    say(json.dumps(said))
    for _ in sys.stdin:
        say(str(device.add(len(held), 1)))


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
