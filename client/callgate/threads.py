"""What a call has to know of the apartment of its thread; `apartments` has the rest, which few programs need."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .inbox import Inbox

__all__ = ["causality", "here"]


class Here(threading.local):
    """What is different for each thread."""

    inbox: Inbox | None = None
    """The queue of the STA that this thread is; None in the MTA."""
    number = 0
    """Of the STA; 0 in the MTA."""
    own: bytes | None = None
    """What the calls belong to that this thread makes by itself: it waits for one of them at a time (R17.16)."""
    served: bytes | None = None
    """What the call belongs to that it serves for another thread."""


here = Here()


def causality() -> bytes | None:
    """What a call that this thread makes now belongs to (R17.16); None where no STA has to know."""
    return here.served or here.own
