"""What the supervisor decides and the warden carries out."""

from __future__ import annotations

from typing import Any, TypeAlias

from callgate_broker.hosts import Asker, Host
from callgate_protocol.value import Value

__all__ = [
    "Action",
    "Discard",
    "Execute",
    "Fork",
    "KillTemplate",
    "Observe",
    "Reply",
    "Report",
    "StartTemplate",
    "Stop",
    "Tell",
    "Watch",
]


class Reply(Value):
    """Answer a request."""

    asker: Asker
    body: dict[str, Any]


class Fork(Value):
    """Make the host's directory, slots and link, and ask the template for the process, or start one of a kind."""

    number: int
    incarnation: str
    label: str
    kind: str = ""
    remote: dict[str, Any] | None = None
    """How it is to listen for a client of another machine."""


class Discard(Value):
    """Give up what `Fork` made under this number."""

    number: int


class Stop(Value):
    """Say where the call is, if there is one, and kill the host."""

    host: Host
    channel: int | None = None
    call: int | None = None


class Execute(Value):
    """Start the program of a class (R16.5)."""

    number: int
    command: tuple[str, ...]


class Watch(Value):
    """Say when this process has ended."""

    process: int


class Tell(Value):
    """Say something to a host that listens for another machine."""

    host: Host
    message: dict[str, Any]


class Observe(Value):
    """Answer with the present state of a living host."""

    asker: Asker
    host: Host


class Report(Value):
    """Answer with everything there is to see, hosts from the given position on."""

    asker: Asker
    offset: int
    owner: str = ""
    """Whose hosts alone are shown."""


class StartTemplate(Value):
    """There is no template, or it has just died: start one."""


class KillTemplate(Value):
    """The template does not answer; its death is seen as any other."""


Action: TypeAlias = (
    Reply | Fork | Discard | Stop | Tell | Execute | Watch | Observe | Report | StartTemplate | KillTemplate
)
