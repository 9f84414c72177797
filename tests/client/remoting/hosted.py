"""A Python extension module, as a host of its own imports it."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import os
import time
from typing import Any

from tests.client.remoting import server
from tests.rules.component_faces import ICallee


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


class Callee(ICallee):
    """What the holder of the component calls."""

    def Step(self, number: int) -> int:
        """Twice as much."""
        return 2 * number

    def Say(self, text: str) -> str:
        """The same."""
        return text

    def Divide(self, a: int, b: int) -> int:
        """Whole numbers."""
        return a // b

    def Again(self, holder: Any, depth: int) -> int:
        """Have the holder call again."""
        deepest: int = holder.Deeper(depth)
        return deepest

    def Shape(self) -> None:
        """None."""
