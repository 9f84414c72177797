"""IDispatch of objects of other processes: what native code here asks, as their owner is asked (R14.21 to R14.23).

`Served` asks as clients are asked; an owner is asked as any process is that has objects, by NAMES and DISPATCH.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from callgate_native_host.faults import expected
from callgate_protocol.channel import Received
from callgate_protocol.dispatch import OWN_CODES, UNKNOWN, place_of
from callgate_protocol.messages import Raise, Return
from callgate_protocol.rpccodes import Code, signed
from callgate_protocol.system import HostFunction
from callgate_protocol.vartypes import BYREF, EMPTY, VARIANT

__all__ = ["answered", "asked", "failed"]

_LOWEST: Final = -(1 << 31)
_FAULTS: Final[dict[str, int]] = {
    "InvalidOleVariantTypeError": Code.DISP_E_BADVARTYPE.signed,
    "InvalidCastError": Code.E_NOINTERFACE.signed,
    "ObjectGone": Code.RPC_E_DISCONNECTED.signed,
}
"""What an owner calls a failure that has no code of its own → the code (R14.23)."""

_Wires: TypeAlias = Sequence[Any]


class _Question(NamedTuple):
    """One of the two, both ways."""

    asked: Callable[[dict[str, Any], _Wires], list[Any]]
    """(object, what `Served` offers) → the arguments of the call."""
    answered: Callable[[Any, _Wires], Any]
    """(result of the call, what was offered) → what `Served` accepts. Raises Mismatch."""
    failed: Callable[[int, _Wires], Any]
    """The same for an HRESULT."""


def _refused(message: Raise) -> int:
    """The HRESULT of a failure of the call itself."""
    code = message.details.get("hresult")
    return code if type(code) is int and _LOWEST <= code < 0 else _FAULTS.get(message.name, Code.E_FAIL.signed)


def _names_asked(place: dict[str, Any], wires: _Wires) -> list[Any]:
    iid, texts, lcid = wires
    return [place, texts, lcid, iid]


def _names_failed(code: int, wires: _Wires) -> list[Any]:
    return [code, [UNKNOWN] * len(wires[1])]


def _call_asked(place: dict[str, Any], wires: _Wires) -> list[Any]:
    iid, member, flags, lcid, given, named = wires
    pairs = [[name, _lent(wire)] for name, wire in named]
    return [place, 0, member, flags, lcid, [_lent(wire) for wire in given], pairs, iid]


def _lent(wire: Any) -> Any:
    """R13.8: what native code refers to may come back changed, of the type that it has."""
    vartype = wire[0]
    if not vartype & BYREF or vartype == BYREF | VARIANT:
        return wire
    return [BYREF | VARIANT, [vartype & ~BYREF, wire[1]]]


def _call_answered(result: Any, wires: _Wires) -> list[Any]:
    if type(result) is not list or len(result) != 5 or type(result[4]) is not int:
        raise expected("what DISPATCH answers", result)
    code, value, changed, told, wrong = result
    given, named = len(wires[4]), len(wires[5])
    if type(changed) is not list or any(type(each) is not list or len(each) != 2 for each in changed):
        raise expected("arguments that have changed", changed)
    if not all(type(index) is int and 0 <= index < given + named for index, _ in changed):
        raise expected("indices of arguments", changed)
    back = [[place_of(given + named - 1 - index, given, named), wire] for index, wire in changed]
    return [code, value, back, _told(told), place_of(wrong, given, named) if wrong >= 0 else -1]


def _told(told: Any) -> list[Any] | None:
    """EXCEPINFO, whose small numbers stand for codes of the interface (R14.23)."""
    if told is None:
        return None
    if type(told) is not list or len(told) != 6 or type(told[0]) is not int or type(told[1]) is not int:
        raise expected("an exception", told)
    number, code, *rest = told
    if not 0 <= number < 1 << 16:
        raise expected("a number of 16 bits", number)
    return [code or (signed(OWN_CODES + number) if number else Code.E_FAIL.signed), *rest]


def _call_failed(code: int, _wires: _Wires) -> list[Any]:
    return [code, [EMPTY, None], [], None, -1]


_QUESTIONS: Final[dict[int, _Question]] = {
    HostFunction.NAMES: _Question(_names_asked, lambda result, _wires: result, _names_failed),
    HostFunction.DISPATCH: _Question(_call_asked, _call_answered, _call_failed),
}
"""By the function that `Served` asks for."""


def asked(function: int, number: int, wires: _Wires) -> list[Any]:
    """The arguments with which an owner is asked about one of its objects."""
    return _QUESTIONS[function].asked({"at": [number, 0]}, wires)


def answered(function: int, answer: Received, wires: _Wires) -> Received:
    """An owner's answer as `Served` accepts it. Raises Mismatch."""
    message = answer.message
    if isinstance(message, Raise):
        return failed(function, _refused(message), wires)
    assert isinstance(message, Return)
    result = _QUESTIONS[function].answered(message.result, wires)
    return Received(Return(0, result, [], 0, []), answer.payloads)


def failed(function: int, code: int, wires: _Wires) -> Received:
    """The same for an HRESULT."""
    return Received(Return(0, _QUESTIONS[function].failed(code, wires), [], 0, []), [])
