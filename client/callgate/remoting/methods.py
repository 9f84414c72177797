"""A method of a Python object, as others call it: wire arguments in, and what it gives out (R14.16)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from callgate.com.declared import Method as Declaration
from callgate.com.described import member_of
from callgate.com.object_members import is_of_object, object_member
from callgate.convert import CallContext, Mismatch
from callgate.errors import ArgumentError
from callgate.plan import DelegatePlan
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Bytes, Elements
from callgate_protocol.signatures import ParameterPlan, Signature

from .failing import Raised

if TYPE_CHECKING:
    from .spoken import Spoken

__all__ = ["Method", "arguments_in"]

_Unpack = Callable[[Any], Any]


class Method:
    """Called by its number. What a caller passes is what it would pass to native code; the answer mirrors that."""

    def __init__(self, declaration: Declaration, signature: Signature, spoken: Spoken) -> None:
        self.declared = spoken.declared_interface
        self.name = signature.name
        self._attribute = declaration.python
        self._reach = object_member if is_of_object(declaration) else _REACHES[declaration.manner]
        self._unpack = arguments_in(signature)
        self._plan = DelegatePlan(signature)
        self._spoken = spoken
        self._compiled = False

    def perform(self, value: Any, wires: Sequence[Any], context: CallContext) -> tuple[Any, list[Any]]:
        """Call it on an object: result and outs as wire values. Raises whatever the object raises."""
        if not self._compiled:
            self._plan.compile(self._spoken.types)
            self._compiled = True
        arguments = self._plan.values(self._unpack(wires), context)
        try:
            result = self._reach(value, self._attribute, arguments)
        except BaseException as error:
            raise Raised from error
        return self._plan.answer(result, context)


def _call(value: Any, name: str, arguments: Sequence[Any]) -> Any:
    return member_of(value, name)(*arguments)


def _get(value: Any, name: str, _arguments: Sequence[Any]) -> Any:
    return getattr(value, name)


def _put(value: Any, name: str, arguments: Sequence[Any]) -> None:
    setattr(value, name, arguments[0])


_REACHES: dict[str, Callable[[Any, str, Sequence[Any]], Any]] = {"method": _call, "get": _get, "put": _put}
_REACHES["putref"] = _put


def arguments_in(signature: Signature) -> Callable[[Sequence[Any]], list[Any]]:
    """What takes the wire values of a call and gives those of the parameters that travel in."""
    unpacking = [_unpacking(plan) for plan in signature.passed]

    def unpack(wires: Sequence[Any]) -> list[Any]:
        if len(wires) != len(unpacking):
            raise RemoteProtocolError(f"{signature.name} takes {len(unpacking)} arguments, not {len(wires)}")
        return [take(wire) for take, wire in zip(unpacking, wires, strict=True) if take is not None]

    return unpack


def _unpacking(plan: ParameterPlan) -> _Unpack | None:
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
