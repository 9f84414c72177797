"""A template just started. Apart from the rest of the warden, which is still being imported when this happens."""

from __future__ import annotations

import os
import socket

from callgate_transport import launch

__all__ = ["TEMPLATE", "Seedling", "command", "sow"]

TEMPLATE = "callgate_native_host.template"
"""The module that forks hosts."""
_CHILD_FD = 3


class Seedling:
    """The process and the warden's ends of what leads to it."""

    __slots__ = ("connection", "pid", "stderr")

    def __init__(self, pid: int, connection: socket.socket, stderr: int) -> None:
        self.pid = pid
        self.connection = connection
        self.stderr = stderr


def command(module: str, roots: list[str]) -> list[str]:
    """The command line of a template."""
    return launch.command(module, roots, str(_CHILD_FD))


def sow(argv: list[str]) -> Seedling:
    """Start a template. Requests may be sent at once: they wait in its socket while it imports."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    try:
        pid = launch.spawn(argv, {_CHILD_FD: its.fileno()}, stderr=write_end)
    except OSError:
        ours.close()
        os.close(read_end)
        raise
    finally:
        its.close()
        os.close(write_end)
    return Seedling(pid, ours, read_end)
