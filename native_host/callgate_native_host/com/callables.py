"""Clients' objects that native code holds: one per object, counted by native code, called back in the client (R14.14).

A pointer that native code uses after it gave up its last reference still finds something that answers
RPC_E_DISCONNECTED, until many others were given up after it.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_protocol.interfaces import PLAIN, Shape
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IIDS
from callgate_transport.serving.session import Session

from .foreign import Owner
from .unknown import Unknown
from .vtables import UnknownMethods, Vtable, Vtables
from .wrapped import Contract

__all__ = ["Callables", "ClientObject", "Face", "GiveBack", "Offered"]

_REST: Final = 1024
"""How many interface pointers are given up before the memory of one is freed."""

_E_POINTER: Final = Code.E_POINTER.signed
_E_NOINTERFACE: Final = Code.E_NOINTERFACE.signed

GiveBack: TypeAlias = Callable[[Session, list[list[int]]], None]
"""Tells a session that so many references to objects of its own are not held any more."""


class Offered(NamedTuple):
    """An interface that a client's object has, and how native code calls it."""

    contract: Contract
    bases: list[str]
    """Further IIDs that its pointer answers: those of the interfaces that it derives from."""
    vtable: Callable[[], Vtable]


class Face:
    """One interface pointer to a client's object."""

    __slots__ = ("address", "contract", "memory", "owner", "vtable")

    def __init__(self, owner: ClientObject, contract: Contract, vtable: Vtable, memory: Any, address: int) -> None:
        self.owner = owner
        self.contract = contract
        self.vtable = vtable
        self.memory = memory
        self.address = address


class ClientObject:
    """One object of a client while native code, or a call under way, holds it."""

    __slots__ = ("alive", "clsid", "count", "faces", "lacks", "number", "offered", "root", "session", "times")

    def __init__(self, session: Session, number: int, root: Offered) -> None:
        self.session = session
        self.root = root
        """What is its identity."""
        self.number = number
        self.clsid = ""
        """Of its class, if its client says so."""
        self.times = 0
        """How often the client has sent it."""
        self.count = 0
        """References held here, whatever the interface (R14.3)."""
        self.alive = True
        self.offered: dict[str, Offered] = {}
        self.lacks: set[str] = set()
        """Described interfaces that the owner of a foreign object has said it does not have."""
        self.faces: dict[str, Face] = {}
        """IID → interface pointer, made when it is asked for."""


class Use:
    """A reference that ends with a call, or with the block that holds the pointer."""

    __slots__ = ("_callables", "_client", "address")

    def __init__(self, callables: Callables, client: ClientObject, address: int) -> None:
        self._callables = callables
        self._client = client
        self.address = address

    def done(self) -> None:
        """Give it back."""
        self._callables.drop(self._client)


class Callables:
    """All of them. Thread-safe; native code calls the three methods of IUnknown on any thread."""

    def __init__(self, backend: Backend, unknown: Unknown, give_back: GiveBack) -> None:
        self._backend = backend
        self._unknown = unknown
        self._roots: dict[tuple[str, Shape], Offered] = {}
        self._give_back = give_back
        self._lock = threading.RLock()
        self._objects: dict[tuple[bytes, int], ClientObject] = {}
        self._faces: dict[int, Face] = {}
        self._retired: deque[Face] = deque()
        self.stale_calls = 0
        """Uses of pointers whose last reference had been given up."""
        self.services: dict[str, Offered] = {}
        """Interfaces that every object has, by IID (R14.15)."""
        self.class_services: dict[str, Offered] = {}
        """Those of an object whose class has a CLSID."""
        self.vtables = Vtables(backend, UnknownMethods(self._query, self._add_ref, self._release))

    def __len__(self) -> int:
        return len(self._objects)

    # -- for converters ------------------------------------------------------------------------------------------

    def receive(self, session: Session, number: int, offered: list[Offered], clsid: str = "") -> ClientObject:
        """An object that the session has just sent, with one reference more for whoever asks. `drop` ends it."""
        with self._lock:
            client = self._objects.get((session.secret, number))
            if client is None:
                client = ClientObject(session, number, self._root_of(offered))
                client.clsid = clsid
                self._objects[session.secret, number] = client
                session.keep_until_end(lambda: self._session_ended(client))
            client.times += 1
            client.count += 1
            for each in offered:
                self._offer(client, each)
            return client

    def _root_of(self, offered: list[Offered]) -> Offered:
        """The identity of an object of a family: what its first interface derives from (R14.2)."""
        root, shape = (offered[0].contract.root, offered[0].contract.shape) if offered else (IIDS["IUnknown"], PLAIN)
        known = self._roots.get((root, shape))
        if known is None:
            vtable = self.vtables.make([], shape)
            known = self._roots[root, shape] = Offered(Contract("IUnknown", root, root, shape), [], lambda: vtable)
        return known

    def _offer(self, client: ClientObject, offered: Offered) -> None:
        """R14.2: what an object answers never shrinks; it grows only by what its client says of it."""
        client.offered[offered.contract.iid] = offered
        for base in offered.bases:
            client.offered.setdefault(base, offered)

    def address(self, client: ClientObject, iid: str) -> int:
        """The object's pointer for an interface, uncounted. Raises Mismatch."""
        with self._lock:
            face = self._face(client, iid)
        if face is None:
            raise Mismatch(f"the object of the client was not given as {iid}", "InvalidCastError")
        return face.address

    def hold(self, client: ClientObject) -> None:
        """One more reference, for native code."""
        with self._lock:
            client.count += 1

    def use(self, client: ClientObject, address: int) -> Use:
        """The reference that `receive` counted, as something that ends with a scope."""
        return Use(self, client, address)

    def at(self, address: int) -> ClientObject | None:
        """The object behind an interface pointer; None for pointers to native objects (R14.9, step 2)."""
        face = self._faces.get(address)
        return None if face is None else face.owner

    def face_at(self, address: int) -> Face | None:
        """The interface pointer at an address, also a retired one."""
        return self._faces.get(address)

    def answers(self, client: ClientObject, iid: str) -> bool:
        """Whether the object has an interface (R14.2)."""
        has = iid == client.root.contract.iid or iid in client.offered
        return has or self._service(client, iid) is not None

    def _service(self, client: ClientObject, iid: str) -> Offered | None:
        """R14.15: what every object of a client has by itself; objects of others have what their owner says."""
        if client.root.contract.shape != PLAIN or isinstance(client.session, Owner):
            return None
        return self.services.get(iid) or (self.class_services.get(iid) if client.clsid else None)

    def drop(self, client: ClientObject) -> None:
        """One reference less. The last one sends the object home."""
        with self._lock:
            client.count -= 1
            if client.count > 0 or not client.alive:
                return
            client.alive = False
            times, client.times = client.times, 0
            self._forget(client)
        if isinstance(client.session, Owner):
            client.session.give_back([[client.number, times]])
        elif client.session.alive:
            self._give_back(client.session, [[client.number, times]])

    def refuse(self, session: Session, arguments: Any, received: list[int]) -> None:
        """Give back the objects that a call mentions and never took in, because it was not begun (R17.14)."""
        mentioned = Counter(_objects_in(arguments))
        mentioned.subtract(received)
        back = [[number, times] for number, times in mentioned.items() if times > 0]
        if back and session.alive:
            self._give_back(session, back)

    # -- for native code -----------------------------------------------------------------------------------------

    def _query(self, this: int, iid: int, out: int) -> int:
        """QueryInterface (R14.2)."""
        if not out:
            return _E_POINTER
        face = self._faces.get(this)
        self._unknown.write(out, 0)
        if face is None or not iid:
            return _E_POINTER
        wanted = self._unknown.read_iid(iid, face.contract.shape)
        if isinstance(face.owner.session, Owner) and not self.answers(face.owner, wanted):
            self._learn(face.owner, face.owner.session, wanted)
        with self._lock:
            found = self._face(face.owner, wanted) if face.owner.alive else None
            if found is None:
                return _E_NOINTERFACE
            face.owner.count += 1
        self._unknown.write(out, found.address)
        return 0

    def _learn(self, client: ClientObject, owner: Owner, iid: str) -> None:
        """R17.10: an interface that did not come with the reference; the owner says once whether the object has it."""
        offered = owner.offered(iid)
        shape = client.root.contract.shape
        if offered is None or offered.contract.shape != shape or iid in client.lacks or not client.alive:
            return
        has = owner.has(client.number, iid)
        with self._lock:
            if has:
                self._offer(client, offered)
            elif has is not None:
                client.lacks.add(iid)

    def _add_ref(self, this: int) -> int:
        face = self._faces.get(this)
        if face is None or not face.owner.alive:
            self.stale_calls += 1
            return 0
        with self._lock:
            face.owner.count += 1
            return face.owner.count

    def _release(self, this: int) -> int:
        face = self._faces.get(this)
        if face is None or not face.owner.alive:
            self.stale_calls += 1
            return 0
        count = face.owner.count
        self.drop(face.owner)
        return count - 1

    # -- inside --------------------------------------------------------------------------------------------------

    def _face(self, client: ClientObject, iid: str) -> Face | None:
        face = client.faces.get(iid)
        if face is not None:
            return face
        offered = client.root if iid == client.root.contract.iid else client.offered.get(iid)
        if offered is None:
            offered = self._service(client, iid)
        if offered is None:
            return None
        own = offered.contract.iid  # a base is answered by the pointer of what derives from it
        face = client.faces.get(own) or self._make(client, offered)
        client.faces[iid] = client.faces[own] = face
        return face

    def _make(self, client: ClientObject, offered: Offered) -> Face:
        vtable, offset = offered.vtable(), offered.contract.shape.vtable_offset
        width = self._backend.sizeof(self._backend.pointer)
        memory, address = self._backend.allocate(offset + width)
        self._unknown.write(address + offset, vtable.address)
        face = Face(client, offered.contract, vtable, memory, address)
        self._faces[address] = face
        return face

    def _session_ended(self, client: ClientObject) -> None:
        with self._lock:
            if client.alive:
                client.alive = False
                self._forget(client)

    def _forget(self, client: ClientObject) -> None:
        del self._objects[client.session.secret, client.number]
        for face in {id(face): face for face in client.faces.values()}.values():
            self._retired.append(face)
        while len(self._retired) > _REST:
            del self._faces[self._retired.popleft().address]


def _objects_in(value: Any) -> Iterator[int]:
    """The number of every client's object in a wire value, once for each time it stands there."""
    if isinstance(value, list):
        for each in value:
            yield from _objects_in(each)
    elif isinstance(value, dict) and type(value.get("object")) is int:
        yield value["object"]
