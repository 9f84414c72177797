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
from callgate_protocol.errors import Fault
from callgate_protocol.standard import IIDS
from callgate_protocol.system import HostFunction

from .implementing import has_interface
from .spoken import spoken

if TYPE_CHECKING:
    from .peers import ServedContext

__all__ = ["dispatch", "names"]

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
    count = len(given) + len(named)
    exception = None if told is None else [0, *told]
    return [code, result, changed, exception, count - 1 - wrong if wrong >= 0 else -1]


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
