"""A Python extension module, as a host of its own imports it."""

from __future__ import annotations

import os
import time

from tests.client.remoting import server


class Hosted(server.Calc):
    """What is created there."""

    def add(self, a: int, b: int) -> int:
        """The sum, unless it is asked for what takes the process down."""
        if a == b == 0:
            os.abort()
        return a + b


class Broken(server.Calc):
    """What cannot be created."""

    def __init__(self) -> None:
        super().__init__()
        raise RuntimeError("no device")


class Sleeper(server.Calc):
    """What does not come back."""

    def add(self, a: int, b: int) -> int:
        """Sleep."""
        time.sleep(60)
        return a + b
