"""Hosts that are no forks of the template: processes of another program, started afresh."""

from __future__ import annotations

import os
from typing import Final

from callgate_broker.actions import Fork
from callgate_broker.files import HostFiles
from callgate_transport import launch

__all__ = ["spawn_host"]

_MODULES: Final = {"python": "callgate.remoting.hosting"}
"""Kind of host → the module whose `main` it runs. It is executed, never imported here."""
_SLOTS_FD: Final = 3
_LINK_FD: Final = 4


def spawn_host(birth: Fork, files: HostFiles, roots: list[str]) -> int:
    """Start the process and give its id. It is told where it was born, and who its warden is. Raises OSError."""
    arguments = (str(_SLOTS_FD), str(_LINK_FD), files.directory, birth.incarnation, str(os.getpid()))
    command = launch.command(_MODULES[birth.kind], roots, *arguments)
    return launch.spawn(command, {_SLOTS_FD: files.memory, _LINK_FD: files.link.fileno()})
