"""Python classes that the tests of activation register, and a program that serves them."""

from __future__ import annotations

import abc
import os
import sys
from typing import Protocol

import callgate
from callgate import IUnknown, i4, interface


@interface("{0000A101-0000-0000-C000-000000000046}")
class ICounter(IUnknown, Protocol):
    """What is served."""

    def count(self) -> i4:
        """How often it was called."""

    def process(self) -> i4:
        """Where it lives."""

    def die(self) -> None:
        """Take the process down."""


@interface("{0000A102-0000-0000-C000-000000000046}")
class IOther(IUnknown, Protocol):
    """What it does not have."""

    def nothing(self) -> None:
        """Never called."""


class Counter(ICounter):
    """Counts."""

    def __init__(self) -> None:
        self._count = 0

    def count(self) -> int:
        """See ICounter."""
        self._count += 1
        return self._count

    def process(self) -> int:
        """See ICounter."""
        return os.getpid()

    def die(self) -> None:
        """See ICounter."""
        os.abort()


@callgate.com_visible(False)
class Hidden(Counter):
    """Nobody is meant to know of it."""


@callgate.coclass("{0000A1FD-0000-0000-C000-000000000046}", default=ICounter)
class Known(Counter):
    """It has a CLSID of its own."""


class Broken(Counter):
    """Its constructor fails."""

    def __init__(self) -> None:
        raise ValueError("no device")


class Abstract(Counter, abc.ABC):
    """Cannot be created."""

    @abc.abstractmethod
    def count(self) -> int:
        """See ICounter."""


class NeedsPath(Counter):
    """Cannot be created without arguments."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path


def main(words: list[str]) -> int:
    """`mode clsid …`: serve Counter as these classes."""
    mode, *clsids = words
    with callgate.ClassServer() as server:
        for clsid in clsids:
            server.register(Counter, clsid, mode=mode)
        server.run()
    return 0


if __name__ == "__main__":
    from tests.rules.served_classes import main as served  # the classes of this module, and not of the script

    sys.exit(served([word for word in sys.argv[1:] if word != "-Embedding"]))
