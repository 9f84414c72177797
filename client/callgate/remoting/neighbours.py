"""Other processes that this one calls directly: one session with each, whatever its objects came by (R17.11, R18.7)."""

from __future__ import annotations

import os
import threading
from typing import Any, Final

from callgate.brokers import error_of
from callgate.com.closure import of_model
from callgate.com.declared import Declared, register
from callgate.com.registered import find_by_iid
from callgate.convert import CallContext
from callgate.errors import ProtocolError
from callgate.host import Host
from callgate.lines import Opened
from callgate.process import current
from callgate.strangers import Nobody, Silence
from callgate_protocol.forms import InterfacePointer
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import decode_library
from callgate_protocol.ways import FarWay
from callgate_transport.session import Session

__all__ = ["acquainted", "adopt", "described", "meet", "meet_far"]

_MEETING: Final = threading.Lock()
_MEETINGS_FAR: Final[dict[str, threading.Lock]] = {}
"""By the way: one for each, because a network takes its time."""


def acquainted(incarnation: bytes) -> Host | None:
    """The session that this process has opened with another; None when there is none."""
    return next(
        (host for host in list(current().hosts) if host.session.incarnation == incarnation and not host.dead), None
    )


def meet(incarnation: bytes, link: str, label: str) -> Host:
    """The session with a process, opened when there is none.

    Raises OSError when nobody listens there, ConnectionError when it is another process.
    """
    process = current()
    with _MEETING:
        if (known := acquainted(incarnation)) is not None:
            return known
        session = Session.open(process.io(), link, incarnation.hex(), process.about())
        for descriptor in session.descriptors:
            os.close(descriptor)
        host = Host(Opened(session, Nobody(), Silence()), label, process.callbacks)
        process.hosts.add(host)
        host.start()
        stay_while_lending(host)
        return host


def meet_far(incarnation: bytes, way: FarWay, label: str) -> Host:
    """The session with a process on another machine, opened when there is none, with this program's key or the giver's.

    Raises AccessDenied, BrokerLost, NotExecuted, ObjectGone.
    """
    from callgate.remote import opened_below  # noqa: PLC0415 - most programs stay on their machine

    process = current()
    with _MEETING:
        meeting = _MEETINGS_FAR.setdefault(way.as_text(), threading.Lock())
    with meeting:
        if (known := acquainted(incarnation)) is not None:
            return known
        host = Host(opened_below(way, incarnation.hex(), label), label, process.callbacks)
        process.hosts.add(host)
        host.start()
        stay_while_lending(host)
        return host


def stay_while_lending(host: Host) -> None:
    """R17.23: a session does not end with the last proxy here while the other side holds objects of this process."""
    kept = current().lenders
    host.objects.lent.on_use = lambda used: kept.add(host) if used else kept.discard(host)
    host.when_dead(lambda: kept.discard(host))


def described(host: Host, iid: str) -> Declared:
    """R17.15: an interface by its IID: declared or registered here, else as the objects' owner describes it.

    Raises ComError with REGDB_E_IIDNOTREG when nobody does.
    """
    known = find_by_iid(iid)
    if known is not None:
        return known
    encoded = host.system(HostFunction.DESCRIBE, iid) if host.session.serves == "python" else None
    if encoded is None:
        raise error_of("REGDB_E_IIDNOTREG", f"the interface {iid} is described neither here nor by {host.describe()}")
    library = decode_library(bytes(encoded))
    name = next((each.name for each in library.interfaces if each.iid == iid), "")
    if not name:
        raise ProtocolError(f"{host.describe()} described another interface than {iid}")
    fetched = of_model(library, name)
    register(fetched)
    return fetched


def adopt(host: Host, wire: Any, declared: Declared) -> Any:
    """The one proxy for a reference that a function of library 0 has given; interfaces are added to it (R17.7)."""
    types = host.objects.describe(declared).types
    return types.decoder(InterfacePointer(declared.name))(wire, CallContext(host))
