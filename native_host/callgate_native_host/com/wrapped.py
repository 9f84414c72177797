"""Native objects that clients hold: one entry of the table per object, whatever the interface (R14.6 to R14.10)."""

from __future__ import annotations

import threading
from typing import Any, Final, NamedTuple

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch
from callgate_native_host.lives import Life
from callgate_native_host.objects import Entry, Objects
from callgate_native_host.scope import NOBODY, Scope
from callgate_protocol.errors import Fault
from callgate_protocol.interfaces import Shape
from callgate_protocol.references import Purpose, Reference

from .agility import Agility
from .classes import ClassQuestions
from .unknown import Unknown

__all__ = ["Contract", "Wrapped", "Wrappers"]

_OBJECT: Final = "object"


class Contract(NamedTuple):
    """What is needed to speak with objects of one interface."""

    name: str
    iid: str
    root: str
    """The IID of the interface that is the object's identity: IUnknown, or a family's own root."""
    shape: Shape


class Wrapped(Entry):
    """One native object. It holds one reference for each interface pointer that it knows (R14.7)."""

    __slots__ = ("classes", "contract", "plans", "pointers", "tells")

    def __init__(self, identity: int, contract: Contract, pointers: dict[str, int], classes: list[str]) -> None:
        super().__init__(_OBJECT, identity)
        self.contract = contract
        """The contract by which it came in; all interfaces of an object have one shape."""
        self.pointers = pointers
        """IID → interface pointer."""
        self.classes = classes
        """GUIDs that may be its CLSID, the likelier first (R14.9, steps 4 and 5)."""
        self.plans: dict[tuple[int, int], Any] = {}
        """(library, method) → how it is called on this object."""
        self.tells: bool | None = None
        """Whether its failures may have errors of the thread (R11.10); None as long as nobody asked."""


class Wrappers:
    """Takes interface pointers in, and finds the pointer for an interface. From any thread."""

    def __init__(self, backend: Backend, objects: Objects) -> None:
        self.unknown = Unknown(backend)
        self._classes = ClassQuestions(backend, self.unknown)
        self._agility = Agility(backend, self.unknown)
        self._objects = objects
        self._lock = threading.Lock()

    def take(self, pointer: int, contract: Contract, scope: Scope, *, counted: bool) -> Any:
        """The wire value of an interface pointer (R14.9, steps 3 to 7). `counted`: the reference is ours now."""
        identity = self._identity(pointer, contract, counted=counted)
        known = self._objects.known(identity, _OBJECT, scope.session.secret)
        if known is None:
            if not counted:
                self.unknown.add_ref(pointer, contract.shape)
            made = self._make(identity, pointer, contract)
            known = self._objects.meet(made, scope.session.secret)
            if known[0] is not made and made.life is not None:
                made.life.close(here=True)  # another thread was faster
        else:
            self._merge(known[0], identity, pointer, contract, counted=counted)
        return self._named(*known, contract, scope)

    def _named(self, entry: Entry, reference: Reference, contract: Contract, scope: Scope) -> Any:
        assert isinstance(entry, Wrapped)
        scope.references.append(reference.object)
        wire: dict[str, Any] = {"ref": reference._replace(interface=contract.iid)}
        return wire | {"classes": entry.classes} if entry.classes else wire

    def _identity(self, pointer: int, contract: Contract, *, counted: bool) -> int:
        """A counted pointer to the object's IUnknown, of a part of an aggregate the whole's (R14.5).

        Raises Fault for an object that has none.
        """
        shape = contract.shape
        if shape.loose_identity:
            self.unknown.add_ref(pointer, shape)
            return pointer
        result, identity = self.unknown.query(pointer, contract.root, shape)
        if result < 0:
            if counted:
                self.unknown.release(pointer, shape)
            text = (
                f"an object that came as {contract.name} does not answer IUnknown, "
                "so nobody can tell which object it is (R14.9)"
            )
            raise Fault("ComError", text, hresult=result, description=text)
        return identity

    def _make(self, identity: int, pointer: int, contract: Contract) -> Wrapped:
        classes = self._classes.classes_of(identity, contract.shape)
        made = Wrapped(identity, contract, {contract.root: identity}, classes)
        self._keep(made, contract.iid, pointer)
        made.life = self._objects.lives.begin(identity, lambda _address: self._drop_all(made))
        if made.home is not None and self._agility.is_agile(identity, contract.shape):  # R15.10
            made.home, made.agile = None, True
        return made

    def _merge(self, entry: Entry, identity: int, pointer: int, contract: Contract, *, counted: bool) -> None:
        """R14.9, step 3: the object is known; of what came with it only a pointer that is new is kept."""
        assert isinstance(entry, Wrapped)
        self.unknown.release(identity, contract.shape)
        if counted:
            self._keep(entry, contract.iid, pointer)

    def _keep(self, entry: Wrapped, iid: str, pointer: int) -> None:
        """One counted pointer per interface is enough."""
        with self._lock:
            known = iid in entry.pointers
            if not known:
                entry.pointers[iid] = pointer
        if known:
            self.unknown.release(pointer, entry.contract.shape)

    def _drop_all(self, entry: Wrapped) -> None:
        """Give back every reference; the identity last, so that the object outlives its interfaces."""
        pointers, entry.pointers = entry.pointers, {}
        entry.plans.clear()
        for pointer in reversed(pointers.values()):
            self.unknown.release(pointer, entry.contract.shape)

    def hand_over(self, pointer: int, contract: Contract) -> tuple[bytes, int]:
        """R17.12: a token by which a third process claims an object that native code lends; and its number."""
        scope = Scope(NOBODY)
        try:
            wire = self.take(pointer, contract, scope, counted=False)
            number = wire["ref"].object
            entry = self._objects.find(number)
            return self._objects.hand_over(entry, contract.iid, Purpose.NORMAL), number
        finally:
            self._objects.take_back(scope.references, NOBODY.secret)
            scope.end()

    def use(self, number: int, scope: Scope) -> Wrapped:
        """The object of that number, which stays alive until the scope ends. Raises Mismatch."""
        entry = self._objects.find(number)
        if not isinstance(entry, Wrapped):
            raise Mismatch(f"expected an object with interfaces, got a {entry.kind or 'pointer'}", "InvalidCastError")
        life = entry.life
        assert isinstance(life, Life)
        if not life.use():
            raise Mismatch(f"object {number} is gone: it was released (R14.12)", "ObjectGone")
        scope.lives.append(life)
        return entry

    def pointer(self, entry: Wrapped, contract: Contract) -> int:
        """The object's pointer for an interface, asked for once (R14.7). Raises Fault (`InvalidCastError`)."""
        known = entry.pointers.get(contract.iid)
        if known is not None:
            return known
        result = self.ask(entry, contract.iid)
        if result < 0:
            text = f"object {entry.number} does not answer {contract.name} {contract.iid} ({result & 0xFFFFFFFF:#010x})"
            raise Fault("InvalidCastError", f"{text} (R14.13)", hresult=result, iid=contract.iid)
        return entry.pointers[contract.iid]

    def ask(self, entry: Wrapped, iid: str) -> int:
        """QueryInterface once per interface: its HRESULT. What it gives is kept."""
        if iid in entry.pointers:
            return 0
        result, pointer = self.unknown.query(entry.address, iid, entry.contract.shape)
        if result >= 0:
            self._keep(entry, iid, pointer)
        return result
