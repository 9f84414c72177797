"""Starting a private warden. Light, so that it is under way before anything else is imported."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

from callgate_transport import launch

__all__ = ["Warden", "start_warden"]


class Warden(NamedTuple):
    """A warden that was started: its process id and our end of its activation socket."""

    process: int
    activation: socket.socket


def start_warden() -> Warden:
    """Start a private warden. It ends when this process ends, however that happens."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        argv = launch.command("callgate_broker.warden", launch.source_roots(), "3", str(os.getpid()))
        process = launch.spawn(argv, {3: theirs.fileno()}, new_session=True)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return Warden(process, ours)
