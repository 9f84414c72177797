"""The warden: the root of callgate's processes on this machine, or below one client. Standard library only.

This is its embedded form, the child of a client; `service` runs the same in the foreground.
"""

from __future__ import annotations

import os
import socket

from callgate_broker import processes
from callgate_broker.seedling import TEMPLATE, command, sow
from callgate_transport import launch

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """`argv` is the descriptor of the activation socket, the client's process id [, the template's module]."""
    activation = socket.socket(fileno=int(argv[0]))
    processes.close_descriptors_except(frozenset([0, 1, 2, activation.fileno()]))
    client = _watch_client(int(argv[1]))
    if client is None:
        return 0
    roots = launch.given_roots()
    module = argv[2] if len(argv) > 2 else TEMPLATE
    # A template takes longest to get ready, so it comes before what the warden itself has yet to import.
    template = sow(command(module, roots))
    from callgate_broker.custody import Settings, Warden, run  # noqa: PLC0415

    warden = Warden(Settings("embedded", roots, template=module), template)
    warden.add_peer(activation, lambda _reason: warden.client_ended())
    warden.loop.watch(client, warden.client_ended)
    run(warden)
    return 0


def _watch_client(client: int) -> int | None:
    """A pidfd of the client, or None if it has ended before we could look."""
    try:
        pidfd = os.pidfd_open(client)
    except ProcessLookupError:
        return None
    if os.getppid() == client:  # still our parent, so the number cannot have been given to somebody else
        return pidfd
    os.close(pidfd)
    return None
