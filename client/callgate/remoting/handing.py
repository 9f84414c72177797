"""References for third processes: how one is given away, and how one arrives (R17.11 to R17.14)."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from callgate.com.declared import Declared, declared_by_iid
from callgate.com.implemented import interfaces_of
from callgate.com.objects import ComObject
from callgate.errors import Error, NotSupportedError, ObjectGone
from callgate.host import Host
from callgate.process import current
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.interfaces import takes_objects
from callgate_protocol.references import Purpose, Reference
from callgate_protocol.system import HostFunction
from callgate_protocol.ways import FarWay, near_path

from .implementing import has_interface
from .neighbours import acquainted, adopt, meet, meet_far

if TYPE_CHECKING:
    from .peers import Peer

__all__ = ["answer_owner", "arrived", "can_reach", "hand_over", "neighbour_of", "offer", "reference_to", "undelivered"]


def hand_over(proxy: ComObject, declared: Declared) -> dict[str, Any]:
    """R17.12: the wire value of an object of another process, for a third one: a reference of its own."""
    return {"ref": list(reference_to(proxy, declared, Purpose.NORMAL))}


def can_reach(receiver: Host | Peer, proxy: ComObject, declared: Declared) -> bool:
    """Whether the receiver can connect to the owner of an object. For others this process passes calls on.

    A process of another machine is told of nobody's here. A native host follows a way to one, but has no door for it:
    where methods are given objects, they stay with this process, which has.
    """
    owner = proxy._host  # noqa: SLF001 - where it lives decides
    if not receiver.session.near:
        return False
    if getattr(owner, "passed_on", None) is not None:
        return owner.session.near
    way = owner.session.route
    if near_path(way) or receiver.session.serves == "python":
        return bool(way)
    known = {declared, *proxy._interfaces}  # noqa: SLF001 - what the object can be called by
    return bool(way) and not any(takes_objects(each.library, each.interface) for each in known)


def undelivered(proxy: ComObject, wire: dict[str, Any]) -> None:
    """R17.14: at the end of a call: one that fails now may have been refused before the reference was on its way.

    Its owner is told then. If the receiver has claimed it already, nothing happens by that.
    """
    owner = proxy._host  # noqa: SLF001 - where it lives decides
    if sys.exc_info()[1] is not None and not owner.dead and getattr(owner, "passed_on", None) is None:
        with suppress(Error):
            owner.system(HostFunction.WITHDRAW, wire["ref"][4])


def reference_to(proxy: ComObject, declared: Declared, purpose: Purpose) -> Reference:
    """A reference to another process's object that a third can claim.

    The owner is asked, so the reference is real before it travels, and this process may let go at once.
    """
    owner = proxy._host  # noqa: SLF001 - where it lives decides
    number = proxy._check()  # noqa: SLF001
    passed_on = getattr(owner, "passed_on", None)
    if passed_on is not None and owner.session.near:
        found: Reference = passed_on(number, declared, purpose)
        return found
    if passed_on is not None or not owner.session.route:
        raise NotSupportedError(f"{proxy!r} lives where nobody else can connect: pass it as an argument or a result")
    token = owner.system(HostFunction.HAND_OVER, {"at": [number, 0]}, declared.iid, int(purpose))
    return Reference(owner.session.incarnation, number, declared.iid, 1, token, [owner.session.route])


def offer(value: Any, iid: str, purpose: Purpose) -> Reference:
    """The same for an object of this process, which opens its door for that."""
    listener = current().listener()
    number, token = listener.servant.exports.hand_over(value, iid, purpose)
    return Reference(listener.incarnation, number, iid, 1, token, [f"unix:{listener.link}"])


def arrived(reference: Reference, declared: Declared, giver: Host | None = None) -> Any:
    """R17.13: the object itself if it is ours, else its one proxy, directly connected to its owner.

    What a giver on another machine says of ways is not followed here: its own broker knows the owner.

    Raises ObjectGone when the owner has ended or does not know of it any more.
    """
    if giver is not None and FarWay.parse(giver.session.route) is not None:
        reference = reference._replace(routes=[giver.session.route])
    process = current()
    if reference.incarnation == process.incarnation:
        return process.listener().servant.come_home(reference)
    known = acquainted(reference.incarnation)
    peer = process.listener().servant.peer_of(reference.incarnation) if process.serves and known is None else None
    if peer is not None:
        return peer.claimed(reference.token, declared)
    host = neighbour_of(reference, declared.name)
    return adopt(host, host.system(HostFunction.CLAIM, reference.token), declared)


# -- one object, one proxy, though two processes may have opened a session with each other (R18.7) --------------------


def also_exported(value: Any) -> dict[str, Any]:
    """What goes with an object that is lent: its number for those who have come to the door of this process."""
    process = current()
    number = process.listener().servant.exports.number_of(value) if process.serves else 0
    return {"export": number} if number else {}


def also_lent(value: Any, incarnation: bytes) -> dict[str, Any]:
    """What goes with a reference: the number by which the same object was lent to the process that gets it."""
    host = acquainted(incarnation) if incarnation else None
    number = host.objects.lent.number_of(value) if host is not None and host.lends else 0
    return {"lent": number} if number else {}


def met(incarnation: bytes, number: Any) -> Any:
    """The proxy that there is already of an object that a process exports; None when there is none."""
    host = acquainted(incarnation) if incarnation and type(number) is int else None
    return None if host is None else host.holdings.known(number)


def met_as_peer(host: Host, number: int, lent: Any) -> Any:
    """The proxy that there is already of an object that a process has lent; the other reference is given back."""
    process = current()
    peer = process.listener().servant.peer_of(host.session.incarnation) if process.serves else None
    known = peer.holdings.known(lent) if peer is not None and type(lent) is int else None
    if known is not None:
        host.session.release([[number, 1]])
    return known


def neighbour_of(reference: Reference, label: str) -> Host:
    """The session with the owner of a reference, here or on another machine. Raises ObjectGone when it has ended."""
    link = next(filter(None, map(near_path, reference.routes)), "")
    far = next(filter(None, map(FarWay.parse, reference.routes)), None)
    try:
        if link:
            return meet(reference.incarnation, link, label)
        if far is not None:
            return meet_far(reference.incarnation, far, label)
    except OSError as error:
        raise ObjectGone(f"{label} came whose owner has ended: {error}") from error
    raise RemoteProtocolError("a reference came without a way to its owner that this process knows")


def answer_owner(lent: Any, number: int, function: int, arguments: list[Any], lend: Any) -> Any:
    """What a server asks its client about the client's own objects: to hand one over, or for one that it was given."""
    if function == HostFunction.HAND_OVER and len(arguments) == 2 and type(arguments[0]) is str:
        return list(offer(lent.find(number), arguments[0], Purpose(arguments[1])))
    if function == HostFunction.CLAIM and len(arguments) == 2:
        from .servant import at_home  # noqa: PLC0415 - it knows those who know this module

        value, home = current().listener().servant.exports.claimed_at_home(arguments[0])
        declared = declared_by_iid(str(arguments[1]))
        if declared is None or not has_interface(value, declared):
            raise ObjectGone(f"the object that was handed over does not implement {arguments[1]}")
        return at_home(home, lambda: lend(value, interfaces_of(value, declared)))
    raise RemoteProtocolError(f"a client has no function {function}")
