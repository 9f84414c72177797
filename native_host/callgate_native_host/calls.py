"""Performing one call: convert, decide that it begins, enter native code, convert back, answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from callgate_protocol.channel import Frames
from callgate_protocol.errors import Fault
from callgate_protocol.messages import Call
from callgate_protocol.system import HostFunction
from callgate_protocol.waypoints import ARMED, reach
from callgate_transport.serving.conversation import Conversation
from callgate_transport.serving.single import Bringer, arriving

from .apartments import Homes
from .backend import Backend
from .com.callables import Callables
from .faults import Mismatch, fault_of
from .loading import Libraries
from .objects import Objects
from .plan import FunctionPlan
from .pointers import Pointers
from .roles import Performer
from .scope import Scope
from .system import System

__all__ = ["Caller"]


class _Outcome(NamedTuple):
    """What a call comes back with."""

    result: Any
    outs: list[Any]
    errno: int


class Caller:
    """Performs calls, on whichever worker they arrive."""

    def __init__(
        self,
        backend: Backend,
        libraries: Libraries,
        objects: Objects,
        callables: Callables,
        system: System,
        pointers: Pointers,
        homes: Homes,
    ) -> None:
        self._backend = backend
        self._libraries = libraries
        self._objects = objects
        self._callables = callables
        self._system = system
        self._pointers = pointers
        self._homes = homes

    def perform(
        self, worker: Bringer, conversation: Conversation, call: Call, payloads: Sequence[Any]
    ) -> Frames | None:
        """The frames of the answer, whatever happens; None when the session is gone."""
        try:
            home = self._homes.find(conversation.session, call)
            if home is None:
                return self.perform_here(worker, conversation, call, payloads)
            com = bool(call.library) and self._libraries.get(call.library).is_method(call.function)
            work = partial(self.perform_here, home, conversation, call, payloads)
            return home.visit(worker, arriving(conversation, call, com=com), work)
        except Fault as fault:  # there is no such thing, or its apartment has ended
            self._callables.refuse(conversation.session, call.arguments, [])
            if not conversation.open:
                return None
            return conversation.channel.fail(call.call, fault.name, fault.message, fault.details)

    def perform_here(
        self, worker: Performer, conversation: Conversation, call: Call, payloads: Sequence[Any]
    ) -> Frames | None:
        """Perform it on this thread, which is a worker's or that of an apartment."""
        scope = Scope(conversation.session, payloads)
        fault: Fault | None = None
        try:
            outcome = self._run(worker, conversation, call, scope)
            if conversation.open:
                return conversation.channel.answer(call.call, outcome.result, outcome.outs, outcome.errno, scope.bulk)
        except Exception as error:  # the border: whatever went wrong here becomes a `raise` message
            fault = fault_of(error, "the answer")
        finally:
            scope.end()
        self._objects.take_back(scope.references, conversation.session.secret)
        self._callables.refuse(conversation.session, call.arguments, scope.received)
        if fault is None or not conversation.open:
            return None
        return conversation.channel.fail(call.call, fault.name, fault.message, fault.details)

    def _run(self, worker: Performer, conversation: Conversation, call: Call, scope: Scope) -> _Outcome:
        if call.library == 0:
            if call.function == HostFunction.INVOKE:
                # R9.7: a function that native code handed out is called as an exported one is
                plan, arguments = self._pointers.find(call.arguments, scope)
                return self._convert(worker, conversation, call, scope, plan, arguments)
            conversation.begin(call.call, call.remaining)
            request = (call.function, call.arguments, scope)
            outcome = _Outcome(worker.run_native(self._system.perform, request, scope), [], 0)
            if scope.failure is not None:  # of a callback that a release function made
                raise scope.failure
            return outcome
        library = self._libraries.get(call.library)
        if library.is_method(call.function):
            plan = library.methods.bound(call.function, call.arguments, scope)
            return self._convert(worker, conversation, call, scope, plan, call.arguments[1:])
        return self._convert(worker, conversation, call, scope, library.function(call.function), call.arguments)

    def _convert(
        self,
        worker: Performer,
        conversation: Conversation,
        call: Call,
        scope: Scope,
        plan: FunctionPlan,
        arguments: list[Any],
    ) -> _Outcome:
        natives = plan.enter(arguments, scope)
        conversation.begin(call.call, call.remaining)
        if scope.closing:
            return self._close_with(worker, plan, natives, scope)
        return self._enter(worker, plan, natives, scope)

    def _close_with(self, worker: Performer, plan: FunctionPlan, natives: list[Any], scope: Scope) -> _Outcome:
        """R10.8: the handles go out of use as the call is entered, and are gone when it is over."""
        try:
            self._objects.close(scope.closing)
        except Mismatch as finding:
            raise finding.fault_of(plan.name) from None
        try:
            return self._enter(worker, plan, natives, scope)
        finally:
            for entry in scope.closing:
                self._objects.remove(entry)

    def _enter(self, worker: Performer, plan: FunctionPlan, natives: list[Any], scope: Scope) -> _Outcome:
        scope.hand_over()
        backend = self._backend
        backend.set_errno(0)
        result = worker.run_native(plan.function, natives, scope)
        errno = backend.get_errno()  # R11.1: before anything else can change it
        if ARMED:
            reach("host.after_native")
        if scope.failure is not None:
            raise plan.failed_too(scope.failure, result, natives, scope)
        return _Outcome(*plan.leave(result, natives, scope), errno)
