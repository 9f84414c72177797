"""A method of a Python object, as others call it: wire arguments in, and what it gives out (R14.16)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from callgate.convert import CallContext, Mismatch
from callgate.errors import ArgumentError
from callgate.plan import DelegatePlan
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Bytes, Elements
from callgate_protocol.interfaces import MethodPlace
from callgate_protocol.signatures import ParameterPlan, Signature

from .failing import Raised

if TYPE_CHECKING:
    from .contracts import Contract

__all__ = ["Method"]


class Method:
    """Called by its number. What a caller passes is what it would pass to native code; the answer mirrors that."""

    def __init__(self, place: MethodPlace, signature: Signature, types: Contract) -> None:
        self.iid = place.interface.iid
        self.name = f"{place.interface.name}.{place.method.name}"
        self._attribute = place.method.name
        words = {word.name for word in place.method.result.attributes}
        self._reach = next((reach for word, reach in _REACHES.items() if word in words), _call)
        self._signature = signature
        self._plan = DelegatePlan(signature)
        self._passed = [_unpacking(plan) for plan in signature.passed]
        self._plan.compile(types)

    def perform(self, value: Any, wires: Sequence[Any], context: CallContext) -> tuple[Any, list[Any]]:
        """Call it on an object: result and outs as wire values. Raises whatever the object raises."""
        if len(wires) != len(self._passed):
            raise RemoteProtocolError(f"{self.name} takes {len(self._passed)} arguments, not {len(wires)}")
        given = [unpack(wire) for unpack, wire in zip(self._passed, wires, strict=True) if unpack is not None]
        arguments = self._plan.values(given, context)
        try:
            result = self._reach(value, self._attribute, arguments)
        except BaseException as error:
            raise Raised from error
        return self._plan.answer(result, context)


def _call(value: Any, name: str, arguments: Sequence[Any]) -> Any:
    return getattr(value, name)(*arguments)


def _get(value: Any, name: str, arguments: Sequence[Any]) -> Any:
    found = getattr(value, name)
    return found(*arguments) if arguments else found


def _put(value: Any, name: str, arguments: Sequence[Any]) -> None:
    if len(arguments) != 1:
        raise ArgumentError(f"{name} is a property with an index, which a Python object does not have")
    setattr(value, name, arguments[0])


_REACHES: dict[str, Callable[[Any, str, Sequence[Any]], Any]] = {"propget": _get, "propput": _put, "propputref": _put}
"""Word of a method → how Python reaches it (R14.21); everything else is called."""


def _unpacking(plan: ParameterPlan) -> Callable[[Any], Any] | None:
    """How the value of a passed parameter stands in its wire value; None when only room was asked for."""
    if not plan.direction.travels_in:
        return None
    if isinstance(plan.form, Elements | Bytes) and plan.form.length is not None:
        return _first_elements
    return _itself


def _itself(wire: Any) -> Any:
    if isinstance(wire, dict) and "like" in wire:
        raise Mismatch(ArgumentError, "the same memory twice is nothing that a Python object can be given")
    return wire


def _first_elements(wire: Any) -> Any:
    """With `length_is` a sender says how much room there is, and which elements are there."""
    if wire is None:
        return None
    if type(wire) is not list or len(wire) != 2:
        raise RemoteProtocolError("expected the room of an array and its first elements")
    return wire[1]
