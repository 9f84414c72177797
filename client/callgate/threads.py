"""What a call has to know of the apartment of its thread; `apartments` has the rest, which few programs need."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from callgate_protocol.channel import Received

    from .cancelling import Cancelling
    from .host import Host
    from .inbox import Inbox
    from .lines import Line

    Attend: TypeAlias = Callable[[Host, Line, int, float | None], Received]
    """Waits for what comes next on the line of a call, by number, until a monotonic time. Raises what the line does."""

__all__ = ["causality", "here"]


class Here(threading.local):
    """What is different for each thread."""

    inbox: Inbox | None = None
    """The queue of the STA that this thread is; None in the MTA."""
    number = 0
    """Of the STA; 0 in the MTA."""
    attend: Attend | None = None
    """How it waits for an answer; None when it only sleeps."""
    cancelling: Cancelling | None = None
    """By which others cancel its calls; None when they may not."""
    own: bytes | None = None
    """What the calls belong to that this thread makes by itself: it waits for one of them at a time (R17.16)."""
    served: bytes | None = None
    """What the call belongs to that it serves for another thread."""


here = Here()


def _start_again() -> None:
    """In a forked child: apartments and rings are the parent's."""
    here.__dict__.clear()


os.register_at_fork(after_in_child=_start_again)


def causality() -> bytes | None:
    """What a call that this thread makes now belongs to (R17.16); None where no STA has to know."""
    return here.served or here.own
