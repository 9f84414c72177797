"""What the supervisor decides and the warden carries out."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from callgate_broker.hosts import Asker, Host

__all__ = ["Action", "Discard", "Fork", "KillTemplate", "Observe", "Reply", "Report", "StartTemplate", "Stop"]


class Reply(NamedTuple):
    """Answer a request."""

    asker: Asker
    body: dict[str, Any]


class Fork(NamedTuple):
    """Make the host's directory, slots and link, and ask the template for the process."""

    number: int
    incarnation: str
    label: str


class Discard(NamedTuple):
    """Give up what `Fork` made under this number."""

    number: int


class Stop(NamedTuple):
    """Say where the call is, if there is one, and kill the host."""

    host: Host
    channel: int | None = None
    call: int | None = None


class Observe(NamedTuple):
    """Answer with the present state of a living host."""

    asker: Asker
    host: Host


class Report(NamedTuple):
    """Answer with everything there is to see, hosts from the given position on."""

    asker: Asker
    offset: int


class StartTemplate(NamedTuple):
    """There is no template, or it has just died: start one."""


class KillTemplate(NamedTuple):
    """The template does not answer; its death is seen as any other."""


Action: TypeAlias = Reply | Fork | Discard | Stop | Observe | Report | StartTemplate | KillTemplate
