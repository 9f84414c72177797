"""Performs what other processes ask of the Python objects of this one (R18.1). No socket, no thread."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, TypeVar

from callgate.cancelling import Served, serving
from callgate.com.declared import Declared, declared_by_iid
from callgate.com.registered import find_by_iid
from callgate.com.wellknown import wellknown
from callgate.convert.base import received_binary
from callgate.deadline import ambient, sooner
from callgate.errors import InvalidCastError, NotSupportedError
from callgate.threads import here
from callgate_protocol.authentication import Level
from callgate_protocol.channel import Frames, Received
from callgate_protocol.errors import Fault, RemoteProtocolError
from callgate_protocol.messages import Call
from callgate_protocol.model import TypeLibrary
from callgate_protocol.references import Purpose, Reference, read_address
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IIDS
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import decode_library, encode_library, library_hash
from callgate_transport.serving.conversation import Conversation
from callgate_transport.serving.outbox import Outbox
from callgate_transport.serving.session import Session

from . import by_name
from .exports import Exports
from .failing import fault_of, not_described
from .implementing import has_interface
from .methods import Method
from .names import Names
from .own_abi import own_abi
from .peers import PLAIN, Peer, ServedContext, handing
from .spoken import matching

__all__ = ["PLAIN", "Servant"]

if TYPE_CHECKING:
    from callgate.inbox import Inbox

    from .surrogate import ForOthers

T = TypeVar("T")
_MOST: Final = 1024
_TOKEN_BYTES: Final = 16
_NEVER: Final = ("allocations", "delegates", "handles", "stale_callbacks", "dropped_callbacks")
"""Counts of hosts of native libraries that have nothing to count here."""


def at_home(home: Inbox | None, work: Callable[[], T]) -> T:
    """Have something done in the apartment of an object: here, unless that is an STA (R15.8)."""
    if home is None:
        return work()
    from callgate.moving import move  # noqa: PLC0415 - few programs have STAs

    context = copy_context()
    return move(home, lambda: context.run(work))


class Servant:
    """The objects of this process, as others reach them. Implements `serving.roles.Perform` with `perform`."""

    def __init__(self, incarnation: bytes, outbox: Outbox, post: Callable[[Callable[[], None]], None]) -> None:
        self.exports = Exports(incarnation)
        self.maker: Callable[[str, list[str]], Any] | None = None
        """Makes objects of classes, where that is what the process is for."""
        self.maker_home: Callable[[str], Inbox | None] = lambda _name: None
        """The STA in which it makes them (R15.8)."""
        self.elsewhere: ForOthers | None = None
        """What clients of other machines may have, where the process is there for one of them."""
        self.demanded = Level.NONE
        """The least that is known of who calls (R16.14)."""
        self.outbox = outbox
        """The way to peers beside their calls; `send` is for the I/O thread, on which `post` has things done."""
        self.post = post
        self.names = Names()
        self.process = os.getpid()
        self.abi = own_abi()
        self._lock = threading.Lock()
        self._libraries: list[tuple[TypeLibrary, dict[int, Method]]] = [(TypeLibrary(), {})]
        self._numbers: dict[bytes, int] = {}
        self._counter = itertools.count(1)
        self._calls = 0
        self._peers: dict[bytes, Peer] = {}
        self._workers: dict[int, Any] = {}
        self._functions: dict[int, tuple[Callable[..., Any], int]] = {
            HostFunction.LOAD: (self._load, 3),
            HostFunction.INFO: (self._info, 0),
            HostFunction.QUERY: (self._query, 2),
            HostFunction.RELEASE: (self._release, 2),
            HostFunction.NAMES: (self._names, 4),
            HostFunction.DISPATCH: (self._dispatch, 8),
            HostFunction.WHERE: (self._where, 2),
            HostFunction.HAND_OVER: (self._hand_over, 3),
            HostFunction.CLAIM: (self._claim, 1),
            HostFunction.WITHDRAW: (self._withdraw, 1),
            HostFunction.NAMED: (self._named, 2),
            HostFunction.DESCRIBE: (self._describe, 1),
            HostFunction.MAKE: (self._make, 3),
        }

    def register(self, thread: int, worker: Any) -> None:
        """A call channel's thread has started."""
        self._workers[thread] = worker

    def library(self, number: int) -> TypeLibrary:
        """A library that a peer has described. Raises RemoteProtocolError."""
        if not 0 < number < len(self._libraries):
            raise RemoteProtocolError(f"there is no library {number}")
        return self._libraries[number][0]

    def ask(self, peer: Peer, number: int, arguments: list[Any], payloads: Sequence[Any]) -> Received:
        """Call an object of a peer: down the channel of its call if this thread serves one, else beside (R17.16).

        Raises Gone, LocalProtocolError.
        """
        worker = self._workers.get(threading.get_ident())
        if worker is not None and worker.active is peer:
            received: Received = worker.call_back(number, arguments, payloads)
            return received
        with ExitStack() as reading:
            return peer.objects.found(self.outbox.ask(peer.served, reading, number, arguments, payloads))

    def perform(self, worker: Any, conversation: Conversation, call: Call, payloads: Sequence[Any]) -> Frames | None:
        """The frames of the answer, whatever happens; None when the session is gone."""
        self._calls = next(self._counter)
        peer = self._peer(conversation.session)
        context, served = ServedContext(peer, list(payloads)), Served()
        conversation.heed(call.call, served.cancel)
        token = serving.set(served)
        try:
            conversation.begin(call.call, call.remaining)
            result, outs = worker.run_native(self._run, (call, context), peer)
            if conversation.open:
                return conversation.channel.answer(call.call, result, outs, 0, context.payloads)
        except BaseException as error:  # the border: whatever an object raises becomes a `raise` message
            fault = fault_of(error)
        finally:
            serving.reset(token)
            served.over = True
            conversation.ignore(call.call)
            context.finish()
        self.exports.take_back(context.given, conversation.session.secret)
        if not conversation.open:
            return None
        return conversation.channel.fail(call.call, fault.name, fault.message, fault.details)

    def _peer(self, session: Session) -> Peer:
        peer = self._peers.get(session.secret)
        if peer is None:
            with self._lock:
                peer = self._peers.setdefault(session.secret, Peer(self, session))
            session.keep_until_end(lambda: self._forget(session))
        return peer

    def _forget(self, session: Session) -> None:
        self._peers.pop(session.secret, None)

    def _run(self, call: Call, context: ServedContext) -> tuple[Any, list[Any]]:
        """Calls that it makes belong to what it belongs to (R17.16), and have no more time than it (R17.19)."""
        outer, here.served = here.served, call.causality
        try:
            if call.remaining is None:
                return self._enter(call, context)
            token = ambient.set(sooner(ambient.get(), time.monotonic() + call.remaining / 1000))
            try:
                return self._enter(call, context)
            finally:
                ambient.reset(token)
        finally:
            here.served = outer

    def _enter(self, call: Call, context: ServedContext) -> tuple[Any, list[Any]]:
        if context.peer.served.level < self.demanded:
            raise _not_sure_enough(context.peer.served.level, self.demanded)
        if call.library == 0:
            return self._system(call, context), []
        if call.library >= len(self._libraries):
            raise Fault("ProtocolError", f"there is no library {call.library}")
        method = self._libraries[call.library][1].get(call.function)
        if method is None or not call.arguments:
            raise not_described(call.library, call.function)
        number = _number(call.arguments[0])
        value = self.exports.find(number)
        if not has_interface(value, method.declared):
            raise Fault("InvalidCastError", f"a {type(value).__name__} does not implement {method.name} (R14.2)")
        return at_home(self.exports.home(number), lambda: method.perform(value, call.arguments[1:], context))

    # -- library 0 -----------------------------------------------------------------------------------------------

    def _system(self, call: Call, context: ServedContext) -> Any:
        perform, count = self._functions.get(call.function, (None, 0))
        if perform is None:
            raise NotSupportedError(
                f"function {call.function} is one of hosts of native libraries; this process has Python objects only"
            )
        if len(call.arguments) != count:
            raise Fault("ProtocolError", f"function {call.function} takes {count} arguments")
        return perform(*call.arguments, context)

    def _load(self, _file: Any, digest: Any, encoded: Any, context: ServedContext) -> Any:
        """R17.15: a peer's interfaces; what it calls is what is described here, or refused."""
        known = self._numbers.get(digest) if type(digest) is bytes else None
        if known is not None:
            return [known, []]
        if encoded is None:
            return None
        data = bytes(received_binary(encoded, context))
        if library_hash(data) != digest:
            raise Fault("ProtocolError", "the hash is not that of the type library")
        library = decode_library(data)
        methods, missing = matching(library)
        with self._lock:
            number = self._numbers.setdefault(digest, len(self._libraries))
            if number == len(self._libraries):
                self._libraries.append((library, methods))
        return [number, missing]

    def _info(self, _context: ServedContext) -> dict[str, int]:
        counts = dict.fromkeys(_NEVER, 0)
        return counts | {
            "calls": self._calls,
            "handed": self.exports.handed,
            "objects": len(self.exports),
            "peers": len(self._peers),
            "threads": len(self._workers),
        }

    def _named(self, name: Any, iid: Any, context: ServedContext) -> Any:
        """R16.16: the object that was exported by a name."""
        if type(name) is not str or type(iid) is not str:
            raise Fault("ProtocolError", "an object is asked for by a name and an IID")
        rights = context.peer.served.rights
        if rights is not None:
            return self._refer(self._for_others().find(name, iid, rights), iid, name, context)
        value = self.names.find(name)
        if value is None:
            return None
        return at_home(self.names.home(name), lambda: self._refer(value, iid, name, context))

    def _refer(self, value: Any, iid: str, name: str, context: ServedContext) -> Any:
        declared = find_by_iid(iid)
        if declared is None or not has_interface(value, declared):
            text = f"{name!r} does not implement {iid if declared is None else declared.name} (E_NOINTERFACE, R14.2)"
            raise Fault("InvalidCastError", text)
        return context.peer.objects.refer(value, declared, context)

    def come_home(self, reference: Reference) -> Any:
        """R17.13: an object of this process that others have handed on."""
        return self.exports.take_claimed(reference.token)

    def peer_of(self, incarnation: bytes) -> Peer | None:
        """The peer that is this process; None when it has not connected here."""
        found = (peer for peer in list(self._peers.values()) if peer.incarnation == incarnation and not peer.dead)
        return next(found, None)

    def _hand_over(self, target: Any, iid: Any, purpose: Any, _context: ServedContext) -> bytes:
        """R17.12: a reference for a third process."""
        if type(iid) is not str or type(purpose) is not int or purpose not in set(Purpose):
            raise Fault("ProtocolError", "expected an object, an IID and a purpose")
        return self.exports.hand_over(self.exports.find(_number(target)), iid, Purpose(purpose))[1]

    def _withdraw(self, token: Any, _context: ServedContext) -> None:
        """R17.6: what was handed over is not claimed any more."""
        if type(token) is not bytes or len(token) != _TOKEN_BYTES:
            raise Fault("ProtocolError", "expected a token")
        self.exports.withdraw(token)

    def _claim(self, token: Any, context: ServedContext) -> Any:
        """R17.13: what was handed over to this peer."""
        reference = self.exports.claim(token, context.peer.served.secret)
        context.given.append(reference.object)
        value = self.exports.find(reference.object)
        return {"ref": list(reference)} | handing().also_lent(value, context.peer.incarnation)

    def own(self, key: str, declared: Declared | None) -> Any:
        """An exported object for this process itself (R14.9); None when it is not exported any more."""
        value = self.names.find(key)
        if value is not None and (declared is None or not has_interface(value, declared)):
            wanted = "that interface" if declared is None else declared.name
            raise InvalidCastError(f"a {type(value).__name__} does not implement {wanted} (R14.2)")
        return value

    def _query(self, target: Any, iids: Any, _context: ServedContext) -> list[int]:
        """R14.2, R17.8, R17.10: which interfaces an object has; the HRESULTs, in order."""
        value = self.exports.find(_number(target))
        if type(iids) is not list or len(iids) > _MOST or any(type(iid) is not str for iid in iids):
            raise Fault("ProtocolError", f"expected at most {_MOST} IIDs")
        found = [wellknown("IDispatch") if iid == IIDS["IDispatch"] else declared_by_iid(iid) for iid in iids]
        return [0 if each and has_interface(value, each) else Code.E_NOINTERFACE.signed for each in found]

    def _names(self, target: Any, texts: Any, lcid: Any, iid: Any, context: ServedContext) -> Any:
        """R14.21: the numbers of members that are called by name."""
        return by_name.names(self.exports.find(_number(target)), texts, lcid, iid, context)

    def _dispatch(self, target: Any, _library: Any, *request: Any) -> Any:
        """R14.22: a member called by its number."""
        *asked, iid, context = request
        number = _number(target)
        value = self.exports.find(number)
        return at_home(self.exports.home(number), lambda: by_name.dispatch(value, asked, iid, context))

    def _release(self, number: Any, count: Any, context: ServedContext) -> None:
        """R14.12: references given back now."""
        if type(number) is not int or type(count) is not int or count < 0:
            raise Fault("ProtocolError", "expected an object and a count")
        if count:
            self.exports.release([(number, count)], context.peer.served.secret)

    def _where(self, target: Any, _number_there: Any, _context: ServedContext) -> list[Any]:
        """Objects of Python are in the MTA: any thread calls them (R15.2)."""
        self.exports.find(_number(target))
        return ["mta", 0, 0, 0]

    def _describe(self, iid: Any, _context: ServedContext) -> Any:
        """R17.15: the type library of an interface, for a peer that has none: declared here, or registered."""
        declared = find_by_iid(iid) if type(iid) is str else None
        return None if declared is None else encode_library(declared.library)

    def _make(self, name: Any, directories: Any, iid: Any, context: ServedContext) -> Any:
        """R16.17: an object of a class, in a host that is there for that."""
        rights = context.peer.served.rights
        if rights is not None and type(name) is str and type(iid) is str:
            return self._refer(self._for_others().make(name, iid, rights), iid, name, context)
        if self.maker is None or rights is not None:
            raise NotSupportedError("only hosts of Python classes make objects; this process exports its own")
        texts = [name, iid, *directories] if type(directories) is list else [None]
        if any(type(each) is not str for each in texts):
            raise Fault("ProtocolError", "a class is made of its name, directories and an IID")
        maker = self.maker
        return at_home(self.maker_home(name), lambda: self._refer(maker(name, directories), iid, name, context))

    def _for_others(self) -> ForOthers:
        if self.elsewhere is None:
            raise NotSupportedError("this process is not there for clients of other machines")
        return self.elsewhere


def _not_sure_enough(level: Level, demanded: Level) -> Fault:
    """R16.14: who calls is not as sure as this program demands."""
    text = (
        f"calls of this program's objects need the level {demanded.name.lower()!r}, and this connection has "
        f"{level.name.lower()!r} (E_ACCESSDENIED, R16.14)"
    )
    return Fault("ComError", text, hresult=Code.E_ACCESSDENIED.signed, description=text, transport=True)


def _number(wire: Any) -> int:
    number, offset = read_address(wire)
    if offset:
        raise RemoteProtocolError("an object has no inside")
    return number
