"""References for third processes: how one is given away, and how one arrives (R17.11 to R17.14)."""

from __future__ import annotations

from typing import Any

from callgate.com.declared import Declared, declared_by_iid
from callgate.com.objects import ComObject
from callgate.errors import NotSupportedError, ObjectGone
from callgate.process import current
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.references import Reference
from callgate_protocol.system import HostFunction

from .implementing import has_interface
from .neighbours import adopt, meet

__all__ = ["answer_owner", "arrived", "hand_over", "offer"]

_LOCAL = "unix:"


def hand_over(proxy: ComObject, declared: Declared) -> dict[str, Any]:
    """R17.12: the wire value of an object of another process, for a third one: a reference of its own to claim there.

    The owner is asked, so the reference is real before it travels, and this process may let go at once.
    """
    owner = proxy._host  # noqa: SLF001 - where it lives decides
    number = proxy._check()  # noqa: SLF001
    passed_on = getattr(owner, "passed_on", None)
    if passed_on is not None:
        return {"ref": list(passed_on(number, declared))}
    if not owner.session.route:
        raise NotSupportedError(f"{proxy!r} lives on another machine, or in this process; it cannot be handed on")
    token = owner.system(HostFunction.HAND_OVER, {"at": [number, 0]}, declared.iid)
    reference = Reference(owner.session.incarnation, number, declared.iid, 1, token, [owner.session.route])
    return {"ref": list(reference)}


def offer(value: Any, iid: str) -> list[Any]:
    """The same for an object of this process, which opens its door for that."""
    listener = current().listener()
    number, token = listener.servant.exports.hand_over(value, iid)
    return list(Reference(listener.incarnation, number, iid, 1, token, [_LOCAL + listener.link]))


def arrived(reference: Reference, declared: Declared) -> Any:
    """R17.13: the object itself if it is ours, else its one proxy, directly connected to its owner.

    Raises ObjectGone when the owner has ended or does not know of it any more.
    """
    process = current()
    if reference.incarnation == process.incarnation:
        return process.listener().servant.come_home(reference)
    peer = process.listener().servant.peer_of(reference.incarnation) if process.serves else None
    if peer is not None:
        return peer.claimed(reference.token, declared)
    route = next((each for each in reference.routes if type(each) is str and each.startswith(_LOCAL)), "")
    if not route:
        raise RemoteProtocolError("a reference came without a way to its owner that this process knows")
    try:
        host = meet(reference.incarnation, route.removeprefix(_LOCAL), declared.name)
    except OSError as error:
        raise ObjectGone(f"a {declared.name} came whose owner has ended: {error}") from error
    return adopt(host, host.system(HostFunction.CLAIM, reference.token), declared)


def answer_owner(lent: Any, number: int, function: int, arguments: list[Any], lend: Any) -> Any:
    """What a server asks its client about the client's own objects: to hand one over, or for one that it was given."""
    if function == HostFunction.HAND_OVER and len(arguments) == 1:
        return offer(lent.find(number), arguments[0])
    if function == HostFunction.CLAIM and len(arguments) == 2:
        servant = current().listener().servant
        value = servant.exports.take_claimed(arguments[0])
        declared = declared_by_iid(str(arguments[1]))
        if declared is None or not has_interface(value, declared):
            raise ObjectGone(f"the object that was handed over does not implement {arguments[1]}")
        return lend(value, declared)
    raise RemoteProtocolError(f"a client has no function {function}")
