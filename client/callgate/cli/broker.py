"""`callgate broker`: the client never imports the broker, it becomes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["serve"]


def serve(name: str, options: Sequence[str]) -> NoReturn:
    """Replace this process by the broker service. Raises OSError when the service cannot be started."""
    if not sys.executable:
        raise FileNotFoundError("cannot tell which Python to start: sys.executable is empty")
    if any(option.startswith("--listen") for option in options):
        from callgate_transport.curve import lacking  # noqa: PLC0415 - a broker of this machine needs no keys

        if reason := lacking():
            raise OSError(reason)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "callgate_broker", "--name", name, *options])  # noqa: S606 - no shell
