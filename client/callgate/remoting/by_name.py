"""Members of objects of this process that others call by name (R14.21 to R14.24, R18.1): those that are declared.

These are the numbered members of the interfaces that a class derives from, and the public members of a class that says
itself, with `@callgate.class_interface`, how it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from callgate.com.declared import Declared, declared_by_iid
from callgate.com.objects import ComObject
from callgate.com.served import Table, perform, table_of
from callgate.com.wellknown import wellknown
from callgate_protocol.dispatch import slot_of
from callgate_protocol.errors import Fault, RemoteProtocolError
from callgate_protocol.standard import IIDS
from callgate_protocol.system import HostFunction

from .implementing import has_interface
from .spoken import spoken

if TYPE_CHECKING:
    from .peers import ServedContext

__all__ = ["dispatch", "names", "to_host"]

_DISPATCH: Final = IIDS["IDispatch"]
_MOST: Final = 4096


def names(value: Any, texts: Any, lcid: Any, iid: Any, context: ServedContext) -> Any:
    """GetIDsOfNames: `[HRESULT, [DISPID, …]]`. Raises Fault."""
    if type(texts) is not list or not 0 < len(texts) <= _MOST or type(lcid) is not int:
        raise Fault("ProtocolError", f"expected at most {_MOST} names and an LCID")
    table = _table(value, iid)
    return perform(value, HostFunction.NAMES, [iid, texts, lcid], table, _types(), context)


def dispatch(value: Any, request: list[Any], iid: Any, context: ServedContext) -> list[Any]:
    """Invoke, answered as a host does. Raises Fault."""
    member, flags, lcid, given, named = request
    if any(type(each) is not int for each in (member, flags, lcid)):
        raise Fault("ProtocolError", "expected a DISPID, flags and an LCID")
    if type(given) is not list or type(named) is not list or len(given) + len(named) > _MOST:
        raise Fault("ProtocolError", f"expected at most {_MOST} arguments")
    if any(type(each) is not list or len(each) != 2 or type(each[0]) is not int for each in named):
        raise Fault("ProtocolError", "expected a DISPID and a value for each argument by name")
    table = _table(value, iid)
    asked = [iid, member, flags, lcid, given, named]
    code, result, changed, told, wrong = perform(value, HostFunction.DISPATCH, asked, table, _types(), context)
    return to_host([code, result, changed, told, wrong], len(given), len(named))


def to_host(answer: Any, given: int, named: int) -> list[Any]:
    """What an object of Python says to Invoke, as a host says it: arguments are counted from the last in memory.

    Raises RemoteProtocolError for what is no such answer.
    """
    if type(answer) is not list or [type(each) for each in answer[:1] + answer[4:]] != [int, int]:
        raise RemoteProtocolError("expected what an object says to Invoke")
    code, result, changed, told, wrong = answer
    if type(changed) is not list or any(type(each) is not list or len(each) != 2 for each in changed):
        raise RemoteProtocolError("expected the arguments that an Invoke has changed")
    if any(type(place) is not int for place, _ in changed) or type(told) not in (list, type(None)):
        raise RemoteProtocolError("expected where an Invoke has changed arguments, and what it tells of its failure")
    count = given + named
    back = [[count - 1 - slot_of(place, given, named), wire] for place, wire in changed]
    exception = None if told is None else [0, *told]
    return [code, result, back, exception, slot_of(wrong, given, named) if wrong >= 0 else -1]


def _types() -> Any:
    return spoken(wellknown("IDispatch")).types


def _table(value: Any, iid: Any) -> Table:
    """The members, those of the interface that is asked through first. Raises Fault."""
    declared = _declared(value, iid)
    table = table_of(type(value), declared, native=False)
    if not len(table) and not isinstance(value, ComObject):
        text = f"a {type(value).__name__} has no declared members that are called by name (E_NOINTERFACE, R14.25)"
        raise Fault("InvalidCastError", text)
    return table


def _declared(value: Any, iid: Any) -> Declared | None:
    if type(iid) is not str:
        raise Fault("ProtocolError", "members are asked for through an interface")
    declared = None if iid == _DISPATCH else declared_by_iid(iid)
    return declared if declared is not None and has_interface(value, declared) else None
