"""Hosts in processes of their own, started by a broker."""

from __future__ import annotations

from collections.abc import Callable

from callgate_transport.session import Session

from .brokers import Broker
from .lines import Opened, Opener
from .output import Output
from .process import current

__all__ = ["below"]


def below(broker: Callable[[], Broker], share: str = "", kind: str = "") -> Opener:
    """Open sessions with hosts below a broker. They raise BrokerLost, ConnectionError, FileNotFoundError.

    With `share`, everybody who asks the broker with the same words has the same host (R16.9). `kind` is
    "python" for hosts of Python classes.
    """
    gone = ""

    def opener(label: str) -> Opened:
        nonlocal gone
        keeper = broker()
        started = keeper.start(label, share, gone, kind)
        io = current().io()
        try:
            session = Session.open(io, started.link, started.host, current().about(library=label))
        except (ConnectionError, FileNotFoundError):
            gone = started.host  # its last session has just ended, and it with it
            raise
        return Opened(session, keeper, Output(io, label, session.descriptors))

    return opener
