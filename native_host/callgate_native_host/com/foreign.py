"""Objects of other processes that native code here holds, called directly (R17.11 to R17.13).

A reference is claimed at its owner, and every call goes there: whoever gave it may be gone. To `Callables` the owner
is a session like a client's, only that its methods are called by `call` instead of `callback`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from callgate_native_host.faults import Mismatch
from callgate_protocol.channel import Received
from callgate_protocol.errors import Fault, RemoteProtocolError
from callgate_protocol.forms import Count, count_of
from callgate_protocol.messages import Callback, Notice, Raise, Return
from callgate_protocol.references import Purpose, Reference, read_reference
from callgate_protocol.rpccodes import Code
from callgate_protocol.signatures import Signature
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import encode_library, library_hash
from callgate_protocol.ways import FarWay, near_path
from callgate_transport.callchannel import HungUp
from callgate_transport.serving.session import Session as Held

if TYPE_CHECKING:
    from callgate_native_host.com.callables import Offered
    from callgate_native_host.loading import Library
    from callgate_transport.iothread import IoThread
    from callgate_transport.session import Session

__all__ = ["Foreign", "Owner"]

_E_FAIL: Final = Code.E_FAIL.signed


class Owner(Held):
    """A process that owns such objects. Implements `callgate_transport.session.SessionOwner`."""

    __slots__ = ("__weakref__", "_library", "_link", "_loaded", "_lock", "_offered")

    def __init__(self, link: Session, library: Callable[[int], Library], offered: Callable[[str], Offered]) -> None:
        super().__init__(link.incarnation, link.limits, lambda: link.close("it is not used any more"))
        self._link = link
        self._library = library
        self._offered = offered
        self._loaded: dict[int, int] = {}
        self._lock = threading.Lock()
        link.start(self)

    @property
    def near(self) -> bool:
        """Whether it is on this machine."""
        return self._link.near

    @property
    def route(self) -> str:
        """How others reach it."""
        return self._link.route

    def ask(self, number: int, arguments: list[Any], payloads: Sequence[Any]) -> Received:
        """Call a method of one of its objects, as `Callbacks` asks a client for it. A failure is its HRESULT."""
        library, method, wires = arguments
        if library == 0:
            return self._by_name(number, method, wires, payloads)
        mine = self._library(library)
        signature = mine.methods.signature(method)
        request = [{"at": [number, 0]}, *_passed(signature, wires)]
        try:
            there = self._number(library, mine)
            answer = self._call(there, method - len(mine.model.functions), request, list(payloads))
        except HungUp:
            return _failed(signature, Code.RPC_E_SERVER_DIED.signed)
        if isinstance(answer.message, Raise):
            code = answer.message.details.get("hresult")
            return _failed(signature, code if type(code) is int and code < 0 else _E_FAIL)
        return answer

    def _by_name(self, number: int, function: int, wires: list[Any], payloads: Sequence[Any]) -> Received:
        """Ask IDispatch of one of its objects (R14.21, R14.22)."""
        from . import by_name  # noqa: PLC0415 - brings VARIANTs in, which few libraries need

        try:
            answer = self._call(0, function, by_name.asked(function, number, wires), list(payloads))
        except HungUp:
            return by_name.failed(function, Code.RPC_E_SERVER_DIED.signed, wires)
        return by_name.answered(function, answer, wires)

    def offered(self, iid: str) -> Offered | None:
        """How its objects are called through an interface; None when nobody has described it here (R17.15)."""
        try:
            return self._offered(iid)
        except Fault:
            return None

    def has(self, number: int, iid: str) -> bool | None:
        """R17.10: whether one of its objects answers an interface; None when the owner cannot be asked any more."""
        try:
            result = self._system(HostFunction.QUERY, {"at": [number, 0]}, [iid])
        except Exception:  # the border: native code asks, and must not be unwound
            return None
        return type(result) is list and len(result) == 1 and type(result[0]) is int and result[0] >= 0

    def claim(self, token: bytes) -> Reference:
        """What was handed over, now counted for this process. Raises Mismatch (`ObjectGone`)."""
        return read_reference(self._system(HostFunction.CLAIM, token))[0]

    def hand_over(self, number: int, iid: str) -> Reference:
        """R17.12: a reference to one of its objects for a third process."""
        token = self._system(HostFunction.HAND_OVER, {"at": [number, 0]}, iid, int(Purpose.NORMAL))
        return Reference(self.secret, number, iid, 1, token, [self.route])

    def give_back(self, references: list[list[int]]) -> None:
        """Native code here holds some of its objects no more."""
        self._link.release(references)

    def _number(self, library: int, mine: Library) -> int:
        """R17.15: the interfaces, described to it; its functions are nobody's business."""
        with self._lock:
            known = self._loaded.get(library)
            if known is None:
                encoded = encode_library(mine.model.replace(functions=()))
                known = self._loaded[library] = self._system(HostFunction.LOAD, "", library_hash(encoded), encoded)[0]
            return known

    def _system(self, function: HostFunction, *arguments: Any) -> Any:
        payloads = [each for each in arguments if isinstance(each, bytes) and len(each) > 1024]
        wires = [{"payload": payloads.index(each)} if each in payloads else each for each in arguments]
        try:
            answer = self._call(0, function, wires, payloads)
        except HungUp:
            raise Mismatch("the process that owns the object is gone", "ObjectGone") from None
        if isinstance(answer.message, Raise):
            raise Fault("ObjectGone", f"the owner of the object says: {answer.message.message}")
        assert isinstance(answer.message, Return)
        return answer.message.result

    def _call(self, library: int, function: int, arguments: list[Any], payloads: list[Any]) -> Received:
        channel = self._link.take()
        _, frames = channel.talk.call(library, function, arguments, payloads, None)
        try:
            channel.send(frames)
            answer = channel.receive(None)
            while isinstance(answer.message, Callback):  # nothing of ours is called this way: it was handed over
                channel.send(channel.talk.fail(answer.message.call, "ObjectGone", "there is no such object"))
                answer = channel.receive(None)
        except HungUp:
            if self._link.interrupted(channel):  # between machines the session may go on
                self._link.give(channel)
            raise
        self._link.give(channel)
        return answer

    # -- SessionOwner, on the I/O thread -------------------------------------------------------------------------

    def called_back(self, _channel: int, callback: Callback, _payloads: list[Any], answer: Any) -> None:
        """Nothing of this process is called this way."""
        answer(Raise(callback.call, "ObjectGone", "there is no such object", {}), [], None)

    def noticed(self, notice: Notice) -> None:
        """It has nothing to say to people here."""

    def given_back(self, references: list[list[int]]) -> None:
        """It holds nothing of this process by this session."""

    def discard(self, received: Received) -> None:
        """No answer is given up here."""

    def died(self) -> None:
        """Its objects are gone (R17.26)."""
        self.end()


class Foreign:
    """Finds owners, and connects with each once. Thread-safe."""

    def __init__(self, library: Callable[[int], Library], offered: Callable[[str], Offered]) -> None:
        self._library = library
        self._offered = offered
        self._lock = threading.Lock()
        self._owners: dict[bytes, Owner] = {}
        self._meetings: dict[bytes, threading.Lock] = {}
        self._io: IoThread | None = None

    def claim(self, reference: Reference, giver: Held) -> tuple[Owner, Reference]:
        """The owner of a reference that was handed over, and the reference as counted for this process.

        What a giver on another machine says of ways is not followed here: its own broker knows the owner.
        """
        token = reference.token
        if token is None:
            raise Mismatch("a reference for a third process has a token (R17.12)", "ArgumentError")
        if isinstance(giver, Owner) and not giver.near:
            reference = reference._replace(routes=[giver.route])
        owner = self._owner(reference)
        return owner, owner.claim(token)

    def _owner(self, reference: Reference) -> Owner:
        with self._lock:
            meeting = self._meetings.setdefault(reference.incarnation, threading.Lock())
        with meeting:  # of its own, because a network takes its time
            known = self._owners.get(reference.incarnation)
            if known is None or not known.alive:
                known = self._owners[reference.incarnation] = self._meet(reference)
            return known

    def _meet(self, reference: Reference) -> Owner:
        from callgate_transport.iothread import IoThread  # noqa: PLC0415 - few hosts call others

        with self._lock:
            io = self._io = self._io or IoThread()
        link = _session(io, reference)
        for descriptor in link.descriptors:
            os.close(descriptor)
        return Owner(link, self._library, self._offered)


def _session(io: IoThread, reference: Reference) -> Session:
    """With the owner of a reference, on this machine or below the broker of another one. Raises Mismatch."""
    from callgate_transport.session import Session  # noqa: PLC0415 - few hosts call others

    path = next(filter(None, map(near_path, reference.routes)), "")
    way = next(filter(None, map(FarWay.parse, reference.routes)), None)
    owner, about = reference.incarnation.hex(), {"process": os.getpid(), "library": "native code of another host"}
    if not path and way is None:
        raise Mismatch("the reference has no way to its owner (R17.12)", "ArgumentError")
    try:
        return Session.open(io, path, owner, about) if path or way is None else _follow(io, way, owner, about)
    except (OSError, RemoteProtocolError) as error:
        raise Mismatch(f"the owner of the object cannot be reached: {error}", "ObjectGone") from None


def _follow(io: IoThread, way: FarWay, owner: str, about: dict[str, Any]) -> Session:
    from callgate_transport.abroad import follow  # noqa: PLC0415 - keys and encryption, for few hosts
    from callgate_transport.dialogue import Refused  # noqa: PLC0415 - as above

    try:
        return follow(io, way, owner, about)
    except Refused as error:
        raise ConnectionRefusedError(str(error)) from error


def _passed(signature: Signature, wires: Sequence[Any]) -> list[Any]:
    """The arguments of a call, from those of a callback: arrays that are filled are asked for by their length."""
    offered = iter(wires)
    given = {plan.name: next(offered) for plan in signature.parameters if plan.direction.travels_in}
    return [
        given[plan.name] if plan.direction.travels_in else _length(count_of(plan.form), given)
        for plan in signature.parameters
        if plan.passed
    ]


def _length(count: Count | None, given: Mapping[str, Any]) -> int:
    if count is None:
        return 1
    value = given.get(count.parameter, 0) if count.parameter else 0
    number = value[0] if isinstance(value, list) and value else value
    return count.constant + (number if type(number) is int else 0)


def _failed(signature: Signature, code: int) -> Received:
    return Received(Return(0, code, [None] * len(signature.outs), 0, []), [])
