"""A process that exports Python objects, and does what it is told on its standard input."""

from __future__ import annotations

import os
import sys
from typing import Any

from callgate.process import current
from callgate.remoting.contracts import KNOWN, Contract
from tests.client.remoting.described import LIBRARY


class Calc:
    """What others call."""

    def __init__(self) -> None:
        self.memory = 0
        self._kept: Any = None
        self._secret = "not declared, so it never crosses"

    def add(self, a: int, b: int) -> int:
        """The sum."""
        return a + b

    def echo(self, text: str) -> str:
        """What was given."""
        return text

    def fail(self, what: str) -> None:
        """Raise what is named."""
        raise {"zero": ZeroDivisionError, "key": KeyError, "value": ValueError, "exit": SystemExit}[what](f"on {what}")

    def me(self) -> Calc:
        """The object itself."""
        return self

    def is_me(self, other: Any) -> bool:
        """Whether what comes home is the object itself."""
        return other is self

    def tell(self, sink: Any, times: int) -> int:
        """Call the caller's object."""
        return sum(sink.told(number) for number in range(times))

    def keep(self, sink: Any) -> None:
        """Hold on to the caller's object."""
        self._kept = sink

    def kept(self) -> Any:
        """Give it back."""
        return self._kept

    def made(self) -> Calc:
        """A new object."""
        return Calc()

    def die(self) -> None:
        """End the process as a crash does."""
        os.abort()


def main() -> None:
    """Say where to connect, and serve until standard input ends."""
    listener = current().listener()
    KNOWN.add(Contract(LIBRARY))
    calc = Calc()
    listener.servant.names.add("calc", calc)
    sys.stdout.write(f"{listener.link} {listener.incarnation.hex()}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
