"""Interface pointers: native objects go out as references, clients' objects come in as callables (R14.9, R14.14)."""

from __future__ import annotations

from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.com.callables import ClientObject, Offered
from callgate_native_host.com.foreign import Owner
from callgate_native_host.com.service import Com
from callgate_native_host.com.wrapped import Contract
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.scope import Scope
from callgate_protocol.apartments import MTA
from callgate_protocol.crossings import check_here
from callgate_protocol.guids import read_guid
from callgate_protocol.references import Reference, read_reference
from callgate_transport.serving.single import here

from .owned import OwnedConverter

__all__ = ["InterfaceConverter"]

_MOST_INTERFACES: Final = 256


class InterfaceConverter(OwnedConverter):
    """`IFoo *`. Whoever gets one as a result or an out owns a reference; arguments are lent (R8.9, R14.3).

    In a struct it is as with the struct itself (R13.11).
    """

    nodes = 14

    def __init__(self, backend: Backend, contract: Contract, com: Com, *, borrowed: bool) -> None:
        com.wrappers.unknown.check(contract.shape)
        self.ctype = backend.pointer
        self._contract = contract
        self._com = com
        self._borrowed = borrowed

    def from_wire(self, wire: Any, scope: Scope) -> int:
        """NULL, an object of this host, or one of the client's own."""
        if wire is None:
            return 0
        if type(wire) is dict and ("object" in wire or "ref" in wire):
            return self._callable(wire, scope)
        pair = wire.get("at") if type(wire) is dict and len(wire) == 1 else None
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not int or pair[1] != 0:
            raise expected("an object", wire)
        entry = self._com.wrappers.use(pair[0], scope)
        if entry.home is not None:
            # native code would call it on a thread that is not its own; no proxy is made for native code (R15.9)
            there = here()
            check_here(entry.home.apartment, there.apartment if there else MTA, f"object {entry.number}")
        pointer = self._com.wrappers.pointer(entry, self._wanted(scope))
        if self._is_handed_over(scope):
            self._com.wrappers.unknown.add_ref(pointer, self._contract.shape)
            scope.lent.append(lambda: self._com.wrappers.unknown.release(pointer, self._contract.shape))
        return pointer

    def _wanted(self, scope: Scope) -> Contract:
        """R1.23: another parameter may say which interface is meant."""
        return self._contract if scope.iid is None else self._contract._replace(name="it", iid=scope.iid)

    def _is_handed_over(self, scope: Scope) -> bool:
        """Whether native code owns what it gets: an out of a callback, or what it may put something else for."""
        return scope.lasting or scope.replaceable

    def _callable(self, wire: dict[str, Any], scope: Scope) -> int:
        client = self._receive(wire, scope) if "object" in wire else self._claimed(wire, scope)
        callables = self._com.callables
        use = callables.use(client, 0)
        try:
            address = callables.address(client, self._wanted(scope).iid)
        except Mismatch:
            use.done()
            raise
        use.address = address
        if self._is_handed_over(scope):
            scope.lent.append(use.done)
        else:
            scope.lives.append(use)
        return address

    def _receive(self, wire: dict[str, Any], scope: Scope) -> ClientObject:
        number, interfaces = wire.get("object"), wire.get("interfaces")
        if type(number) is not int or not 0 < number < 1 << 63 or type(interfaces) is not list:
            raise expected("the number of an object and its interfaces", wire)
        if len(interfaces) > _MOST_INTERFACES:
            raise Mismatch(f"an object with {len(interfaces)} interfaces; {_MOST_INTERFACES} is the most")
        offered = [self._offered(pair) for pair in interfaces]
        try:
            clsid = read_guid(wire["class"]) if "class" in wire else ""
        except ValueError as error:
            raise Mismatch(str(error)) from None
        scope.received.append(number)
        return self._com.callables.receive(scope.session, number, offered, clsid)

    def _claimed(self, wire: dict[str, Any], scope: Scope) -> ClientObject:
        """R17.13: an object of another process, which is called there."""
        reference, _ = read_reference({"ref": wire["ref"]})
        if isinstance(scope.session, Owner) and reference.token is None:
            owner: Owner = scope.session
        elif scope.session.rights is not None:  # it could name any socket of this machine
            raise Mismatch("a client of another machine hands on nobody else's objects (R18.6)", "AccessDenied")
        else:
            owner, reference = self._com.foreign.claim(reference, scope.session)
        pairs = wire.get("interfaces", [])
        if type(pairs) is not list or len(pairs) > _MOST_INTERFACES:
            raise expected("interfaces", pairs)
        offered = [self._offered(pair) for pair in pairs] or [self._com.by_iid(self._wanted(scope).iid)]
        return self._com.callables.receive(owner, reference.object, offered)

    def _offered(self, pair: Any) -> Offered:
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not int or type(pair[1]) is not int:
            raise expected("the numbers of a library and an interface", pair)
        return self._com.offered(pair[0], pair[1])

    def to_wire(self, native: int, scope: Scope) -> Any:
        """R14.9: the client's own object, or a reference to a native one; the same object is the same reference."""
        if not native:
            return None
        counted = scope.owning and not self._borrowed
        client = self._com.callables.at(native)
        if client is not None and client.alive and (wire := self._known(client, scope)) is not None:
            if counted:
                self._com.callables.drop(client)
            return wire
        if isinstance(scope.session, Owner):
            return self._handed(native, scope, scope.session)
        return self._com.wrappers.take(native, self._wanted(scope), scope, counted=counted)

    def _handed(self, native: int, scope: Scope, owner: Owner) -> Any:
        """R17.12: an object of this host for another process that native code here calls."""
        if not self._com.route or not owner.near:
            raise Mismatch("an object of this process cannot be handed on to there", "NotSupportedError")
        contract = self._wanted(scope)
        token, number = self._com.wrappers.hand_over(native, contract)
        return {"ref": Reference(self._com.incarnation, number, contract.iid, 1, token, [self._com.route])}

    def _known(self, client: ClientObject, scope: Scope) -> Any:
        """What is not this host's own: it goes home as itself, or is handed on (R17.12); None when it cannot be."""
        if isinstance(client.session, Owner):
            if client.session is scope.session:
                return {"at": [client.number, 0]}
            if isinstance(scope.session, Owner) and not scope.session.near:
                raise Mismatch("an object of this machine cannot be handed on to there", "NotSupportedError")
            return {"ref": client.session.hand_over(client.number, self._wanted(scope).iid)}
        if client.session is scope.session:
            return {"object": client.number}
        return self._com.handing.wire(client, self._wanted(scope).iid, scope.session)

    def store(self, address: int, wire: Any, scope: Scope, /, *, replace: bool) -> None:
        """R8.9: what is replaced is released, after the new pointer stands there."""
        unknown = self._com.wrappers.unknown
        old = unknown.read(address)
        unknown.write(address, self.from_wire(wire, scope))
        if replace and old and not self._borrowed:
            unknown.release(old, self._contract.shape)

    def discard(self, native: int, scope: Scope) -> None:
        """R8.8: what came out of a call that failed is given back."""
        if native and scope.owning and not self._borrowed:
            self._com.wrappers.unknown.release(native, self._contract.shape)
