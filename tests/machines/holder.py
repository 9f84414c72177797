"""A client that opens noted handles and then does nothing, until it is killed or stopped.

Arguments: address, key, public key of the broker, library, isolation, file of the notes, number of handles.
"""

from __future__ import annotations

import sys

import callgate
from tests.machines.device import DEVICE


def main() -> None:
    """Say `ready` and the process id of the host, then one line for each line that comes in."""
    address, key, server, library, isolation, notes, number = sys.argv[1:]
    connection = callgate.connect(address, key=key, server_key=server, retry=2)
    device = connection.load(library, DEVICE, isolation=isolation)
    handles = [device.noted_open(notes) for _ in range(int(number))]
    sys.stdout.write(f"ready {callgate.info(device).process}\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        try:
            said = str(device.add(len(handles), 1))
        except callgate.Error as error:
            said = type(error).__name__
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
