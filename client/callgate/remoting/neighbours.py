"""Other processes that this one calls directly: one session with each, whatever its objects came by (R17.11, R18.7)."""

from __future__ import annotations

import os
import threading
from typing import Any, Final

from callgate.com.declared import Declared
from callgate.convert import CallContext
from callgate.host import Host
from callgate.lines import Opened
from callgate.process import current
from callgate.strangers import Nobody, Silence
from callgate_protocol.forms import InterfacePointer
from callgate_transport.session import Session

__all__ = ["adopt", "meet"]

_MEETING: Final = threading.Lock()


def meet(incarnation: bytes, link: str, label: str) -> Host:
    """The session with a process, opened when there is none.

    Raises OSError when nobody listens there, ConnectionError when it is another process.
    """
    process = current()
    with _MEETING:
        for known in process.hosts:
            if known.session.incarnation == incarnation and not known.dead:
                return known
        session = Session.open(process.io(), link, incarnation.hex(), process.about())
        for descriptor in session.descriptors:
            os.close(descriptor)
        host = Host(Opened(session, Nobody(), Silence()), label, process.callbacks)
        process.hosts.add(host)
        host.start()
        return host


def adopt(host: Host, wire: Any, declared: Declared) -> Any:
    """The proxy for a reference that a function of library 0 has given."""
    types = host.objects.describe(declared).types
    return types.decoder(InterfacePointer(declared.name))(wire, CallContext(host))
