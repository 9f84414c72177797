"""A program that exports one object and serves one class, from an STA or from the MTA, until its input ends."""

from __future__ import annotations

import select
import sys
import threading
from collections.abc import Callable
from typing import Protocol

import callgate
from callgate import IUnknown, i4, interface

__all__ = ["IPlace"]


@interface("{0000A004-0000-0000-C000-000000000046}")
class IPlace(IUnknown, Protocol):
    """Says where it is called."""

    def Where(self) -> i4: ...  # noqa: N802 - COM's name

    def Most(self) -> i4: ...  # noqa: N802


class Place(IPlace):
    """Counts who is inside."""

    def __init__(self) -> None:
        self.made_on = threading.get_native_id()
        self.inside = self.most = 0

    def Where(self) -> int:  # noqa: N802
        """The thread, after a while."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        threading.Event().wait(0.01)
        self.inside -= 1
        return threading.get_native_id()

    def Most(self) -> int:  # noqa: N802
        """How many were inside at once."""
        return self.most


def _serve_until_the_end(pump: Callable[[], object]) -> None:
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        pump()


def main() -> None:
    """`python -m tests.rules.apartment_server sta|mta broker`."""
    kind, address = sys.argv[1:]
    callgate.set_apartment(kind)
    with callgate.connect(address) as broker:
        export = broker.export(Place(), f"place-{kind}")
        sys.stdout.write(f"{threading.get_native_id()}\n")
        sys.stdout.flush()
        _serve_until_the_end((lambda: callgate.pump(0.01)) if kind == "sta" else lambda: None)
        export.close()


if __name__ == "__main__":
    main()
