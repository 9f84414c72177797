"""A client on a machine of its own: fires the device again and again, and tells what came of each call.

Arguments: address, key, public key of the broker, library, directory of the shots, seconds. Prints JSON.
"""

from __future__ import annotations

import json
import sys
import time

import callgate
from tests.machines.device import DEVICE


def main() -> None:
    """Shoot until the time is over."""
    address, key, server, library, directory, seconds = sys.argv[1:]
    shots: list[list[object]] = []
    with callgate.connect(address, key=key, server_key=server, retry=20) as connection:
        device = connection.load(library, DEVICE)
        device.add(1, 1)
        _say("ready")
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            path = f"{directory}/{len(shots)}"
            began = time.monotonic()
            try:
                with callgate.deadline(20):
                    outcome = str(device.fire(path, 5))
            except (callgate.NotExecuted, callgate.OutcomeUnknown) as error:
                outcome = type(error).__name__
            shots.append([path, began, time.monotonic(), outcome])
        _say(json.dumps({"process": callgate.info(device).process, "shots": shots}))
        callgate.close(device)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
