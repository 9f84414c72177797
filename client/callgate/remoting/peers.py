"""A process that calls objects of this one, seen as the host of its own objects (R17.28, R18.3).

Calls of its objects go the other way over the connection that it opened: down the channel of its call where there is
one, else over the control channel. Nobody connects to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from callgate.com.closure import of_model
from callgate.com.declared import Declared, declared_by_iid
from callgate.com.implemented import interfaces_of
from callgate.com.lent import Lent
from callgate.com.objects import ComObject, answers, no_interface
from callgate.convert import CallContext, Mismatch
from callgate.convert.base import wrong_type
from callgate.errors import HostLost, InvalidCastError, NotSupportedError, ObjectGone
from callgate.failures import over_rpc
from callgate.faults import exception_of
from callgate.holdings import Holdings
from callgate.hresults import HResult
from callgate.memory import Remote
from callgate.process import defer
from callgate_protocol.channel import Received
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.interfaces import method_places
from callgate_protocol.messages import Raise, Return
from callgate_protocol.model import TypeLibrary
from callgate_protocol.references import Purpose, Reference, read_address, read_reference
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IIDS
from callgate_protocol.system import HostFunction
from callgate_transport.serving.roles import Gone
from callgate_transport.serving.session import Session

from .by_name import to_host
from .methods import arguments_in
from .spoken import Numbers, Spoken

if TYPE_CHECKING:
    from callgate.host import Host

    from .servant import Servant

__all__ = ["PLAIN", "Peer", "ServedContext"]

PLAIN: Final = (int, float, complex, str, bytes, bytearray, memoryview, list, tuple, dict, set, frozenset, type)
"""Values that nobody means when an object is asked for."""


class _Found:
    """An object of this process that an answer names, looked up while the answer held it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class ServedContext(CallContext):
    """What one call of a peer collects: beside what every call does, the references that stand in its answer."""

    __slots__ = ("given", "peer")

    def __init__(self, peer: Peer, received: list[Any]) -> None:
        super().__init__(cast("Host", peer), received)
        self.peer = peer
        self.given: list[int] = []


class _PeerSession:
    """What proxies and their counts ask of a session, for one that the other side has opened."""

    def __init__(self, servant: Servant, session: Session) -> None:
        self._servant = servant
        self._session = session
        self.incarnation = session.secret
        """Nobody but this process names the peer's objects by it."""
        self.serves = "python"
        self.near = session.rights is None
        """Whether it is another process of this machine."""
        self.abi = servant.abi
        self.level = session.level
        told = session.about.get("process")
        self.process = told if type(told) is int else 0

    @property
    def dead(self) -> bool:
        """Whether the peer is gone."""
        return not self._session.alive

    def release(self, references: list[list[int]]) -> None:
        """Give objects of the peer back."""
        if references and not self.dead:
            self._servant.outbox.give_back(self._session, references)

    def post(self, work: Any) -> None:
        """Have something done on the I/O thread; takes no lock."""
        self._servant.post(work)


class Peer:
    """One session. Its parts have the names that those of `Host` have, because proxies and plans know it as one."""

    def __init__(self, servant: Servant, session: Session) -> None:
        self.served = session
        self.servant = servant
        self.session = _PeerSession(servant, session)
        self.holdings = Holdings(cast("Any", self.session))
        self.objects = PeerObjects(self)
        self.lends = False
        """Objects of this process go to a peer as references, which the table of exports counts."""
        self.errno: Any = None
        self.incarnation = _incarnation(session.about.get("incarnation")) if self.session.near else b""
        """The process, by which others name its objects. Empty when it did not say, or is of another machine."""

    @property
    def dead(self) -> bool:
        """Whether it is gone."""
        return self.session.dead

    def when_dead(self, mourn: Callable[[], None]) -> None:
        """Have something done when it has ended, which may be now; not on this thread."""
        self.served.keep_until_end(lambda: defer(mourn))

    def describe(self) -> str:
        """For messages."""
        return "the process that passed it here"

    def check_alive(self, proxy: Remote) -> None:
        """Raise ObjectGone when the object died with its process."""
        if self.servant.process != os.getpid():
            raise ObjectGone(f"{proxy!r} belongs to the process that forked this one")
        if self.dead:
            gone = ObjectGone(f"{proxy!r} lived in a process that is gone", hresult=HResult(Code.RPC_E_DISCONNECTED))
            raise over_rpc(gone)

    def invoke(
        self,
        library: int,
        function: int,
        arguments: list[Any],
        payloads: list[Any],
        _expires: float | None,
        name: str,
    ) -> tuple[Return, list[Any]]:
        """Call a method of one of its objects and wait. Raises HostLost when it is gone, and what its object raised."""
        if self.holdings.has_collected:
            self.session.release(self.holdings.take_releases())
        target, *wires = arguments
        request = [library, *self.objects.translate(library, function, wires)]
        message, received = self._asked(target, request, payloads, name)
        self._check_code(library, function, message, name)
        return message, received

    def _asked(self, target: Any, request: list[Any], payloads: list[Any], name: str) -> tuple[Return, list[Any]]:
        try:
            answer = self.servant.ask(self, read_address(target)[0], request, payloads)
        except Gone:
            raise over_rpc(HostLost(f"the process of {name} ended while it was called", function=name)) from None
        message = answer.message
        if isinstance(message, Raise):
            raise exception_of(message, self.describe(), name)
        if not isinstance(message, Return):
            raise RemoteProtocolError(f"a {type(message).__name__} is no answer")
        return message, answer.payloads

    def passed_on(self, number: int, declared: Declared, purpose: Purpose) -> Reference:
        """R17.12: a reference to one of its objects for a third process: it opens a door of its own for that."""
        answer = self._own(
            number, HostFunction.HAND_OVER, [declared.iid, int(purpose)], f"handing over a {declared.name}"
        )
        return read_reference({"ref": answer})[0]

    def claimed(self, token: Any, declared: Declared) -> Any:
        """R17.13: one of its objects that came by another way is the proxy that is here already."""
        wire = self._own(0, HostFunction.CLAIM, [token, declared.iid], f"claiming a {declared.name}")
        return self.objects.take(wire, declared, CallContext(cast("Host", self)))

    def _own(self, number: int, function: HostFunction, arguments: list[Any], name: str) -> Any:
        try:
            answer = self.servant.ask(self, number, [0, int(function), arguments], []).message
        except Gone:
            raise ObjectGone(f"the owner of an object ended while {name}") from None
        if isinstance(answer, Raise):
            raise exception_of(answer, self.describe(), name)
        assert isinstance(answer, Return)
        return answer.result

    def _check_code(self, library: int, function: int, message: Return, name: str) -> None:
        """R8.7: methods that throw answer a code, and nothing else, when they fail."""
        if self.objects.throws(library, function) and type(message.result) is int and message.result < 0:
            details = {"hresult": message.result}
            raise exception_of(Raise(message.call, "ComError", "", details), self.describe(), name)

    def system(self, function: HostFunction, *arguments: Any) -> Any:
        """What proxies ask beside their methods, answered from what the peer has said."""
        if function is HostFunction.QUERY:
            number, iids = arguments[0]["at"][0], arguments[1]
            return [0 if self.objects.has(number, iid) else Code.E_NOINTERFACE.signed for iid in iids]
        if function is HostFunction.WHERE:
            return ["mta", 0, 0, 0]
        if function is HostFunction.RELEASE:
            self.session.release([[arguments[0], arguments[1]]])
            return None
        if function is HostFunction.NAMES:
            place, texts, lcid, iid = arguments
            number = read_address(place)[0]
            return self._own(number, function, [iid, texts, lcid], "asking for a member by name")
        raise NotSupportedError(f"{function.name} is a function of hosts of native libraries")

    def ask(
        self, function: HostFunction, arguments: list[Any], payloads: list[Any], name: str
    ) -> tuple[Return, list[Any]]:
        """Call a member of one of its objects by its number (R14.22). Raises HostLost."""
        if function is not HostFunction.DISPATCH:
            raise NotSupportedError(f"{function.name} is a function of hosts of native libraries")
        target, _library, member, flags, lcid, given, named, iid = arguments
        request = [0, int(function), [iid, member, flags, lcid, given, named]]
        message, received = self._asked(target, request, payloads, name)
        return message._replace(result=to_host(message.result, len(given), len(named))), received

    def submit(self, *_: Any) -> Any:
        """Calls of a peer's objects are waited for."""
        raise NotSupportedError("methods of an object that another process has passed here are called, not submitted")


def _incarnation(told: Any) -> bytes:
    try:
        return bytes.fromhex(told) if type(told) is str else b""
    except ValueError:
        return b""


def handing() -> Any:
    """What hands over; it knows processes, whose parts peers are."""
    return import_module("callgate.remoting.handing")


class _Way(NamedTuple):
    """One method of a peer's objects."""

    number: int
    """By which the peer knows it."""
    unpack: Callable[[Sequence[Any]], list[Any]]
    throws: bool


class PeerObjects(Numbers):
    """Interfaces to and from one peer: its objects by their numbers, its libraries by ours (R17.13)."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._spoken: dict[Declared, Spoken] = {}
        self._libraries: dict[Declared, int] = {}
        self._ways: dict[tuple[int, int], _Way] = {}
        self._iids: dict[int, frozenset[str]] = {}
        self.lent = Lent(peer.holdings.numbers)
        """Nothing is lent to a peer in the way of clients of hosts."""

    def describe(self, declared: Declared) -> Spoken:
        """How methods of the peer's objects are called."""
        known = self._spoken.get(declared)
        if known is None:
            known = self._spoken.setdefault(declared, Spoken(cast("Host", self._peer), declared))
        return known

    def number_of(self, declared: Declared) -> int:
        """See `Numbers`. What is called by name needs none."""
        if declared.iid == IIDS["IDispatch"]:
            return 0
        try:
            return self._libraries[declared]
        except KeyError:
            raise InvalidCastError(f"{declared.name} was not among the interfaces that came with the object") from None

    def translate(self, library: int, function: int, wires: Sequence[Any]) -> tuple[int, list[Any]]:
        """The number that the peer gives a method, and the arguments that it takes in."""
        way = self._way(library, function)
        return way.number, way.unpack(wires)

    def throws(self, library: int, function: int) -> bool:
        """Whether a method answers codes."""
        return self._way(library, function).throws

    def _way(self, library: int, function: int) -> _Way:
        """How a method is called there, found once."""
        known = self._ways.get((library, function))
        if known is None:
            spoken = next(each for each in self._spoken.values() if each.number == library)
            iid, index = spoken.slot(function)
            number = next(
                place.number
                for place in method_places(self._peer.servant.library(library))
                if place.interface.iid == iid and place.interface.methods[index] is place.method
            )
            signature = spoken.signature(function)
            known = _Way(number, arguments_in(signature), signature.throws)
            self._ways[library, function] = known
        return known

    def has(self, number: int, iid: str) -> bool:
        """Whether the peer said that its object has an interface."""
        return iid in self._iids.get(number, ())

    # -- values --------------------------------------------------------------------------------------------------

    def give(self, value: Any, declared: Declared, context: CallContext) -> Any:
        """The wire value of an object: the peer's own comes home, ours is exported (R14.9)."""
        if value is None:
            return None
        if isinstance(value, ComObject):
            if not answers(value, declared):
                raise Mismatch(InvalidCastError, str(no_interface(value, declared)))
            if value._host is cast("Host", self._peer):  # noqa: SLF001 - where it lives decides
                return {"object": value._check()}  # noqa: SLF001
            if handing().can_reach(self._peer, value, declared):
                return handing().hand_over(value, declared)
            return self.refer(value, declared, context)
        if isinstance(value, PLAIN) or not interfaces_of(value, declared):
            raise wrong_type(f"an object with the interface {declared.name}, or None", value)
        return self.refer(value, declared, context)

    def refer(self, value: Any, declared: Declared, context: CallContext) -> Any:
        """A reference to an object of this process."""
        reference = self._peer.servant.exports.refer(value, declared.iid, self._peer.served.secret)
        if isinstance(context, ServedContext):
            context.given.append(reference.object)
        return {"ref": list(reference)} | handing().also_lent(value, self._peer.incarnation)

    def take(self, wire: Any, declared: Declared, _context: CallContext) -> Any:
        """The object behind a wire value: one of ours that comes home is itself, one of the peer's a proxy."""
        if wire is None:
            return None
        if type(wire) is _Found:
            return wire.value
        if type(wire) is dict and "object" in wire:
            return self._adopt(wire, declared)
        if type(wire) is dict and "ref" in wire:
            if not self._peer.session.near:
                raise RemoteProtocolError("a client of another machine hands on nobody else's objects")
            return handing().arrived(read_reference(wire)[0], declared)
        return self._ours(wire)

    def _ours(self, wire: Any) -> Any:
        number, offset = read_address(wire)
        if offset:
            raise RemoteProtocolError("an object has no inside")
        return self._peer.servant.exports.find(number)

    def found(self, answer: Received) -> Received:
        """An answer with the objects of this process that it names; they may be given back from now on."""
        message = answer.message
        if not isinstance(message, Return):
            return answer
        return answer._replace(
            message=message._replace(result=self._look(message.result), outs=self._look(message.outs))
        )

    def _look(self, wire: Any) -> Any:
        if type(wire) is list:
            return [self._look(each) for each in wire]
        if type(wire) is dict and "at" in wire:
            with suppress(RemoteProtocolError, ObjectGone):  # `take` says where that is
                return _Found(self._ours(wire))
        return wire

    def _adopt(self, wire: Any, declared: Declared) -> Any:
        number, pairs = wire["object"], wire.get("interfaces")
        if type(number) is not int or not 0 < number < 1 << 63 or type(pairs) is not list:
            raise RemoteProtocolError("expected the number of an object and its interfaces")
        offered = [self._offered(pair) for pair in pairs]
        known = handing().met(self._peer.incarnation, wire.get("export"))
        if known is not None:  # it came by another way before, and one object has one proxy (R18.7)
            self._peer.session.release([[number, 1]])
            return known
        peer = cast("Host", self._peer)
        reference = Reference(self._peer.session.incarnation, number, declared.iid, 1, None, [])
        proxy = self._peer.holdings.proxy(reference, lambda: ComObject(peer, number), prompt=True)
        self._iids[number] = frozenset(iid for each in offered for iid in each.answers)
        for each in offered:
            proxy._learn(each)  # noqa: SLF001 - the peer said so
        return proxy

    def _offered(self, pair: Any) -> Declared:
        """An interface by the peer's library and its index there; this process need not know it (R17.15)."""
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not int or type(pair[1]) is not int:
            raise RemoteProtocolError("expected the numbers of a library and an interface")
        library: TypeLibrary = self._peer.servant.library(pair[0])
        if not 0 <= pair[1] < len(library.interfaces):
            raise RemoteProtocolError(f"library {pair[0]} has no interface number {pair[1]}")
        interface = library.interfaces[pair[1]]
        declared = declared_by_iid(interface.iid) or of_model(library, interface.name)
        self._libraries.setdefault(declared, pair[0])
        return declared
