"""References as bytes: `callgate.marshal` makes them, `callgate.unmarshal` follows them (R17.2, R17.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from callgate.com.declared import declared_by_iid, declared_of
from callgate.com.objects import ComObject, query
from callgate.errors import InvalidCastError, ObjectGone, ProtocolError
from callgate.process import current
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.objref import decode_objref, encode_objref
from callgate_protocol.references import Purpose, Reference
from callgate_protocol.rpccodes import Code
from callgate_protocol.system import HostFunction

from .handing import arrived, neighbour_of, offer, reference_to
from .implementing import has_interface

__all__ = ["disconnect", "lock_external", "marshal", "release_marshal_data", "unmarshal"]

T = TypeVar("T")

_PURPOSES: Final = {"normal": Purpose.NORMAL, "strong": Purpose.STRONG, "weak": Purpose.WEAK}


def marshal(value: Any, interface: Any, purpose: str = "normal", *, ping: bool = True) -> bytes:
    """A reference to an object, of this process or of another, that a program of this user can follow (R17.6).

    A `"normal"` one is good for one `unmarshal` within six minutes. `"strong"` and `"weak"` ones are good for any
    number of times, until `release_marshal_data`; weak ones do not keep the object. A strong one of an object of this
    process may be made without `ping`: the object outlives all who got it, until that is called (R17.22).
    """
    declared, wanted = declared_of(interface), _purpose(purpose)
    if not ping and (wanted is not Purpose.STRONG or isinstance(value, ComObject)):
        raise ValueError("ping=False goes with a strong reference to an object of this process (R17.6, R17.22)")
    if isinstance(value, ComObject):
        return encode_objref(reference_to(query(value, interface), declared, wanted))
    if not has_interface(value, declared):
        raise InvalidCastError(f"a {type(value).__name__} does not implement {declared.name} (R14.2)")
    return encode_objref(offer(value, declared.iid, wanted), ping=ping)


def _purpose(name: str) -> Purpose:
    try:
        return _PURPOSES[name]
    except KeyError:
        raise ValueError(f"a purpose is one of {', '.join(_PURPOSES)}, not {name!r} (R17.6)") from None


def unmarshal(data: bytes, interface: Callable[..., T]) -> T:
    """The object behind a reference that `marshal` made: itself in its own process, else its one proxy (R17.13).

    Raises ObjectGone with CO_E_OBJNOTCONNECTED for one that was used up, has expired or whose object is gone, and
    ProtocolError with RPC_E_INVALID_OBJREF for bytes that are none.
    """
    declared = declared_of(interface)
    reference = _read(data)
    known = declared_by_iid(reference.interface) or declared
    found: Any = arrived(reference, known)
    if isinstance(found, ComObject):
        return query(found, interface)
    if not has_interface(found, declared):
        raise InvalidCastError(f"a {type(found).__name__} does not implement {declared.name} (R14.2)")
    result: T = found
    return result


def release_marshal_data(data: bytes) -> None:
    """R17.6: the reference is good for nothing any more, and what it kept goes. Nothing when its owner has gone."""
    reference = _read(data)
    if reference.incarnation == current().incarnation:
        current().listener().servant.exports.withdraw(reference.token or b"")
        return
    try:
        host = neighbour_of(reference, "a reference")
    except ObjectGone:
        return
    host.system(HostFunction.WITHDRAW, reference.token)


def _read(data: bytes) -> Reference:
    try:
        return decode_objref(bytes(data))
    except RemoteProtocolError as error:
        text = f"{error} (RPC_E_INVALID_OBJREF, R17.2)"
        raise ProtocolError(text, hresult=Code.RPC_E_INVALID_OBJREF.signed) from None


def disconnect(value: Any) -> bool:
    """R17.24: nobody reaches this object of this process any more, whoever holds it; their calls fail at once.

    They raise ObjectGone with RPC_E_DISCONNECTED. False when nobody held it.
    """
    process = current()
    lending = [host.objects.lent.disconnect(value) for host in list(process.hosts) if host.lends]
    exported = process.serves and process.listener().servant.exports.disconnect(value)
    return exported or any(lending)


def lock_external(value: Any, interface: Any, *, on: bool) -> None:
    """R17.24: keep an object of this process for others although nobody holds it, or keep it no longer.

    Each lock needs its own unlocking. Raises LookupError for one that is not locked.
    """
    exports = current().listener().servant.exports
    if on:
        exports.lock(value, declared_of(interface).iid)
    else:
        exports.unlock(value)
