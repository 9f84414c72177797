"""One host as this process sees it: a session, the proxies of its objects, and calls that always end."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from callgate_protocol.channel import Received
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.messages import Callback, Notice, Raise, Return
from callgate_protocol.rpccodes import Code
from callgate_protocol.system import OF_OBJECTS, HostFunction
from callgate_protocol.turns import State
from callgate_protocol.waypoints import ARMED, reach
from callgate_transport.callchannel import HungUp, Unreachable
from callgate_transport.pipeline import Answer, Submitted, milliseconds_until

from .convert import CallContext
from .convert.base import binary, received_binary
from .crash import CallSite
from .deadline import ambient
from .endings import Endings, not_begun, not_sent
from .errors import (
    CallbackOnCollectedDelegateError,
    Error,
    ObjectGone,
)
from .foreign import ForeignCalls, ObjectCalls, unraisable
from .holdings import Holdings, references_in
from .hresults import HResult
from .lines import Line, Opened
from .memory import Remote
from .notices import tell
from .process import current, defer
from .raisings import Raisings, explained
from .refusals import Refused
from .threads import causality, here

if TYPE_CHECKING:
    from .com.hosted import Hosted

__all__ = ["Host"]

_HAND_OVER = [0, int(HostFunction.HAND_OVER)]
_GRACE_SECONDS = 0.25
"""How long native code may take to come back after a callback that outlived the deadline."""


class _Nesting(threading.local):
    """The channel on which this thread is serving a callback of the host, if it is."""

    channel: Line | None = None


class Host:
    """Implements `lines.Owner`. Thread-safe."""

    def __init__(self, opened: Opened, label: str, callbacks: Callable[[], Executor]) -> None:
        self.session = session = opened.session
        self.label = label
        self.holdings = Holdings(session)
        self.errno = threading.local()
        self.output = opened.output
        self._broker = opened.keeper
        of_objects = session.serves == "python"
        self._questions = ObjectCalls(current().object_calls)
        self._foreign = self._questions if of_objects else ForeignCalls(label, callbacks)
        self._raisings = Raisings(label)
        self._endings = Endings(label, session, opened.keeper, opened.output)
        self._nesting = _Nesting()
        self._objects: Hosted | None = None
        self._objects_lock = threading.Lock()
        self._mourners: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin to listen to the host's side of the session. It ends when nobody holds this object any more."""
        self.output.start()
        self.session.start(self)
        weakref.finalize(self, self.session.close, "nobody uses it any more").atexit = False

    @property
    def objects(self) -> Hosted:
        """What this process and the host know of each other's objects."""
        if self._objects is None:
            from .com.hosted import Hosted  # noqa: PLC0415 - most libraries have functions only

            with self._objects_lock:
                if self._objects is None:
                    self._objects = Hosted(self)
                return self._objects
        return self._objects

    @property
    def lends(self) -> bool:
        """Whether native code of the host holds objects of this process."""
        return self._objects is not None and self._objects.lent.is_used

    @property
    def dead(self) -> bool:
        """Whether the session has ended."""
        return self.session.dead

    def describe(self) -> str:
        """For messages."""
        return f"{self.label} (host process {self.session.process})"

    def close(self, reason: str) -> None:
        """End the session; the host ends with it."""
        self._endings.close(reason)

    # -- calls ---------------------------------------------------------------------------------------------------

    def invoke(
        self,
        library: int,
        function: int,
        arguments: list[Any],
        payloads: list[Any],
        expires: float | None,
        name: str,
    ) -> tuple[Return, list[Any]]:
        """Perform a call and wait for its answer, serving callbacks meanwhile.

        Raises HostLost and its children, DeadlineExceeded, ObjectGone for a closed library, and what the host raised.
        """
        if self.holdings.has_collected:
            self.session.release(self.holdings.take_releases())
        nested = self._nested()
        try:
            channel = nested or self.session.take(expires)
        except Unreachable as error:
            self._take_back(arguments)
            raise not_sent(self._site(name, library, function), error) from None
        except HungUp:
            raise self._endings.lost(self._site(name, library, function)) from None
        number = 0
        try:
            number, frames = channel.talk.call(
                library, function, arguments, payloads, milliseconds_until(expires), causality()
            )
            if ARMED:
                reach("client.before_send")
            channel.send(frames)
            if ARMED:
                reach("client.after_send")
            answer = self._await(channel, number, expires)
            told = self._raisings.told(channel.number, channel.talk.depth)
        except BaseException as error:
            self._take_back(arguments, number)
            self._raisings.give_up(channel.number)
            if here.cancelling is not None:
                here.cancelling.forget((channel, number))
            site = self._site(name, library, function)._replace(channel=channel.number, call=number)
            raise self._endings.given_up(channel, site, error, expires, nested=nested is not None) from None
        if nested is None:
            self.session.give(channel)
        if ARMED:
            reach("client.reply_received")
        if isinstance(answer.message, Raise):
            if answer.message.name == "NotExecuted" and expires is not None:
                raise not_begun(self._site(name, library, function))
            raise self._raised(answer.message, name, channel.number, told, nested=nested is not None)
        assert isinstance(answer.message, Return)
        self.errno.value = answer.message.errno
        return answer.message, answer.payloads

    def _raised(
        self, message: Raise, name: str, channel: int, told: dict[int, BaseException] | None, *, nested: bool
    ) -> BaseException:
        """What the host raised, with what its callbacks had raised before."""
        fault = self._raisings.exception(message, name, channel)
        if not nested:
            self._raisings.tell_others(channel, fault)
        return explained(fault, told) if told else fault

    def submit(
        self,
        library: int,
        function: int,
        arguments: list[Any],
        payloads: list[Any],
        expires: float | None,
        name: str,
    ) -> Submitted:
        """Have a call performed without waiting for it; `outcome` tells what came of it."""
        if self.holdings.has_collected:
            self.session.release(self.holdings.take_releases())
        try:
            submitted = self.session.pipeline().submit(library, function, arguments, payloads, expires)
        except Unreachable as error:
            self._take_back(arguments)
            raise not_sent(self._site(name, library, function), error) from None
        if expires is not None:
            self.session.call_at(expires, lambda: defer(self._overdue, submitted, name))
        return submitted

    def _take_back(self, arguments: list[Any], number: int = 0) -> None:
        """R17.14: the objects of this process that a call mentions which has not left it, and so has no number."""
        if not number and self.lends:
            self.objects.lent.take_back(arguments)

    def outcome(self, submitted: Submitted, name: str, *, of_object: bool) -> tuple[Return, list[Any]]:
        """What came of a submitted call. Raises what `invoke` would; may ask the broker, so not on the I/O thread."""
        place = submitted.channel, submitted.number, submitted.expires
        site = CallSite(self.label, name, *place, of_object=of_object)
        try:
            answer = submitted.result()
        except CancelledError:
            raise not_begun(site) from None
        except HungUp:
            raise self._endings.interrupted(site, submitted.expires) or self._endings.lost(site) from None
        except RemoteProtocolError as error:
            raise self._endings.broken(site, error) from error
        if isinstance(answer.message, Raise):
            if answer.message.name == "NotExecuted":
                raise not_begun(site)
            raise self._raisings.exception(answer.message, name, submitted.channel)
        assert isinstance(answer.message, Return)
        return answer.message, answer.payloads

    def system(self, function: HostFunction, *arguments: Any) -> Any:
        """Ask the host itself. Bytes among the arguments travel as bulk frames when they are long."""
        context = CallContext(self)
        wire = [binary(each, context) if isinstance(each, bytes | memoryview) else each for each in arguments]
        return self.ask(function, wire, context.payloads, f"callgate's {function.name.lower()}")[0].result

    def ask(
        self, function: HostFunction, arguments: list[Any], payloads: list[Any], name: str
    ) -> tuple[Return, list[Any]]:
        """Perform a function of the host's own, under the deadline of the context."""
        return self.invoke(0, function, arguments, payloads, ambient.get(), name)

    def read(self, number: int, offset: int, length: int) -> bytes:
        """Bytes of an object's memory."""
        name = "callgate.read"
        reply, payloads = self.ask(HostFunction.READ, [{"at": [number, offset]}, length], [], name)
        return bytes(received_binary(reply.result, CallContext(self, payloads)))

    def write(self, number: int, offset: int, data: memoryview) -> None:
        """Put bytes into an object's memory."""
        self.system(HostFunction.WRITE, {"at": [number, offset]}, data)

    def _nested(self) -> Line | None:
        """The channel whose callback this thread serves; not while it waits there and serves others (R15.14)."""
        channel = self._nesting.channel
        return channel if channel is None or channel.talk.state is State.SERVING else None

    def _await(self, channel: Line, number: int, expires: float | None) -> Received:
        attend = here.attend
        while True:
            received = channel.receive(expires) if attend is None else attend(self, channel, number, expires)
            if not isinstance(received.message, Callback):
                return received
            if ARMED:
                reach("client.callback_received")
            self.serve(channel, received.message, received.payloads)
            if ARMED:
                reach("client.callback_answered")
            if expires is not None and time.monotonic() > expires:
                expires = time.monotonic() + _GRACE_SECONDS

    def serve(self, channel: Line, callback: Callback, payloads: list[Any]) -> None:
        """Run a callback on the thread that waits (R9.10, R17.16), and answer it; so its locks are its own (R17.17)."""
        outer, self._nesting.channel = self._nesting.channel, channel
        depth = channel.talk.depth
        context = CallContext(self, payloads)
        try:
            result, outs = self._perform(callback, context)
            if channel.talk.depth != depth:  # R17.19: a call inside was given up, and the callback has not passed it on
                raise HungUp("a call inside a callback was given up")
            frames = channel.talk.answer(callback.call, result, outs, 0, context.payloads, context.result)
        except BaseException as error:  # crosses the border: native code must not be unwound (R9.9)
            if channel.talk.depth != depth or self.session.dead:
                if isinstance(error, Refused):
                    raise error.error from None
                raise
            frames = channel.talk.fail(
                callback.call, *self._raisings.answer(channel.number, callback.call, error, depth)
            )
        finally:
            self._nesting.channel = outer
            if context.flight:  # nothing comes home with the answer to an answer
                self.objects.lent.land(context.flight)
        channel.send(frames)

    def _perform(self, callback: Callback, context: CallContext) -> tuple[Any, list[Any]]:
        entry = self.holdings.delegates.get(callback.delegate)
        try:
            if entry is None and (self.lends or not callback.delegate):
                return self.objects.perform(callback.delegate, callback.arguments, context)
            if entry is None:
                text = f"native code of {self.label} called a function that was given for an earlier call only"
                raise CallbackOnCollectedDelegateError(text)
            call, plan = entry
            return plan.perform(call, callback.arguments, context)
        except BaseException:
            context.take_back()
            raise

    # -- when it does not come back ------------------------------------------------------------------------------

    def _site(self, name: str, library: int, function: int) -> CallSite:
        of_object = function in OF_OBJECTS if library == 0 else self._objects is not None and library in self._objects
        return CallSite(self.label, name, of_object=of_object)

    def _overdue(self, submitted: Submitted, name: str) -> None:
        """The deadline of a submitted call has passed: it is taken out of the queue, or its host is stopped."""
        if not submitted.done() and not submitted.cancel():
            self._endings.stop_for_deadline(CallSite(self.label, name, submitted.channel, submitted.number))

    def when_dead(self, mourn: Callable[[], None]) -> None:
        """Have something done when it has died, which may be now; on a thread that may wait."""
        self._mourners.append(mourn)
        if self._endings.down.is_set() and self._mourners:  # it may have died while this was written down
            with suppress(ValueError):
                self._mourners.remove(mourn)
                defer(mourn)

    @property
    def was_closed(self) -> bool:
        """Whether this process has ended the session itself."""
        return bool(self._endings.closing)

    def obituary(self, *, of_object: bool = False) -> Error:
        """What this host died of, for whoever finds it dead."""
        return self._endings.lost(CallSite(self.label, "", of_object=of_object))

    def check_alive(self, proxy: Remote) -> None:
        """Raise ObjectGone when the object died with its host."""
        if not self._broker.same_process:
            raise ObjectGone(f"{proxy!r} belongs to the process that forked this one; load the library again here")
        if self.session.dead:
            text = f"{proxy!r} lived in a host that is gone; objects are not carried over to a new one"
            gone = ObjectGone(text, hresult=HResult(Code.RPC_E_DISCONNECTED), from_transport=True)
            raise proxy._died(gone)  # noqa: SLF001 - R17.26, and what it is for an object

    # -- SessionOwner, on the I/O thread -------------------------------------------------------------------------

    def called_back(self, channel: int, callback: Callback, payloads: list[Any], answer: Answer) -> None:
        """No thread waits for this callback: run it on the library's callback executor (R9.10)."""

        def run() -> None:
            context = CallContext(self, payloads)
            try:
                result, outs = self._perform(callback, context)
            except BaseException as error:  # crosses the border: native code must not be unwound (R9.9)
                if not channel and not (isinstance(error, Refused) and not error.escapes):
                    failure = error.error if isinstance(error, Refused) else error
                    unraisable(failure, self.label, self.holdings.delegates.get(callback.delegate, (None,))[0])
                answer(Raise(callback.call, *self._raisings.answer(channel, callback.call, error)), [], None)
            else:
                answer(Return(callback.call, result, outs, 0, []), context.payloads, context.result)

        owner = self.objects.lent.owner(callback.delegate) if self.lends else None
        try:
            if owner is None:
                (self._questions if self._asks_for_object(callback) else self._foreign).run(run)
            else:
                from .moving import post  # noqa: PLC0415 - few programs have STAs

                post(owner, run)
        except RuntimeError as error:  # the executor is shut down
            answer(Raise(callback.call, "CallbackFailed", str(error), {}), [], None)

    def _asks_for_object(self, callback: Callback) -> bool:
        """Whether the host asks for an object of this process on behalf of another client (R17.12).

        No code of the user runs for that, so it waits for none: what runs on the library's executor may itself be
        waiting for that client.
        """
        return callback.arguments[:2] == _HAND_OVER and callback.delegate not in self.holdings.delegates

    def apartment_ended(self, number: int) -> None:
        """R15.19: a thread of this process that was an STA has ended, and with it its apartment in the host."""
        if not self.dead:
            defer(self._leave, number)

    def _leave(self, number: int) -> None:
        with suppress(Error):
            self.system(HostFunction.LEAVE, number)

    def noticed(self, notice: Notice) -> None:
        """Hand the host's words on."""
        tell(self.describe(), notice)

    def given_back(self, references: list[list[int]]) -> None:
        """Native code of the host holds some objects of this process no more. Raises RemoteProtocolError."""
        self.objects.lent.give_back(references)

    def discard(self, received: Received) -> None:
        """Give back the references of an answer that nobody waits for."""
        self.session.release(references_in(received.message))

    def died(self) -> None:
        """The session is over."""
        self.output.drain()
        self._endings.down.set()
        while self._mourners:
            defer(self._mourners.pop(0))
