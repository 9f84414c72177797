"""A process that calls objects of this one: what is lent to it, and how interfaces cross to it and back (R17.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callgate.convert import CallContext
from callgate.errors import InvalidCastError
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.references import read_address
from callgate_transport.serving.session import Session

if TYPE_CHECKING:
    from .servant import Servant

__all__ = ["Peer", "ServedContext"]


class ServedContext(CallContext):
    """What one call of a peer collects: beside what every call does, the references that stand in its answer."""

    __slots__ = ("given", "peer")

    def __init__(self, peer: Peer, received: list[Any]) -> None:
        super().__init__(peer, received)  # type: ignore[arg-type]  # what converters ask of a host, a peer has
        self.peer = peer
        self.given: list[int] = []


class Peer:
    """One session of another process with this one, as converters see it."""

    def __init__(self, servant: Servant, session: Session) -> None:
        self.session = session
        self._servant = servant

    def refer(self, value: Any, iid: str, context: ServedContext) -> Any:
        """A reference to an object of this process, for an answer."""
        reference = self._servant.exports.refer(value, iid, self.session.secret)
        context.given.append(reference.object)
        return {"ref": list(reference)}

    def give(self, value: Any, iid: str, context: ServedContext) -> Any:
        """The wire value of an object that a method gives back."""
        if value is None:
            return None
        if not self._servant.answers(value, iid):
            raise InvalidCastError(f"{type(value).__name__} does not implement {self._servant.name_of(iid)}")
        return self.refer(value, iid, context)

    def take(self, wire: Any, _iid: str, _context: ServedContext) -> Any:
        """The object that a wire value of an argument stands for: one of ours that comes home is itself (R14.9)."""
        if wire is None:
            return None
        number, offset = read_address(wire)
        if offset:
            raise RemoteProtocolError("an object has no inside")
        return self._servant.exports.find(number)
