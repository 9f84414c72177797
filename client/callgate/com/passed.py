"""Members of a proxy called by name by native code, or a process, that cannot reach its object itself (R17.11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from callgate.convert import Mismatch
from callgate.errors import InvalidCastError
from callgate.values import Box
from callgate_protocol.dispatch import place_of
from callgate_protocol.error_info import ErrorInfo
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import BStr, Variant
from callgate_protocol.system import HostFunction
from callgate_protocol.vartypes import BYREF, EMPTY

from .late import LateReply, ask_late, names_late
from .served import failed

if TYPE_CHECKING:
    from callgate.convert import CallContext
    from callgate.convert.base import TypeSpace

    from .objects import ComObject

__all__ = ["perform_passed"]


def perform_passed(
    proxy: ComObject, question: int, request: Sequence[Any], types: TypeSpace, context: CallContext
) -> list[Any]:
    """Pass a question of IDispatch on, and what the object says back."""
    if question == HostFunction.NAMES and len(request) == 3:
        return names_late(proxy, request[1], request[2])
    if question != HostFunction.DISPATCH or len(request) != 6:
        raise RemoteProtocolError("IDispatch of an object was asked for something that it does not have")
    try:
        return _invoked(proxy, request, types, context)
    except Mismatch as fault:
        return failed(InvalidCastError(f"it cannot be passed on: {fault.text}"), types, context)
    except BaseException as error:  # R14.20: whatever it is, it must not unwind native code
        return failed(error, types, context)


def _invoked(proxy: ComObject, request: Sequence[Any], types: TypeSpace, context: CallContext) -> list[Any]:
    _iid, member, flags, lcid, given, named = request
    decode, encode = types.decoder(Variant()), types.encoder(Variant())

    def lent(wire: Any) -> Any:
        value = decode(wire, context)
        return Box(value) if type(wire[0]) is int and wire[0] & BYREF else value

    arguments = [lent(wire) for wire in given]
    pairs = [(number, lent(wire)) for number, wire in named]
    reply = ask_late(proxy, member, flags, lcid, arguments, pairs, f"member {member} of {proxy!r}")
    shape = len(arguments), len(pairs)
    last = sum(shape) - 1
    changed = [[place_of(last - index, *shape), encode(value, context)] for index, value in reply.changed]
    context.result = reply
    wrong = place_of(reply.wrong, *shape) if reply.wrong >= 0 else -1
    result = encode(reply.result, context) if reply.code >= 0 else [EMPTY, None]
    return [reply.code, result, changed, _told(reply, types, context), wrong]


def _told(reply: LateReply, types: TypeSpace, context: CallContext) -> list[Any] | None:
    """R14.23: EXCEPINFO, as its object filled it in."""
    if reply.told is None:
        return None
    info = ErrorInfo(reply.told.source, reply.told.description, reply.told.help_link)
    texts = [info.source, info.description, info.help[0]]
    wires = [types.encoder(BStr())(each, context) for each in texts]
    code = reply.told.code & 0xFFFFFFFF
    signed = code - (1 << 32) if code >= 1 << 31 else code
    return [signed, *wires, info.help[1]]
