"""Performs what other processes ask of the Python objects of this one (R18.1). No socket, no thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from callgate.convert.base import received_binary
from callgate.deadline import ambient, sooner
from callgate.errors import NotSupportedError
from callgate_protocol.channel import Frames
from callgate_protocol.errors import Fault, RemoteProtocolError
from callgate_protocol.messages import Call
from callgate_protocol.references import read_address
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import decode_library, library_hash
from callgate_transport.serving.conversation import Conversation
from callgate_transport.serving.outbox import Outbox
from callgate_transport.serving.session import Session

from .contracts import KNOWN
from .exports import Exports
from .failing import fault_of, not_described
from .interfaces import Answers
from .methods import Method
from .names import Names
from .peers import Peer, ServedContext

__all__ = ["Servant"]


class Servant:
    """The objects of this process, as others reach them. Implements `serving.roles.Perform` with `perform`."""

    def __init__(self, incarnation: bytes, outbox: Outbox) -> None:
        self.exports = Exports(incarnation)
        self.contracts = KNOWN
        self.maker: Callable[[str, list[str]], Any] | None = None
        """Makes objects of classes, where that is what the process is for."""
        self._outbox = outbox
        self.names = Names()
        self._answers = Answers(self.contracts)
        self._lock = threading.Lock()
        self._libraries: list[dict[int, Method]] = [{}]
        self._numbers: dict[bytes, int] = {}
        self._peers: dict[bytes, Peer] = {}
        self._workers: dict[int, Any] = {}
        self._functions: dict[int, tuple[Callable[..., Any], int]] = {
            HostFunction.LOAD: (self._load, 3),
            HostFunction.INFO: (self._info, 0),
            HostFunction.NAMED: (self._named, 2),
            HostFunction.DESCRIBE: (self._describe, 1),
            HostFunction.MAKE: (self._make, 3),
        }

    def register(self, thread: int, worker: Any) -> None:
        """A call channel's thread has started."""
        self._workers[thread] = worker

    def answers(self, value: Any, iid: str) -> bool:
        """Whether an object has an interface, which must be described here."""
        return self._answers.ask(value, iid)

    def name_of(self, iid: str) -> str:
        """An interface as people know it."""
        contract = self.contracts.find(iid)
        return iid if contract is None else next(e.name for e in contract.described.interfaces if e.iid == iid)

    def perform(self, worker: Any, conversation: Conversation, call: Call, payloads: Sequence[Any]) -> Frames | None:
        """The frames of the answer, whatever happens; None when the session is gone."""
        peer = self._peer(conversation.session)
        context = ServedContext(peer, list(payloads))
        try:
            conversation.begin(call.call, call.remaining)
            result, outs = worker.run_native(self._run, (call, context), peer)
            if conversation.open:
                return conversation.channel.answer(call.call, result, outs, 0, context.payloads)
        except BaseException as error:  # the border: whatever an object raises becomes a `raise` message
            fault = fault_of(error)
        finally:
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
        if call.remaining is None:
            return self._enter(call, context)
        token = ambient.set(sooner(ambient.get(), time.monotonic() + call.remaining / 1000))
        try:
            return self._enter(call, context)
        finally:
            ambient.reset(token)

    def _enter(self, call: Call, context: ServedContext) -> tuple[Any, list[Any]]:
        if call.library == 0:
            return self._system(call, context), []
        try:
            method = self._libraries[call.library].get(call.function)
        except IndexError:
            raise Fault("ProtocolError", f"there is no library {call.library}") from None
        if method is None or not call.arguments:
            raise not_described(call.library, call.function)
        value = self.exports.find(_number(call.arguments[0]))
        if not self.answers(value, method.iid):
            raise Fault("InvalidCastError", f"a {type(value).__name__} does not implement {method.name} (R14.2)")
        return method.perform(value, call.arguments[1:], context)

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
        methods, missing = self.contracts.matching(decode_library(data))
        with self._lock:
            number = self._numbers.setdefault(digest, len(self._libraries))
            if number == len(self._libraries):
                self._libraries.append(methods)
        return [number, missing]

    def _info(self, _context: ServedContext) -> dict[str, int]:
        return {"objects": len(self.exports), "peers": len(self._peers), "threads": len(self._workers)}

    def _named(self, name: Any, iid: Any, context: ServedContext) -> Any:
        """R16.16: the object that was exported by a name."""
        if type(name) is not str or type(iid) is not str:
            raise Fault("ProtocolError", "an object is asked for by a name and an IID")
        value = self.names.find(name)
        if value is None:
            return None
        if not self.answers(value, iid):
            raise Fault("InvalidCastError", f"{name!r} does not implement {self.name_of(iid)} (R14.2)")
        return context.peer.refer(value, iid, context)

    def _describe(self, iid: Any, _context: ServedContext) -> Any:
        """R17.15: the type library of an interface, for a peer that has none."""
        contract = self.contracts.find(iid) if type(iid) is str else None
        return None if contract is None else contract.encoded[0]

    def _make(self, name: Any, directories: Any, iid: Any, context: ServedContext) -> Any:
        """R16.17: an object of a class, in a host that is there for that."""
        if self.maker is None:
            raise NotSupportedError("only hosts of Python classes make objects; this process exports its own")
        texts = [name, iid, *directories] if type(directories) is list else [None]
        if any(type(each) is not str for each in texts):
            raise Fault("ProtocolError", "a class is made of its name, directories and an IID")
        value = self.maker(name, directories)
        if not self.answers(value, iid):
            raise Fault("InvalidCastError", f"{name} does not implement {self.name_of(iid)} (R14.2)")
        return context.peer.refer(value, iid, context)


def _number(wire: Any) -> int:
    number, offset = read_address(wire)
    if offset:
        raise RemoteProtocolError("an object has no inside")
    return number
