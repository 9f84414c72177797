"""The way from native code to Python (R1.2, R1.3, R9.10): down the channel of its call, or over the control channel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final, TypeAlias

from callgate_protocol.channel import Received
from callgate_protocol.errors import Fault, LocalProtocolError
from callgate_protocol.messages import Raise, Return
from callgate_transport.serving.roles import Ask, Gone, Notify, Tell

from .com.callables import Callables
from .com.foreign import Owner
from .delegates import Answering, DelegatePlan
from .faults import fault_of
from .objects import Objects
from .roles import Performer
from .scope import Scope
from .thunks import Target, Thunk

__all__ = ["Callbacks", "Publish"]

Publish: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Makes what the details of a `raise` tell the error of this thread (R11.11)."""

_Failed: TypeAlias = Callable[[Fault], None]
"""Learns that a callback failed in a way that native code's answer is not enough for (R9.9)."""

_LOWEST: Final = -(1 << 31)
_ADVICE: Final = "keep it with callgate.callback(lib, type, function), callgate.retain or [keep] (R9.5)"


class Callbacks:
    """Runs when native code calls a function pointer, on the thread that called it. Never raises into native code."""

    def __init__(
        self, objects: Objects, callables: Callables, ask: Ask, tell: Tell, notify: Notify, publish: Publish
    ) -> None:
        self._objects = objects
        self._callables = callables
        self._ask = ask
        self._tell = tell
        self._notify = notify
        self._publish = publish
        self._workers: dict[int, Performer] = {}

    def register(self, thread: int, worker: Performer) -> None:
        """A worker's thread has started."""
        self._workers[thread] = worker

    @contextmanager
    def lent(self, worker: Performer) -> Iterator[None]:
        """Have the thread be the worker's for a while; calls inside each other lend it again."""
        thread = threading.get_ident()
        outer = self._workers.get(thread)
        self._workers[thread] = worker
        try:
            yield
        finally:
            if outer is None:
                del self._workers[thread]
            else:
                self._workers[thread] = outer

    def run(self, plan: DelegatePlan, thunk: Thunk, natives: Sequence[Any]) -> Any:
        """R9.9, R11.12: what the client answers, or `on_error` when there is no answer."""
        target = thunk.target
        worker = self._workers.get(threading.get_ident())
        call = worker.active if worker is not None else None
        if target is None:
            return self._stale(plan, thunk, call)
        return self._reach(plan, target, natives, worker, call)

    def run_method(self, plan: Answering, this: int, method: tuple[int, int], natives: Sequence[Any]) -> Any:
        """Native code called a method of a client's object (R14.14), alive or not."""
        client = self._callables.at(this)
        if client is None or not client.alive:
            self._callables.stale_calls += 1
            return plan.zero
        worker = self._workers.get(threading.get_ident())
        call = worker.active if worker is not None else None
        return self._reach(plan, Target(client.session, client.number, method), natives, worker, call)

    def _reach(
        self,
        plan: Answering,
        target: Target,
        natives: Sequence[Any],
        worker: Performer | None,
        call: Scope | None,
    ) -> Any:
        if not target.session.alive:
            return plan.zero
        if plan.oneway:
            return self._pass_on(plan, target, natives)
        if worker is None or call is None or call.session is not target.session:
            return self._unsolicited(plan, target, natives)

        def failed(fault: Fault) -> None:
            call.failure = call.failure or fault

        try:
            return self._exchange(plan, target, natives, worker.call_back, failed)
        except Gone:
            return plan.zero
        except Exception as error:  # the border: native code must not be unwound
            failed(fault_of(error, "the arguments of a callback"))
            return plan.give_up(natives)

    def _unsolicited(self, plan: Answering, target: Target, natives: Sequence[Any]) -> Any:
        """A thread that the library made, or native code calling another session's function."""
        session = target.session
        reading = ExitStack()
        ask = session.ask if isinstance(session, Owner) else partial(self._ask, session, reading)

        def failed(fault: Fault) -> None:
            self._notify(session, "ERROR", f"the callback {plan.name} had no answer: {fault.message}")

        try:
            return self._exchange(plan, target, natives, ask, failed)
        except Gone:
            return plan.zero
        except Exception as error:  # the border: there is no call that could raise it
            failed(fault_of(error, "its arguments"))
            return plan.give_up(natives)
        finally:
            reading.close()

    def _pass_on(self, plan: Answering, target: Target, natives: Sequence[Any]) -> Any:
        """A oneway callback: native code goes on, and what finds no room is counted."""
        session, backlog = target.session, plan.backlog
        scope = Scope(session, lasting=True)
        try:
            arguments = target.addressed(plan.offer(natives, scope))
            size = sum(map(len, scope.bulk))
            if not backlog.take(size):
                self._objects.take_back(scope.references, session.secret)
                return plan.zero
            try:
                self._tell(session, target.delegate, arguments, scope.bulk, lambda: backlog.give(size))
            except LocalProtocolError:
                backlog.give(size)
                self._objects.take_back(scope.references, session.secret)
                raise
        except Exception as error:  # the border: native code must not be unwound, and nobody waits
            fault = fault_of(error, "its arguments")
            self._notify(session, "ERROR", f"the oneway callback {plan.name} was not made: {fault.message}")
        finally:
            scope.end()
        return plan.zero

    def _exchange(
        self,
        plan: Answering,
        target: Target,
        natives: Sequence[Any],
        ask: Callable[[int, list[Any], Sequence[Any]], Received],
        failed: _Failed,
    ) -> Any:
        if refusal := plan.refusal(natives):
            return refusal
        scope = Scope(target.session, lasting=True)
        try:
            answer, payloads = self._question(plan, target, natives, scope, ask)
            if isinstance(answer, Raise):
                return self._refused(plan, answer, natives, scope, failed)
            assert isinstance(answer, Return)
            scope.payloads = payloads
            native = plan.accept(answer.result, answer.outs, natives, scope)
            scope.hand_over()
            return native
        finally:
            scope.end()

    def _refused(self, plan: Answering, answer: Raise, natives: Sequence[Any], scope: Scope, failed: _Failed) -> int:
        """R11.8, R14.20: the code that the client gave its exception, and the error of the thread. Raises Fault."""
        failure = Fault("CallbackFailed", answer.message, callback=answer.call)
        code = answer.details.get("hresult")
        if not plan.codes or type(code) is not int or not _LOWEST <= code < 0:
            raise failure
        plan.refuse(natives, scope)
        self._publish(answer.details)
        if answer.name != "ComError":
            failed(failure)
        return code

    def _question(
        self,
        plan: Answering,
        target: Target,
        natives: Sequence[Any],
        scope: Scope,
        ask: Callable[[int, list[Any], Sequence[Any]], Received],
    ) -> Received:
        try:
            return ask(target.delegate, target.addressed(plan.offer(natives, scope)), scope.bulk)
        except (Fault, LocalProtocolError):
            self._objects.take_back(scope.references, target.session.secret)  # it was not sent
            raise

    def _stale(self, plan: DelegatePlan, thunk: Thunk, call: Scope | None) -> Any:
        """R9.6: the pointer outlived the call it was given for; the call that made it be called raises."""
        plan.pool.stale_calls += 1
        text = f"native code called a {plan.name} that was given for an earlier call only"
        if call is not None:
            call.failure = call.failure or Fault("CallbackOnCollectedDelegateError", f"{text}; {_ADVICE}")
        if thunk.former is not None:
            self._notify(thunk.former, "WARNING", text)
        return plan.zero
