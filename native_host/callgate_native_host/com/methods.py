"""The methods of a library's interfaces: called on native objects, answered by clients' objects (R14.1, R14.20)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from callgate_native_host.backlog import Backlog
from callgate_native_host.convert.places import object_number
from callgate_native_host.convert.space import Space
from callgate_native_host.delegates import Answering, DelegatePlan
from callgate_native_host.faults import Mismatch
from callgate_native_host.plan import FunctionPlan
from callgate_native_host.scope import Scope
from callgate_protocol.errors import Fault
from callgate_protocol.interfaces import UNKNOWN_SLOTS, MethodPlace, chain_of, method_places
from callgate_protocol.marshal import DirectiveError
from callgate_protocol.model import Delegate, Interface
from callgate_protocol.signatures import Signature
from callgate_protocol.standard import IIDS

from .callables import Offered
from .calling import MethodCalling
from .method_plan import MethodPlan
from .vtables import Vtable
from .wrapped import Wrapped, Wrappers

__all__ = ["Answer", "Methods"]

Answer: TypeAlias = Callable[[Answering, int, tuple[int, int], Sequence[Any]], Any]
"""Native code called a method of a client's object: the plan, `this`, (library, method), and what it passed."""


class Methods:
    """Those of one library. Thread-safe."""

    def __init__(self, space: Space, number: int, answer: Answer, backlog: Backlog) -> None:
        self._space = space
        self._number = number
        """The library's number in this host."""
        self._answer = answer
        self._backlog = backlog
        self._lock = threading.RLock()
        self._first = len(space.model.functions)
        self._places = _places(space)
        self._plans: dict[int, MethodPlan] = {}
        self._stubs: dict[int, Any] = {}
        self._vtables: dict[int, Vtable] = {}

    # -- calls of native objects ---------------------------------------------------------------------------------

    def bound(self, number: int, arguments: Sequence[Any], scope: Scope) -> FunctionPlan:
        """How a method is called on the object that is its first argument. Raises Fault."""
        try:
            wire = arguments[0] if arguments else None
            entry = self._wrappers.use(object_number(wire), scope)
        except Mismatch as finding:
            place = self._place(number)
            raise finding.fault_of(f"the object of {place.interface.name}.{place.method.name}") from None
        plan = entry.plans.get((self._number, number))
        if plan is None:
            plan = entry.plans[self._number, number] = self._bind(self._place(number), entry)
        return plan

    @cached_property
    def _wrappers(self) -> Wrappers:
        return self._space.tools.com.wrappers

    def _place(self, number: int) -> MethodPlace:
        index = number - self._first
        if not 0 <= index < len(self._places):
            raise Fault("ProtocolError", f"library {self._number} has no function number {number}, nor a method")
        return self._places[index]

    def _bind(self, place: MethodPlace, entry: Wrapped) -> FunctionPlan:
        contract = self._space.contract(place.interface.name)
        if place.slot < 0:
            text = (
                f"{contract.name}.{place.method.name} has no slot: members of a dispinterface are called by IDispatch"
            )
            raise Fault("NotSupportedError", f"{text} (R14.1)")
        wrappers = self._wrappers
        pointer = wrappers.pointer(entry, contract)
        plan = self._plan(place).on(pointer, wrappers.unknown.slot(pointer, place.slot, contract.shape))
        errors = self._space.tools.com.errors()
        return plan.told_by(errors, entry.address, contract.iid) if errors.tells(entry) else plan

    def signature(self, number: int) -> Signature:
        """A method, decided. Raises Fault."""
        return self._space.signature(self._place(number).method)

    def _plan(self, place: MethodPlace) -> MethodPlan:
        with self._lock:
            plan = self._plans.get(place.number)
            if plan is None:
                signature = self._space.signature(place.method)
                plan = MethodPlan(self._space, signature, None, self._calling(place))
                self._plans[place.number] = plan
            return plan

    # -- calls of clients' objects -------------------------------------------------------------------------------

    def offered(self, index: int) -> Offered:
        """How native code calls a client's object through the interface of that index. Raises Fault."""
        interfaces = self._space.model.interfaces
        if not 0 <= index < len(interfaces):
            raise Fault("ProtocolError", f"library {self._number} has no interface number {index}")
        interface = interfaces[index]
        bases = [each.iid for each in chain_of(self._space.model, interface)[1:-1]]
        return Offered(self._space.contract(interface.name), bases, lambda: self._vtable(index, interface))

    def _vtable(self, index: int, interface: Interface) -> Vtable:
        with self._lock:
            known = self._vtables.get(index)
            if known is None:
                shape = self._space.contract(interface.name).shape
                names = [each.name for each in chain_of(self._space.model, interface)]
                slots = [place for place in self._places if place.interface.name in names and place.slot >= 0]
                code = [self._stub(place) for place in sorted(slots, key=lambda place: place.slot)]
                known = self._space.tools.com.callables.vtables.make(code, shape)
                self._vtables[index] = known
            return known

    def _stub(self, place: MethodPlace) -> Any:
        if place.interface.iid == IIDS["IDispatch"]:
            return self._space.tools.com.dispatch()[place.slot - UNKNOWN_SLOTS]
        code = self._stubs.get(place.number)
        if code is None:
            try:
                code = self._stubs[place.number] = self._make_stub(place)
            except Fault:
                return None  # what cannot be marshalled answers E_NOTIMPL; the others can still be called
        return code

    def _make_stub(self, place: MethodPlace) -> Any:
        method = place.method
        signature = self._space.signature(Delegate(method.name, method.result, method.parameters))
        calling = self._calling(place)
        plan = DelegatePlan(self._space, signature, _never, self._backlog, calling)
        where = self._number, place.number

        def answer(this: int, *natives: Any) -> Any:
            return self._answer(plan, this, where, natives)

        return plan.pool.make_code(calling.stub(answer, plan.result_type))

    def _calling(self, place: MethodPlace) -> MethodCalling:
        return MethodCalling(self._space.tools.backend, self._space.contract(place.interface.name).shape)


def _never(plan: DelegatePlan, _thunk: Any, _natives: Sequence[Any]) -> Any:
    """Methods are not called by function pointers of their own."""
    return plan.zero


def _places(space: Space) -> list[MethodPlace]:
    try:
        return method_places(space.model)
    except DirectiveError as error:
        raise Fault("TypeLoadError", str(error)) from None
