"""Hosts that are no forks of the template: processes of another program, started afresh."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Final

from callgate_broker.actions import Fork
from callgate_broker.files import HostFiles
from callgate_transport import launch

__all__ = ["spawn_host"]

_MODULES: Final = {"python": "callgate.remoting.hosting"}
"""Kind of host → the module whose `main` it runs. It is executed, never imported here."""
_SLOTS_FD: Final = 3
_LINK_FD: Final = 4
_FIRST_OF_WARRANT: Final = 5
"""Where a host for another machine finds its line to the broker and what it prints to."""


def spawn_host(birth: Fork, files: HostFiles, roots: list[str], warrant: Sequence[int], broker: str) -> int:
    """Start the process and give its id. It is told where it was born, and who its warden is. Raises OSError."""
    arguments = (str(_SLOTS_FD), str(_LINK_FD), files.directory, birth.incarnation, str(os.getpid()))
    terms = json.dumps(birth.remote) if birth.remote else ""
    command = launch.command(_MODULES[birth.kind], roots, *arguments, terms)
    descriptors = {_SLOTS_FD: files.memory, _LINK_FD: files.link.fileno()} | dict(enumerate(warrant, _FIRST_OF_WARRANT))
    return launch.spawn(command, descriptors, environment={"CALLGATE_BROKER": f"ipc://{broker}"} if terms else None)
