"""Events of native objects: `callgate.advise(source, IEvents, sink)` (R14.27, R14.28)."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from callgate.errors import ComError, HostLost, InvalidCastError, ObjectGone
from callgate_protocol.rpccodes import Code

from .declared import Declared, declared_of
from .implemented import Offer
from .members import call
from .objects import ComObject, answers, checked
from .wellknown import wellknown

__all__ = ["AdviseConnection", "advise"]

_GONE = frozenset({0x80040200, int(Code.RPC_E_DISCONNECTED), 0x800706BA})
"""What a source says when nothing is connected any more: CONNECT_E_NOCONNECTION, or that it is gone itself."""


class AdviseConnection:
    """A sink that is connected to a source, until `close`; `with` closes it."""

    def __init__(self, point: ComObject, cookie: int, sink: Any) -> None:
        self.cookie = cookie
        """The source's own number for it, never 0."""
        self._point = point
        self._sink = sink
        self._open = True

    def close(self) -> None:
        """Unadvise. Once: closing twice does nothing, and neither does closing when the source is gone (R14.30)."""
        if not self._open:
            return
        self._open = False
        try:
            _call(self._point, "IConnectionPoint", "Unadvise", self.cookie)
        except (ObjectGone, HostLost):
            pass  # whatever was connected is gone with it
        except ComError as error:
            if (error.hresult or 0) & 0xFFFFFFFF not in _GONE:
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "" if self._open else ", closed"
        return f"<connection {self.cookie} of {self._sink!r} at {self._point!r}{state}>"


def advise(source: Any, interface: Any, sink: Any) -> AdviseConnection:
    """Have the events of a source call methods of any object of this process, by slot or by name as the source does.

    Raises InvalidCastError for an object without events, ComError CONNECT_E_NOCONNECTION for one that does not have
    these, TypeError for a sink that has none of the methods.
    """
    declared = interface if isinstance(interface, Declared) else declared_of(interface)
    container = wellknown("IConnectionPointContainer")
    if not answers(checked(source), container):
        raise InvalidCastError(f"{source!r} has no events: it does not answer IConnectionPointContainer (R14.27)")
    names = [method.python for method in declared.methods.values()]
    if names and not any(hasattr(sink, name) for name in names):
        raise TypeError(f"{sink!r} has none of the methods of {declared.name}: {', '.join(names)}")
    point = call(source, container, container.methods["FindConnectionPoint"], (declared.iid,), {})
    cookie = _call(point, "IConnectionPoint", "Advise", Offer(sink, declared))
    return AdviseConnection(point, cookie, sink)


def _call(proxy: ComObject, interface: str, method: str, *arguments: Any) -> Any:
    declared = wellknown(interface)
    return call(proxy, declared, declared.methods[method], arguments, {})
