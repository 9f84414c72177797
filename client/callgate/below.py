"""Hosts in processes of their own, started by a broker."""

from __future__ import annotations

import os
from collections.abc import Callable

from callgate_transport.session import Session

from .brokers import Broker
from .lines import Opened, Opener
from .output import Output
from .process import current

__all__ = ["below"]


def below(broker: Callable[[], Broker]) -> Opener:
    """Open sessions with hosts below a broker. They raise BrokerLost, ConnectionError, FileNotFoundError."""

    def opener(label: str) -> Opened:
        keeper = broker()
        started = keeper.start(label)
        io = current().io()
        session = Session.open(io, started.link, started.host, {"process": os.getpid(), "library": label})
        return Opened(session, keeper, Output(io, label, session.descriptors))

    return opener
