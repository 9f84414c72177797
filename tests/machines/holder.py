"""A client that holds something and then does nothing, until it is killed or stopped.

Arguments: address, key, public key of the broker, library, isolation, file of the notes, number. It holds so many noted
handles of the device; without a file of notes so many objects of the component.
"""

from __future__ import annotations

import sys
from typing import Any

import callgate
from callgate import Connection
from tests.component.declared import CLSID, IDL, IID
from tests.machines.device import DEVICE


def main() -> None:
    """Say `ready` and the process id of the host, then one line for each line that comes in."""
    address, key, server, library, isolation, notes, number = sys.argv[1:]
    connection = callgate.connect(address, key=key, server_key=server, retry=2)
    lib, held = hold(connection, library, isolation, notes, int(number))
    sys.stdout.write(f"ready {callgate.info(lib).process}\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        try:
            said = str(lib.add(len(held), 1) if notes else lib.component_live())
        except callgate.Error as error:
            said = type(error).__name__
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


def hold(connection: Connection, library: str, isolation: str, notes: str, number: int) -> tuple[Any, list[Any]]:
    """The library, and what is held of it."""
    if notes:
        device = connection.load(library, DEVICE, isolation=isolation)
        return device, [device.noted_open(notes) for _ in range(number)]
    component = connection.load(library, IDL, isolation=isolation)
    made = [component.component_create(CLSID["Widget"], IID["IShape"]) for _ in range(number)]
    return component, made


if __name__ == "__main__":
    main()
