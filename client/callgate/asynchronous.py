"""Call objects: a method that is begun now and finished later (R15.18)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from typing import Any

from callgate_protocol.callobjects import CallObject, Stage, check_asynchronous
from callgate_protocol.errors import Fault
from callgate_protocol.standard import IIDS

from .com.described import BoundMethod
from .failures import transport_failure

__all__ = ["AsyncCall", "call_object"]


class AsyncCall:
    """One call at a time of one method: `begin`, and `finish` or `release`. Thread-safe."""

    def __init__(self, method: BoundMethod) -> None:
        self._method = method
        self._lock = threading.Lock()
        self._call = CallObject(method.__name__)
        self._future: Future[Any] | None = None

    def begin(self, *arguments: Any, **named: Any) -> None:
        """Begin_: have the call performed. Raises RpcError (RPC_S_CALLPENDING) while another one is under way."""
        with self._lock, _codes():
            if self._call.stage is Stage.ABANDONED:
                self._call = CallObject(self._method.__name__)
            self._call.begin()
            try:
                self._future = self._method.submit(*arguments, **named)
            except BaseException:
                self._call.release()
                raise

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it can be finished. Raises RpcError (RPC_E_TIMEOUT)."""
        future = self._future
        if future is not None:
            try:
                future.exception(seconds)
            except CancelledError:
                pass  # nobody waits for it any more, which `finish` says
            except FutureTimeout:
                with _codes():
                    self._call.timed_out()

    def finish(self, seconds: float | None = None) -> Any:
        """Finish_: what the call gave, or raise what it raised.

        Raises RpcError: RPC_E_CALL_COMPLETE when nothing was begun, RPC_E_TIMEOUT when it is not over in time, and
        RPC_E_CALL_CANCELED for one that was cancelled, which is finished all the same.
        """
        self.wait(seconds)
        with self._lock, _codes():
            future, self._future = self._future, None
            if future is not None:
                self._call.completed(future)
            self._call.finish()
        assert future is not None
        return future.result()

    def cancel(self) -> None:
        """Ask for the end of the call. Native code is not stopped, a Python object can ask; what comes is dropped."""
        with self._lock, _codes():
            self._call.cancel()
            if self._future is not None:
                self._future.cancel()

    def release(self) -> None:
        """Give the call up: nobody fetches what it gives."""
        with self._lock:
            self._call.release()
            self._future = None


@contextmanager
def _codes() -> Iterator[None]:
    """Faults of the machine as exceptions."""
    try:
        yield
    except Fault as fault:
        code = fault.details["hresult"]
        assert type(code) is int
        raise transport_failure(code, fault.message) from None


def call_object(method: Any) -> AsyncCall:
    """A call object for `proxy.Method` (R15.18). Raises InvalidCastError for interfaces that derive from IDispatch."""
    if not isinstance(method, BoundMethod):
        raise TypeError(f"expected a method of an object, such as proxy.Method, not {type(method).__name__}")
    declared = method.interface
    with _codes():
        check_asynchronous(declared.name, dispatch=IIDS["IDispatch"] in declared.answers)
    return AsyncCall(method)
