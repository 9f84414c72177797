"""A reference as bytes that a program may keep or send by itself: OBJREF, as DCOM lays it out (R17.2, R17.3)."""

from __future__ import annotations

import struct
from typing import Final

from .errors import RemoteProtocolError
from .guids import guid_bytes, text_of
from .references import Reference

__all__ = ["decode_objref", "encode_objref"]

_SIGNATURE: Final = 0x574F454D
"""`MEOW`."""
_STANDARD: Final = 1
_KINDS: Final = {2: "HANDLER", 4: "CUSTOM", 8: "EXTENDED"}
_NO_PING: Final = 0x1000
_HEAD: Final = struct.Struct("<II16sIIQQ16sHH")
_TOWER: Final = 0x10
"""Local calls: the address behind it is one that this machine understands."""
_UNIT: Final = 2
_MOST_BYTES: Final = 16 * 1024


def encode_objref(reference: Reference, *, ping: bool = True) -> bytes:
    """The packet: STDOBJREF with the token as IPID, the start of the incarnation as OXID, the number as OID.

    An incarnation is longer than an OXID, so each address begins with it. Without `ping` it says that the object is
    neither kept by leases nor ended by them (R17.22).
    """
    owner = reference.incarnation
    addresses = [f"{owner.hex()}@{route}".encode("utf-16-le") for route in reference.routes]
    bindings = b"".join(struct.pack("<H", _TOWER) + each + bytes(_UNIT) for each in addresses) + bytes(_UNIT)
    strings = bindings + bytes(_UNIT)  # no security bindings
    head = _HEAD.pack(
        _SIGNATURE,
        _STANDARD,
        guid_bytes(reference.interface),
        0 if ping else _NO_PING,
        reference.times,
        int.from_bytes(owner[:8], "little"),
        reference.object,
        reference.token or bytes(16),
        len(strings) // _UNIT,
        len(bindings) // _UNIT,
    )
    return head + strings


def decode_objref(data: bytes) -> Reference:
    """Raises RemoteProtocolError for everything that is no such packet (RPC_E_INVALID_OBJREF)."""
    if not _HEAD.size <= len(data) <= _MOST_BYTES:
        raise RemoteProtocolError(f"an OBJREF has {_HEAD.size} to {_MOST_BYTES} bytes, not {len(data)}")
    signature, kind, iid, flags, times, oxid, oid, ipid, units, security = _HEAD.unpack_from(data)
    if signature != _SIGNATURE or kind != _STANDARD or flags & ~_NO_PING:
        told = _KINDS.get(kind, f"flags {kind:#x}")
        raise RemoteProtocolError(f"no standard OBJREF: signature {signature:#010x}, {told}, {flags:#x} (R17.2)")
    strings = data[_HEAD.size :]
    if len(strings) != units * _UNIT or not 0 < security <= units:
        raise RemoteProtocolError("the addresses of an OBJREF do not have the length that it says")
    interface = text_of(iid)
    routes, owners = [], set()
    for address in _addresses(strings[: security * _UNIT]):
        owner, _, route = address.partition("@")
        owners.add(owner)
        routes.append(route)
    if not any(iid) or times < 1 or not 0 < oid < 1 << 63 or len(owners) != 1:
        raise RemoteProtocolError("an OBJREF needs an interface, an object, a count and one owner")
    incarnation = _incarnation(owners.pop(), oxid)
    return Reference(incarnation, oid, interface, times, ipid, routes)


def _incarnation(text: str, oxid: int) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 16 or int.from_bytes(found[:8], "little") != oxid:
        raise RemoteProtocolError("the addresses of an OBJREF are not those of its owner")
    return found


def _addresses(bindings: bytes) -> list[str]:
    found = []
    rest = bindings
    while len(rest) > _UNIT:
        (tower,) = struct.unpack_from("<H", rest)
        end = next((at for at in range(_UNIT, len(rest) - 1, _UNIT) if rest[at : at + _UNIT] == bytes(_UNIT)), 0)
        if tower != _TOWER or not end:
            raise RemoteProtocolError("an address of an OBJREF is of another kind, or has no end")
        try:
            found.append(rest[_UNIT:end].decode("utf-16-le"))
        except UnicodeDecodeError as error:
            raise RemoteProtocolError(f"an address of an OBJREF is no text: {error}") from None
        rest = rest[end + _UNIT :]
    if rest != bytes(_UNIT):
        raise RemoteProtocolError("the addresses of an OBJREF do not end")
    return found
